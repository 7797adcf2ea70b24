//! The content of a JWE under its key (RFC 7518 §5).

use hmac::{Hmac, KeyInit, Mac};
use josekit::jwe::{
    JweContentEncryption,
    enc::{A128CBC_HS256, A128GCM, A192CBC_HS384, A192GCM, A256CBC_HS512, A256GCM},
};
use sha2::{Sha256, Sha384, Sha512};
use vestibule_model::jose::ContentEncryption;

/// What `enc` computes.
pub(crate) const fn cipher(enc: ContentEncryption) -> &'static dyn JweContentEncryption {
    match enc {
        ContentEncryption::A128CbcHs256 => &A128CBC_HS256,
        ContentEncryption::A192CbcHs384 => &A192CBC_HS384,
        ContentEncryption::A256CbcHs512 => &A256CBC_HS512,
        ContentEncryption::A128Gcm => &A128GCM,
        ContentEncryption::A192Gcm => &A192GCM,
        ContentEncryption::A256Gcm => &A256GCM,
    }
}

/// The parts of a JWE that its content key opens.
pub(crate) struct Content<'a> {
    /// The protected header as it was sent: authenticated, not encrypted.
    pub(crate) aad: &'a [u8],
    pub(crate) iv: &'a [u8],
    pub(crate) ciphertext: &'a [u8],
    pub(crate) tag: &'a [u8],
}

impl Content<'_> {
    /// The plaintext, if everything fits together. Why it does not is told to nobody.
    pub(crate) fn open(&self, enc: ContentEncryption, key: &[u8]) -> Option<Vec<u8>> {
        // OpenSSL would take a shorter GCM tag, and so one that is easier to guess; RFC 7518 §5.3
        // asks for all 128 bits.
        if self.tag.len() != tag_length(enc) || self.iv.len() != cipher(enc).iv_len() {
            return None;
        }
        // The MAC comes first (RFC 7518 §5.2.2.2): josekit takes the padding off before it looks,
        // which would tell by the time it takes whether the padding was right.
        if !self.is_authentic(enc, key) {
            return None;
        }
        cipher(enc).decrypt(key, Some(self.iv), self.ciphertext, self.aad, Some(self.tag)).ok()
    }

    /// Whether the tag is right, for the algorithms that have it as a MAC of its own; in constant
    /// time. GCM looks at its tag by itself.
    fn is_authentic(&self, enc: ContentEncryption, key: &[u8]) -> bool {
        let (mac_key, _) = key.split_at(key.len() / 2);
        match enc {
            ContentEncryption::A128CbcHs256 => self.has_mac::<Hmac<Sha256>>(mac_key),
            ContentEncryption::A192CbcHs384 => self.has_mac::<Hmac<Sha384>>(mac_key),
            ContentEncryption::A256CbcHs512 => self.has_mac::<Hmac<Sha512>>(mac_key),
            ContentEncryption::A128Gcm
            | ContentEncryption::A192Gcm
            | ContentEncryption::A256Gcm => true,
        }
    }

    fn has_mac<M: Mac + KeyInit>(&self, mac_key: &[u8]) -> bool {
        let aad_bits = 8 * self.aad.len() as u64;
        M::new_from_slice(mac_key).is_ok_and(|mac| {
            mac.chain_update(self.aad)
                .chain_update(self.iv)
                .chain_update(self.ciphertext)
                .chain_update(aad_bits.to_be_bytes())
                .verify_truncated_left(self.tag)
                .is_ok()
        })
    }
}

/// In octets (RFC 7518 §5.2.3–5.2.5, §5.3).
const fn tag_length(enc: ContentEncryption) -> usize {
    match enc {
        ContentEncryption::A128CbcHs256
        | ContentEncryption::A128Gcm
        | ContentEncryption::A192Gcm
        | ContentEncryption::A256Gcm => 16,
        ContentEncryption::A192CbcHs384 => 24,
        ContentEncryption::A256CbcHs512 => 32,
    }
}
