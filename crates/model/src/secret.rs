//! Values that must not be printed, and the hashes under which they are stored.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::entropy;

/// A secret text (token, code, password). Has no `Display`; `Debug` prints `[REDACTED]`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The secret itself. Each caller is a place to review.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The SHA-256 under which a 256-bit random value rests, after the second that the text tells
    /// ([`dated_secret`](entropy::dated_secret)) if it tells one. Not for anything a person chose:
    /// passwords take argon2id, client secrets a keyed MAC.
    #[must_use]
    pub fn token_hash(&self) -> TokenHash {
        let TokenHash(digest) = self.digest();
        TokenHash(match entropy::second_of(self.expose()) {
            Some(second) => format!("{second}{digest}"),
            None => digest,
        })
    }

    /// The SHA-256 alone: for what somebody else chose, which may look like anything.
    #[must_use]
    pub fn digest(&self) -> TokenHash {
        TokenHash(hex(&Sha256::digest(self.expose().as_bytes())))
    }

    /// Constant-time comparison; only the length may leak.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        self.expose().as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// A secret's hash in lower-case hex: what the database keeps and looks rows up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(String);

impl TokenHash {
    /// Wraps a hash read from the database or made by a keyed MAC.
    #[must_use]
    pub fn new(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The hash as lower-case hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Constant-time comparison.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

/// Lower-case hex of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
