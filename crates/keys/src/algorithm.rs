//! Our algorithms' names, joined to the code that computes them.

use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{ES256, ES384, EdDSA, JwsSigner, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512},
};
use vestibule_model::client::SigningAlg;

/// A signer that keeps its key parsed: parsing costs several times as much as signing.
pub(crate) fn signer(alg: SigningAlg, private: &Jwk) -> Result<Box<dyn JwsSigner>, JoseError> {
    Ok(match alg {
        SigningAlg::RS256 => Box::new(RS256.signer_from_jwk(private)?),
        SigningAlg::PS256 => Box::new(PS256.signer_from_jwk(private)?),
        SigningAlg::ES256 => Box::new(ES256.signer_from_jwk(private)?),
        SigningAlg::EdDSA => Box::new(EdDSA.signer_from_jwk(private)?),
    })
}

/// A JWS algorithm with a key pair (RFC 7518 §3.1, RFC 8037 §3.1). HMAC and `none` have no variant,
/// so no header can ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asymmetric {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Asymmetric {
    pub(crate) const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }

    /// `kty` and `crv` of the keys it works with.
    pub(crate) const fn key_kind(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                ("RSA", None)
            }
            Self::Es256 => ("EC", Some("P-256")),
            Self::Es384 => ("EC", Some("P-384")),
            Self::EdDsa => ("OKP", Some("Ed25519")),
        }
    }

    /// A verifier that keeps its key parsed.
    pub(crate) fn verifier(self, public: &Jwk) -> Result<Box<dyn JwsVerifier>, JoseError> {
        Ok(match self {
            Self::Rs256 => Box::new(RS256.verifier_from_jwk(public)?),
            Self::Rs384 => Box::new(RS384.verifier_from_jwk(public)?),
            Self::Rs512 => Box::new(RS512.verifier_from_jwk(public)?),
            Self::Ps256 => Box::new(PS256.verifier_from_jwk(public)?),
            Self::Ps384 => Box::new(PS384.verifier_from_jwk(public)?),
            Self::Ps512 => Box::new(PS512.verifier_from_jwk(public)?),
            Self::Es256 => Box::new(ES256.verifier_from_jwk(public)?),
            Self::Es384 => Box::new(ES384.verifier_from_jwk(public)?),
            Self::EdDsa => Box::new(EdDSA.verifier_from_jwk(public)?),
        })
    }
}

impl From<SigningAlg> for Asymmetric {
    fn from(alg: SigningAlg) -> Self {
        match alg {
            SigningAlg::RS256 => Self::Rs256,
            SigningAlg::PS256 => Self::Ps256,
            SigningAlg::ES256 => Self::Es256,
            SigningAlg::EdDSA => Self::EdDsa,
        }
    }
}
