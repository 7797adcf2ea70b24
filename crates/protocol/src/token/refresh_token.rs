//! `grant_type=refresh_token` (RFC 6749 §6), rotated by single successor (RFC 9700 §4.14.2).
//!
//! The first use of R1 mints R2 and keeps the sealed answer. A second use within the grace period,
//! while R2 is unused, gets that same answer: a client that lost the reply goes on. Any later use
//! is theft and revokes this family alone.

use serde_json::{Map, Value};
use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, Secret, Timestamp, TokenHash,
    audit::AuditEvent,
    client::Client,
    grant::{Grant, RefreshToken, RefreshUse},
    scope,
    settings::Lifetimes,
    user::User,
};
use vestibule_policy::refresh::{self as policy, Presented, RefreshDecision};
use vestibule_storage::Conn;
use vestibule_web::{AppState, RequestId, profile};

use super::misuse;
use crate::issue::{Issuance, Mint, MintedTokens, Turn, id_token_recipient};

/// The audit event of a use after the grace period.
const REUSED: &str = "refresh_token.reused";

/// What the sealed answer is bound to.
const SEALED_REPLY: &str = "refresh_token.reply";

/// The request's own parameters.
#[derive(Debug)]
pub struct Refresh {
    /// `refresh_token`.
    pub token: Secret,
    /// `scope`.
    pub scope: Option<ScopeSet>,
}

/// A refresh token and what it stands for.
pub(crate) struct Found {
    /// The token at rest.
    pub(crate) token: RefreshToken,
    /// What it stands for.
    pub(crate) grant: Grant,
    successor_used: bool,
}

impl Found {
    fn presented<'a>(
        &'a self,
        client: &'a Client,
        requested_scope: Option<&'a ScopeSet>,
    ) -> Presented<'a> {
        Presented {
            token: &self.token,
            grant: &self.grant,
            client,
            requested_scope,
            successor_used: self.successor_used,
        }
    }
}

/// How the write ended. Reuse leaves a mark, so it is no error of the transaction.
enum Rotated {
    Fresh,
    /// Another request was first; its sealed answer, and the scope that this one stands for.
    Lost {
        sealed: String,
        scope: ScopeSet,
    },
    Reused,
    Refused(OAuthError),
}

/// What [`rotate`] needs, carried into the transaction.
#[derive(Clone)]
struct Rotation {
    hash: TokenHash,
    client: Client,
    requested: Option<ScopeSet>,
    usage: RefreshUse,
    minted: MintedTokens,
    lifetimes: Lifetimes,
    reuse: AuditEvent,
}

impl Refresh {
    /// Answers the request.
    pub async fn run(
        self,
        mint: &Mint<'_>,
        client: Client,
        request_id: &RequestId,
    ) -> Result<Map<String, Value>, OAuthError> {
        let (state, now) = (mint.state, mint.now);
        let lifetimes = &state.settings.lifetimes;
        let hash = self.token.token_hash();
        let lookup = hash.clone();
        let found = state.read(move |conn| find_with_user(conn, &lookup, now)).await?;
        let Some((found, user)) = found else { return Err(ErrorCode::RefreshTokenUnknown.into()) };
        let reuse = misuse::event(REUSED, &found.grant, request_id, now);
        let granted =
            match policy::decide(&found.presented(&client, self.scope.as_ref()), lifetimes, now) {
                RefreshDecision::Rotate { scope } => scope,
                RefreshDecision::Replay { scope } => {
                    let usage = found.token.used.ok_or(ErrorCode::RefreshTokenReused)?;
                    return replay(state, &usage.sealed_reply, &scope).await;
                }
                RefreshDecision::Refuse(error) => return Err(error),
                RefreshDecision::Reuse => {
                    state.write(move |conn| misuse::revoke(conn, &found.grant, &reuse)).await?;
                    return Err(ErrorCode::RefreshTokenReused.into());
                }
            };
        let user = profile::opened(state, user.map_err(OAuthError::new)?).await?;
        let turn = Turn { generation: found.token.generation + 1, nonce: None };
        let recipient = id_token_recipient(state, &client, &granted).await?;
        let issuance = Issuance {
            client: &client,
            user: &user,
            grant: &found.grant,
            scope: &granted,
            recipient: recipient.as_ref(),
        };
        let mut minted = mint.tokens(&issuance, turn)?;
        let response = std::mem::take(&mut minted.response);
        let Some(successor) = minted.refresh_row.as_ref().map(|row| row.hash.clone()) else {
            return Err(ErrorCode::GrantTypeNotAllowed.into());
        };
        let sealed_reply = seal(state, &response)?;
        let rotation = Rotation {
            hash,
            client,
            requested: self.scope,
            usage: RefreshUse { at: now, successor, sealed_reply },
            minted,
            lifetimes: lifetimes.clone(),
            reuse,
        };
        match state.write(move |conn| rotation.rotate(conn)).await? {
            Rotated::Fresh => Ok(response),
            Rotated::Lost { sealed, scope } => replay(state, &sealed, &scope).await,
            Rotated::Reused => Err(ErrorCode::RefreshTokenReused.into()),
            Rotated::Refused(error) => Err(error),
        }
    }
}

