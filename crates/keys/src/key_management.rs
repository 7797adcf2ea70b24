//! The `alg` of a JWE, joined to the code that computes it (RFC 7518 §4).

use josekit::{
    JoseError,
    jwe::{
        A128KW, A192KW, A256KW, Dir, ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A192KW, ECDH_ES_A256KW,
        JweDecrypter, JweEncrypter, RSA_OAEP, RSA_OAEP_256,
        alg::{aeskw::AeskwJweAlgorithm, ecdh_es::EcdhEsJweAlgorithm, rsaes::RsaesJweAlgorithm},
    },
    jwk::Jwk,
};
use serde_json::{Map, Value};
use vestibule_model::{
    Secret,
    jose::{ContentEncryption, KeyManagementAlg},
};

use crate::{content, jwk, mac};

/// Whose key an algorithm works with.
pub(crate) enum Method {
    Pair(PairMethod),
    Secret(SecretMethod),
}

/// An algorithm with a key pair.
pub(crate) enum PairMethod {
    Rsa(RsaesJweAlgorithm),
    Agreement(EcdhEsJweAlgorithm),
}

/// An algorithm whose key is made from the client secret.
pub(crate) enum SecretMethod {
    Wrap(AeskwJweAlgorithm, usize),
    Direct,
}

/// How `alg` works.
pub(crate) const fn method(alg: KeyManagementAlg) -> Method {
    match alg {
        KeyManagementAlg::RsaOaep => Method::Pair(PairMethod::Rsa(RSA_OAEP)),
        KeyManagementAlg::RsaOaep256 => Method::Pair(PairMethod::Rsa(RSA_OAEP_256)),
        KeyManagementAlg::EcdhEs => Method::Pair(PairMethod::Agreement(ECDH_ES)),
        KeyManagementAlg::EcdhEsA128Kw => Method::Pair(PairMethod::Agreement(ECDH_ES_A128KW)),
        KeyManagementAlg::EcdhEsA192Kw => Method::Pair(PairMethod::Agreement(ECDH_ES_A192KW)),
        KeyManagementAlg::EcdhEsA256Kw => Method::Pair(PairMethod::Agreement(ECDH_ES_A256KW)),
        KeyManagementAlg::A128Kw => Method::Secret(SecretMethod::Wrap(A128KW, 16)),
        KeyManagementAlg::A192Kw => Method::Secret(SecretMethod::Wrap(A192KW, 24)),
        KeyManagementAlg::A256Kw => Method::Secret(SecretMethod::Wrap(A256KW, 32)),
        KeyManagementAlg::Dir => Method::Secret(SecretMethod::Direct),
    }
}

impl PairMethod {
    /// The kinds of keys it works with, for people.
    pub(crate) const fn kinds(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::Agreement(_) => "EC (P-256, P-384, P-521) or OKP (X25519)",
        }
    }

    /// Whether it works with a key of this `kty` and `crv`.
    pub(crate) fn works_with(&self, key: &Map<String, Value>) -> bool {
        let is = |kty: &str, crv: &str| jwk::says(key, "kty", kty) && jwk::says(key, "crv", crv);
        match self {
            Self::Rsa(_) => jwk::says(key, "kty", "RSA"),
            Self::Agreement(_) => {
                is("EC", "P-256") || is("EC", "P-384") || is("EC", "P-521") || is("OKP", "X25519")
            }
        }
    }

    pub(crate) fn encrypter(&self, public: &Jwk) -> Result<Box<dyn JweEncrypter>, JoseError> {
        Ok(match self {
            Self::Rsa(rsa) => Box::new(rsa.encrypter_from_jwk(public)?),
            Self::Agreement(agreement) => Box::new(agreement.encrypter_from_jwk(public)?),
        })
    }

    pub(crate) fn decrypter(&self, private: &Jwk) -> Result<Box<dyn JweDecrypter>, JoseError> {
        Ok(match self {
            Self::Rsa(rsa) => Box::new(rsa.decrypter_from_jwk(private)?),
            Self::Agreement(agreement) => Box::new(agreement.decrypter_from_jwk(private)?),
        })
    }
}

impl SecretMethod {
    /// The length of its key in octets: for `dir` that of the content key (OIDC Core §10.2).
    fn octets(&self, enc: ContentEncryption) -> usize {
        match self {
            Self::Wrap(_, octets) => *octets,
            Self::Direct => content::cipher(enc).key_len(),
        }
    }

    pub(crate) fn encrypter(
        &self,
        secret: &Secret,
        enc: ContentEncryption,
    ) -> Result<Box<dyn JweEncrypter>, JoseError> {
        let key = mac::encryption_key(secret, self.octets(enc));
        Ok(match self {
            Self::Wrap(wrap, _) => Box::new(wrap.encrypter_from_bytes(key.as_slice())?),
            Self::Direct => Box::new(Dir.encrypter_from_bytes(key.as_slice())?),
        })
    }

    pub(crate) fn decrypter(
        &self,
        secret: &Secret,
        enc: ContentEncryption,
    ) -> Result<Box<dyn JweDecrypter>, JoseError> {
        let key = mac::encryption_key(secret, self.octets(enc));
        Ok(match self {
            Self::Wrap(wrap, _) => Box::new(wrap.decrypter_from_bytes(key.as_slice())?),
            Self::Direct => Box::new(Dir.decrypter_from_bytes(key.as_slice())?),
        })
    }
}
