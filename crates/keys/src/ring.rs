//! The keys of one moment, each parsed once.

mod examine;

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwk::Jwk,
    jws::{JwsSigner, JwsVerifier},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use vestibule_model::{Timestamp, client::SigningAlg, signing_key::StoredKey};

pub use examine::{Examined, Opened, opened};

use crate::{
    DecryptionKeys, KeyError, Sealer, TokenFault, algorithm,
    compact::{self, Compact},
    generate, jwk,
    rotation::{self, Phase},
};

/// What kind of token a caller expects. One kind is never taken for another (RFC 8725 §3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A JWT access token: `typ` is `at+jwt` (RFC 9068 §4), and its key is still published.
    AccessToken,
    /// An ID token: `typ` is `JWT` or absent, so no logout token is one (OIDC Back-Channel Logout
    /// §2.4). Its key may have left the JWKS long ago, because an `id_token_hint` may be old (OIDC
    /// RP-Initiated Logout §2). An ID token that was issued with `alg: none` is refused like any
    /// other text without a signature: nothing shows that it is ours, so it is no hint.
    IdToken,
}

/// The JWK Set (RFC 7517 §5), ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwks {
    /// The JSON.
    pub body: String,
    /// A strong entity tag with its quotes (RFC 9110 §8.8.3); changes exactly when `body` does.
    pub etag: String,
}

/// A snapshot of the keys. Never changes: load another when the rows have changed or a key's time
/// in the JWKS is over.
pub struct KeyRing {
    signers: HashMap<SigningAlg, Signing>,
    verifiers: HashMap<String, Verifying>,
    decryption: DecryptionKeys,
    /// The public signing keys, in the order of the JWKS.
    published: Vec<Value>,
    jwks: Jwks,
}

struct Signing {
    kid: String,
    signer: Box<dyn JwsSigner>,
}

struct Verifying {
    alg: SigningAlg,
    published: bool,
    verifier: Box<dyn JwsVerifier>,
}

impl KeyRing {
    /// Parses every key. Private parts are opened for the signing keys only.
    ///
    /// # Errors
    /// A public JWK that is none, or a signing key that does not open: most likely the master key
    /// is another than the one it was sealed with.
    pub fn load(keys: &[StoredKey], sealer: &Sealer, now: Timestamp) -> Result<Self, KeyError> {
        let mut verifiers = HashMap::new();
        let mut published = Vec::new();
        for key in keys {
            let public = published_jwk(key)?;
            verifiers.insert(key.kid.clone(), verifying(key, &public, now)?);
            if rotation::is_published(key, now) {
                published.push((key, Value::Object(public)));
            }
        }
        let mut signers = HashMap::new();
        for alg in SigningAlg::ALL.iter().copied() {
            if let Some(key) = rotation::signing_key(keys, alg)
                && !key.sealed_private_jwk.is_empty()
            {
                signers.insert(alg, signing(key, sealer)?);
            }
        }
        let published = in_order(published);
        let jwks = Jwks::of(published.iter());
        Ok(Self { signers, verifiers, decryption: DecryptionKeys::default(), published, jwks })
    }

    /// The same ring with the keys that open what clients encrypt for us; the JWKS holds those that
    /// are published after the signing keys.
    #[must_use]
    pub fn with_decryption_keys(mut self, keys: DecryptionKeys) -> Self {
        self.jwks = Jwks::of(self.published.iter().chain(&keys.published_jwks()));
        self.decryption = keys;
        self
    }

    /// The keys that open what clients encrypt for us.
    #[must_use]
    pub const fn decryption_keys(&self) -> &DecryptionKeys {
        &self.decryption
    }

    /// A JWT with the `claims`, whose header has `alg`, `kid` and `typ` (RFC 7515 §4.1).
    ///
    /// # Errors
    /// [`KeyError::NoSigningKey`], or the signing itself fails.
    pub fn sign(
        &self,
        alg: SigningAlg,
        typ: &str,
        claims: &Map<String, Value>,
    ) -> Result<String, KeyError> {
        let key = self.signers.get(&alg).ok_or(KeyError::NoSigningKey(alg))?;
        compact::sign(key.signer.as_ref(), &key.kid, typ, claims).map_err(|fault| {
            KeyError::SigningFailed { kid: key.kid.clone(), reason: fault.to_string() }
        })
    }

