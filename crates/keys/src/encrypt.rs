//! Encryption for a client (RFC 7516): ID tokens, userinfo answers.

use josekit::{
    jwe::{JweHeader, serialize_compact},
    jwk::Jwk,
};
use serde_json::{Map, Value};
use vestibule_model::{
    Secret,
    jose::{KeyManagementAlg, ResponseEncryption},
};

use crate::{
    JwkFault, jwk,
    key_management::{Method, PairMethod, method},
};

/// Whose key a text is encrypted with.
#[derive(Clone, Copy, Debug)]
pub enum RecipientKey<'a> {
    /// One of the client's public keys: its JWK Set. For the algorithms with a key pair.
    Jwks(&'a Value),
    /// Its `client_secret`, for the symmetric algorithms (OIDC Core §10.2).
    Secret(&'a Secret),
}

/// Why nothing could be encrypted for a client: a matter of its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptFault {
    /// The algorithm wants the client secret, and a JWK Set was given.
    #[error("{} needs the client secret", .0.as_str())]
    NoSecret(KeyManagementAlg),
    /// The algorithm wants a public key, and a secret was given.
    #[error("{} needs a jwks of the client", .0.as_str())]
    NoJwks(KeyManagementAlg),
    /// The client's `jwks` is not a JWK Set.
    #[error("the client's jwks is not a JWK Set with a `keys` array")]
    JwksMalformed,
    /// The client has no key for that algorithm.
    #[error(
        "the client's jwks has no {kind} key whose `use` is enc or absent and whose `alg` is {} or \
         absent",
        alg.as_str()
    )]
    NoFittingKey {
        /// The algorithm.
        alg: KeyManagementAlg,
        /// The kinds of keys that it works with.
        kind: &'static str,
    },
    /// The client's key cannot be used.
    #[error("the client's key cannot be used: {0}")]
    KeyUnusable(#[from] JwkFault),
}

impl EncryptFault {
    /// Whether the client may have changed its keys since its `jwks_uri` was read, so that reading
    /// it again could help (OIDC Core §10.2.1).
    #[must_use]
    pub const fn may_be_stale(self) -> bool {
        matches!(self, Self::NoFittingKey { .. })
    }
}

/// `payload`, encrypted for a client, as a compact JWE. `cty` is `JWT` if the payload is a signed
/// JWT (RFC 7519 §5.2), else absent. Never compressed (RFC 8725 §3.6).
///
/// Of several keys that fit, one that says `use: enc` goes first, then one that says `alg`. Its
/// `kid`, if it has one, is put into the header (OIDC Core §10.2).
///
/// # Errors
/// See [`EncryptFault`].
pub fn encrypt_for(
    encryption: ResponseEncryption,
    key: RecipientKey<'_>,
    payload: &[u8],
    cty: Option<&str>,
) -> Result<String, EncryptFault> {
    let ResponseEncryption { alg, enc } = encryption;
    let mut header = JweHeader::new();
    header.set_content_encryption(enc.as_str());
    if let Some(cty) = cty {
        header.set_content_type(cty);
    }
    let encrypter = match (method(alg), key) {
        (Method::Secret(method), RecipientKey::Secret(secret)) => method.encrypter(secret, enc),
        (Method::Pair(method), RecipientKey::Jwks(jwks)) => {
            let key = chosen(jwks, alg, &method)?;
            if let Some(kid) = key.get("kid").and_then(Value::as_str) {
                header.set_key_id(kid);
            }
            Jwk::from_map(jwk::public_members(key)?).and_then(|public| method.encrypter(&public))
        }
        (Method::Secret(_), RecipientKey::Jwks(_)) => return Err(EncryptFault::NoSecret(alg)),
        (Method::Pair(_), RecipientKey::Secret(_)) => return Err(EncryptFault::NoJwks(alg)),
    };
    // What can still go wrong is the key: coordinates that are no point of the curve, for example.
    encrypter
        .and_then(|encrypter| serialize_compact(payload, &header, encrypter.as_ref()))
        .map_err(|_| EncryptFault::KeyUnusable(JwkFault::Unsupported))
}

/// The key of the set to encrypt with.
fn chosen<'a>(
    jwks: &'a Value,
    alg: KeyManagementAlg,
    method: &PairMethod,
) -> Result<&'a Map<String, Value>, EncryptFault> {
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or(EncryptFault::JwksMalformed)?;
    let fitting = keys.iter().filter_map(Value::as_object).filter(|key| {
        method.works_with(key)
            && jwk::allows(key, "use", "enc")
            && jwk::allows(key, "alg", alg.as_str())
            && may_encrypt(key)
    });
    fitting
        .min_by_key(|key| (!key.contains_key("use"), !key.contains_key("alg")))
        .ok_or(EncryptFault::NoFittingKey { alg, kind: method.kinds() })
}

/// A key that says it is for signatures alone is for nothing else (RFC 7517 §4.3). Which operation
/// of encryption a public key has to list is told differently by different libraries.
fn may_encrypt(key: &Map<String, Value>) -> bool {
    match key.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => {
            operations.is_empty()
                || operations.iter().any(|operation| operation != "verify" && operation != "sign")
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests;
