//! What comes out, and whose key is taken. That others can open it, the tests of `decrypt` show by
//! opening what others made, and the E2E suite by having others open it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwe::{ECDH_ES_A256KW, deserialize_compact},
    jwk::{
        KeyPair,
        alg::{
            ec::{EcCurve, EcKeyPair},
            ecx::{EcxCurve, EcxKeyPair},
        },
    },
};
use proptest::prelude::*;
use serde_json::json;
use vestibule_model::jose::ContentEncryption;

use super::*;
use crate::{
    DecryptionKeys,
    testing::{encryption_keys, object, sealer},
};

const PAYLOAD: &[u8] = b"{\"sub\":\"alice\"}";

fn keys() -> DecryptionKeys {
    DecryptionKeys::load(&encryption_keys(), &sealer()).unwrap()
}

/// Our own keys in the part of a client's.
fn jwks() -> Value {
    json!({ "keys": keys().published_jwks() })
}

fn secret() -> Secret {
    Secret::new("a client secret")
}

fn with(alg: KeyManagementAlg, enc: ContentEncryption) -> ResponseEncryption {
    ResponseEncryption { alg, enc }
}

fn to_jwks(alg: KeyManagementAlg, jwks: &Value) -> Result<String, EncryptFault> {
    let encryption = with(alg, ContentEncryption::A128CbcHs256);
    encrypt_for(encryption, RecipientKey::Jwks(jwks), PAYLOAD, None)
}

fn header_of(token: &str) -> Map<String, Value> {
    let header = token.split('.').next().unwrap();
    object(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap())
}

#[test]
fn every_pair_of_algorithms_opens_again() {
    let (keys, jwks, secret) = (keys(), jwks(), secret());
    for alg in KeyManagementAlg::ALL.iter().copied() {
        let symmetric = alg.is_symmetric();
        let key = if symmetric { RecipientKey::Secret(&secret) } else { RecipientKey::Jwks(&jwks) };
        for enc in ContentEncryption::ALL.iter().copied() {
            let token = encrypt_for(with(alg, enc), key, PAYLOAD, Some("JWT")).unwrap();
            let mut header = header_of(&token);
            assert_eq!(header.remove("alg").unwrap(), alg.as_str());
            assert_eq!(header.remove("enc").unwrap(), enc.as_str());
            assert_eq!(header.remove("cty").unwrap(), "JWT");
            assert_eq!(header.remove("kid").is_some(), !symmetric);
            assert_eq!(header.remove("epk").is_some(), alg.as_str().starts_with("ECDH"));
            // Nothing else, and no `zip` above all.
            assert_eq!(header, Map::new());
            assert_eq!(keys.decrypt(&token, Some(&secret)).unwrap(), PAYLOAD);
            assert!(!token.contains("eyJzdWIi"));
        }
    }
}

#[test]
fn a_payload_of_its_own_kind_has_no_content_type() {
    let encryption = with(KeyManagementAlg::RsaOaep256, ContentEncryption::A256Gcm);
    let token = encrypt_for(encryption, RecipientKey::Jwks(&jwks()), PAYLOAD, None).unwrap();
    assert!(!header_of(&token).contains_key("cty"));
}

#[test]
fn the_same_text_never_looks_the_same() {
    let secret = secret();
    for alg in [KeyManagementAlg::Dir, KeyManagementAlg::A128Kw] {
        let encrypted = || {
            let encryption = with(alg, ContentEncryption::A128Gcm);
            encrypt_for(encryption, RecipientKey::Secret(&secret), PAYLOAD, None).unwrap()
        };
        let (first, second) = (encrypted(), encrypted());
        // Nonce, ciphertext and tag.
        for (one, other) in first.split('.').zip(second.split('.')).skip(2) {
            assert_ne!(one, other, "{alg:?}");
        }
    }
}

/// The curves that our own keys are not on.
#[test]
fn keys_on_every_curve_are_encrypted_to() {
    let pairs: Vec<(&str, Jwk, Jwk)> = vec![
        of_pair("P-256", &EcKeyPair::generate(EcCurve::P256).unwrap()),
        of_pair("P-384", &EcKeyPair::generate(EcCurve::P384).unwrap()),
        of_pair("P-521", &EcKeyPair::generate(EcCurve::P521).unwrap()),
        of_pair("X25519", &EcxKeyPair::generate(EcxCurve::X25519).unwrap()),
    ];
    for (curve, public, private) in pairs {
        let mut public: Map<String, Value> = public.into();
        public.insert("kid".to_owned(), curve.into());
        let jwks = json!({ "keys": [public] });
        let token = to_jwks(KeyManagementAlg::EcdhEsA256Kw, &jwks).unwrap();
        let header = header_of(&token);
        assert_eq!((&header["epk"]["crv"], &header["kid"]), (&json!(curve), &json!(curve)));
        assert!(!header["epk"].as_object().unwrap().contains_key("d"));
        let decrypter = ECDH_ES_A256KW.decrypter_from_jwk(&private).unwrap();
        assert_eq!(deserialize_compact(&token, &decrypter).unwrap().0, PAYLOAD, "{curve}");
    }
}

fn of_pair(curve: &'static str, pair: &impl KeyPair) -> (&'static str, Jwk, Jwk) {
    (curve, pair.to_jwk_public_key(), pair.to_jwk_key_pair())
}

