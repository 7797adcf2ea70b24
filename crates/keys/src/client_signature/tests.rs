//! JWTs by every algorithm, and everything that is no client's signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jws::{HS256, HS384, HS512, JwsSigner};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    sign_unsecured,
    testing::{claims, forge, key, object, public_jwk, signer, standby, unsigned},
};

/// Long enough for HS512.
const SECRET: &str = "a-secret-of-sixty-four-characters-which-is-what-HS512-asks-for-.";

const TYPES: &[Option<&str>] = &[None, Some("jwt"), Some("kind+jwt")];

/// The claims of a token by a key of the set.
fn verify_by(token: &str, jwks: &Value) -> Result<Map<String, Value>, SignatureFault> {
    let keys = ClientKeys { jwks: Some(jwks), secret: None };
    verify(token, keys, |_| true, TYPES).map(|verified| verified.claims)
}

/// The claims of a token with a MAC under the secret.
fn verify_mac(token: &str, secret: &str) -> Result<Map<String, Value>, SignatureFault> {
    let secret = Secret::new(secret);
    let keys = ClientKeys { jwks: None, secret: Some(&secret) };
    verify(token, keys, |_| true, TYPES).map(|verified| verified.claims)
}

fn wrong_signature<T>() -> Result<T, SignatureFault> {
    Err(SignatureFault::Token(TokenFault::SignatureWrong))
}

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

fn hmac_signers(secret: &str) -> Vec<(&'static str, Box<dyn JwsSigner>)> {
    vec![
        ("HS256", Box::new(HS256.signer_from_bytes(secret).unwrap())),
        ("HS384", Box::new(HS384.signer_from_bytes(secret).unwrap())),
        ("HS512", Box::new(HS512.signer_from_bytes(secret).unwrap())),
    ]
}

#[test]
fn every_algorithm_verifies() {
    for alg in SigningAlg::ALL.iter().copied() {
        let set = jwks(&[registered(alg, "k")]);
        let keys = ClientKeys { jwks: Some(&set), secret: None };
        let token = assertion(alg, &json!({ "alg": alg.as_str(), "kid": "k" }));
        let verified = verify(&token, keys, |_| true, TYPES).unwrap();
        assert_eq!((verified.claims, verified.kid.as_deref()), (claims(), Some("k")));
        assert_eq!(verified.alg.as_str(), alg.as_str());
    }
    let secret = Secret::new(SECRET);
    let keys = ClientKeys { jwks: None, secret: Some(&secret) };
    for (alg, signer) in hmac_signers(SECRET) {
        let token = forge(signer.as_ref(), &json!({ "alg": alg }).to_string(), &payload());
        let verified = verify(&token, keys, |_| true, TYPES).unwrap();
        assert_eq!((verified.claims, verified.kid), (claims(), None));
        assert_eq!(verified.alg.as_str(), alg);
    }
}

