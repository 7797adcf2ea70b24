//! Token revocation (RFC 7009).

use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use vestibule_keys::Expected;
use vestibule_model::{
    ErrorCode, GrantId, OAuthError, Secret, Timestamp, TokenHash, client::Client,
    grant::AccessTokenClaims,
};
use vestibule_storage::Conn;
use vestibule_web::{AppState, FormParams, State, json_error};

use crate::client_auth;

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
    state.write(move |conn| revoke_own(conn, &client, signed, &hash, now)).await
}

/// `token_type_hint` only speeds a search up (§2.1); ours needs no hint.
fn revoke_own(
    conn: &mut Conn,
    client: &Client,
    signed: Option<AccessTokenClaims>,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let access = match signed {
        Some(claims) => Some(claims),
        None => vestibule_storage::opaque_access_token::find(conn, hash)?.map(|row| row.claims),
    };
    if let Some(claims) = access {
        check_owner(client, claims.client_id == client.id)?;
        vestibule_storage::revoked_token::insert(conn, &claims.jti, claims.exp)?;
        tracing::info!(event = "access_token.revoked", client_id = client.id.as_str());
        return Ok(());
    }
    let Some(grant_id) = grant_of_refresh_token(conn, hash)? else { return Ok(()) };
    let Some(grant) = vestibule_storage::grant::find(conn, &grant_id)? else { return Ok(()) };
    check_owner(client, grant.client_id == client.id)?;
    // §2.1: with a refresh token go the access tokens of the same grant.
    vestibule_storage::grant::revoke(conn, &grant.id, now)?;
    tracing::info!(event = "grant.revoked", client_id = client.id.as_str());
    Ok(())
}

fn grant_of_refresh_token(
    conn: &mut Conn,
    hash: &TokenHash,
) -> Result<Option<GrantId>, OAuthError> {
    Ok(vestibule_storage::refresh_token::find(conn, hash)?.map(|token| token.grant_id))
}

/// §2.1: a token of another client's is refused, and stays as it is.
fn check_owner(client: &Client, owner: bool) -> Result<(), OAuthError> {
    if owner {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::TokenOfAnotherClient)
        .because(format!("client {:?} does not own the token", client.id.as_str())))
}

fn signed_claims(state: &AppState, token: &Secret) -> Option<AccessTokenClaims> {
    let claims = state.ring().verify(token.expose(), Expected::AccessToken).ok()?;
    serde_json::from_value(Value::Object(claims)).ok()
}
