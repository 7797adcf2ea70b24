//! Public JWKs (RFC 7517), cut down to the members that make the key.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use vestibule_model::client::SigningAlg;

use crate::JwkFault;

/// The members that make a public key, and no other: `kty` first, then those that RFC 7518 §6.2.1,
/// §6.3.1 and RFC 8037 §2 ask for, with their sizes checked. Private and decorative members
/// (`d`, `x5c`, …) stay behind.
pub(crate) fn public_members(jwk: &Map<String, Value>) -> Result<Map<String, Value>, JwkFault> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let coordinates: (&[&'static str], usize) = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            check_rsa(jwk)?;
            return Ok(pick(jwk, &["kty", "n", "e"]));
        }
        (Some("EC"), Some("P-256")) => (&["x", "y"], 32),
        (Some("EC"), Some("P-384")) => (&["x", "y"], 48),
        (Some("EC"), Some("P-521")) => (&["x", "y"], 66),
        (Some("OKP"), Some("Ed25519" | "X25519")) => (&["x"], 32),
        _ => return Err(JwkFault::Unsupported),
    };
    let (names, size) = coordinates;
    for name in names {
        if octets(jwk, name)?.len() != size {
            return Err(JwkFault::Member(name));
        }
    }
    Ok(pick(jwk, &["kty", "crv", "x", "y"]))
}

/// The JWK thumbprint with SHA-256 (RFC 7638 §3; RFC 8037 §2 for OKP).
///
/// # Errors
/// The JWK is of no supported kind, or lacks a member.
pub fn thumbprint(jwk: &Map<String, Value>) -> Result<String, JwkFault> {
    // The required members are just those that make the public key. A BTreeMap puts them in the
    // order of RFC 7638 §3.3; base64url and the few names of kinds and curves need no escapes.
    let members: BTreeMap<_, _> = public_members(jwk)?.into_iter().collect();
    let canonical = Value::Object(members.into_iter().collect());
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.to_string())))
}

fn pick(jwk: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let member = |name: &&str| Some(((*name).to_owned(), jwk.get(*name)?.clone()));
    names.iter().filter_map(member).collect()
}

/// RFC 7518 §3.3 asks for 2048 bits or more; more than 8192 would only burn our time. An even
/// exponent, or one, makes no RSA key, and one past 64 bits is for burning time as well.
fn check_rsa(jwk: &Map<String, Value>) -> Result<(), JwkFault> {
    // RFC 7518 §2 (`Base64urlUInt`) forbids leading zeros, but some encoders keep a sign octet.
    let number = |name| {
        let mut octets = octets(jwk, name)?;
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        octets.drain(..zeros);
        Ok(octets)
    };
    let modulus = number("n")?;
    let exponent = number("e")?;
    let bits = 8 * modulus.len() - modulus.first().map_or(0, |top| top.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(JwkFault::Member("n"));
    }
    let odd = exponent.last().is_some_and(|low| low % 2 == 1);
    if !odd || exponent == [1] || exponent.len() > 8 {
        return Err(JwkFault::Member("e"));
    }
    Ok(())
}

