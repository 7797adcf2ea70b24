//! Client registration endpoint (RFC 7591 §3, OIDC Registration §3) and client configuration
//! endpoint (RFC 7592 §2, OIDC Registration §4).
//!
//! Who may: nobody, whoever has an initial access token, or everybody, as `registration.policy` says.
//! A client that came through the open door has to be used within `registration.unused_lifetime`, or
//! is removed; there are never more than `registration.max_unused` of them. Nothing that a client
//! registers makes it trusted.

mod credentials;
pub mod manage;
mod metadata;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde_json::{Map, Value, json};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, Secret, Timestamp, TokenHash, WireError,
    audit::AuditEvent,
    client::{Client, Registration},
    entropy::{random_client_secret, random_id, random_secret},
    settings::RegistrationPolicy,
};
use vestibule_policy::{
    guessing::registration_subject,
    registration::{self, Registrant},
};
use vestibule_storage::{Conn, client, initial_access_token};
use vestibule_web::{
    AppState, JsonObject, RequestId, State, error, guessing::Watch, json_error,
    request::visitor_ip, urls,
};

pub use credentials::keep_secret;

use crate::bearer;

/// Seconds after which it is worth asking again when there are too many.
const RETRY_SECONDS: &str = "60";

/// `POST /connect/register`.
pub async fn post(
    state: State,
    http: HttpRequest,
    request_id: RequestId,
    body: JsonObject,
) -> HttpResponse {
    match register(&state, &http, &request_id, body).await {
        Ok(answer) => answered(StatusCode::CREATED, &answer),
        Err(error) => refuse(&state, &http, &error),
    }
}

async fn register(
    state: &AppState,
    http: &HttpRequest,
    request_id: &RequestId,
    body: JsonObject,
) -> Result<Map<String, Value>, OAuthError> {
    let now = state.now();
    let initial = admit(state, http, now).await?;
    let members = metadata::with_statement(state, metadata::members(body)?, now)?;
    let registrant = if initial.is_some() { Registrant::TokenHolder } else { Registrant::Stranger };
    let read = registration::read(&members, registrant, None, &state.settings);
    let metadata = metadata::accepted(state, read).await?;
    let token = random_secret(state.entropy.as_ref());
    let unused_until = now.plus(state.settings.client_registration.unused_lifetime);
    let mut client = Client::new(ClientId::new(random_id(state.entropy.as_ref())), metadata, now);
    client.registration = Some(Registration {
        access_token_hash: token.token_hash(),
        initial_access_token: initial.as_ref().map(|known| known.id.clone()),
        unused_until: initial.is_none().then_some(unused_until),
    });
    let has_secret = client.metadata.token_endpoint_auth_method.has_secret();
    let secret = has_secret.then(|| random_client_secret(state.entropy.as_ref()));
    let entropy = state.entropy.as_ref();
    keep_secret(&mut client, secret.as_ref(), &state.digester, &state.sealer, entropy)?;
    let event = AuditEvent::new(now, "client.registered", &*request_id.0)
        .of_client(&client.id)
        .from_ip(visitor_ip(http).map(|ip| ip.to_string()).as_deref());
    let stored = Stored { client: client.clone(), event };
    let door = match initial {
        Some(known) => Door::Token(known.hash),
        None => Door::open(state, http),
    };
    state.write(move |conn| store(conn, &stored, &door, now)).await?;
    tracing::info!(event = "client.registered", client_id = client.id.as_str());
    Ok(information(state, &client, secret.as_ref(), &token))
}

/// A new client and what the audit log says of it.
#[derive(Clone)]
struct Stored {
    client: Client,
    event: AuditEvent,
}

/// How a client came in, with what that is bounded by.
#[derive(Clone)]
enum Door {
    Token(TokenHash),
    Open { watch: Option<Watch>, max_unused: i64 },
}

impl Door {
    fn open(state: &AppState, http: &HttpRequest) -> Self {
        let watch =
            visitor_ip(http).map(|ip| Watch::over(&state.digester, vec![registration_subject(ip)]));
        let max_unused = state.settings.client_registration.max_unused;
        Self::Open { watch, max_unused }
    }
}