    /// The claims of a token that this server signed. Judges neither times nor any other claim.
    ///
    /// The key decides the algorithm, never the header (RFC 8725 §3.1): `kid` names the key, and
    /// `alg` has to be that key's.
    ///
    /// # Errors
    /// [`KeyError::Token`], saying which check refused it.
    pub fn verify(&self, token: &str, typ: Expected) -> Result<Map<String, Value>, KeyError> {
        let token = Compact::read(token)?;
        let media_type = token.header.media_type();
        let right_type = match typ {
            Expected::AccessToken => media_type.as_deref() == Some("at+jwt"),
            Expected::IdToken => matches!(media_type.as_deref(), None | Some("jwt")),
        };
        if !right_type {
            return Err(TokenFault::WrongType.into());
        }
        let kid = token.header.kid.as_ref().ok_or(TokenFault::NoKeyId)?;
        let key = self.verifiers.get(kid).ok_or(TokenFault::UnknownKey)?;
        if token.header.alg != key.alg.as_str() {
            return Err(TokenFault::WrongAlgorithm.into());
        }
        if typ == Expected::AccessToken && !key.published {
            return Err(TokenFault::ExpiredKey.into());
        }
        Ok(token.claims(key.verifier.as_ref())?)
    }

    /// The JWK Set: signing keys first, then those that stand by, then the retired, then the
    /// encryption keys.
    #[must_use]
    pub fn jwks(&self) -> &Jwks {
        &self.jwks
    }

    /// The `kid` of the key that signs with `alg`.
    #[must_use]
    pub fn signing_kid(&self, alg: SigningAlg) -> Option<&str> {
        self.signers.get(&alg).map(|key| key.kid.as_str())
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("jwks", &self.jwks.body).finish_non_exhaustive()
    }
}

impl Jwks {
    fn of<'a>(keys: impl Iterator<Item = &'a Value>) -> Self {
        let keys: Vec<_> = keys.collect();
        let body = json!({ "keys": keys }).to_string();
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
        Self { body, etag }
    }
}

/// The order of the JWKS: the same whatever order the rows come in, so that the tag is too.
fn in_order(mut keys: Vec<(&StoredKey, Value)>) -> Vec<Value> {
    keys.sort_by_key(|(key, _)| {
        let phase = match rotation::phase(key) {
            Phase::Signing => 0,
            Phase::Standby => 1,
            Phase::Retired => 2,
        };
        (phase, key.alg, key.published_at, key.kid.clone())
    });
    keys.into_iter().map(|(_, jwk)| jwk).collect()
}

/// The public JWK as the JWKS has it: `kty`, `use`, `alg`, `kid` and the public members, whatever
/// else the row holds.
fn published_jwk(key: &StoredKey) -> Result<Map<String, Value>, KeyError> {
    let unusable = |reason: String| KeyError::PublicKeyUnusable { kid: key.kid.clone(), reason };
    let stored: Map<String, Value> =
        serde_json::from_str(&key.public_jwk).map_err(|fault| unusable(fault.to_string()))?;
    let members = jwk::public_members(&stored).map_err(|fault| unusable(fault.to_string()))?;
    Ok(jwk::for_signing(members, key.alg, &key.kid))
}

fn verifying(
    key: &StoredKey,
    public: &Map<String, Value>,
    now: Timestamp,
) -> Result<Verifying, KeyError> {
    let verifier =
        Jwk::from_map(public.clone()).and_then(|jwk| algorithm::verifier(key.alg, &jwk)).map_err(
            |fault| KeyError::PublicKeyUnusable { kid: key.kid.clone(), reason: fault.to_string() },
        )?;
    Ok(Verifying { alg: key.alg, published: rotation::is_published(key, now), verifier })
}

fn signing(key: &StoredKey, sealer: &Sealer) -> Result<Signing, KeyError> {
    let kid = key.kid.clone();
    let unusable = |reason: String| KeyError::PrivateKeyUnusable { kid: key.kid.clone(), reason };
    let opened = sealer
        .open(&generate::sealing_purpose(&kid), &key.sealed_private_jwk)
        .map_err(|fault| unusable(fault.to_string()))?;
    // The text of a parser's fault might quote the key, so it is not passed on.
    let signer = Jwk::from_bytes(&opened)
        .and_then(|jwk| algorithm::signer(key.alg, &jwk))
        .map_err(|_| unusable("it is no private JWK for the key's algorithm".to_owned()))?;
    Ok(Signing { kid, signer })
}

#[cfg(test)]
mod tests;
