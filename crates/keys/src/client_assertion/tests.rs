//! Assertions by every algorithm, and everything that is no client's signature.

use josekit::{
    jwk::{
        KeyPair,
        alg::ec::{EcCurve, EcKeyPair},
    },
    jws::{ES384, HS256, JwsSigner, PS256, PS384, PS512, RS256, RS384, RS512},
};
use serde_json::json;
use vestibule_model::client::SigningAlg;

use super::*;
use crate::testing::{
    claims, forge, key, object, private_jwk, public_jwk, signer, standby, unsigned,
};

fn payload() -> String {
    Value::Object(claims()).to_string()
}

/// The client's key as it may have registered it: no `alg`, no `use`, its own `kid`.
fn registered(alg: SigningAlg, kid: &str) -> Value {
    let mut jwk = public_jwk(&key(alg));
    jwk.remove("alg");
    jwk.remove("use");
    jwk.insert("kid".to_owned(), kid.into());
    Value::Object(jwk)
}

fn jwks(keys: &[Value]) -> Value {
    json!({ "keys": keys })
}

fn assertion(alg: SigningAlg, header: &Value) -> String {
    forge(signer(&key(alg)).as_ref(), &header.to_string(), &payload())
}

fn rsa_signers() -> Vec<(&'static str, Box<dyn JwsSigner>)> {
    let mut private = private_jwk(&key(SigningAlg::RS256));
    private.remove("alg");
    let jwk = Jwk::from_map(private).unwrap();
    vec![
        ("RS256", Box::new(RS256.signer_from_jwk(&jwk).unwrap())),
        ("RS384", Box::new(RS384.signer_from_jwk(&jwk).unwrap())),
        ("RS512", Box::new(RS512.signer_from_jwk(&jwk).unwrap())),
        ("PS256", Box::new(PS256.signer_from_jwk(&jwk).unwrap())),
        ("PS384", Box::new(PS384.signer_from_jwk(&jwk).unwrap())),
        ("PS512", Box::new(PS512.signer_from_jwk(&jwk).unwrap())),
    ]
}

#[test]
fn every_listed_algorithm_verifies() {
    let set = jwks(&[registered(SigningAlg::RS256, "rsa")]);
    let mut seen = Vec::new();
    for (alg, signer) in rsa_signers() {
        let token = forge(signer.as_ref(), &json!({ "alg": alg }).to_string(), &payload());
        assert_eq!(verify(&token, &set), Ok(claims()), "{alg}");
        seen.push(alg);
    }
    for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
        let token = assertion(alg, &json!({ "alg": alg.as_str() }));
        assert_eq!(verify(&token, &jwks(&[registered(alg, "k")])), Ok(claims()));
        seen.push(alg.as_str());
    }
    let pair = EcKeyPair::generate(EcCurve::P384).unwrap();
    let signer = ES384.signer_from_jwk(&pair.to_jwk_private_key()).unwrap();
    let public: Map<String, Value> = pair.to_jwk_public_key().into();
    let token = forge(&signer, r#"{"alg":"ES384"}"#, &payload());
    assert_eq!(verify(&token, &jwks(&[Value::Object(public)])), Ok(claims()));
    seen.push("ES384");
    seen.sort_unstable();
    let mut listed = ALGS.to_vec();
    listed.sort_unstable();
    assert_eq!(seen, listed);
    assert_eq!(ALGS, Asymmetric::ALL.map(Asymmetric::as_str));
}

