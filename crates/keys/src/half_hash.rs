//! `at_hash` and `c_hash`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256, Sha384, Sha512};
use vestibule_model::client::SigningAlg;

/// The left half of the hash of `value`, base64url: `at_hash` and `c_hash` of an ID token signed
/// with `alg` (OIDC Core §3.1.3.6, §3.3.2.11). The hash is the algorithm's own: SHA-256, SHA-384 or
/// SHA-512 by its name, and for Ed25519 SHA-512, which it hashes with inside (RFC 8032 §5.1).
///
/// An ID token with `alg: none` has no hash algorithm, so there is no value to give: leave both
/// claims out. They are optional where such a token may be issued, at the token endpoint (§3.1.3.6).
#[must_use]
pub fn half_hash(alg: SigningAlg, value: &str) -> String {
    let digest = match alg {
        SigningAlg::RS256 | SigningAlg::PS256 | SigningAlg::ES256 => {
            Sha256::digest(value.as_bytes()).to_vec()
        }
        SigningAlg::RS384 | SigningAlg::PS384 | SigningAlg::ES384 => {
            Sha384::digest(value.as_bytes()).to_vec()
        }
        SigningAlg::RS512 | SigningAlg::PS512 | SigningAlg::ES512 | SigningAlg::EdDSA => {
            Sha512::digest(value.as_bytes()).to_vec()
        }
    };
    let (left, _) = digest.split_at(digest.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";

    /// OIDC Core Appendix A.3, A.4 and A.6.
    #[test]
    fn the_values_of_the_specification() {
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        for alg in [SigningAlg::RS256, SigningAlg::PS256, SigningAlg::ES256] {
            assert_eq!(half_hash(alg, ACCESS_TOKEN), "77QmUPtjPfzWtF2AnpK9RQ");
            assert_eq!(half_hash(alg, code), "LDktKdoQak3Pk0cnXxCltA");
        }
    }

    // spec: OIDC Core 3.2.2.10 REQUIRED: at_hash is the left half of the hash that belongs to the ID token's alg @ keys/src/half_hash.rs
    /// Computed with Python's hashlib.
    #[test]
    fn longer_hashes_have_longer_halves() {
        for alg in [SigningAlg::RS384, SigningAlg::PS384, SigningAlg::ES384] {
            assert_eq!(half_hash(alg, ACCESS_TOKEN), "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs");
        }
        let sha512 = "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM";
        for alg in [SigningAlg::RS512, SigningAlg::PS512, SigningAlg::ES512, SigningAlg::EdDSA] {
            assert_eq!(half_hash(alg, ACCESS_TOKEN), sha512);
        }
    }
}
