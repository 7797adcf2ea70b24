//! Logout tokens (OIDC Back-Channel Logout §2.4).

use serde_json::{Map, Value, json};
use vestibule_model::{
    OAuthError, Timestamp, client::Client, entropy::random_id, logout::LogoutDelivery,
};
use vestibule_web::{AppState, subject};

use crate::response_jwt;

/// How long a token is good for, in seconds: at most two minutes (§4).
const LIFETIME: i64 = 120;

/// The one event of the token, and its `typ` (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const TYPE: &str = "logout+jwt";

/// A fresh token that tells `client` of a session's end; signed, and encrypted, as its ID tokens are
/// (§2.4, §2.6). Never unsigned: a client that takes ID tokens without a signature gets `RS256`. It
/// has no `nonce`, so that it is never taken for an ID token.
///
/// # Errors
/// There is no key to sign with, or the client has none to encrypt for.
pub async fn mint(
    state: &AppState,
    client: &Client,
    delivery: &LogoutDelivery,
    now: Timestamp,
) -> Result<String, OAuthError> {
    let metadata = &client.metadata;
    let recipient = response_jwt::recipient(state, client, metadata.id_token_encryption).await?;
    let claims = claims(state, client, delivery, now);
    let signed = state.ring().sign(metadata.id_token_signed_response_alg, TYPE, &claims)?;
    match recipient {
        Some(recipient) => recipient.encrypt(&signed),
        None => Ok(signed),
    }
}

fn claims(
    state: &AppState,
    client: &Client,
    delivery: &LogoutDelivery,
    now: Timestamp,
) -> Map<String, Value> {
    let claims = [
        ("iss", state.settings.issuer.as_str().into()),
        ("sub", delivery.sub.as_str().into()),
        ("aud", client.id.as_str().into()),
        ("iat", now.0.into()),
        ("exp", now.plus(LIFETIME).0.into()),
        ("jti", random_id(state.entropy.as_ref()).into()),
        ("events", json!({ EVENT: {} })),
        ("sid", subject::sid(state, client, &delivery.session_id).as_str().into()),
    ];
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
