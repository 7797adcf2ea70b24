//! Client configuration endpoint (RFC 7592 §2, OIDC Registration §4).
//!
//! Each update gives a new registration access token, and the one before is worth nothing from that
//! moment (§2.2, §3): a token that leaked ends with the owner's next update. Whoever loses the answer
//! has lost the way back, and registers anew or asks whoever runs the server.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, PRAGMA},
    },
    web::Path,
};
use serde_json::{Map, Value};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, Secret, TokenHash,
    audit::AuditEvent,
    client::{Client, Registration},
    entropy::{random_client_secret, random_secret},
};
use vestibule_policy::{
    client_metadata::{self, Problem},
    registration::{self, Registrant},
};
use vestibule_storage::Conn;
use vestibule_web::{AppState, JsonObject, RequestId, State, request::visitor_ip};

use super::{answered, check_open, information, keep_secret, metadata, refuse};
use crate::bearer;

/// What only the server says (RFC 7592 §2.2).
const SERVERS_OWN: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// `GET`: what is registered (RFC 7592 §2.1).
pub async fn get(state: State, http: HttpRequest, id: Path<String>) -> HttpResponse {
    match authorized(&state, &http, &id).await {
        Ok((client, token)) => {
            answered(StatusCode::OK, &information(&state, &client, None, &token))
        }
        Err(error) => refuse(&state, &http, &error),
    }
}

/// `PUT`: registers something else in its place (RFC 7592 §2.2).
pub async fn put(
    state: State,
    http: HttpRequest,
    request_id: RequestId,
    id: Path<String>,
    body: JsonObject,
) -> HttpResponse {
    match replace(&state, &http, &request_id, &id, body).await {
        Ok(answer) => answered(StatusCode::OK, &answer),
        Err(error) => refuse(&state, &http, &error),
    }
}

/// `DELETE`: the client is gone, with its grants, tokens and consents (RFC 7592 §2.3).
pub async fn delete(
    state: State,
    http: HttpRequest,
    request_id: RequestId,
    id: Path<String>,
) -> HttpResponse {
    match remove(&state, &http, &request_id, &id).await {
        Ok(()) => HttpResponse::NoContent()
            .insert_header((PRAGMA, HeaderValue::from_static("no-cache")))
            .finish(),
        Err(error) => refuse(&state, &http, &error),
    }
}

/// The client whose registration access token this is. A client that is not there and a wrong token
/// look alike (RFC 7592 §2.1).
async fn authorized(
    state: &AppState,
    http: &HttpRequest,
    id: &str,
) -> Result<(Client, Secret), OAuthError> {
    check_open(state)?;
    let token = bearer::token(http, None).map_err(|_| ErrorCode::RegistrationTokenMissing)?;
    let (id, hash) = (ClientId::new(id), token.token_hash());
    let (client, _) = state.read(move |conn| owned(conn, &id, &hash)).await?;
    Ok((client, token))
}

fn owned(
    conn: &mut Conn,
    id: &ClientId,
    token: &TokenHash,
) -> Result<(Client, Registration), OAuthError> {
    let found = vestibule_storage::client::find(conn, id)?;
    let is_own = |client: Client| {
        let registration = client.registration.clone()?;
        let usable = client.disabled_at.is_none();
        (usable && registration.access_token_hash.matches(token)).then_some((client, registration))
    };
    found.and_then(is_own).ok_or_else(|| {
        OAuthError::new(ErrorCode::RegistrationTokenWrong)
            .because(format!("client {:?}", id.as_str()))
    })
}

/// The same while the client's row is held: whoever was faster may have changed the token.
fn held(
    conn: &mut Conn,
    id: &ClientId,
    token: &TokenHash,
) -> Result<(Client, Registration), OAuthError> {
    vestibule_storage::client::hold(conn, id)?;
    owned(conn, id, token)
}