#[test]
fn hmac_and_none_are_never_allowed() {
    let rsa = registered(SigningAlg::RS256, "rsa");
    // Even for a client that registered a symmetric key.
    let secret =
        json!({ "kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "s" });
    let set = jwks(&[rsa.clone(), secret]);
    for bytes in [rsa.to_string().into_bytes(), b"secret-secret-secret-secret-secret".to_vec()] {
        let hmac = HS256.signer_from_bytes(bytes).unwrap();
        for alg in ["HS256", "HS384", "HS512", "none", "None", "rs256", "ES256K", "RSA-OAEP", ""] {
            for kid in ["rsa", "s"] {
                let header = json!({ "alg": alg, "kid": kid });
                let token = forge(&hmac, &header.to_string(), &payload());
                assert_eq!(verify(&token, &set), Err(AssertionFault::AlgNotAllowed));
                let token = unsigned(&header, &claims());
                assert_eq!(verify(&token, &set), Err(AssertionFault::AlgNotAllowed));
            }
        }
        let token = forge(&hmac, r#"{"alg":"RS256"}"#, &payload());
        let wrong = Err(AssertionFault::Token(TokenFault::SignatureWrong));
        assert_eq!(verify(&token, &set), wrong);
    }
}

#[test]
fn the_kid_names_the_key_or_only_one_fits() {
    let first = registered(SigningAlg::ES256, "first");
    let mut second = public_jwk(&standby(SigningAlg::ES256));
    second.insert("kid".to_owned(), "second".into());
    let both = jwks(&[Value::Object(second), first.clone()]);
    let by = |header: Value| assertion(SigningAlg::ES256, &header);
    let named = by(json!({ "alg": "ES256", "kid": "first" }));
    assert_eq!(verify(&named, &both), Ok(claims()));
    let other = by(json!({ "alg": "ES256", "kid": "second" }));
    let wrong = Err(AssertionFault::Token(TokenFault::SignatureWrong));
    assert_eq!(verify(&other, &both), wrong);
    let nameless = by(json!({ "alg": "ES256" }));
    assert_eq!(verify(&nameless, &both), Err(AssertionFault::Ambiguous));
    let unknown = by(json!({ "alg": "ES256", "kid": "third" }));
    assert_eq!(verify(&unknown, &both), Err(AssertionFault::NoFittingKey));
    // Keys of another kind do not count.
    let mixed = jwks(&[registered(SigningAlg::RS256, "rsa"), first.clone(), json!("no key")]);
    assert_eq!(verify(&nameless, &mixed), Ok(claims()));
    // Without a `kid` in the set, an assertion that names one fits nothing.
    let mut anonymous = object(first);
    anonymous.remove("kid");
    let anonymous = jwks(&[Value::Object(anonymous)]);
    assert_eq!(verify(&named, &anonymous), Err(AssertionFault::NoFittingKey));
    assert_eq!(verify(&nameless, &anonymous), Ok(claims()));
}

#[test]
fn a_key_meant_for_something_else_does_not_fit() {
    let token = assertion(SigningAlg::RS256, &json!({ "alg": "RS256" }));
    let with = |name: &str, value: Value| {
        let mut jwk = object(registered(SigningAlg::RS256, "rsa"));
        jwk.insert(name.to_owned(), value);
        verify(&token, &jwks(&[Value::Object(jwk)]))
    };
    assert_eq!(with("use", json!("sig")), Ok(claims()));
    assert_eq!(with("alg", json!("RS256")), Ok(claims()));
    assert_eq!(with("key_ops", json!(["verify"])), Ok(claims()));
    // Decorations that are none of our business do no harm.
    assert_eq!(with("x5c", json!(7)), Ok(claims()));
    let misfits = [
        ("use", json!("enc")),
        ("use", json!(null)),
        ("alg", json!("PS256")),
        ("alg", json!(256)),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!("verify")),
        ("kty", json!("EC")),
        ("kty", json!(null)),
    ];
    for (name, value) in misfits {
        assert_eq!(with(name, value.clone()), Err(AssertionFault::NoFittingKey), "{name} {value}");
    }
    let unusable = |name| Err(AssertionFault::KeyUnusable(JwkFault::Member(name)));
    assert_eq!(with("n", json!("AQAB")), unusable("n"));
    assert_eq!(with("e", json!("AQ")), unusable("e"));
    assert_eq!(with("e", json!("not base64url!")), unusable("e"));
}

#[test]
fn a_set_that_is_none_is_refused() {
    let token = assertion(SigningAlg::ES256, &json!({ "alg": "ES256" }));
    for set in [json!(null), json!([]), json!({}), json!({ "keys": {} })] {
        assert_eq!(verify(&token, &set), Err(AssertionFault::JwksMalformed));
    }
    assert_eq!(verify(&token, &jwks(&[])), Err(AssertionFault::NoFittingKey));
}

#[test]
fn other_jwts_of_the_client_are_no_assertions() {
    let set = jwks(&[registered(SigningAlg::ES256, "k")]);
    let typed = |typ: Value| {
        verify(&assertion(SigningAlg::ES256, &json!({ "alg": "ES256", "typ": typ })), &set)
    };
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"]
    {
        assert_eq!(typed(json!(typ)), Ok(claims()), "{typ}");
    }
    for typ in ["dpop+jwt", "oauth-authz-req+jwt", "at+jwt", "logout+jwt", ""] {
        let wrong = Err(AssertionFault::Token(TokenFault::WrongType));
        assert_eq!(typed(json!(typ)), wrong, "{typ}");
    }
    let critical = assertion(SigningAlg::ES256, &json!({ "alg": "ES256", "crit": ["b64"] }));
    assert_eq!(verify(&critical, &set), Err(AssertionFault::Token(TokenFault::Critical)));
}

#[test]
fn changed_and_oversized_assertions_are_refused() {
    let set = jwks(&[registered(SigningAlg::EdDSA, "k")]);
    let good = assertion(SigningAlg::EdDSA, &json!({ "alg": "EdDSA" }));
    let parts: Vec<_> = good.split('.').collect();
    let mallory = Value::Object(object(json!({ "iss": "mallory" }))).to_string();
    let other = forge(signer(&standby(SigningAlg::EdDSA)).as_ref(), "{}", &mallory);
    let swapped = format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]);
    let wrong = Err(AssertionFault::Token(TokenFault::SignatureWrong));
    assert_eq!(verify(&swapped, &set), wrong);
    let long = format!("{good}{}", "A".repeat(16 * 1024));
    assert_eq!(verify(&long, &set), Err(AssertionFault::Token(TokenFault::TooLong)));
    assert_eq!(peek_issuer(&long), None);
}

#[test]
fn the_issuer_can_be_looked_at_before_anything_is_proved() {
    let peek = |payload: &Value| {
        peek_issuer(&unsigned(&json!({ "alg": "RS256" }), &object(payload.clone())))
    };
    assert_eq!(peek(&json!({ "iss": "app" })).as_deref(), Some("app"));
    assert_eq!(peek(&json!({ "iss": 7 })), None);
    assert_eq!(peek(&json!({})), None);
    assert_eq!(peek_issuer(""), None);
    assert_eq!(peek_issuer("e30.e30.e30"), None);
    assert_eq!(peek_issuer("a.b.c.d"), None);
}
