//! Token revocation (RFC 7009).

use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use vestibule_keys::Expected;
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp, TokenHash, audit::AuditEvent, client::Client,
    grant::AccessTokenClaims,
};
use vestibule_policy::bearer;
use vestibule_storage::{Conn, audit, grant, opaque_access_token, refresh_token, revoked_token};
use vestibule_web::{AppState, FormParams, RequestId, State, json_error};

use crate::client_auth;

/// The audit event of a client that revoked an access token of its own.
const ACCESS_TOKEN_REVOKED: &str = "access_token.revoked";

/// The audit event of a client that revoked a refresh token of its own, and so its grant.
const GRANT_REVOKED: &str = "grant.revoked";

/// `POST /revoke`: 200 for a token of the client's own that is now dead, and for one that never
/// lived (§2.2).
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    match revoke(&state, &http, form).await {
        Ok(()) => HttpResponse::Ok().finish(),
        Err(error) => json_error(&state, &http, &error),
    }
}

async fn revoke(state: &AppState, http: &HttpRequest, form: FormParams) -> Result<(), OAuthError> {
    let params = form.0?;
    let now = state.now();
    let token = params.get("token").map(Secret::new).ok_or(ErrorCode::TokenParameterMissing)?;
    let client = client_auth::authenticate(state, client_auth::parse(http, &params)?, now).await?;
    let signed = signed_claims(state, &token);
    let hash = token.token_hash();
    let revocation = Revocation { client, signed, hash, now, request_id: RequestId::of(http) };
    state.write(move |conn| revocation.run(conn)).await
}

/// What is asked, carried into the transaction. What it really revokes leaves one line in the audit
/// log, however often it is asked.
#[derive(Clone)]
struct Revocation {
    client: Client,
    signed: Option<AccessTokenClaims>,
    hash: TokenHash,
    now: Timestamp,
    request_id: RequestId,
}

impl Revocation {
    /// `token_type_hint` only speeds a search up (§2.1); ours needs no hint.
    fn run(self, conn: &mut Conn) -> Result<(), OAuthError> {
        let access = match self.signed.clone() {
            Some(claims) => Some(claims),
            None => opaque_access_token::find(conn, &self.hash)?.map(|row| row.claims),
        };
        match access {
            Some(claims) => self.access_token(conn, &claims),
            None => self.refresh_token(conn),
        }
    }

    fn access_token(&self, conn: &mut Conn, claims: &AccessTokenClaims) -> Result<(), OAuthError> {
        self.check_owner(claims.client_id == self.client.id)?;
        let is_first = revoked_token::insert(conn, &claims.jti, claims.exp)?;
        // What was dead before is revoked all the same: another instance's clock may be behind.
        if !is_first || self.now >= claims.exp {
            return Ok(());
        }
        let line = self.line(ACCESS_TOKEN_REVOKED).detail(format!("access token {}", claims.jti));
        let Some(grant_id) = claims.grant_id() else { return self.note(conn, &line) };
        match grant::find(conn, &grant_id)? {
            Some(grant) if bearer::check_grant(claims, &grant).is_ok() => {
                self.note(conn, &line.of_user(&grant.user_id))
            }
            _ => Ok(()),
        }
    }

    fn refresh_token(&self, conn: &mut Conn) -> Result<(), OAuthError> {
        let token = refresh_token::find(conn, &self.hash)?;
        let Some(token) = token else { return Ok(()) };
        let grant = grant::find(conn, &token.grant_id)?;
        let Some(grant) = grant else { return Ok(()) };
        self.check_owner(grant.client_id == self.client.id)?;
        // §2.1: with a refresh token go the access tokens of the same grant.
        let is_first = grant::revoke(conn, &grant.id, self.now)?;
        if !is_first || self.now >= grant.expires_at {
            return Ok(());
        }
        let line = self.line(GRANT_REVOKED).of_user(&grant.user_id);
        self.note(conn, &line.detail(format!("grant {}", grant.id)))
    }

    fn line(&self, event: &'static str) -> AuditEvent {
        AuditEvent::new(self.now, event, &self.request_id.0).of_client(&self.client.id)
    }

    fn note(&self, conn: &mut Conn, line: &AuditEvent) -> Result<(), OAuthError> {
        tracing::info!(event = line.event, client_id = self.client.id.as_str());
        Ok(audit::insert(conn, line)?)
    }

    /// §2.1: a token of another client's is refused, and stays as it is.
    fn check_owner(&self, owner: bool) -> Result<(), OAuthError> {
        if owner {
            return Ok(());
        }
        Err(OAuthError::new(ErrorCode::TokenOfAnotherClient)
            .because(format!("client {:?} does not own the token", self.client.id.as_str())))
    }
}

fn signed_claims(state: &AppState, token: &Secret) -> Option<AccessTokenClaims> {
    let claims = state.ring().verify(token.expose(), Expected::AccessToken).ok()?;
    serde_json::from_value(Value::Object(claims)).ok()
}