async fn replace(
    state: &AppState,
    http: &HttpRequest,
    request_id: &RequestId,
    id: &str,
    body: JsonObject,
) -> Result<Map<String, Value>, OAuthError> {
    let now = state.now();
    let (before, token) = authorized(state, http, id).await?;
    let members = metadata::members(body)?;
    let presented = check_identity(state, &before, &members)?;
    let members = metadata::with_statement(state, members, now)?;
    let came_with_token =
        before.registration.as_ref().is_some_and(|known| known.initial_access_token.is_some());
    let registrant = if came_with_token { Registrant::TokenHolder } else { Registrant::Stranger };
    let old = Some(&before.metadata);
    let read = registration::read(&members, registrant, old, &state.settings);
    let mut after = before.clone();
    after.metadata = metadata::accepted(state, read).await?;
    after.updated_at = now;
    let fresh = renew_secret(state, &mut after, presented.as_ref())?;
    let next = random_secret(state.entropy.as_ref());
    let event = event("client.updated", &after.id, state, http, request_id);
    let (hash, next_hash) = (token.token_hash(), next.token_hash());
    let stored = state
        .write(move |conn| {
            let (now_there, registration) = held(conn, &after.id, &hash)?;
            // What else changed since it was read stays as it is now.
            let registration = Registration { access_token_hash: next_hash, ..registration };
            let client = Client {
                metadata: after.metadata,
                secret_hash: after.secret_hash,
                sealed_secret: after.sealed_secret,
                registration: Some(registration),
                updated_at: after.updated_at,
                ..now_there
            };
            vestibule_storage::client::update(conn, &client)?;
            vestibule_storage::audit::insert(conn, &event)?;
            Ok(client)
        })
        .await?;
    tracing::info!(event = "client.updated", client_id = stored.id.as_str());
    Ok(information(state, &stored, fresh.as_ref(), &next))
}

/// RFC 7592 §2.2: the body names this very client, and its secret if any; nothing in it is the
/// server's to say. Gives back the secret that was presented.
fn check_identity(
    state: &AppState,
    client: &Client,
    members: &Map<String, Value>,
) -> Result<Option<Secret>, OAuthError> {
    let mut problems = Vec::new();
    if members.get("client_id").and_then(Value::as_str) != Some(client.id.as_str()) {
        problems.push(Problem::new("client_id", "must be that of the client"));
    }
    let given = members.get("client_secret").filter(|value| !value.is_null());
    let presented = given.and_then(Value::as_str).map(Secret::new);
    let matches = |secret: &Secret| {
        let hash = state.digester.client_secret(secret);
        client.secret_hash.as_ref().is_some_and(|known| known.matches(&hash))
    };
    if given.is_some() && !presented.as_ref().is_some_and(matches) {
        problems.push(Problem::new("client_secret", "must be that of the client, or left out"));
    }
    for name in SERVERS_OWN.into_iter().filter(|name| members.contains_key(*name)) {
        problems.push(Problem::new(name, "must be left out (RFC 7592 §2.2)"));
    }
    if problems.is_empty() { Ok(presented) } else { Err(client_metadata::refusal(&problems)) }
}

/// The client's secret after a change of its metadata: the old one where it still does, none where
/// none is needed, else a new one, which is given back.
fn renew_secret(
    state: &AppState,
    client: &mut Client,
    presented: Option<&Secret>,
) -> Result<Option<Secret>, OAuthError> {
    let (digester, sealer) = (&state.digester, &state.sealer);
    let entropy = state.entropy.as_ref();
    if !client.metadata.token_endpoint_auth_method.has_secret() {
        keep_secret(client, None, digester, sealer, entropy)?;
        return Ok(None);
    }
    let is_sealed = client.sealed_secret.is_some();
    if client.secret_hash.is_some() && !client.metadata.needs_secret_itself() {
        client.sealed_secret = None;
        return Ok(None);
    }
    if client.secret_hash.is_some() && is_sealed {
        return Ok(None);
    }
    // Only its hash was kept, and now it is needed: whoever presented it may keep it.
    if let Some(presented) = presented {
        keep_secret(client, Some(presented), digester, sealer, entropy)?;
        return Ok(None);
    }
    let fresh = random_client_secret(entropy);
    keep_secret(client, Some(&fresh), digester, sealer, entropy)?;
    Ok(Some(fresh))
}

async fn remove(
    state: &AppState,
    http: &HttpRequest,
    request_id: &RequestId,
    id: &str,
) -> Result<(), OAuthError> {
    let (client, token) = authorized(state, http, id).await?;
    let event = event("client.deleted", &client.id, state, http, request_id);
    let (id, hash) = (client.id.clone(), token.token_hash());
    state
        .write(move |conn| {
            held(conn, &id, &hash)?;
            vestibule_storage::client::delete(conn, &id)?;
            Ok(vestibule_storage::audit::insert(conn, &event)?)
        })
        .await?;
    tracing::info!(event = "client.deleted", client_id = client.id.as_str());
    Ok(())
}

fn event(
    name: &'static str,
    id: &ClientId,
    state: &AppState,
    http: &HttpRequest,
    request_id: &RequestId,
) -> AuditEvent {
    let ip = visitor_ip(http).map(|ip| ip.to_string());
    AuditEvent::new(state.now(), name, &*request_id.0).of_client(id).from_ip(ip.as_deref())
}
