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

/// A fresh 256-bit secret of a table that grows: eight hexadecimal digits of the second, and what
/// [`random_secret`] makes (51 characters). Its hash begins with the second too, for the reason that
/// [`dated_id`] has. It tells when it was made, as a JWT does in `iat`.
pub fn dated_secret(entropy: &dyn Entropy, now: Timestamp) -> Secret {
    Secret::new(format!("{:08x}{}", now.0, random_secret(entropy).expose()))
}

/// The eight digits with which a [`dated_secret`] begins; `None` for any other text.
pub(crate) fn second_of(text: &str) -> Option<&str> {
    let (second, random) = text.split_at_checked(8).filter(|(_, random)| random.len() == 43)?;
    let digits = second.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (digits && random.bytes().all(known)).then_some(second)
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

    #[test]
    fn hashes_of_dated_secrets_sort_by_their_second() {
        let entropy = Counted(u8::MAX.into());
        let secrets = [0, 1, 1_700_000_000, 1_700_000_001, 4_000_000_000]
            .map(|second| dated_secret(&entropy, Timestamp(second)));
        let hashes = secrets.clone().map(|secret| secret.token_hash().as_str().to_owned());
        assert!(hashes.is_sorted(), "{hashes:?}");
        for (secret, hash) in secrets.iter().zip(&hashes) {
            assert_eq!((secret.expose().len(), hash.len()), (51, 72), "{hash}");
            assert_eq!(secret.expose().get(..8), hash.get(..8));
        }
    }

    #[test]
    fn the_second_is_hashed_with_the_rest() {
        let entropy = Counted(u8::MAX.into());
        let secret = dated_secret(&entropy, Timestamp(0x6a00_0000));
        let (_, random) = secret.expose().split_at(8);
        let later = Secret::new(format!("6a000001{random}")).token_hash();
        assert_ne!(secret.token_hash().as_str().get(8..), later.as_str().get(8..));
    }

    #[test]
    fn what_is_no_dated_secret_tells_no_second() {
        let random = "x".repeat(43);
        let dated = format!("6a000000{random}");
        assert_eq!(second_of(&dated), Some("6a000000"));
        for other in [
            String::new(),
            random.clone(),
            format!("6A000000{random}"),
            format!("6a00000{random}"),
            format!("6a00000g{random}"),
            format!("{dated}x"),
            dated.replacen('x', "+", 1),
            dated.replacen('x', ".", 1),
            dated.replacen("xx", "é", 1),
            dated.replacen("00x", "0é", 1),
        ] {
            assert_eq!(second_of(&other), None, "{other}");
            assert_eq!(Secret::new(other.clone()).token_hash().as_str().len(), 64, "{other}");
        }
    }
}