impl Rotation {
    /// One conditional UPDATE decides who rotates; the others get what the winner left.
    fn rotate(self, conn: &mut Conn) -> Result<Rotated, OAuthError> {
        if vestibule_storage::refresh_token::rotate(conn, &self.hash, &self.usage)? {
            self.minted.insert(conn)?;
            return Ok(Rotated::Fresh);
        }
        let Some(found) = find(conn, &self.hash)? else {
            return Ok(Rotated::Refused(ErrorCode::RefreshTokenUnknown.into()));
        };
        let presented = found.presented(&self.client, self.requested.as_ref());
        let decision = policy::decide(&presented, &self.lifetimes, self.reuse.at);
        match (decision, found.token.used) {
            (RefreshDecision::Replay { scope }, Some(usage)) => {
                Ok(Rotated::Lost { sealed: usage.sealed_reply, scope })
            }
            (RefreshDecision::Refuse(error), _) => Ok(Rotated::Refused(error)),
            _ => {
                misuse::revoke(conn, &found.grant, &self.reuse)?;
                Ok(Rotated::Reused)
            }
        }
    }
}

fn find(conn: &mut Conn, hash: &TokenHash) -> Result<Option<Found>, OAuthError> {
    let Some(token) = vestibule_storage::refresh_token::find(conn, hash)? else {
        return Ok(None);
    };
    let grant = vestibule_storage::grant::find(conn, &token.grant_id)?;
    let Some(grant) = grant else { return Ok(None) };
    let successor = token.used.as_ref().map(|usage| usage.successor.clone());
    let successor_used = match successor {
        Some(hash) => vestibule_storage::refresh_token::find(conn, &hash)?
            .is_none_or(|successor| successor.used.is_some()),
        None => false,
    };
    Ok(Some(Found { token, grant, successor_used }))
}

/// The token, and its user or why the user cannot have new tokens. A session that ended takes the
/// refresh tokens with it that were not granted `offline_access` (OIDC Core §11).
#[expect(clippy::type_complexity, reason = "both callers take the pair apart at once")]
pub(crate) fn find_with_user(
    conn: &mut Conn,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<(Found, Result<User, ErrorCode>)>, OAuthError> {
    let Some(found) = find(conn, hash)? else { return Ok(None) };
    let offline = found.grant.scope.contains(scope::OFFLINE_ACCESS);
    let session = &found.grant.session_id;
    let user = if !offline && !vestibule_storage::browser_session::is_open(conn, session, now)? {
        Err(ErrorCode::SessionEnded)
    } else {
        match vestibule_storage::user::find(conn, &found.grant.user_id)? {
            Some(user) if user.disabled_at.is_none() => Ok(user),
            _ => Err(ErrorCode::UserDisabled),
        }
    };
    Ok(Some((found, user)))
}

/// The answer of the first use once more, if it is for the same scope (RFC 6749 §6).
async fn replay(
    state: &AppState,
    sealed: &str,
    scope: &ScopeSet,
) -> Result<Map<String, Value>, OAuthError> {
    let reply = open(state, sealed).await?;
    let first = reply.get("scope").and_then(Value::as_str).unwrap_or_default();
    let first = ScopeSet::parse(first).unwrap_or_default();
    if first != *scope {
        return Err(policy::scope_changed(&first, scope));
    }
    state.metrics.refresh_replay();
    Ok(reply)
}

fn seal(state: &AppState, response: &Map<String, Value>) -> Result<String, OAuthError> {
    let plain = Value::Object(response.clone()).to_string();
    Ok(state.sealer.seal(SEALED_REPLY, plain.as_bytes(), state.entropy.as_ref())?)
}

async fn open(state: &AppState, sealed: &str) -> Result<Map<String, Value>, OAuthError> {
    let plain = state.open_sealed(SEALED_REPLY, sealed).await?;
    serde_json::from_slice(&plain).map_err(|error| {
        OAuthError::new(ErrorCode::Internal).because(format!("sealed reply: {error}"))
    })
}
