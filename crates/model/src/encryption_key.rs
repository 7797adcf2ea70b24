//! An encryption key at rest: what opens the request objects that clients encrypt for us.

use crate::Timestamp;

/// The kind of an encryption key, and so the algorithms that work with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EncryptionKeyType {
    /// For RSA-OAEP and RSA-OAEP-256 (RFC 7518 §4.3).
    Rsa,
    /// On P-256, for ECDH-ES with and without key wrapping (RFC 7518 §4.6).
    EcP256,
}

impl EncryptionKeyType {
    /// Every one, in the order of the JWKS.
    pub const ALL: [Self; 2] = [Self::Rsa, Self::EcP256];

    /// The name it rests under.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::EcP256 => "P-256",
        }
    }

    /// The type that rests under that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key_type| key_type.as_str() == name)
    }
}

/// An encryption key's row. It is in the JWKS from `created_at` until `retired_at`, and opens until
/// `expires_at`: a client may still have it in a cache.
#[derive(Clone, Debug)]
pub struct StoredEncryptionKey {
    /// `kid`: the JWK thumbprint (RFC 7638).
    pub kid: String,
    /// What kind of key it is.
    pub key_type: EncryptionKeyType,
    /// The public JWK, as JSON.
    pub public_jwk: String,
    /// The private JWK, sealed; empty once the key is forgotten.
    pub sealed_private_jwk: String,
    /// First seen in the JWKS.
    pub created_at: Timestamp,
    /// When it left the JWKS; `None` while it is there.
    pub retired_at: Option<Timestamp>,
    /// When it opens no more; set together with `retired_at`.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows hold them.
    #[test]
    fn names_are_fixed_and_lead_back() {
        assert_eq!(EncryptionKeyType::ALL.map(EncryptionKeyType::as_str), ["RSA", "P-256"]);
        for key_type in EncryptionKeyType::ALL {
            assert_eq!(EncryptionKeyType::from_name(key_type.as_str()), Some(key_type));
        }
        assert_eq!(EncryptionKeyType::from_name("rsa"), None);
    }
}
