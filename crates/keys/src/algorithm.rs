//! The algorithms' names, joined to the code that computes them.

use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{
        ES256, ES384, ES512, EdDSA, JwsSigner, JwsVerifier, PS256, PS384, PS512, RS256, RS384,
        RS512,
    },
};
use vestibule_model::client::SigningAlg;

/// A signer that keeps its key parsed: parsing costs several times as much as signing.
pub(crate) fn signer(alg: SigningAlg, private: &Jwk) -> Result<Box<dyn JwsSigner>, JoseError> {
    Ok(match alg {
        SigningAlg::RS256 => Box::new(RS256.signer_from_jwk(private)?),
        SigningAlg::RS384 => Box::new(RS384.signer_from_jwk(private)?),
        SigningAlg::RS512 => Box::new(RS512.signer_from_jwk(private)?),
        SigningAlg::PS256 => Box::new(PS256.signer_from_jwk(private)?),
        SigningAlg::PS384 => Box::new(PS384.signer_from_jwk(private)?),
        SigningAlg::PS512 => Box::new(PS512.signer_from_jwk(private)?),
        SigningAlg::ES256 => Box::new(ES256.signer_from_jwk(private)?),
        SigningAlg::ES384 => Box::new(ES384.signer_from_jwk(private)?),
        SigningAlg::ES512 => Box::new(ES512.signer_from_jwk(private)?),
        SigningAlg::EdDSA => Box::new(EdDSA.signer_from_jwk(private)?),
    })
}

/// A verifier that keeps its key parsed.
pub(crate) fn verifier(alg: SigningAlg, public: &Jwk) -> Result<Box<dyn JwsVerifier>, JoseError> {
    Ok(match alg {
        SigningAlg::RS256 => Box::new(RS256.verifier_from_jwk(public)?),
        SigningAlg::RS384 => Box::new(RS384.verifier_from_jwk(public)?),
        SigningAlg::RS512 => Box::new(RS512.verifier_from_jwk(public)?),
        SigningAlg::PS256 => Box::new(PS256.verifier_from_jwk(public)?),
        SigningAlg::PS384 => Box::new(PS384.verifier_from_jwk(public)?),
        SigningAlg::PS512 => Box::new(PS512.verifier_from_jwk(public)?),
        SigningAlg::ES256 => Box::new(ES256.verifier_from_jwk(public)?),
        SigningAlg::ES384 => Box::new(ES384.verifier_from_jwk(public)?),
        SigningAlg::ES512 => Box::new(ES512.verifier_from_jwk(public)?),
        SigningAlg::EdDSA => Box::new(EdDSA.verifier_from_jwk(public)?),
    })
}

/// `kty` and `crv` of the keys that `alg` works with (RFC 7518 §3.1, RFC 8037 §3.1).
pub(crate) const fn key_kind(alg: SigningAlg) -> (&'static str, Option<&'static str>) {
    match alg {
        SigningAlg::RS256
        | SigningAlg::RS384
        | SigningAlg::RS512
        | SigningAlg::PS256
        | SigningAlg::PS384
        | SigningAlg::PS512 => ("RSA", None),
        SigningAlg::ES256 => ("EC", Some("P-256")),
        SigningAlg::ES384 => ("EC", Some("P-384")),
        SigningAlg::ES512 => ("EC", Some("P-521")),
        SigningAlg::EdDSA => ("OKP", Some("Ed25519")),
    }
}
