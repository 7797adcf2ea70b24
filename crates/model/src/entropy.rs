//! Randomness as a parameter, so that tests can seed it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::secret::Secret;

/// A source of cryptographically secure random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`. A source that cannot deliver must abort the process rather than return
    /// predictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// A fresh 256-bit secret, base64url without padding (43 characters): codes, tokens, cookies.
/// RFC 6749 §10.10 asks for at most 2^-128 guessing probability.
pub fn random_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// A fresh `client_secret` of 384 bits, base64url without padding: 64 characters, because the secret
/// may be the key of an HMAC with SHA-512, which must not be shorter than its hash (RFC 7518 §3.2,
/// OIDC Core §16.19).
pub fn random_client_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0_u8; 48];
    entropy.fill(&mut bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// A fresh 128-bit identifier, base64url without padding (22 characters): names of rows.
pub fn random_id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
