//! `grant_type=authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6).

use serde_json::{Map, Value};
use vestibule_model::{
    ErrorCode, OAuthError, Secret, TokenHash,
    audit::AuditEvent,
    client::Client,
    grant::{AuthorizationCode, Grant},
    user::User,
};
use vestibule_policy::authorization_code as policy;
use vestibule_storage::Conn;
use vestibule_web::{RequestId, profile};

use super::misuse;
use crate::issue::{Issuance, Mint, MintedTokens, Turn, id_token_recipient};

/// The audit event of a second use.
const REPLAYED: &str = "authorization_code.replayed";

/// The request's own parameters.
#[derive(Debug)]
pub struct Exchange {
    /// `code`.
    pub code: Secret,
    /// `redirect_uri`.
    pub redirect_uri: Option<String>,
    /// `code_verifier`.
    pub code_verifier: Option<Secret>,
}

/// What the code stands for.
struct Found {
    code: AuthorizationCode,
    grant: Grant,
    user: User,
}

/// How redeeming ended. A replay leaves a mark, so it is no error of the transaction.
enum Redeemed {
    Fresh,
    Replayed,
}

impl Exchange {
    /// Redeems the code: once, for the client it was issued to, by whoever holds the verifier.
    pub async fn run(
        self,
        mint: &Mint<'_>,
        client: Client,
        request_id: &RequestId,
    ) -> Result<Map<String, Value>, OAuthError> {
        let (state, now) = (mint.state, mint.now);
        let hash = self.code.token_hash();
        let lookup = hash.clone();
        let Some(found) = state.read(move |conn| find(conn, &lookup)).await? else {
            return Err(ErrorCode::CodeUnknown.into());
        };
        let checked = policy::check_exchange(
            &policy::Exchange {
                code: &found.code,
                grant: &found.grant,
                client: &client,
                redirect_uri: self.redirect_uri.as_deref(),
                code_verifier: self.code_verifier.as_ref().map(Secret::expose),
            },
            now,
        );
        if let Err(error) = checked {
            if error.code == ErrorCode::CodeReplayed {
                let event = misuse::event(REPLAYED, &found.grant, request_id, now);
                state.write(move |conn| misuse::revoke(conn, &found.grant, &event)).await?;
            }
            return Err(error);
        }
        if found.user.disabled_at.is_some() {
            return Err(ErrorCode::UserDisabled.into());
        }
        let user = profile::opened(state, found.user).await?;
        let turn = Turn { generation: 0, nonce: found.code.nonce.as_deref() };
        let grant = &found.grant;
        let recipient = id_token_recipient(state, &client, &grant.scope).await?;
        let issuance = Issuance {
            client: &client,
            user: &user,
            grant,
            scope: &grant.scope,
            recipient: recipient.as_ref(),
        };
        let mut minted = mint.tokens(&issuance, turn)?;
        let response = std::mem::take(&mut minted.response);
        let event = misuse::event(REPLAYED, &found.grant, request_id, now);
        match state.write(move |conn| redeem(conn, &hash, &found.grant, &minted, &event)).await? {
            Redeemed::Fresh => Ok(response),
            Redeemed::Replayed => Err(ErrorCode::CodeReplayed.into()),
        }
    }
}

fn find(conn: &mut Conn, hash: &TokenHash) -> Result<Option<Found>, OAuthError> {
    let Some(code) = vestibule_storage::authorization_code::find(conn, hash)? else {
        return Ok(None);
    };
    let grant = vestibule_storage::grant::find(conn, &code.grant_id)?;
    let Some(grant) = grant else { return Ok(None) };
    let user = vestibule_storage::user::find(conn, &grant.user_id)?;
    Ok(user.map(|user| Found { code, grant, user }))
}

/// One conditional UPDATE decides who redeems; everyone else replays (RFC 6749 §4.1.2: revoke what
/// was issued).
fn redeem(
    conn: &mut Conn,
    hash: &TokenHash,
    grant: &Grant,
    minted: &MintedTokens,
    replay: &AuditEvent,
) -> Result<Redeemed, OAuthError> {
    if vestibule_storage::authorization_code::consume(conn, hash, replay.at)? {
        minted.insert(conn)?;
        Ok(Redeemed::Fresh)
    } else {
        misuse::revoke(conn, grant, replay)?;
        Ok(Redeemed::Replayed)
    }
}
