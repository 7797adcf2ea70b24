//! The algorithms of JOSE by their wire names (RFC 7518, RFC 8037): which exist here at all. What
//! each does is the `keys` crate's.

use serde::{Deserialize, Serialize};

/// An algorithm of a closed list, with its wire name.
macro_rules! algorithms {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $wire)] $variant),*
        }

        impl $name {
            /// Every one, in the order discovery lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The wire name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $wire),*
                }
            }

            /// The algorithm of that wire name.
            #[must_use]
            pub fn from_wire(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|alg| alg.as_str() == name)
            }
        }
    };
}

algorithms! {
    /// A JWS algorithm with a key pair (RFC 7518 §3.1, RFC 8037 §3.1): what Vestibule signs with,
    /// and what clients may sign with.
    SigningAlg {
        /// RSASSA-PKCS1-v1_5 with SHA-256: the default, understood by every client.
        RS256 = "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        RS384 = "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        RS512 = "RS512",
        /// RSASSA-PSS with SHA-256.
        PS256 = "PS256",
        /// RSASSA-PSS with SHA-384.
        PS384 = "PS384",
        /// RSASSA-PSS with SHA-512.
        PS512 = "PS512",
        /// ECDSA on P-256 with SHA-256.
        ES256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        ES384 = "ES384",
        /// ECDSA on P-521 with SHA-512.
        ES512 = "ES512",
        /// Ed25519.
        EdDSA = "EdDSA",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that writes the enum knows no default")]
impl Default for SigningAlg {
    fn default() -> Self {
        Self::RS256
    }
}

algorithms! {
    /// A JWS algorithm that a client may use towards us: request objects and client assertions.
    ClientSignatureAlg {
        /// No signature; for request objects of clients that registered it (OIDC Core §6.1).
        None = "none",
        /// HMAC with SHA-256 under the client secret (OIDC Core §10.1).
        HS256 = "HS256",
        /// HMAC with SHA-384.
        HS384 = "HS384",
        /// HMAC with SHA-512.
        HS512 = "HS512",
        /// As [`SigningAlg::RS256`].
        RS256 = "RS256",
        /// As [`SigningAlg::RS384`].
        RS384 = "RS384",
        /// As [`SigningAlg::RS512`].
        RS512 = "RS512",
        /// As [`SigningAlg::PS256`].
        PS256 = "PS256",
        /// As [`SigningAlg::PS384`].
        PS384 = "PS384",
        /// As [`SigningAlg::PS512`].
        PS512 = "PS512",
        /// As [`SigningAlg::ES256`].
        ES256 = "ES256",
        /// As [`SigningAlg::ES384`].
        ES384 = "ES384",
        /// As [`SigningAlg::ES512`].
        ES512 = "ES512",
        /// As [`SigningAlg::EdDSA`].
        EdDSA = "EdDSA",
    }
}

impl ClientSignatureAlg {
    /// Whether the client secret is the key (OIDC Core §10.1).
    #[must_use]
    pub const fn is_mac(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }

    /// The algorithm with a key pair, if it is one.
    #[must_use]
    pub fn signing(self) -> Option<SigningAlg> {
        SigningAlg::from_wire(self.as_str())
    }
}

algorithms! {
    /// How a content encryption key travels (`alg` of a JWE, RFC 7518 §4.1). No RSA1_5 (RFC 8725
    /// §3.2) and no PBES2: neither is ever offered.
    KeyManagementAlg {
        /// RSAES-OAEP with SHA-1, as RFC 7518 §4.3 defines it.
        RsaOaep = "RSA-OAEP",
        /// RSAES-OAEP with SHA-256.
        RsaOaep256 = "RSA-OAEP-256",
        /// ECDH-ES, the agreed key encrypts the content (§4.6).
        EcdhEs = "ECDH-ES",
        /// ECDH-ES wrapping with A128KW.
        EcdhEsA128Kw = "ECDH-ES+A128KW",
        /// ECDH-ES wrapping with A192KW.
        EcdhEsA192Kw = "ECDH-ES+A192KW",
        /// ECDH-ES wrapping with A256KW.
        EcdhEsA256Kw = "ECDH-ES+A256KW",
        /// AES key wrap, 128 bits of the client secret's hash (OIDC Core §10.2).
        A128Kw = "A128KW",
        /// AES key wrap, 192 bits.
        A192Kw = "A192KW",
        /// AES key wrap, 256 bits.
        A256Kw = "A256KW",
        /// The client secret's hash encrypts the content itself (§4.5).
        Dir = "dir",
    }
}

impl KeyManagementAlg {
    /// Whether the key is derived from the client secret (OIDC Core §10.2).
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::A128Kw | Self::A192Kw | Self::A256Kw | Self::Dir)
    }
}

algorithms! {
    /// How the content is encrypted (`enc` of a JWE, RFC 7518 §5.1).
    ContentEncryption {
        /// AES-128-CBC with HMAC SHA-256: the default (OIDC Registration §2).
        A128CbcHs256 = "A128CBC-HS256",
        /// AES-192-CBC with HMAC SHA-384.
        A192CbcHs384 = "A192CBC-HS384",
        /// AES-256-CBC with HMAC SHA-512.
        A256CbcHs512 = "A256CBC-HS512",
        /// AES-128-GCM.
        A128Gcm = "A128GCM",
        /// AES-192-GCM.
        A192Gcm = "A192GCM",
        /// AES-256-GCM.
        A256Gcm = "A256GCM",
    }
}

/// How a token or answer is encrypted for a client: the pair that it registered, for example
/// `id_token_encrypted_response_alg` and `…_enc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseEncryption {
    /// `…_encrypted_response_alg`.
    pub alg: KeyManagementAlg,
    /// `…_encrypted_response_enc`; `A128CBC-HS256` if the client named none.
    pub enc: ContentEncryption,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_algorithms() {
        for alg in SigningAlg::ALL {
            assert_eq!(SigningAlg::from_wire(alg.as_str()), Some(*alg));
            let of_client = ClientSignatureAlg::from_wire(alg.as_str());
            assert_eq!(of_client.and_then(ClientSignatureAlg::signing), Some(*alg));
        }
        assert_eq!(ClientSignatureAlg::None.signing(), None);
        assert_eq!(ClientSignatureAlg::HS256.signing(), None);
        assert_eq!(SigningAlg::from_wire("rs256"), None);
        let text = serde_json::to_string(&KeyManagementAlg::EcdhEsA128Kw);
        assert_eq!(text.ok().as_deref(), Some("\"ECDH-ES+A128KW\""));
    }
}
