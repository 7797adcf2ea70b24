//! Encryption of what a client asked to get encrypted (OIDC Core §10.2): ID tokens, userinfo
//! answers, logout tokens. Signed first, then encrypted (§10).

use std::sync::Arc;

use serde_json::Value;
use vestibule_keys::{EncryptFault, RecipientKey, encrypt_for};
use vestibule_model::{ErrorCode, OAuthError, Secret, client::Client, jose::ResponseEncryption};
use vestibule_web::{AppState, client_keys};

/// `cty` of a JWE around a signed JWT (RFC 7519 §5.2).
const NESTED: &str = "JWT";

/// Whom something is encrypted for, and how. Found before anything is minted, because looking for a
/// client's keys may take a request to its `jwks_uri`.
#[derive(Clone, Debug)]
pub struct Recipient {
    encryption: ResponseEncryption,
    key: Key,
}

#[derive(Clone, Debug)]
enum Key {
    Jwks(Arc<Value>),
    Secret(Secret),
}

/// The recipient of what `client` registered `encryption` for; `None` if it registered none.
///
/// A key that the client's `jwks_uri` does not have (any more) is looked for there once again: the
/// client may have changed its keys (§10.2.1).
///
/// # Errors
/// [`ErrorCode::ResponseKeyMissing`] if the client has no key that fits what it registered.
pub async fn recipient(
    state: &AppState,
    client: &Client,
    encryption: Option<ResponseEncryption>,
) -> Result<Option<Recipient>, OAuthError> {
    let Some(encryption) = encryption else { return Ok(None) };
    if encryption.alg.is_symmetric() {
        let secret = client_keys::secret(state, client).await?;
        let secret = secret.ok_or_else(|| missing("there is no client_secret for it"))?;
        return Ok(Some(Recipient { encryption, key: Key::Secret(secret) }));
    }
    let unavailable = |error: OAuthError| missing(&error.description);
    let jwks = client_keys::jwks(state, client).await.map_err(unavailable)?;
    let jwks = jwks.ok_or_else(|| missing("it registered neither jwks nor jwks_uri"))?;
    let found = Recipient { encryption, key: Key::Jwks(jwks) };
    if matches!(found.seal(b"", None), Err(EncryptFault::NoFittingKey { .. }))
        && let Some(newer) = client_keys::refreshed(state, client).await.map_err(unavailable)?
    {
        return Ok(Some(Recipient { encryption, key: Key::Jwks(newer) }));
    }
    Ok(Some(found))
}

impl Recipient {
    /// `text`, encrypted: a signed JWT, or the JSON of an object that is not signed.
    ///
    /// # Errors
    /// [`ErrorCode::ResponseKeyMissing`] if the client has no key that fits what it registered.
    pub fn encrypt(&self, text: &str) -> Result<String, OAuthError> {
        let nested = (!text.starts_with('{')).then_some(NESTED);
        self.seal(text.as_bytes(), nested).map_err(|fault| missing(&fault.to_string()))
    }

    fn seal(&self, payload: &[u8], cty: Option<&str>) -> Result<String, EncryptFault> {
        let key = match &self.key {
            Key::Jwks(jwks) => RecipientKey::Jwks(jwks),
            Key::Secret(secret) => RecipientKey::Secret(secret),
        };
        encrypt_for(self.encryption, key, payload, cty)
    }
}

fn missing(why: &str) -> OAuthError {
    OAuthError::describe(
        ErrorCode::ResponseKeyMissing,
        format!("The answer cannot be encrypted for the client: {why}"),
    )
}
