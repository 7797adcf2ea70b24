//! Looking at a token without believing it: for whoever wants to see what is wrong with it.

use serde_json::{Map, Value};
use vestibule_model::client::SigningAlg;

use super::KeyRing;
use crate::{
    TokenFault,
    compact::{self, Compact},
};

/// A token taken apart. Nothing in it is proved.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims; `None` for a JWE (RFC 7516 §7.1), whose content only its recipient sees.
    pub claims: Option<Map<String, Value>>,
}

/// What the ring says about a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// The key that the header names.
    pub kid: String,
    /// The key's algorithm.
    pub alg: SigningAlg,
    /// The key is in the JWKS.
    pub published: bool,
    /// The key made the signature.
    pub holds: bool,
}

/// Takes a compact JWS or JWE apart (RFC 7515 §7.1, RFC 7516 §7.1).
///
/// # Errors
/// [`TokenFault::TooLong`] or [`TokenFault::Malformed`].
pub fn opened(token: &str) -> Result<Opened, TokenFault> {
    if token.len() > compact::MAX_BYTES {
        return Err(TokenFault::TooLong);
    }
    let mut parts = token.split('.');
    let header = compact::read_header(parts.next().unwrap_or_default())?;
    let rest: Vec<&str> = parts.collect();
    let claims = match rest.as_slice() {
        [payload, _] => {
            let payload = compact::decode(payload)?;
            let claims = serde_json::from_slice(&payload);
            Some(claims.map_err(|_| TokenFault::Malformed("its payload is not a JSON object"))?)
        }
        [_, _, _, _] => None,
        _ => return Err(TokenFault::Malformed("it has neither three parts nor five")),
    };
    Ok(Opened { header, claims })
}

impl KeyRing {
    /// Says which of our keys a token names, and whether that key made its signature. Judges neither
    /// `typ` nor any claim: nobody may believe a token for this.
    ///
    /// # Errors
    /// The [`TokenFault`] that makes it impossible to tell.
    pub fn examine(&self, token: &str) -> Result<Examined, TokenFault> {
        let token = Compact::read(token)?;
        let kid = token.header.kid.clone().ok_or(TokenFault::NoKeyId)?;
        let key = self.verifiers.get(&kid).ok_or(TokenFault::UnknownKey)?;
        if token.header.alg != key.alg.as_str() {
            return Err(TokenFault::WrongAlgorithm);
        }
        let holds = token.claims(key.verifier.as_ref()).is_ok();
        Ok(Examined { kid, alg: key.alg, published: key.published, holds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Expected,
        testing::{claims, key, ring},
    };

    #[test]
    fn every_kind_of_token_is_examined_and_its_key_named() {
        let ring = ring();
        for (alg, typ) in [
            (SigningAlg::RS256, "at+jwt"),
            (SigningAlg::ES256, "JWT"),
            (SigningAlg::EdDSA, "logout+jwt"),
        ] {
            let token = ring.sign(alg, typ, &claims()).unwrap();
            let kid = key(alg).kid.clone();
            let good = Examined { kid, alg, published: true, holds: true };
            assert_eq!(ring.examine(&token), Ok(good.clone()));
            let opened = opened(&token).unwrap();
            assert_eq!(opened.claims, Some(claims()));
            assert_eq!(opened.header.get("typ"), Some(&typ.into()));
            let (signed, _) = token.rsplit_once('.').unwrap();
            let forged = format!("{signed}.AAAA");
            assert_eq!(ring.examine(&forged), Ok(Examined { holds: false, ..good }));
            assert!(ring.verify(&forged, Expected::IdToken).is_err());
        }
    }

    #[test]
    fn what_is_no_token_is_taken_apart_by_nobody() {
        let long = format!("{}.e30.x", "a".repeat(20_000));
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            "e30",
            "e30.e30",
            "e30.e30.e30.e30",
            "W10.e30.x",
            "e30.W10.x",
            "eyJ.e30.x",
            long.as_str(),
            "é.é.é",
            "e30.bm8.x",
        ] {
            assert!(opened(text).is_err(), "{text}");
            assert!(ring().examine(text).is_err(), "{text}");
        }
        assert!(opened("e30.e30.").is_ok());
        let sealed = opened("eyJhbGciOiJkaXIifQ..a.b.c").unwrap();
        assert_eq!((sealed.claims, sealed.header.len()), (None, 1));
    }

    #[test]
    fn a_header_that_names_no_key_of_ours_is_told_apart() {
        let ring = ring();
        // {"alg":"RS256"}, {"alg":"RS256","kid":"x"}, {"alg":"none"}
        for (header, fault) in [
            ("eyJhbGciOiJSUzI1NiJ9", TokenFault::NoKeyId),
            ("eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ", TokenFault::UnknownKey),
            ("eyJhbGciOiJub25lIn0", TokenFault::NoKeyId),
        ] {
            assert_eq!(ring.examine(&format!("{header}.e30.x")), Err(fault));
        }
    }
}
