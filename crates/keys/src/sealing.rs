//! Encryption at rest: XChaCha20-Poly1305 under a subkey of the master key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::ExposeSecret;
use vestibule_model::Entropy;

use crate::{KeyError, MasterKey};

/// Starts every sealed text, so that another cipher can come one day.
const VERSION: &str = "v1.";
/// A nonce this long may be random: 2^80 texts make a repeat likely no sooner than 2^-32.
const NONCE_BYTES: usize = 24;

/// Seals and opens texts at rest. A text opens only for the purpose it was sealed for, so that a
/// sealed value cannot be moved to another column or row.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// A sealer under `master`.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        let key = master.subkey("vestibule sealing v1");
        Self(XChaCha20Poly1305::new(key.expose_secret().into()))
    }

    /// Encrypts `plaintext` for `purpose`, as `v1.<base64url of nonce and ciphertext>`.
    ///
    /// # Errors
    /// [`KeyError::SealTooLong`], beyond 256 GiB.
    pub fn seal(
        &self,
        purpose: &str,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, KeyError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plaintext, aad: purpose.as_bytes() };
        let ciphertext =
            self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| KeyError::SealTooLong)?;
        let sealed = [nonce.as_slice(), &ciphertext].concat();
        Ok(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Decrypts what [`Self::seal`] made for the same purpose.
    ///
    /// # Errors
    /// [`KeyError::SealMalformed`] or [`KeyError::SealBroken`].
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>, KeyError> {
        let encoded = sealed.strip_prefix(VERSION).ok_or(KeyError::SealMalformed)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| KeyError::SealMalformed)?;
        let (nonce, ciphertext) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(KeyError::SealMalformed)?;
        let payload = Payload { msg: ciphertext, aad: purpose.as_bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| KeyError::SealBroken)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Seeded, sealer};

    #[test]
    fn sealing_twice_looks_different() {
        let entropy = Seeded::new(1);
        let first = sealer().seal("p", b"text", &entropy).unwrap();
        assert_ne!(first, sealer().seal("p", b"text", &entropy).unwrap());
    }

    /// Sealed by a Python transcription of draft-irtf-cfrg-xchacha-03: what rests in databases must
    /// keep opening.
    #[test]
    fn a_text_sealed_long_ago_opens() {
        let sealed =
            "v1.n8Wn2fjODNkWDNlXuFCsFFhRyPN1RRklqLD0wF9Lg5TEAs386YWF9YTV_XiOJLhHYA2S24TOTr3x2zAK";
        assert_eq!(sealer().open("signing_key/x", sealed).unwrap(), b"rest in the database");
        let again = sealer().seal("signing_key/x", b"rest in the database", &Seeded::new(7));
        assert_eq!(again.unwrap(), sealed);
    }

    #[test]
    fn what_was_never_sealed_is_malformed() {
        let sealed = sealer().seal("p", b"text", &Seeded::new(1)).unwrap();
        let malformed = [
            String::new(),
            "v1.".to_owned(),
            "v1.AAAA".to_owned(),
            sealed.replacen("v1", "v2", 1),
            sealed.replacen("v1.", "", 1),
            format!(" {sealed}"),
            format!("{sealed}\n"),
            format!("{sealed}="),
        ];
        for text in malformed {
            let refused = sealer().open("p", &text);
            assert!(matches!(refused, Err(KeyError::SealMalformed)), "{text:?}");
        }
        // A nonce and nothing, or less than a tag.
        for length in [24, 25, 39] {
            let text = format!("v1.{}", URL_SAFE_NO_PAD.encode(vec![0; length]));
            assert!(matches!(sealer().open("p", &text), Err(KeyError::SealBroken)), "{length}");
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(
            purpose in ".{0,40}",
            plaintext in prop::collection::vec(any::<u8>(), 0..500),
        ) {
            let sealed = sealer().seal(&purpose, &plaintext, &Seeded::new(3)).unwrap();
            prop_assert_eq!(sealer().open(&purpose, &sealed).unwrap(), plaintext);
        }

        #[test]
        fn it_opens_for_its_own_purpose_and_key_only(
            purpose in "[a-z/]{0,20}",
            other in "[a-z/]{0,20}",
            seed in 100..u64::MAX,
        ) {
            prop_assume!(purpose != other);
            let sealed = sealer().seal(&purpose, b"text", &Seeded::new(3)).unwrap();
            let elsewhere = sealer().open(&other, &sealed);
            prop_assert!(matches!(elsewhere, Err(KeyError::SealBroken)));
            let stranger = Sealer::new(&MasterKey::generate(&Seeded::new(seed)));
            let by_stranger = stranger.open(&purpose, &sealed);
            prop_assert!(matches!(by_stranger, Err(KeyError::SealBroken)));
        }

        #[test]
        fn one_bit_changed_breaks_it(
            plaintext in prop::collection::vec(any::<u8>(), 0..100),
            at in any::<prop::sample::Index>(),
        ) {
            let sealed = sealer().seal("p", &plaintext, &Seeded::new(3)).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(sealed.trim_start_matches("v1.")).unwrap();
            let bit = at.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = format!("v1.{}", URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert!(matches!(sealer().open("p", &changed), Err(KeyError::SealBroken)));
        }

        #[test]
        fn cut_short_it_does_not_open(at in any::<prop::sample::Index>()) {
            let mut sealed = sealer().seal("p", b"some text", &Seeded::new(3)).unwrap();
            sealed.truncate(at.index(sealed.len()));
            prop_assert!(sealer().open("p", &sealed).is_err());
        }
    }
}