/// Everything or nothing: the use of a token, the place among the unused, and the client.
fn store(conn: &mut Conn, new: &Stored, door: &Door, now: Timestamp) -> Result<(), OAuthError> {
    let limit = |why: &str| Err(OAuthError::new(ErrorCode::RegistrationLimit).because(why));
    match door {
        Door::Token(hash) => {
            if !initial_access_token::use_one(conn, hash, now)? {
                return Err(ErrorCode::InitialAccessTokenWrong.into());
            }
        }
        Door::Open { watch, max_unused } => {
            if let Some(watch) = watch
                && watch.charge(conn, now)?.is_some()
            {
                return limit("too many of this address");
            }
            if client::count_unused(conn, now)? >= *max_unused {
                return limit("registration.max_unused clients are there");
            }
        }
    }
    client::insert(conn, &new.client)?;
    Ok(vestibule_storage::audit::insert(conn, &new.event)?)
}

/// An initial access token that may be used.
struct KnownToken {
    id: String,
    hash: TokenHash,
}

/// Whether this request may register anything at all: `None` by the open door. A token that is given
/// has to be good, also where none is needed.
async fn admit(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Option<KnownToken>, OAuthError> {
    let policy = state.settings.client_registration.policy;
    check_open(state)?;
    let Ok(given) = bearer::token(http, None) else {
        return match policy {
            RegistrationPolicy::Open => Ok(None),
            _ => Err(ErrorCode::InitialAccessTokenMissing.into()),
        };
    };
    let hash = given.token_hash();
    let wanted = hash.clone();
    let found = state.read(move |conn| Ok(initial_access_token::find(conn, &wanted)?)).await?;
    let usable =
        found.filter(|token| token.expires_at > now && token.uses_left.is_none_or(|left| left > 0));
    let token = usable.ok_or(ErrorCode::InitialAccessTokenWrong)?;
    Ok(Some(KnownToken { id: token.id, hash }))
}

/// Where nobody may register, there is nothing at these addresses.
fn check_open(state: &AppState) -> Result<(), OAuthError> {
    match state.settings.client_registration.policy {
        RegistrationPolicy::Off => Err(ErrorCode::NotFound.into()),
        RegistrationPolicy::Token | RegistrationPolicy::Open => Ok(()),
    }
}

/// The client information response (RFC 7591 §3.2.1, RFC 7592 §3). A secret is in it when it is new:
/// otherwise nobody here knows it.
fn information(
    state: &AppState,
    client: &Client,
    secret: Option<&Secret>,
    token: &Secret,
) -> Map<String, Value> {
    let mut answer = registration::to_json(&client.metadata);
    let mut put = |name: &str, value: Value| {
        answer.insert(name.to_owned(), value);
    };
    put("client_id", json!(client.id));
    put("client_id_issued_at", json!(client.created_at));
    if let Some(secret) = secret {
        put("client_secret", json!(secret.expose()));
        put("client_secret_expires_at", json!(0));
    }
    put("registration_client_uri", json!(client_uri(state, &client.id)));
    put("registration_access_token", json!(token.expose()));
    answer
}

/// `registration_client_uri` (RFC 7592 §3).
fn client_uri(state: &AppState, id: &ClientId) -> String {
    state.settings.issuer.url(&format!("{}/{id}", urls::CLIENT_REGISTRATION))
}

/// `Cache-Control: no-store` is on every answer.
fn answered(status: StatusCode, answer: &Map<String, Value>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((PRAGMA, HeaderValue::from_static("no-cache")))
        .json(answer)
}

/// A refusal (RFC 7591 §3.2.2). Whoever lacks a token is told so as RFC 6750 §3 wants it.
fn refuse(state: &AppState, http: &HttpRequest, refused: &OAuthError) -> HttpResponse {
    let mut response = json_error(state, http, refused);
    if refused.code == ErrorCode::RegistrationLimit {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    }
    if refused.code.wire() != WireError::InvalidToken {
        return response;
    }
    let realm = state.settings.issuer.as_str();
    let is_missing = matches!(
        refused.code,
        ErrorCode::InitialAccessTokenMissing | ErrorCode::RegistrationTokenMissing
    );
    let challenge = if is_missing {
        format!("Bearer realm=\"{realm}\"")
    } else {
        let description = error::printable(&refused.description);
        format!(
            "Bearer realm=\"{realm}\", error=\"invalid_token\", error_description=\"{description}\""
        )
    };
    if let Ok(value) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}