// spec: RFC 8725 3.1 MUST: the caller says which algorithms are good, and no other is used @ keys/src/client_signature.rs
#[test]
fn only_what_is_allowed_verifies() {
    let set = jwks(&[registered(SigningAlg::RS256, "k")]);
    let secret = Secret::new(SECRET);
    let keys = ClientKeys { jwks: Some(&set), secret: Some(&secret) };
    let rs256 = assertion(SigningAlg::RS256, &json!({ "alg": "RS256" }));
    let hs256 = forge(&HS256.signer_from_bytes(SECRET).unwrap(), r#"{"alg":"HS256"}"#, &payload());
    for (token, mine) in [(rs256, ClientSignatureAlg::RS256), (hs256, ClientSignatureAlg::HS256)] {
        let alg = |allowed: ClientSignatureAlg| {
            verify(&token, keys, |alg| alg == allowed, TYPES).map(|verified| verified.alg)
        };
        for allowed in ClientSignatureAlg::ALL.iter().copied() {
            let expected =
                if allowed == mine { Ok(mine) } else { Err(SignatureFault::AlgNotAllowed) };
            assert_eq!(alg(allowed), expected);
        }
    }
}

/// RFC 8725 §2.1: everything public about a key serves as the HMAC secret.
#[test]
fn a_public_key_is_no_secret() {
    let rsa = registered(SigningAlg::RS256, "rsa");
    // Even for a client that registered a symmetric key.
    let oct =
        json!({ "kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "s" });
    let set = jwks(&[rsa.clone(), oct]);
    let public = [rsa.to_string(), "secret-secret-secret-secret-secret-secret-secret".repeat(2)];
    for text in public {
        for (alg, hmac) in hmac_signers(&text) {
            for kid in ["rsa", "s"] {
                let header = json!({ "alg": alg, "kid": kid });
                let token = forge(hmac.as_ref(), &header.to_string(), &payload());
                assert_eq!(verify_by(&token, &set), Err(SignatureFault::NoSecret));
                assert_eq!(verify_mac(&token, SECRET), wrong_signature());
            }
            let token = forge(hmac.as_ref(), r#"{"alg":"RS256"}"#, &payload());
            assert_eq!(verify_by(&token, &set), wrong_signature());
        }
    }
    // Nor is a key pair of use where a secret is.
    let token = assertion(SigningAlg::RS256, &json!({ "alg": "RS256" }));
    assert_eq!(verify_mac(&token, SECRET), Err(SignatureFault::NoJwks));
}

// spec: RFC 8725 3.2 SHOULD NOT: a client's token with alg none is accepted where a signature is wanted @ keys/src/client_signature.rs
#[test]
fn none_and_unknown_algorithms_never_verify() {
    let set = jwks(&[registered(SigningAlg::RS256, "rsa")]);
    let signer = signer(&key(SigningAlg::RS256));
    for alg in ["none", "None", "NONE", "rs256", "ES256K", "HS1", "RSA-OAEP", "dir", ""] {
        let header = json!({ "alg": alg, "kid": "rsa" });
        for token in
            [unsigned(&header, &claims()), forge(signer.as_ref(), &header.to_string(), &payload())]
        {
            assert_eq!(verify_by(&token, &set), Err(SignatureFault::AlgNotAllowed), "{alg}");
            assert_eq!(verify_mac(&token, SECRET), Err(SignatureFault::AlgNotAllowed), "{alg}");
        }
    }
}

#[test]
fn the_unsecured_are_read_only_where_that_is_asked_for() {
    let read = |token: &str| unsecured(token, TYPES);
    let verified = read(&sign_unsecured(&claims())).unwrap();
    assert_eq!((verified.claims, verified.alg), (claims(), ClientSignatureAlg::None));
    for alg in ["None", "RS256", "HS256", ""] {
        let token = unsigned(&json!({ "alg": alg }), &claims());
        assert_eq!(read(&token), Err(SignatureFault::AlgNotAllowed), "{alg}");
    }
    let token = unsigned(&json!({ "alg": "none" }), &claims());
    assert_eq!(read(&format!("{token}AAAA")), wrong_signature());
    let token = unsigned(&json!({ "alg": "none", "typ": "other+jwt" }), &claims());
    assert_eq!(read(&token), Err(TokenFault::WrongType.into()));
    let token = unsigned(&json!({ "alg": "none", "crit": [] }), &claims());
    assert_eq!(read(&token), Err(TokenFault::Critical.into()));
}

// spec: RFC 7518 3.2 MUST: the secret of a MAC is as long as its hash at least @ keys/src/client_signature.rs
/// RFC 7518 §3.2: as long as the hash at least.
#[test]
fn a_short_secret_makes_no_mac() {
    for ((alg, signer), least) in hmac_signers(SECRET).into_iter().zip([32, 48, 64]) {
        let token = forge(signer.as_ref(), &json!({ "alg": alg }).to_string(), &payload());
        let (long_enough, too_short) = (SECRET.split_at(least).0, SECRET.split_at(least - 1).0);
        assert_eq!(
            verify_mac(&token, long_enough),
            if least == 64 { Ok(claims()) } else { wrong_signature() }
        );
        match verify_mac(&token, too_short) {
            Err(fault @ SignatureFault::SecretTooShort { .. }) => {
                assert!(fault.to_string().contains(&least.to_string()), "{fault}");
            }
            other => panic!("{other:?}"),
        }
        let set = jwks(&[]);
        assert_eq!(verify_by(&token, &set), Err(SignatureFault::NoSecret));
    }
}

/// A MAC cut short is easier to guess, and none.
#[test]
fn a_mac_is_whole_or_wrong() {
    for (alg, signer) in hmac_signers(SECRET) {
        let token = forge(signer.as_ref(), &json!({ "alg": alg }).to_string(), &payload());
        let (signed, mac) = token.rsplit_once('.').unwrap();
        for length in (0..mac.len()).filter(|length| length % 4 != 1) {
            let refused = verify_mac(&format!("{signed}.{}", mac.split_at(length).0), SECRET);
            assert!(refused.is_err(), "{alg} {length}");
        }
        assert_eq!(verify_mac(&token, &SECRET.replace("a-s", "b-s")), wrong_signature());
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
    assert_eq!(verify_by(&named, &both), Ok(claims()));
    let other = by(json!({ "alg": "ES256", "kid": "second" }));
    let wrong = Err(SignatureFault::Token(TokenFault::SignatureWrong));
    assert_eq!(verify_by(&other, &both), wrong);
    let nameless = by(json!({ "alg": "ES256" }));
    assert_eq!(verify_by(&nameless, &both), Err(SignatureFault::Ambiguous));
    let unknown = by(json!({ "alg": "ES256", "kid": "third" }));
    assert_eq!(verify_by(&unknown, &both), Err(SignatureFault::UnknownKid));
    // Keys of another kind do not count.
    let mixed = jwks(&[registered(SigningAlg::RS256, "rsa"), first.clone(), json!("no key")]);
    assert_eq!(verify_by(&nameless, &mixed), Ok(claims()));
    // Without a `kid` in the set, an assertion that names one fits nothing.
    let mut anonymous = object(first);
    anonymous.remove("kid");
    let anonymous = jwks(&[Value::Object(anonymous)]);
    assert_eq!(verify_by(&named, &anonymous), Err(SignatureFault::UnknownKid));
    assert_eq!(verify_by(&nameless, &anonymous), Ok(claims()));
}

// spec: RFC 8725 3.1 MUST: a client's key that names its algorithm serves no other @ keys/src/client_signature.rs
#[test]
fn a_key_meant_for_something_else_does_not_fit() {
    let token = assertion(SigningAlg::RS256, &json!({ "alg": "RS256" }));
    let with = |name: &str, value: Value| {
        let mut jwk = object(registered(SigningAlg::RS256, "rsa"));
        jwk.insert(name.to_owned(), value);
        verify_by(&token, &jwks(&[Value::Object(jwk)]))
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
        assert_eq!(with(name, value.clone()), Err(SignatureFault::NoFittingKey), "{name} {value}");
    }
    let unusable = |name| Err(SignatureFault::KeyUnusable(JwkFault::Member(name)));
    assert_eq!(with("n", json!("AQAB")), unusable("n"));
    assert_eq!(with("e", json!("AQ")), unusable("e"));
    assert_eq!(with("e", json!("not base64url!")), unusable("e"));
}

#[test]
fn a_set_that_is_none_is_refused() {
    let token = assertion(SigningAlg::ES256, &json!({ "alg": "ES256" }));
    for set in [json!(null), json!([]), json!({}), json!({ "keys": {} })] {
        assert_eq!(verify_by(&token, &set), Err(SignatureFault::JwksMalformed));
    }
    assert_eq!(verify_by(&token, &jwks(&[])), Err(SignatureFault::NoFittingKey));
}

#[test]
fn a_token_of_another_type_is_refused() {
    let set = jwks(&[registered(SigningAlg::ES256, "k")]);
    let typed = |typ: Value| {
        verify_by(&assertion(SigningAlg::ES256, &json!({ "alg": "ES256", "typ": typ })), &set)
    };
    for typ in [json!(null), json!("JWT"), json!("kind+jwt"), json!("application/Kind+JWT")] {
        assert_eq!(typed(typ.clone()), Ok(claims()), "{typ}");
    }
    for typ in ["dpop+jwt", "oauth-authz-req+jwt", "at+jwt", "logout+jwt", "kind", ""] {
        assert_eq!(typed(json!(typ)), Err(TokenFault::WrongType.into()), "{typ}");
    }
    let critical = assertion(SigningAlg::ES256, &json!({ "alg": "ES256", "crit": ["b64"] }));
    assert_eq!(verify_by(&critical, &set), Err(TokenFault::Critical.into()));
}

#[test]
fn changed_and_oversized_assertions_are_refused() {
    let set = jwks(&[registered(SigningAlg::EdDSA, "k")]);
    let good = assertion(SigningAlg::EdDSA, &json!({ "alg": "EdDSA" }));
    let parts: Vec<_> = good.split('.').collect();
    let mallory = Value::Object(object(json!({ "iss": "mallory" }))).to_string();
    let other = forge(signer(&standby(SigningAlg::EdDSA)).as_ref(), "{}", &mallory);
    let swapped = format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]);
    let wrong = Err(SignatureFault::Token(TokenFault::SignatureWrong));
    assert_eq!(verify_by(&swapped, &set), wrong);
    let long = format!("{good}{}", "A".repeat(16 * 1024));
    assert_eq!(verify_by(&long, &set), Err(SignatureFault::Token(TokenFault::TooLong)));
    assert_eq!(peek(&long), None);
}

#[test]
fn a_header_member_given_twice_is_refused() {
    let set = jwks(&[registered(SigningAlg::ES256, "k")]);
    for header in [
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"k","kid":"k"}"#,
        r#"{"alg":"ES256","typ":"JWT","typ":"JWT"}"#,
    ] {
        let token = forge(signer(&key(SigningAlg::ES256)).as_ref(), header, &payload());
        let refused = verify_by(&token, &set);
        assert!(
            matches!(refused, Err(SignatureFault::Token(TokenFault::Malformed(_)))),
            "{header}"
        );
    }
}

/// Only then is the client's `jwks_uri` worth another look.
#[test]
fn a_fault_tells_whether_the_keys_may_be_old() {
    let stale = [
        SignatureFault::UnknownKid,
        SignatureFault::NoFittingKey,
        TokenFault::SignatureWrong.into(),
    ];
    assert!(stale.into_iter().all(SignatureFault::may_be_stale));
    let fresh = [
        SignatureFault::AlgNotAllowed,
        SignatureFault::NoSecret,
        SignatureFault::Ambiguous,
        TokenFault::WrongType.into(),
        TokenFault::TooLong.into(),
    ];
    assert!(!fresh.into_iter().any(SignatureFault::may_be_stale));
}

#[test]
fn a_software_statement_is_signed_with_a_key_pair() {
    let set = jwks(&[registered(SigningAlg::ES256, "k")]);
    for typ in [json!(null), json!("JWT"), json!("software-statement+jwt")] {
        let token = assertion(SigningAlg::ES256, &json!({ "alg": "ES256", "typ": typ }));
        assert_eq!(verify_statement(&token, &set).unwrap().claims, claims());
    }
    let other = assertion(SigningAlg::ES256, &json!({ "alg": "ES256", "typ": "at+jwt" }));
    assert_eq!(verify_statement(&other, &set), Err(TokenFault::WrongType.into()));
    let mac = forge(&HS256.signer_from_bytes(SECRET).unwrap(), r#"{"alg":"HS256"}"#, &payload());
    assert_eq!(verify_statement(&mac, &set), Err(SignatureFault::NoSecret));
    let none = sign_unsecured(&claims());
    assert_eq!(verify_statement(&none, &set), Err(SignatureFault::AlgNotAllowed));
}

#[test]
fn a_token_can_be_looked_at_before_anything_is_proved() {
    let token = unsigned(
        &json!({ "alg": "RS256", "kid": "k" }),
        &object(json!({ "iss": "app", "client_id": 7 })),
    );
    let expected = Peek {
        iss: Some("app".to_owned()),
        client_id: None,
        kid: Some("k".to_owned()),
        alg: "RS256".to_owned(),
        is_encrypted: false,
    };
    assert_eq!(peek(&token), Some(expected));
    let token = unsigned(&json!({ "alg": "none" }), &object(json!({ "client_id": "app" })));
    assert_eq!(peek(&token).unwrap().client_id.as_deref(), Some("app"));
    // An encrypted one, even by an algorithm that we do not have: the refusal comes later.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RSA1_5","enc":"A128GCM","kid":"k","iss":"x"}"#);
    let expected = Peek {
        iss: None,
        client_id: None,
        kid: Some("k".to_owned()),
        alg: "RSA1_5".to_owned(),
        is_encrypted: true,
    };
    assert_eq!(peek(&format!("{header}.AAAA.AAAA.AAAA.AAAA")), Some(expected));
    for nothing in ["", "e30.e30.e30", "a.b.c.d", "a.b.c.d.e", "https://app.example/request"] {
        assert_eq!(peek(nothing), None, "{nothing}");
    }
}

proptest! {
    /// Nothing makes it panic.
    #[test]
    fn nonsense_is_refused(token in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,5}|\\PC{0,80}") {
        let set = jwks(&[registered(SigningAlg::ES256, "k")]);
        prop_assert!(verify_by(&token, &set).is_err());
        prop_assert!(unsecured(&token, TYPES).is_err());
        let _ = peek(&token);
    }

    /// Whatever the client's JWK Set holds.
    #[test]
    fn a_strange_set_is_refused(
        kty in "RSA|EC|OKP|oct",
        crv in "P-256|Ed25519|X25519|",
        x in "[A-Za-z0-9_-]{0,50}",
        alg in prop::sample::select(SigningAlg::ALL.to_vec()),
    ) {
        let jwk = json!({ "kty": kty, "crv": crv, "x": x, "y": x, "n": x, "e": x, "k": x });
        let token = assertion(alg, &json!({ "alg": alg.as_str() }));
        prop_assert!(verify_by(&token, &jwks(&[jwk])).is_err());
    }
}
