//! What clients encrypt for us (RFC 7516): request objects.

use std::cmp::Reverse;

use josekit::{JoseError, jwe::JweDecrypter, jwk::Jwk};
use serde_json::{Map, Value};
use vestibule_model::{
    Secret, Timestamp,
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
    jose::KeyManagementAlg,
};

use crate::{
    KeyError, Sealer, TokenFault,
    encryption_key::sealing_purpose,
    jwe::Encrypted,
    jwk,
    key_management::{Method, method},
};

/// Why a JWE does not open. For the log: whoever sent it is told that it does not open and no more,
/// so that we are no oracle (RFC 7516 §11.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptFault {
    /// Longer than anything we would read.
    #[error("the encrypted token is longer than 32 KiB")]
    TooLong,
    /// Not the compact form of RFC 7516 §7.1.
    #[error("the encrypted token has not five parts")]
    NotFiveParts,
    /// A part is not base64url, or the header is none.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// The header lists extensions that must be understood (RFC 7516 §4.1.13); we have none.
    #[error("the encrypted token's header has `crit`, and no extension is supported")]
    Critical,
    /// The content is compressed.
    #[error("the encrypted token's header has `zip`, which is never accepted")]
    Compressed,
    /// Not a key management algorithm that discovery lists.
    #[error("the encrypted token's `alg` is not one that is accepted")]
    AlgNotAllowed,
    /// Not a content encryption that discovery lists.
    #[error("the encrypted token's `enc` is not one that is accepted")]
    EncNotAllowed,
    /// The header names a key that is not ours, or is of no use for `alg`. It may be so new that it
    /// is not loaded here yet.
    #[error("the encrypted token is for none of our keys")]
    UnknownKey,
    /// The algorithm wants the client secret, and there is none.
    #[error("the encrypted token's `alg` needs the client secret, and the client has none")]
    NoSecret,
    /// It does not open. There is no saying which step failed.
    #[error("the encrypted token does not open")]
    Broken,
}

/// Our own encryption keys of one moment, each parsed once.
#[derive(Default)]
pub struct DecryptionKeys {
    /// Those in the JWKS first, then the youngest first.
    keys: Vec<DecryptionKey>,
}

struct DecryptionKey {
    kid: String,
    key_type: EncryptionKeyType,
    created_at: Timestamp,
    /// As the JWKS has it; `None` once it left.
    published: Option<Value>,
    decrypters: Decrypters,
}

/// Of one key, one for each algorithm that it serves.
type Decrypters = Vec<(KeyManagementAlg, Box<dyn JweDecrypter>)>;

impl DecryptionKeys {
    /// Parses every key that is not forgotten.
    ///
    /// # Errors
    /// A public JWK that is none, or a private one that does not open: most likely the master key is
    /// another than the one it was sealed with.
    pub fn load(keys: &[StoredEncryptionKey], sealer: &Sealer) -> Result<Self, KeyError> {
        let kept = keys.iter().filter(|key| !key.sealed_private_jwk.is_empty());
        let mut keys =
            kept.map(|key| DecryptionKey::load(key, sealer)).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_cached_key(|key| {
            (key.published.is_none(), key.key_type, Reverse(key.created_at), key.kid.clone())
        });
        Ok(Self { keys })
    }

    /// The plaintext of a compact JWE for one of our keys: the one its `kid` names, or without a
    /// `kid` any that is of the right kind, published ones first. `secret` is the client's, for the
    /// symmetric algorithms (OIDC Core §10.2). Who sent it is not proved by it: that is a matter of
    /// the signature inside.
    ///
    /// # Errors
    /// See [`DecryptFault`].
    pub fn decrypt(&self, token: &str, secret: Option<&Secret>) -> Result<Vec<u8>, DecryptFault> {
        let token = Encrypted::read(token)?;
        let (alg, enc) = token.algorithms()?;
        let opened = match method(alg) {
            Method::Secret(method) => {
                let secret = secret.ok_or(DecryptFault::NoSecret)?;
                let decrypter = method.decrypter(secret, enc).map_err(|_| DecryptFault::Broken)?;
                token.open(enc, decrypter.as_ref())
            }
            Method::Pair(_) => {
                let mut fitting = self.fitting(alg, token.header.kid.as_deref()).peekable();
                fitting.peek().ok_or(DecryptFault::UnknownKey)?;
                fitting.find_map(|decrypter| token.open(enc, decrypter))
            }
        };
        opened.ok_or(DecryptFault::Broken)
    }

