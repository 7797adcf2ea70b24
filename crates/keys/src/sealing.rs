//! Encryption at rest: XChaCha20-Poly1305 under the newest data key, and under a subkey of the
//! master key where there is none.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use parking_lot::RwLock;
use secrecy::ExposeSecret;
use vestibule_model::{Entropy, Timestamp, sealed::StoredDataKey};

use crate::{
    KeyError, MasterKey,
    data_keys::{self, DataKeys},
};

/// Starts a text under the master key.
const BY_MASTER: &str = "v1.";
/// Starts a text under a data key.
const BY_DATA_KEY: &str = "v2.";
/// A nonce this long may be random: 2^80 texts make a repeat likely no sooner than 2^-32.
const NONCE_BYTES: usize = 24;

/// Seals and opens texts at rest. A text opens only for the purpose it was sealed for, so that a
/// sealed value cannot be moved to another column or row.
///
/// Clones share one ring of data keys, which [`load`](Self::load) brings up to date at run time.
#[derive(Clone)]
pub struct Sealer {
    master: Cipher,
    ring: Arc<RwLock<DataKeys>>,
}

impl Sealer {
    /// A sealer under `master` that knows no data key yet.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        let key = master.subkey("vestibule sealing v1");
        Self { master: Cipher::new(key.expose_secret()), ring: Arc::default() }
    }

    /// Takes over the stored data keys. `true` if another one seals now than before. A list older
    /// than the one it has is ignored: two refreshes may cross.
    ///
    /// # Errors
    /// [`KeyError::DataKeyUnusable`]; nothing changed then.
    pub fn load(&self, stored: &[StoredDataKey]) -> Result<bool, KeyError> {
        let ring = DataKeys::open(stored, self)?;
        Ok(self.ring.write().replace(ring))
    }

    /// Says that nobody has looked at the stored data keys for so long that the newest may be past
    /// use. Until the next [`load`](Self::load) texts are sealed under the master key, which opens
    /// for ever.
    pub fn distrust(&self) {
        self.ring.write().trusted = false;
    }

    /// A new data key, which becomes the one that seals once it is stored beside `stored`.
    ///
    /// # Errors
    /// None that can happen: a key is short enough to be sealed.
    pub fn new_data_key(
        &self,
        stored: &[StoredDataKey],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<StoredDataKey, KeyError> {
        data_keys::generate(self, stored, now, entropy)
    }

    /// The data key that seals, by its id.
    #[must_use]
    pub fn active(&self) -> Option<String> {
        self.ring.read().active.as_ref().map(|active| active.id.clone())
    }

    /// Whether `sealed` is a text under the data key that seals now.
    #[must_use]
    pub fn is_current(&self, sealed: &str) -> bool {
        let ring = self.ring.read();
        let active = ring.active.as_ref().map(|active| active.id.as_str());
        active.is_some() && matches!(parse(sealed), Ok((id, _)) if id == active)
    }

    /// Encrypts `plaintext` for `purpose`: as `v2.<key id>.<base64url of nonce and ciphertext>`, or
    /// without a data key as `v1.<base64url of nonce and ciphertext>`.
    ///
    /// # Errors
    /// [`KeyError::SealTooLong`], beyond 256 GiB.
    pub fn seal(
        &self,
        purpose: &str,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, KeyError> {
        let ring = self.ring.read();
        let Some((id, cipher)) = ring.sealing() else {
            return self.seal_by_master(purpose, plaintext, entropy);
        };
        let sealed = cipher.seal(&bound(id, purpose), plaintext, entropy)?;
        Ok(format!("{BY_DATA_KEY}{id}.{sealed}"))
    }

    /// Encrypts `plaintext` for `purpose` under the master key, as data keys are.
    pub(crate) fn seal_by_master(
        &self,
        purpose: &str,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, KeyError> {
        Ok(format!("{BY_MASTER}{}", self.master.seal(purpose, plaintext, entropy)?))
    }

    /// Decrypts what [`Self::seal`] made for the same purpose.
    ///
    /// # Errors
    /// [`KeyError::SealMalformed`], [`KeyError::SealBroken`], or [`KeyError::DataKeyUnknown`]:
    /// another instance may have made the key since the last [`load`](Self::load).
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>, KeyError> {
        let (id, encoded) = parse(sealed)?;
        let Some(id) = id else { return self.master.open(purpose, encoded) };
        let ring = self.ring.read();
        let cipher = ring.ciphers.get(id).ok_or_else(|| KeyError::DataKeyUnknown(id.to_owned()))?;
        cipher.open(&bound(id, purpose), encoded)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer([REDACTED])")
    }
}

/// What a text under a data key is bound to: version and key, which stand before it, as well as its
/// purpose. An id has no dot, so that no two are written alike.
fn bound(id: &str, purpose: &str) -> String {
    format!("{BY_DATA_KEY}{id}.{purpose}")
}

/// The data key that a text names, `None` being the master key, and its encoded part.
fn parse(sealed: &str) -> Result<(Option<&str>, &str), KeyError> {
    if let Some(encoded) = sealed.strip_prefix(BY_MASTER) {
        return Ok((None, encoded));
    }
    let rest = sealed.strip_prefix(BY_DATA_KEY).ok_or(KeyError::SealMalformed)?;
    let (id, encoded) = rest.split_once('.').ok_or(KeyError::SealMalformed)?;
    if data_keys::is_id(id) { Ok((Some(id), encoded)) } else { Err(KeyError::SealMalformed) }
}

/// One key at work. Wiped from memory when dropped.
#[derive(Clone)]
pub(crate) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts for whatever gives the same `bound_to` again.
    pub(crate) fn seal(
        &self,
        bound_to: &str,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<String, KeyError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plaintext, aad: bound_to.as_bytes() };
        let ciphertext =
            self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| KeyError::SealTooLong)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &ciphertext].concat()))
    }

    /// Decrypts what [`Self::seal`] made.
    pub(crate) fn open(&self, bound_to: &str, encoded: &str) -> Result<Vec<u8>, KeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| KeyError::SealMalformed)?;
        let (nonce, ciphertext) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(KeyError::SealMalformed)?;
        let payload = Payload { msg: ciphertext, aad: bound_to.as_bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| KeyError::SealBroken)
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
