//! Token introspection (RFC 7662).

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp,
    client::{AuthMethod, Client},
    grant::{Grant, RefreshToken},
};
use vestibule_web::{AppState, FormParams, State, json_error, subject};

use crate::{bearer, client_auth, token::refresh_token};

/// `POST /introspect`: for clients that authenticate (§2.1). A token that is not alive, not ours
/// or not the caller's business is just not active (§2.2).
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    match introspect(&state, &http, form).await {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(error) => json_error(&state, &http, &error),
    }
}

async fn introspect(
    state: &AppState,
    http: &HttpRequest,
    form: FormParams,
) -> Result<Map<String, Value>, OAuthError> {
    let params = form.0?;
    let now = state.now();
    let token = params.get("token").map(Secret::new).ok_or(ErrorCode::TokenParameterMissing)?;
    let client = client_auth::authenticate(state, client_auth::parse(http, &params)?, now).await?;
    if client.metadata.token_endpoint_auth_method == AuthMethod::None {
        return Err(ErrorCode::PublicClientRefused.into());
    }
    match bearer::live(state, &token, now).await {
        // RFC 7662 §4: a client that let itself in is no resource server of anybody's.
        Ok(live) if is_stranger(&client) && live.claims.client_id != client.id => Ok(inactive()),
        Ok(live) => Ok(access_token(live)),
        Err(error) if error.code == ErrorCode::TokenMalformed => {
            own_refresh_token(state, &client, &token, now).await
        }
        Err(error) if error.code.wire() == ErrorCode::TokenMalformed.wire() => Ok(inactive()),
        Err(error) => Err(error),
    }
}

/// Whether the client registered through the open door, with nobody's leave.
fn is_stranger(client: &Client) -> bool {
    client.registration.as_ref().is_some_and(|made| made.initial_access_token.is_none())
}

fn inactive() -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("active".to_owned(), false.into());
    body
}

fn access_token(live: bearer::LiveToken) -> Map<String, Value> {
    let Value::Object(mut body) = json!(*live.claims) else { return inactive() };
    // The name is the `profile` scope's to give away (RFC 7662 §5).
    if let Some((_, person)) = live.granted.filter(|_| live.claims.scope.contains("profile")) {
        body.insert("username".to_owned(), person.username.as_str().into());
    }
    body.insert("active".to_owned(), true.into());
    body.insert("token_type".to_owned(), "Bearer".into());
    body
}

/// A refresh token is its own client's business and nobody else's.
async fn own_refresh_token(
    state: &AppState,
    client: &Client,
    token: &Secret,
    now: Timestamp,
) -> Result<Map<String, Value>, OAuthError> {
    let hash = token.token_hash();
    let found = state.read(move |conn| refresh_token::find_with_user(conn, &hash, now)).await?;
    Ok(match found {
        Some((found, Ok(_))) if is_live(&found.token, &found.grant, client, now) => {
            describe(state, client, &found.token, &found.grant)
        }
        _ => inactive(),
    })
}

fn is_live(token: &RefreshToken, grant: &Grant, client: &Client, now: Timestamp) -> bool {
    grant.client_id == client.id
        && grant.revoked_at.is_none()
        && token.used.is_none()
        && now < token.expires_at
}

fn describe(
    state: &AppState,
    client: &Client,
    token: &RefreshToken,
    grant: &Grant,
) -> Map<String, Value> {
    let body = json!({
        "active": true,
        "iss": state.settings.issuer.as_str(),
        "sub": subject::of(state, client, &grant.user_id),
        "client_id": grant.client_id,
        "scope": grant.scope,
        "iat": token.created_at,
        "exp": token.expires_at,
    });
    match body {
        Value::Object(body) => body,
        _ => inactive(),
    }
}