/// A base64url member.
fn octets(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkFault> {
    jwk.get(name)
        .and_then(Value::as_str)
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or(JwkFault::Member(name))
}

/// Whether the JWK's member `name` is the text `wanted`.
pub(crate) fn says(jwk: &Map<String, Value>, name: &str, wanted: &str) -> bool {
    jwk.get(name).and_then(Value::as_str) == Some(wanted)
}

/// Whether the JWK's member `name` is the text `wanted` or not there at all: `use` and `alg` are
/// optional (RFC 7517 §4.2, §4.4).
pub(crate) fn allows(jwk: &Map<String, Value>, name: &str, wanted: &str) -> bool {
    !jwk.contains_key(name) || says(jwk, name, wanted)
}

/// `members` of a signing key with what a JWKS says about it: `use`, `alg`, `kid` (RFC 7517 §4).
pub(crate) fn for_signing(
    mut members: Map<String, Value>,
    alg: SigningAlg,
    kid: &str,
) -> Map<String, Value> {
    members.insert("use".to_owned(), "sig".into());
    members.insert("alg".to_owned(), alg.as_str().into());
    members.insert("kid".to_owned(), kid.into());
    members
}

/// `members` of an encryption key with what a JWKS says about it: `use` and `kid`. No `alg`: it would
/// bind the key to one of the algorithms that it serves (RFC 7517 §4.4), and discovery lists them.
pub(crate) fn for_encryption(mut members: Map<String, Value>, kid: &str) -> Map<String, Value> {
    members.insert("use".to_owned(), "enc".into());
    members.insert("kid".to_owned(), kid.into());
    members
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{keys, object, private_jwk, public_jwk};

    /// RFC 7638 §3.1.
    const RSA_MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7a\
        PFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-\
        65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh\
        AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn rsa(n: &str, e: &str) -> Map<String, Value> {
        let more = json!({ "kty": "RSA", "n": n, "e": e, "alg": "RS256", "kid": "2011-04-29" });
        object(more)
    }

    #[test]
    fn thumbprints_of_the_specifications() {
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(thumbprint(&rsa(RSA_MODULUS, "AQAB")).as_deref(), Ok(expected));
        // RFC 8037 Appendix A.3.
        let okp = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(thumbprint(&object(okp)).as_deref(), Ok(expected));
    }

    #[test]
    fn the_thumbprint_is_the_kid_with_and_without_the_private_part() {
        for key in keys() {
            assert_eq!(thumbprint(&public_jwk(&key)), Ok(key.kid.clone()));
            assert_eq!(thumbprint(&private_jwk(&key)), Ok(key.kid));
        }
    }

    #[test]
    fn nothing_private_is_public() {
        for key in keys() {
            let members = public_members(&private_jwk(&key)).unwrap();
            for name in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
                assert!(!members.contains_key(name), "{name} of {}", key.alg.as_str());
            }
        }
    }

    #[test]
    fn sizes_are_checked() {
        let of = |octets: Vec<u8>| URL_SAFE_NO_PAD.encode(octets);
        let modulus = |first: u8, length: usize| {
            let mut octets = vec![0xff; length];
            octets[0] = first;
            of(octets)
        };
        let verdict = |n: &str, e: &str| public_members(&rsa(n, e)).map(|_| ());
        let n = Err(JwkFault::Member("n"));
        assert_eq!(verdict(&modulus(0x80, 256), "AQAB"), Ok(()));
        assert_eq!(verdict(&modulus(0x7f, 256), "AQAB"), n);
        // A sign octet does not count.
        assert_eq!(verdict(&modulus(0x00, 257), "AQAB"), Ok(()));
        assert_eq!(verdict(&modulus(0x00, 256), "AQAB"), n);
        assert_eq!(verdict(&modulus(0xff, 1024), "AQAB"), Ok(()));
        assert_eq!(verdict(&modulus(0x01, 1025), "AQAB"), n);
        assert_eq!(verdict("", "AQAB"), n);
        assert_eq!(verdict("not base64url!", "AQAB"), n);
        let e = Err(JwkFault::Member("e"));
        assert_eq!(verdict(RSA_MODULUS, "Aw"), Ok(()));
        for bad in ["", "AA", "AQ", "AAE", "Ag", "AQAA", "AQAAAAAAAAAB"] {
            assert_eq!(verdict(RSA_MODULUS, bad), e, "{bad}");
        }
        let ec = |curve: &str, x: usize, y: usize| {
            let jwk =
                json!({ "kty": "EC", "crv": curve, "x": of(vec![1; x]), "y": of(vec![1; y]) });
            public_members(&object(jwk)).map(|_| ())
        };
        assert_eq!(ec("P-256", 32, 32), Ok(()));
        assert_eq!(ec("P-384", 48, 48), Ok(()));
        assert_eq!(ec("P-256", 31, 33), Err(JwkFault::Member("x")));
        assert_eq!(ec("P-256", 32, 33), Err(JwkFault::Member("y")));
        assert_eq!(ec("P-521", 66, 66), Ok(()));
        assert_eq!(ec("P-521", 65, 66), Err(JwkFault::Member("x")));
        for curve in ["secp256k1", "Ed25519", "X25519", ""] {
            assert_eq!(ec(curve, 32, 32), Err(JwkFault::Unsupported));
        }
        let okp = |curve: &str, x: usize| {
            let jwk = json!({ "kty": "OKP", "crv": curve, "x": of(vec![1; x]) });
            public_members(&object(jwk)).map(|_| ())
        };
        for curve in ["Ed25519", "X25519"] {
            assert_eq!(okp(curve, 32), Ok(()));
            assert_eq!(okp(curve, 33), Err(JwkFault::Member("x")));
        }
        for curve in ["Ed448", "X448", "P-256"] {
            assert_eq!(okp(curve, 32), Err(JwkFault::Unsupported));
        }
        assert_eq!(public_members(&Map::new()), Err(JwkFault::Unsupported));
    }
}
