//! Proof Key for Code Exchange, method `S256` only (RFC 7636; RFC 9700 §2.1.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use vestibule_model::ErrorCode;

/// The only method there is: `plain` protects against nobody who saw the request.
pub const METHOD: &str = "S256";

/// Whether `challenge` can be the base64url of a SHA-256 (RFC 7636 §4.2). What cannot be one could
/// never be redeemed, so it is better refused before the person signs in.
pub fn check_challenge(challenge: &str) -> Result<(), ErrorCode> {
    match URL_SAFE_NO_PAD.decode(challenge) {
        Ok(hash) if hash.len() == 32 => Ok(()),
        _ => Err(ErrorCode::CodeChallengeMalformed),
    }
}

/// The challenge that belongs to `verifier` (RFC 7636 §4.2).
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Whether `verifier` is well-formed (RFC 7636 §4.1) and hashes to `challenge` (§4.6), compared in
/// constant time.
pub fn check_verifier(challenge: &str, verifier: Option<&str>) -> Result<(), ErrorCode> {
    let verifier = verifier.ok_or(ErrorCode::VerifierMissing)?;
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(ErrorCode::VerifierMalformed);
    }
    let expected = challenge_of(verifier);
    if expected.as_bytes().ct_eq(challenge.as_bytes()).into() {
        Ok(())
    } else {
        Err(ErrorCode::VerifierMismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, check_challenge, check_verifier};
    use crate::samples::{CHALLENGE, VERIFIER};
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn rfc_7636_appendix_b() {
        let hash: [u8; 32] = [
            19, 211, 30, 150, 26, 26, 216, 236, 47, 22, 177, 12, 76, 152, 46, 8, 118, 168, 120,
            173, 109, 241, 68, 86, 110, 225, 137, 74, 203, 112, 249, 195,
        ];
        assert_eq!(URL_SAFE_NO_PAD.encode(hash), CHALLENGE);
        assert_eq!(check_challenge(CHALLENGE), Ok(()));
        assert_eq!(check_verifier(CHALLENGE, Some(VERIFIER)), Ok(()));
    }

    #[test]
    fn only_a_sha256_in_base64url_is_a_challenge() {
        for bad in [
            "",
            VERIFIER.get(..42).expect("ascii"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c ",
            // The two bits that 43 characters have too many are set: no hash encodes to this.
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
            // Hex, as some write it by mistake.
            "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
        ] {
            assert_eq!(check_challenge(bad), Err(ErrorCode::CodeChallengeMalformed), "{bad}");
        }
    }

    #[test]
    fn a_verifier_is_there_well_formed_and_the_right_one() {
        let check = |verifier: Option<&str>| check_verifier(CHALLENGE, verifier);
        assert_eq!(check(None), Err(ErrorCode::VerifierMissing));
        let (short, long) = ("a".repeat(42), "a".repeat(129));
        for bad in ["", &short, &long, &format!("{short}+"), &format!("{short}\u{e9}")] {
            assert_eq!(check(Some(bad)), Err(ErrorCode::VerifierMalformed), "{bad}");
        }
        for wrong in [&"a".repeat(43), &"a".repeat(128), &VERIFIER.to_ascii_uppercase(), CHALLENGE]
        {
            assert_eq!(check(Some(wrong)), Err(ErrorCode::VerifierMismatch), "{wrong}");
        }
        // `plain`, where the challenge is the verifier, does not pass.
        assert_eq!(check_verifier(VERIFIER, Some(VERIFIER)), Err(ErrorCode::VerifierMismatch));
    }

    proptest! {
        #[test]
        fn each_verifier_fits_its_own_challenge_only(
            a in "[A-Za-z0-9._~-]{43,128}", b in "[A-Za-z0-9._~-]{43,128}"
        ) {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(a.as_bytes()));
            prop_assert_eq!(check_challenge(&challenge), Ok(()));
            prop_assert_eq!(check_verifier(&challenge, Some(&a)), Ok(()));
            prop_assert_eq!(check_verifier(&challenge, Some(&b)).is_ok(), a == b);
        }

        #[test]
        fn no_text_makes_it_panic(challenge in ".{0,50}", verifier in ".{0,140}") {
            let _ = check_challenge(&challenge);
            prop_assert!(check_verifier(&challenge, Some(&verifier)).is_err());
        }
    }
}
