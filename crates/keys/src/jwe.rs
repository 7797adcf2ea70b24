//! The compact form of a JWE (RFC 7516 §7.1), read without believing it.

use josekit::{
    jwe::{JweDecrypter, JweHeader},
    util::random_bytes,
};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;
use serde_json::{Map, Value};
use vestibule_model::jose::{ContentEncryption, KeyManagementAlg};

use crate::{
    DecryptFault,
    compact::{decode, present, read_header},
    content::{self, Content},
    jwk,
};

/// The longest JWE that is looked at: enough for the longest JWT that is.
const MAX_BYTES: usize = 32 * 1024;

/// The header members that matter. Keys are never taken from a header (`jwk`, `jku`, `x5c`, `x5u`);
/// a member given twice is refused (RFC 7516 §4).
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) enc: String,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    /// The sender's half of the key agreement (RFC 7518 §4.6.1.1).
    #[serde(default)]
    epk: Option<Map<String, Value>>,
    #[serde(default)]
    apu: Option<String>,
    #[serde(default)]
    apv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    zip: bool,
}

/// A JWE's parts.
pub(crate) struct Encrypted<'a> {
    pub(crate) header: Header,
    protected: &'a str,
    wrapped_key: Vec<u8>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl<'a> Encrypted<'a> {
    /// Takes a JWE apart and reads its header. `crit` is refused whatever it lists, because we
    /// support no extension, and so is `zip`: a few octets could unpack to gigabytes (RFC 8725
    /// §3.6).
    pub(crate) fn read(token: &'a str) -> Result<Self, DecryptFault> {
        if token.len() > MAX_BYTES {
            return Err(DecryptFault::TooLong);
        }
        let mut parts = token.split('.');
        let mut part = || parts.next().ok_or(DecryptFault::NotFiveParts);
        let (protected, wrapped_key, iv, ciphertext, tag) =
            (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(DecryptFault::NotFiveParts);
        }
        let header: Header = read_header(protected)?;
        if header.crit {
            return Err(DecryptFault::Critical);
        }
        if header.zip {
            return Err(DecryptFault::Compressed);
        }
        Ok(Self {
            header,
            protected,
            wrapped_key: decode(wrapped_key)?,
            iv: decode(iv)?,
            ciphertext: decode(ciphertext)?,
            tag: decode(tag)?,
        })
    }

    /// Both algorithms, if they are ours.
    pub(crate) fn algorithms(&self) -> Result<(KeyManagementAlg, ContentEncryption), DecryptFault> {
        let alg = KeyManagementAlg::from_wire(&self.header.alg);
        let enc = ContentEncryption::from_wire(&self.header.enc);
        Ok((alg.ok_or(DecryptFault::AlgNotAllowed)?, enc.ok_or(DecryptFault::EncNotAllowed)?))
    }

    /// The plaintext, if `decrypter` is that of the right key and of the header's `alg`.
    ///
    /// A content key that does not come out of its wrapping is replaced by one that nobody knows
    /// (RFC 7516 §11.5), so that neither answer nor time tells which step it failed at.
    pub(crate) fn open(
        &self,
        enc: ContentEncryption,
        decrypter: &dyn JweDecrypter,
    ) -> Option<Vec<u8>> {
        let length = content::cipher(enc).key_len();
        let key = self
            .content_key(enc, decrypter)
            .filter(|key| key.len() == length)
            .unwrap_or_else(|| Zeroizing::new(random_bytes(length)));
        let content = Content {
            aad: self.protected.as_bytes(),
            iv: &self.iv,
            ciphertext: &self.ciphertext,
            tag: &self.tag,
        };
        content.open(enc, &key)
    }

    fn content_key(
        &self,
        enc: ContentEncryption,
        decrypter: &dyn JweDecrypter,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = content::cipher(enc);
        let wraps_by_aes = decrypter.algorithm().name().ends_with("KW");
        // RFC 3394 §2.2.1: eight octets more than the key. josekit panics at fewer than eight.
        if wraps_by_aes && self.wrapped_key.len() != cipher.key_len() + 8 {
            return None;
        }
        let wrapped_key = (!self.wrapped_key.is_empty()).then_some(&*self.wrapped_key);
        let key = decrypter.decrypt(wrapped_key, cipher, &self.agreement()?).ok()?;
        Some(Zeroizing::new(key.into_owned()))
    }

    /// What the key agreement needs of the header (RFC 7518 §4.6.1), with the size of the sender's
    /// key checked; that it is a point of the curve is OpenSSL's to see.
    fn agreement(&self) -> Option<JweHeader> {
        let mut members = Map::new();
        if let Some(epk) = &self.header.epk {
            members.insert("epk".to_owned(), Value::Object(jwk::public_members(epk).ok()?));
        }
        for (name, value) in [("apu", &self.header.apu), ("apv", &self.header.apv)] {
            if let Some(value) = value {
                members.insert(name.to_owned(), value.as_str().into());
            }
        }
        JweHeader::from_map(members).ok()
    }
}
