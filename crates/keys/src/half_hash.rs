//! `at_hash` and `c_hash`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256, Sha512};
use vestibule_model::client::SigningAlg;

/// The left half of the hash of `value`, base64url: `at_hash` and `c_hash` of an ID token signed
/// with `alg` (OIDC Core §3.1.3.6, §3.3.2.11). The hash is the algorithm's own: SHA-256, and for
/// Ed25519 SHA-512, which it hashes with inside (RFC 8032 §5.1).
#[must_use]
pub fn half_hash(alg: SigningAlg, value: &str) -> String {
    let digest = match alg {
        SigningAlg::RS256 | SigningAlg::PS256 | SigningAlg::ES256 => {
            Sha256::digest(value.as_bytes()).to_vec()
        }
        SigningAlg::EdDSA => Sha512::digest(value.as_bytes()).to_vec(),
    };
    let (left, _) = digest.split_at(digest.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OIDC Core Appendix A.3, A.4 and A.6; for Ed25519 computed with Python's hashlib.
    #[test]
    fn the_values_of_the_specification() {
        let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        for alg in [SigningAlg::RS256, SigningAlg::PS256, SigningAlg::ES256] {
            assert_eq!(half_hash(alg, access_token), "77QmUPtjPfzWtF2AnpK9RQ");
            assert_eq!(half_hash(alg, code), "LDktKdoQak3Pk0cnXxCltA");
        }
        let long = "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM";
        assert_eq!(half_hash(SigningAlg::EdDSA, access_token), long);
    }
}