    /// The public JWKs in the order of the JWKS: `kty`, the public members, `use` and `kid`.
    #[must_use]
    pub fn published_jwks(&self) -> Vec<Value> {
        self.keys.iter().filter_map(|key| key.published.clone()).collect()
    }

    fn fitting<'a>(
        &'a self,
        alg: KeyManagementAlg,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a dyn JweDecrypter> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none_or(|kid| kid == key.kid))
            .flat_map(|key| &key.decrypters)
            .filter(move |(of, _)| *of == alg)
            .map(|(_, decrypter)| decrypter.as_ref())
    }
}

impl std::fmt::Debug for DecryptionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.kid)).finish()
    }
}

impl DecryptionKey {
    fn load(key: &StoredEncryptionKey, sealer: &Sealer) -> Result<Self, KeyError> {
        let kid = key.kid.clone();
        let published = key.retired_at.is_none().then(|| published_jwk(key)).transpose()?;
        let unusable =
            |reason: String| KeyError::PrivateKeyUnusable { kid: key.kid.clone(), reason };
        let opened = sealer
            .open(&sealing_purpose(&kid), &key.sealed_private_jwk)
            .map_err(|fault| unusable(fault.to_string()))?;
        // The text of a parser's fault might quote the key, so it is not passed on.
        let decrypters = Jwk::from_bytes(&opened)
            .and_then(|private| decrypters(key.key_type, &private))
            .map_err(|_| unusable("it is no private JWK of the key's type".to_owned()))?;
        let (key_type, created_at) = (key.key_type, key.created_at);
        Ok(Self { kid, key_type, created_at, published, decrypters })
    }
}

/// The public JWK as the JWKS has it, whatever else the row holds.
fn published_jwk(key: &StoredEncryptionKey) -> Result<Value, KeyError> {
    let unusable = |reason: String| KeyError::PublicKeyUnusable { kid: key.kid.clone(), reason };
    let stored: Map<String, Value> =
        serde_json::from_str(&key.public_jwk).map_err(|fault| unusable(fault.to_string()))?;
    let members = jwk::public_members(&stored).map_err(|fault| unusable(fault.to_string()))?;
    Ok(Value::Object(jwk::for_encryption(members, &key.kid)))
}

pub(crate) fn decrypters(
    key_type: EncryptionKeyType,
    private: &Jwk,
) -> Result<Decrypters, JoseError> {
    let of = |alg: &KeyManagementAlg| match method(*alg) {
        Method::Pair(method) => Some(method.decrypter(private).map(|made| (*alg, made))),
        Method::Secret(_) => None,
    };
    algorithms(key_type).iter().filter_map(of).collect()
}

/// The algorithms that a key of ours opens.
pub(crate) const fn algorithms(key_type: EncryptionKeyType) -> &'static [KeyManagementAlg] {
    match key_type {
        EncryptionKeyType::Rsa => &[KeyManagementAlg::RsaOaep, KeyManagementAlg::RsaOaep256],
        EncryptionKeyType::EcP256 => &[
            KeyManagementAlg::EcdhEs,
            KeyManagementAlg::EcdhEsA128Kw,
            KeyManagementAlg::EcdhEsA192Kw,
            KeyManagementAlg::EcdhEsA256Kw,
        ],
    }
}

#[cfg(test)]
mod tests;
