//! The keys of a client: what its signatures are checked with, and what is encrypted for it (OIDC
//! Core §10).

use std::sync::Arc;

use serde_json::Value;
use vestibule_keys::client_signature::{ClientKeys, SignatureFault};
use vestibule_model::{
    ErrorCode, OAuthError, Secret, client::Client, jose::ClientSignatureAlg, sealed::SealedColumn,
};
use vestibule_outbound::OutboundFault;

use crate::state::AppState;

/// The JWK Set that the client registered, by value or at its `jwks_uri`; `None` if it registered
/// none.
///
/// # Errors
/// `ClientKeysUnavailable` if it cannot be fetched, with the reason in words for the client's owner;
/// which refusal that is to whom is the caller's to say.
pub async fn jwks(state: &AppState, client: &Client) -> Result<Option<Arc<Value>>, OAuthError> {
    let metadata = &client.metadata;
    match (&metadata.jwks, &metadata.jwks_uri) {
        (Some(jwks), _) => Ok(Some(Arc::new(jwks.clone()))),
        (None, Some(uri)) => {
            let keys = state.client_keys.keys(uri, state.now()).await;
            keys.map(Some).map_err(|fault| unavailable(client, &fault))
        }
        (None, None) => Ok(None),
    }
}

/// The JWK Set at the client's `jwks_uri` as it is now, for a key that was not in the one of before
/// (OIDC Core §10.1.1). Seldom fetched for this reason: anybody can name a key that nobody knows.
/// `None` if there can be no newer one.
///
/// # Errors
/// As for [`jwks`].
pub async fn refreshed(
    state: &AppState,
    client: &Client,
) -> Result<Option<Arc<Value>>, OAuthError> {
    let metadata = &client.metadata;
    match (&metadata.jwks, &metadata.jwks_uri) {
        (None, Some(uri)) => {
            let keys = state.client_keys.refreshed(uri, state.now()).await;
            keys.map(Some).map_err(|fault| unavailable(client, &fault))
        }
        _ => Ok(None),
    }
}

/// `client_secret` itself, of a client whose registration needs it as a key
/// ([`ClientMetadata::needs_secret_itself`](vestibule_model::client::ClientMetadata::needs_secret_itself)).
///
/// # Errors
/// What is kept does not open.
pub async fn secret(state: &AppState, client: &Client) -> Result<Option<Secret>, OAuthError> {
    let Some(sealed) = &client.sealed_secret else { return Ok(None) };
    let purpose = SealedColumn::ClientSecret.purpose(client.id.as_str());
    let opened = state.open_sealed(&purpose, sealed).await?;
    let text = String::from_utf8(opened).map_err(|_| {
        OAuthError::new(ErrorCode::Internal)
            .because(format!("the sealed secret of client `{}` is no text", client.id))
    })?;
    Ok(Some(Secret::new(text)))
}

/// Why a client's signature proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    /// The signature itself.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// The keys to check it with are not to be had.
    #[error(transparent)]
    Keys(#[from] OAuthError),
}

/// Runs `check` with the client's key for `alg`: its secret for the HS algorithms, else its JWK Set,
/// which is fetched anew, once, where that could help.
///
/// # Errors
/// See [`Unproved`].
pub async fn verified<T>(
    state: &AppState,
    client: &Client,
    alg: ClientSignatureAlg,
    check: impl Fn(ClientKeys<'_>) -> Result<T, SignatureFault>,
) -> Result<T, Unproved> {
    if alg.is_mac() {
        let secret = secret(state, client).await?;
        return Ok(check(ClientKeys { jwks: None, secret: secret.as_ref() })?);
    }
    let known = jwks(state, client).await?;
    let with = |jwks: Option<&Arc<Value>>| {
        check(ClientKeys { jwks: jwks.map(AsRef::as_ref), secret: None })
    };
    let fault = match with(known.as_ref()) {
        Err(fault) if fault.may_be_stale() => fault,
        checked => return Ok(checked?),
    };
    match refreshed(state, client).await? {
        Some(newer) if known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &newer)) => {
            Ok(with(Some(&newer))?)
        }
        _ => Err(fault.into()),
    }
}

fn unavailable(client: &Client, fault: &OutboundFault) -> OAuthError {
    tracing::warn!(event = "client_keys.unavailable", client_id = client.id.as_str(), %fault);
    let description = format!("The client's keys could not be fetched from its jwks_uri: {fault}");
    OAuthError::describe(ErrorCode::ClientKeysUnavailable, description)
        .because(format!("client `{}`", client.id))
}
