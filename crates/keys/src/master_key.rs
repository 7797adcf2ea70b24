//! The one secret an installation has to keep: everything sealed or MACed at rest hangs on it.

use hkdf::Hkdf;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use sha2::Sha256;
use vestibule_model::{Entropy, Secret, secret::hex};

use crate::KeyError;

/// 256 bits from which every key at rest is derived. Wiped from memory when dropped.
pub struct MasterKey(SecretBox<[u8; 32]>);

impl MasterKey {
    /// Reads 64 hex digits of either case; space around them, as at the end of a file, is ignored.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyMalformed`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let digits = text.trim().as_bytes();
        let mut key = SecretBox::<[u8; 32]>::default();
        let bytes = key.expose_secret_mut();
        if digits.len() != 2 * bytes.len() {
            return Err(KeyError::MasterKeyMalformed);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let value = pair.iter().try_fold(0, |high, digit| Some(high << 4 | nibble(*digit)?));
            *byte = value.ok_or(KeyError::MasterKeyMalformed)?;
        }
        Ok(Self(key))
    }

    /// A new key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; 32]| entropy.fill(bytes)))
    }

    /// The key as [`Self::from_hex`] reads it.
    #[must_use]
    pub fn to_hex(&self) -> Secret {
        Secret::new(hex(self.0.expose_secret()))
    }

    /// A key for one use (HKDF-SHA256, RFC 5869 §2). `label` must differ between uses: keys under
    /// different labels tell nothing of one another.
    pub(crate) fn subkey(&self, label: &str) -> SecretBox<[u8; 32]> {
        let hkdf = Hkdf::<Sha256>::new(None, self.0.expose_secret());
        SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
            // Fails only past 255 blocks of output (RFC 5869 §2.3); one is asked for.
            let expanded = hkdf.expand(label.as_bytes(), bytes);
            debug_assert!(expanded.is_ok());
        })
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey([REDACTED])")
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    #[test]
    fn hex_of_either_case_is_read_and_written() {
        let text = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        for given in [text.to_owned(), text.to_uppercase(), format!(" {text}\r\n")] {
            assert_eq!(MasterKey::from_hex(&given).unwrap().to_hex().expose(), text);
        }
        let made = MasterKey::generate(&Seeded::new(1));
        let read = MasterKey::from_hex(made.to_hex().expose()).unwrap();
        assert_eq!(made.to_hex().expose(), read.to_hex().expose());
        assert_ne!(made.to_hex().expose(), MasterKey::generate(&Seeded::new(2)).to_hex().expose());
    }

    #[test]
    fn anything_else_is_refused() {
        let digits = "0123456789abcdef".repeat(4);
        let wrong = [
            String::new(),
            digits.replacen('0', "", 1),
            format!("{digits}0"),
            digits.replacen('0', "g", 1),
            digits.replacen('0', " ", 1),
            digits.replacen("01", "+1", 1),
            digits.replacen("01", "ä", 1),
        ];
        for text in wrong {
            let refused = MasterKey::from_hex(&text);
            assert!(matches!(refused, Err(KeyError::MasterKeyMalformed)), "{text}");
        }
    }

    #[test]
    fn subkeys_differ_by_label_and_tell_nothing() {
        let key = MasterKey::generate(&Seeded::new(1));
        let first = hex(key.subkey("a").expose_secret());
        assert_eq!(first, hex(key.subkey("a").expose_secret()));
        assert_ne!(first, hex(key.subkey("b").expose_secret()));
        assert_ne!(first, key.to_hex().expose());
        assert_eq!(format!("{key:?}"), "MasterKey([REDACTED])");
    }
}