/// The keys of a set with `kid`s by their place; which one is taken for RSA-OAEP-256.
#[test]
fn the_key_that_fits_best_is_taken() {
    let rsa = object(keys().published_jwks().remove(0));
    let key = |members: Value| {
        let mut key = rsa.clone();
        for (name, value) in object(members) {
            if value.is_null() {
                key.remove(&name)
            } else {
                key.insert(name, value)
            };
        }
        Value::Object(key)
    };
    let ec = keys().published_jwks().remove(1);
    let table: Vec<(Vec<Value>, Result<usize, ()>)> = vec![
        (vec![key(json!({})), key(json!({}))], Ok(0)),
        (vec![ec.clone(), key(json!({}))], Ok(1)),
        (vec![json!("none"), key(json!({}))], Ok(1)),
        (vec![key(json!({ "use": "sig" })), key(json!({}))], Ok(1)),
        (vec![key(json!({ "use": null })), key(json!({}))], Ok(1)),
        (vec![key(json!({ "use": null })), key(json!({ "use": "sig" }))], Ok(0)),
        (vec![key(json!({ "alg": "RSA-OAEP" })), key(json!({}))], Ok(1)),
        (vec![key(json!({})), key(json!({ "alg": "RSA-OAEP-256" }))], Ok(1)),
        (vec![key(json!({ "use": null, "alg": "RSA-OAEP-256" })), key(json!({}))], Ok(1)),
        (
            vec![key(json!({ "key_ops": ["verify"] })), key(json!({ "key_ops": ["wrapKey"] }))],
            Ok(1),
        ),
        (vec![key(json!({ "key_ops": ["verify"] })), key(json!({ "key_ops": [] }))], Ok(1)),
        (vec![key(json!({ "key_ops": "wrapKey" })), key(json!({ "key_ops": ["encrypt"] }))], Ok(1)),
        (vec![key(json!({ "use": "sig" })), key(json!({ "alg": "RS256" }))], Err(())),
        (vec![ec], Err(())),
        (vec![], Err(())),
    ];
    for (mut keys, expected) in table {
        for (place, key) in keys.iter_mut().enumerate() {
            if let Some(key) = key.as_object_mut() {
                key.insert("kid".to_owned(), place.to_string().into());
            }
        }
        let set = json!({ "keys": keys });
        let taken = to_jwks(KeyManagementAlg::RsaOaep256, &set);
        match expected {
            Ok(place) => assert_eq!(header_of(&taken.unwrap())["kid"], place.to_string(), "{set}"),
            Err(()) => assert!(taken.unwrap_err().may_be_stale(), "{set}"),
        }
    }
    // A key without a `kid` is taken without one.
    let nameless = json!({ "keys": [key(json!({ "kid": null }))] });
    let token = to_jwks(KeyManagementAlg::RsaOaep256, &nameless).unwrap();
    assert!(!header_of(&token).contains_key("kid"));
}

#[test]
fn a_fault_says_what_is_missing() {
    fn to(alg: KeyManagementAlg, key: RecipientKey<'_>) -> EncryptFault {
        encrypt_for(with(alg, ContentEncryption::A128Gcm), key, PAYLOAD, None).unwrap_err()
    }
    let (jwks, secret) = (jwks(), secret());
    let (dir, rsa) = (KeyManagementAlg::Dir, KeyManagementAlg::RsaOaep);
    assert_eq!(to(dir, RecipientKey::Jwks(&jwks)), EncryptFault::NoSecret(dir));
    assert_eq!(to(rsa, RecipientKey::Secret(&secret)), EncryptFault::NoJwks(rsa));
    for set in [json!(null), json!([]), json!({}), json!({ "keys": {} })] {
        assert_eq!(to(rsa, RecipientKey::Jwks(&set)), EncryptFault::JwksMalformed);
    }
    let empty = json!({ "keys": [] });
    let fault = to(rsa, RecipientKey::Jwks(&empty)).to_string();
    assert!(fault.contains("no RSA key") && fault.contains("RSA-OAEP"), "{fault}");
    let fault = to(KeyManagementAlg::EcdhEs, RecipientKey::Jwks(&empty)).to_string();
    assert!(fault.contains("P-256") && fault.contains("X25519"), "{fault}");
    let mut small = keys().published_jwks().remove(0);
    small["n"] = json!("AQAB");
    let small = json!({ "keys": [small] });
    let unusable = EncryptFault::KeyUnusable(JwkFault::Member("n"));
    assert_eq!(to(rsa, RecipientKey::Jwks(&small)), unusable);
}

// spec: RFC 8725 3.4 MUST: a client's key is checked to be a point of its curve @ keys/src/encrypt.rs
/// An agreement with a point that is on no curve, or of small order, would tell the agreed key.
#[test]
fn points_that_are_no_keys_are_refused() {
    let of = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let one_and_two = json!({
        "kty": "EC", "crv": "P-256", "x": of(&[1; 32]), "y": of(&[2; 32]),
    });
    let zero = json!({ "kty": "OKP", "crv": "X25519", "x": of(&[0; 32]) });
    for point in [one_and_two, zero] {
        for alg in [KeyManagementAlg::EcdhEs, KeyManagementAlg::EcdhEsA128Kw] {
            let refused = to_jwks(alg, &json!({ "keys": [point] }));
            assert_eq!(refused, Err(EncryptFault::KeyUnusable(JwkFault::Unsupported)), "{point}");
        }
    }
}

proptest! {
    /// Nothing in a client's JWK Set makes it panic.
    #[test]
    fn a_strange_set_is_refused_or_used(
        kty in "RSA|EC|OKP|oct",
        crv in "P-256|P-384|P-521|X25519|",
        x in prop::collection::vec(any::<u8>(), 0..70),
        alg in prop::sample::select(KeyManagementAlg::ALL.to_vec()),
    ) {
        let x = URL_SAFE_NO_PAD.encode(x);
        let jwk = json!({ "kty": kty, "crv": crv, "x": x, "y": x, "n": x, "e": "AQAB", "k": x });
        let _ = to_jwks(alg, &json!({ "keys": [jwk] }));
    }
}
