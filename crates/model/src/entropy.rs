//! Randomness as a parameter, so that tests can seed it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{secret::Secret, time::Timestamp};

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

/// A fresh identifier of a row of a table that grows: eight hexadecimal digits of the second, then 96
/// random bits, base64url without padding (24 characters). Rows of one time lie side by side in their
/// index, so that what is in use stays in memory and a write touches few pages, however many rows there
/// are. It tells when it was made.
pub fn dated_id(entropy: &dyn Entropy, now: Timestamp) -> String {
    let mut bytes = [0_u8; 12];
    entropy.fill(&mut bytes);
    format!("{:08x}{}", now.0, URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counted(std::sync::atomic::AtomicU8);

    impl Entropy for Counted {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[test]
    fn later_rows_come_later_whatever_chance_says() {
        let entropy = Counted(u8::MAX.into());
        let ids = [0, 1, 1_700_000_000, 1_700_000_001, 4_000_000_000]
            .map(|second| dated_id(&entropy, Timestamp(second)));
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() == 24), "{ids:?}");
        let (one, other) = (Timestamp(5), Timestamp(5));
        assert_ne!(dated_id(&entropy, one), dated_id(&entropy, other));
    }
}
