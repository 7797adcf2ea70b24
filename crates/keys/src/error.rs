//! What can go wrong with keys.

use vestibule_model::{
    ErrorCode, OAuthError, client::SigningAlg, encryption_key::EncryptionKeyType,
};

/// A fault of keys or of what was made with them. Never carries key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The master key is not 32 bytes in hex.
    #[error("the master key must be 64 hex digits (32 bytes)")]
    MasterKeyMalformed,
    /// Not a text that [`crate::Sealer::seal`] makes.
    #[error("the sealed text is not of the form v1.<base64url> or v2.<key id>.<base64url>")]
    SealMalformed,
    /// The sealed text does not open.
    #[error("the sealed text does not open: other master key, other purpose, or it was changed")]
    SealBroken,
    /// The sealed text names a data key that is not loaded: refresh the keys and try again.
    #[error("the sealed text is under data key {0}, which is not known here")]
    DataKeyUnknown(String),
    /// A stored data key is of no use.
    #[error("data key {id} cannot be used: {reason}")]
    DataKeyUnusable {
        /// Which key.
        id: String,
        /// Why.
        reason: String,
    },
    /// The cipher refused to seal.
    #[error("the text is too long to be sealed")]
    SealTooLong,
    /// A stored private key is of no use.
    #[error("the private part of key {kid} cannot be used: {reason}")]
    PrivateKeyUnusable {
        /// Which key.
        kid: String,
        /// Why.
        reason: String,
    },
    /// A stored public key is of no use.
    #[error("the public part of key {kid} cannot be used: {reason}")]
    PublicKeyUnusable {
        /// Which key.
        kid: String,
        /// Why.
        reason: String,
    },
    /// The ring has no key to sign with.
    #[error("there is no signing key for {}", .0.as_str())]
    NoSigningKey(SigningAlg),
    /// No key could be made.
    #[error("no {} key could be made: {reason}", alg.as_str())]
    GenerationFailed {
        /// For which algorithm.
        alg: SigningAlg,
        /// Why.
        reason: String,
    },
    /// No encryption key could be made.
    #[error("no {} encryption key could be made: {reason}", key_type.as_str())]
    EncryptionKeyNotMade {
        /// Of which type.
        key_type: EncryptionKeyType,
        /// Why.
        reason: String,
    },
    /// The signature could not be made.
    #[error("signing with key {kid} failed: {reason}")]
    SigningFailed {
        /// With which key.
        kid: String,
        /// Why.
        reason: String,
    },
    /// A token is refused.
    #[error(transparent)]
    Token(#[from] TokenFault),
}

/// Why a JWT is refused, before anything in it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than anything we would sign.
    #[error("the token is longer than 16 KiB")]
    TooLong,
    /// Not the compact form of RFC 7515 §7.1, or not JSON inside.
    #[error("the token is not a JWT: {0}")]
    Malformed(&'static str),
    /// The header lists extensions that must be understood (RFC 7515 §4.1.11); we have none.
    #[error("the token's header has `crit`, and no extension is supported")]
    Critical,
    /// A JWT of another kind (RFC 8725 §3.11).
    #[error("the token's `typ` is not that of the kind expected")]
    WrongType,
    /// The header names no key.
    #[error("the token's header has no `kid`")]
    NoKeyId,
    /// The header names a key that is not ours.
    #[error("the token's `kid` is none of our keys")]
    UnknownKey,
    /// The key has left the JWKS.
    #[error("the token's key has left the JWKS")]
    ExpiredKey,
    /// The header names another algorithm than the key's (RFC 8725 §3.1).
    #[error("the token's `alg` is not that of its key")]
    WrongAlgorithm,
    /// The signature is not the key's.
    #[error("the token's signature is wrong")]
    SignatureWrong,
}

/// Why a JWK is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkFault {
    /// `kty` or `crv` is missing or none of those we can use.
    #[error(
        "the JWK is of no supported kind: RSA, EC (P-256, P-384, P-521) and OKP (Ed25519, X25519) are"
    )]
    Unsupported,
    /// A member is missing, not canonical base64url, or of the wrong size.
    #[error("the JWK's member `{0}` is missing or malformed")]
    Member(&'static str),
}

impl From<KeyError> for OAuthError {
    /// A token's fault is its bearer's; every other fault is ours.
    fn from(fault: KeyError) -> Self {
        let code = match fault {
            KeyError::Token(_) => ErrorCode::TokenMalformed,
            _ => ErrorCode::Internal,
        };
        Self::new(code).because(fault.to_string())
    }
}
