//! Signing, verifying, and everything that must not verify.

use josekit::jws::{HS256, PS256};
use proptest::prelude::*;

use super::*;
use crate::{
    sign_unsecured,
    testing::{
        NOW, Seeded, claims, forge, key, keys, object, private_jwk, public_jwk, ring, sealer,
        signer, standby, unsigned,
    },
};

fn fault(token: &str, typ: Expected) -> TokenFault {
    match ring().verify(token, typ) {
        Err(KeyError::Token(fault)) => fault,
        other => panic!("{other:?} for {token}"),
    }
}

/// Where the signing key for `alg` is among [`keys`].
fn place_of(alg: SigningAlg) -> usize {
    SigningAlg::ALL.iter().position(|other| *other == alg).unwrap()
}

fn access_fault(token: &str) -> TokenFault {
    fault(token, Expected::AccessToken)
}

/// A header for `key`, with members of the test's own on top.
fn header(key: &StoredKey, extra: &Value) -> String {
    let mut header = object(json!({ "alg": key.alg.as_str(), "kid": key.kid, "typ": "at+jwt" }));
    header.extend(object(extra.clone()));
    Value::Object(header).to_string()
}

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

fn payload() -> String {
    Value::Object(claims()).to_string()
}

#[test]
fn every_algorithm_signs_what_it_verifies() {
    let ring = ring();
    for alg in SigningAlg::ALL.iter().copied() {
        let access = ring.sign(alg, "at+jwt", &claims()).unwrap();
        assert_eq!(ring.verify(&access, Expected::AccessToken).unwrap(), claims());
        let expected = json!({ "alg": alg.as_str(), "typ": "at+jwt", "kid": key(alg).kid });
        assert_eq!(header_of(&access), expected);
        assert_eq!(ring.signing_kid(alg), Some(key(alg).kid.as_str()));
        let id = ring.sign(alg, "JWT", &claims()).unwrap();
        assert_eq!(ring.verify(&id, Expected::IdToken).unwrap(), claims());
    }
}

/// One ECDSA signature in 128 has a number with a leading zero octet, on P-521 one in two; RFC 7518
/// §3.4 keeps it.
#[test]
fn ecdsa_signatures_always_have_the_length_of_their_curve() {
    let ring = ring();
    let table =
        [(SigningAlg::ES256, 600, 64), (SigningAlg::ES384, 300, 96), (SigningAlg::ES512, 60, 132)];
    for (alg, times, length) in table {
        for _ in 0..times {
            let token = ring.sign(alg, "at+jwt", &claims()).unwrap();
            let signature = token.rsplit('.').next().unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap().len(), length);
            ring.verify(&token, Expected::AccessToken).unwrap();
        }
    }
}

// spec: RFC 8725 3.1 MUST NOT: a public key is used as the secret of a MAC @ keys/src/ring.rs
/// RFC 8725 §2.1, §3.1: the classic. Everything public about the key serves as the HMAC secret.
#[test]
fn hmac_keyed_with_the_public_key_is_refused() {
    for alg in SigningAlg::ALL.iter().copied() {
        let key = key(alg);
        let jwk = public_jwk(&key);
        let member = if jwk.contains_key("n") { "n" } else { "x" };
        let number = jwk[member].as_str().unwrap();
        let mut secrets = vec![
            key.public_jwk.clone().into_bytes(),
            ring().jwks().body.clone().into_bytes(),
            number.as_bytes().to_vec(),
            URL_SAFE_NO_PAD.decode(number).unwrap(),
        ];
        if let Some(pem) = pem_of(&key) {
            secrets.push(pem);
        }
        for secret in secrets {
            let hmac = HS256.signer_from_bytes(&secret).unwrap();
            for name in ["HS256", "HS384", "HS512"] {
                let token = forge(&hmac, &header(&key, &json!({ "alg": name })), &payload());
                assert_eq!(access_fault(&token), TokenFault::WrongAlgorithm);
            }
            // And under the right name it is no signature.
            let token = forge(&hmac, &header(&key, &json!({})), &payload());
            assert_eq!(access_fault(&token), TokenFault::SignatureWrong);
        }
    }
}

fn pem_of(key: &StoredKey) -> Option<Vec<u8>> {
    use josekit::jwk::{KeyPair, alg::rsa::RsaKeyPair};
    let jwk = Jwk::from_map(private_jwk(key)).unwrap();
    Some(RsaKeyPair::from_jwk(&jwk).ok()?.to_pem_public_key())
}

// spec: RFC 8725 3.2 SHOULD NOT: tokens with alg none are accepted @ keys/src/ring.rs
#[test]
fn unsigned_tokens_are_refused() {
    for alg in SigningAlg::ALL.iter().copied() {
        for name in ["none", "None", "NONE", "nOnE", ""] {
            let head = json!({ "alg": name, "kid": key(alg).kid, "typ": "at+jwt" });
            let token = unsigned(&head, &claims());
            assert_eq!(access_fault(&token), TokenFault::WrongAlgorithm);
        }
        let head = json!({ "alg": alg.as_str(), "kid": key(alg).kid, "typ": "at+jwt" });
        assert_eq!(access_fault(&unsigned(&head, &claims())), TokenFault::SignatureWrong);
    }
    // Not even our own, as a hint.
    let hint = sign_unsecured(&claims());
    assert_eq!(fault(&hint, Expected::IdToken), TokenFault::NoKeyId);
    for (alg, kid) in SigningAlg::ALL.iter().map(|alg| (alg, key(*alg).kid)) {
        let token = unsigned(&json!({ "alg": "none", "kid": kid }), &claims());
        assert_eq!(fault(&token, Expected::IdToken), TokenFault::WrongAlgorithm, "{alg:?}");
    }
    let token = unsigned(&json!({ "alg": "none", "typ": "at+jwt" }), &claims());
    assert_eq!(access_fault(&token), TokenFault::NoKeyId);
    let token = unsigned(&json!({ "typ": "at+jwt", "kid": "x" }), &claims());
    assert!(matches!(access_fault(&token), TokenFault::Malformed(_)));
}

// spec: RFC 8725 3.1 MUST: each key serves exactly one algorithm, and this is checked @ keys/src/ring.rs
#[test]
fn a_key_works_with_its_own_algorithm_only() {
    // An ES256 signature under the `kid` of an RSA key.
    let header_of_rsa = header(&key(SigningAlg::RS256), &json!({ "alg": "ES256" }));
    let token = forge(signer(&key(SigningAlg::ES256)).as_ref(), &header_of_rsa, &payload());
    assert_eq!(access_fault(&token), TokenFault::WrongAlgorithm);
    // A valid PS256 signature by the RS256 key.
    let rs256 = key(SigningAlg::RS256);
    let mut private = private_jwk(&rs256);
    private.remove("alg");
    let ps256 = PS256.signer_from_jwk(&Jwk::from_map(private).unwrap()).unwrap();
    let token = forge(&ps256, &header(&rs256, &json!({ "alg": "PS256" })), &payload());
    assert_eq!(access_fault(&token), TokenFault::WrongAlgorithm);
    let token = forge(&ps256, &header(&rs256, &json!({})), &payload());
    assert_eq!(access_fault(&token), TokenFault::SignatureWrong);
    // Case matters (RFC 7515 §4.1.1).
    let signer = signer(&rs256);
    let token = forge(signer.as_ref(), &header(&rs256, &json!({ "alg": "rs256" })), &payload());
    assert_eq!(access_fault(&token), TokenFault::WrongAlgorithm);
}

#[test]
fn the_kid_decides_and_nothing_else_in_the_header() {
    for alg in SigningAlg::ALL.iter().copied() {
        let (mine, other) = (key(alg), standby(alg));
        let stranger = signer(&other);
        let token = forge(stranger.as_ref(), &header(&mine, &json!({})), &payload());
        assert_eq!(access_fault(&token), TokenFault::SignatureWrong);
        let unknown = header(&mine, &json!({ "kid": "nobody" }));
        let token = forge(signer(&mine).as_ref(), &unknown, &payload());
        assert_eq!(access_fault(&token), TokenFault::UnknownKey);
        let without = json!({ "alg": alg.as_str(), "typ": "at+jwt" }).to_string();
        let token = forge(signer(&mine).as_ref(), &without, &payload());
        assert_eq!(access_fault(&token), TokenFault::NoKeyId);
    }
    // RFC 8725 §3.5 / RFC 7515 §4.1.2, §4.1.3: a key that the token brings along.
    let attacker = generate(SigningAlg::ES256, 0, NOW, true, &sealer(), &Seeded::new(99)).unwrap();
    let mine = key(SigningAlg::ES256);
    let brought = json!({ "jwk": public_jwk(&attacker), "jku": "https://evil.example/jwks" });
    let token = forge(signer(&attacker).as_ref(), &header(&mine, &brought), &payload());
    assert_eq!(access_fault(&token), TokenFault::SignatureWrong);
    let token = forge(signer(&attacker).as_ref(), &header(&attacker, &brought), &payload());
    assert_eq!(access_fault(&token), TokenFault::UnknownKey);
}

// spec: RFC 9068 4 MUST: typ is at+jwt or application/at+jwt @ keys/src/ring.rs
#[test]
fn one_kind_of_token_is_never_taken_for_another() {
    let key = key(SigningAlg::EdDSA);
    let signer = signer(&key);
    // (`typ`, is an access token, is an ID token); RFC 9068 §4, RFC 7515 §4.1.9.
    let table = [
        (json!("at+jwt"), true, false),
        (json!("AT+JWT"), true, false),
        (json!("application/at+jwt"), true, false),
        (json!("Application/At+Jwt"), true, false),
        (json!("JWT"), false, true),
        (json!("jwt"), false, true),
        (Value::Null, false, true),
        (json!(""), false, false),
        (json!("at+jwt "), false, false),
        (json!("application/application/at+jwt"), false, false),
        (json!("logout+jwt"), false, false),
        (json!("dpop+jwt"), false, false),
        (json!("JOSE"), false, false),
    ];
    for (typ, access, id) in table {
        let token = forge(signer.as_ref(), &header(&key, &json!({ "typ": typ })), &payload());
        let verdict = |expected| ring().verify(&token, expected).is_ok();
        assert_eq!(verdict(Expected::AccessToken), access, "{typ}");
        assert_eq!(verdict(Expected::IdToken), id, "{typ}");
    }
    let without = json!({ "alg": "EdDSA", "kid": key.kid }).to_string();
    let token = forge(signer.as_ref(), &without, &payload());
    ring().verify(&token, Expected::IdToken).unwrap();
    assert_eq!(access_fault(&token), TokenFault::WrongType);
}

// spec: OIDC Back-Channel Logout 2.4 RECOMMENDED: logout tokens have a typ of their own @ keys/src/ring.rs
/// OIDC Back-Channel Logout §2.4: what ends a session must not pass for what proves it, nor the
/// other way round.
#[test]
fn a_logout_token_is_no_id_token() {
    let token = ring().sign(SigningAlg::ES256, "logout+jwt", &claims()).unwrap();
    assert_eq!(header_of(&token)["typ"], "logout+jwt");
    for expected in [Expected::IdToken, Expected::AccessToken] {
        assert_eq!(fault(&token, expected), TokenFault::WrongType);
    }
}

/// OIDC Core §2: three parts, the last of them empty.
#[test]
fn an_unsecured_token_says_so() {
    let token = sign_unsecured(&claims());
    assert_eq!(header_of(&token), json!({ "alg": "none", "typ": "JWT" }));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(signature, "");
    let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    assert_eq!(serde_json::from_slice::<Map<String, Value>>(&payload).unwrap(), claims());
}

// spec: RFC 7515 4.1.11 MUST: a token with a critical extension that is not understood is refused @ keys/src/ring.rs
#[test]
fn critical_extensions_are_refused_whatever_they_are() {
    let key = key(SigningAlg::EdDSA);
    let signer = signer(&key);
    let extensions = [
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "crit": ["b64"], "b64": true }),
        json!({ "crit": ["exp"], "exp": 1 }),
        json!({ "crit": [] }),
        json!({ "crit": "exp" }),
        json!({ "crit": null }),
    ];
    for extension in extensions {
        let token = forge(signer.as_ref(), &header(&key, &extension), &payload());
        assert_eq!(access_fault(&token), TokenFault::Critical, "{extension}");
    }
}

#[test]
fn what_is_no_jwt_is_refused() {
    let key = key(SigningAlg::EdDSA);
    let signer = signer(&key);
    let good = header(&key, &json!({}));
    let valid = forge(signer.as_ref(), &good, &payload());
    let malformed = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{valid}."),
        format!("{valid}.e30.e30"),
        format!("{valid}="),
        format!("{valid} "),
        format!(" {valid}"),
        format!("{valid}\n"),
        valid.replace('.', "\u{ff0e}"),
        forge(signer.as_ref(), "[]", &payload()),
        forge(signer.as_ref(), &json!(["EdDSA", key.kid, "at+jwt"]).to_string(), &payload()),
        forge(signer.as_ref(), "not json", &payload()),
        forge(signer.as_ref(), &header(&key, &json!({ "kid": 7 })), &payload()),
        forge(signer.as_ref(), &header(&key, &json!({ "alg": ["EdDSA"] })), &payload()),
        forge(signer.as_ref(), &header(&key, &json!({ "typ": {} })), &payload()),
        // RFC 7515 §4: a member given twice, here to slip in another `alg`.
        forge(signer.as_ref(), &good.replacen('{', r#"{"alg":"none","#, 1), &payload()),
        forge(signer.as_ref(), &good, "[]"),
        forge(signer.as_ref(), &good, "not json"),
        forge(signer.as_ref(), &good, r#""text""#),
        forge(signer.as_ref(), &good, ""),
    ];
    for token in malformed {
        assert!(matches!(access_fault(&token), TokenFault::Malformed(_)), "{token}");
    }
}

#[test]
fn a_token_may_have_16_kib_and_not_one_byte_more() {
    let ring = ring();
    let of_length = |padding: usize| {
        let claims = object(json!({ "sub": "x".repeat(padding) }));
        ring.sign(SigningAlg::EdDSA, "at+jwt", &claims).unwrap()
    };
    let longest = (12_000..12_300).rev().map(of_length).find(|token| token.len() <= 16_384);
    let longest = longest.unwrap();
    assert!(longest.len() > 16_380, "{}", longest.len());
    ring.verify(&longest, Expected::AccessToken).unwrap();
    assert_eq!(access_fault(&of_length(12_300)), TokenFault::TooLong);
    assert_eq!(access_fault(&"a".repeat(16_385)), TokenFault::TooLong);
    assert_eq!(access_fault(&".".repeat(1 << 20)), TokenFault::TooLong);
}

/// CVE-2022-21449: an ECDSA signature of zeros, and others at the edge.
#[test]
fn degenerate_signatures_are_refused() {
    for alg in SigningAlg::ALL.iter().copied() {
        let key = key(alg);
        let signed =
            unsigned(&json!({ "alg": alg.as_str(), "kid": key.kid, "typ": "at+jwt" }), &claims());
        for length in [0, 1, 32, 63, 64, 65, 96, 132, 255, 256, 257] {
            for byte in [0x00, 0x01, 0xff] {
                let token = format!("{signed}{}", URL_SAFE_NO_PAD.encode(vec![byte; length]));
                assert_eq!(access_fault(&token), TokenFault::SignatureWrong);
            }
        }
    }
}

mod jwks;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    // spec: RFC 8725 3.3 MUST: a token is refused as a whole if anything in it does not verify @ keys/src/ring.rs
    /// Any one character changed, anywhere: header, payload or signature.
    #[test]
    fn a_changed_token_is_refused(
        alg in prop::sample::select(SigningAlg::ALL.to_vec()),
        at in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_.=-]",
    ) {
        let ring = ring();
        let token = ring.sign(alg, "at+jwt", &claims()).unwrap();
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &with);
        let verdict = ring.verify(&changed, Expected::AccessToken);
        prop_assert_eq!(verdict.is_ok(), changed == token, "{}", changed);
    }

    /// Nothing makes it panic.
    #[test]
    fn nonsense_is_refused(token in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}|\\PC{0,80}") {
        prop_assert!(ring().verify(&token, Expected::IdToken).is_err());
    }
}

#[test]
fn a_retired_key_verifies_until_it_expires_and_then_only_hints() {
    let ring = ring();
    let access = ring.sign(SigningAlg::EdDSA, "at+jwt", &claims()).unwrap();
    let hint = ring.sign(SigningAlg::EdDSA, "JWT", &claims()).unwrap();
    let mut retired = key(SigningAlg::EdDSA);
    retired.sealed_private_jwk.clear();
    retired.retired_at = Some(NOW);
    retired.expires_at = Some(NOW.plus(100));
    let keys = [retired];
    let before = KeyRing::load(&keys, &sealer(), NOW.plus(99)).unwrap();
    before.verify(&access, Expected::AccessToken).unwrap();
    assert!(before.jwks().body.contains(&keys[0].kid));
    let refused = before.sign(SigningAlg::EdDSA, "JWT", &claims());
    assert!(matches!(refused, Err(KeyError::NoSigningKey(SigningAlg::EdDSA))));
    let after = KeyRing::load(&keys, &sealer(), NOW.plus(100)).unwrap();
    let verdict = after.verify(&access, Expected::AccessToken);
    assert!(matches!(verdict, Err(KeyError::Token(TokenFault::ExpiredKey))), "{verdict:?}");
    after.verify(&hint, Expected::IdToken).unwrap();
    assert_eq!(after.jwks().body, r#"{"keys":[]}"#);
}

#[test]
fn only_signing_keys_are_opened_and_they_must_open() {
    let sealer = sealer();
    let mut keys = keys();
    let es256 = place_of(SigningAlg::ES256);
    let next = es256 + SigningAlg::ALL.len();
    // A key that stands by is not opened.
    keys[next + 1].sealed_private_jwk = "v1.garbage".to_owned();
    KeyRing::load(&keys, &sealer, NOW).unwrap();
    let fault = |keys: &[StoredKey], sealer: &Sealer| match KeyRing::load(keys, sealer, NOW) {
        Err(KeyError::PrivateKeyUnusable { kid, .. }) => kid,
        other => panic!("{other:?}"),
    };
    let other = Sealer::new(&crate::MasterKey::generate(&Seeded::new(5)));
    assert_eq!(fault(&keys, &other), keys[0].kid);
    // A private part moved from another row does not open here.
    keys[es256].sealed_private_jwk = keys[next].sealed_private_jwk.clone();
    assert_eq!(fault(&keys, &sealer), keys[es256].kid);
    // Nor does one that opens but is of another kind.
    let purpose = generate::sealing_purpose(&keys[es256].kid);
    keys[es256].sealed_private_jwk =
        sealer.seal(&purpose, br#"{"kty":"oct","k":"c2VjcmV0"}"#, &Seeded::new(6)).unwrap();
    assert_eq!(fault(&keys, &sealer), keys[es256].kid);
    // A signing key whose private part is gone signs no more, and the rest go on.
    keys[es256].sealed_private_jwk.clear();
    let ring = KeyRing::load(&keys, &sealer, NOW).unwrap();
    assert!(ring.sign(SigningAlg::ES256, "JWT", &claims()).is_err());
    ring.sign(SigningAlg::RS256, "JWT", &claims()).unwrap();
}

#[test]
fn a_public_part_that_is_none_is_named() {
    for broken in ["", "[]", "{}", r#"{"kty":"oct","k":"c2VjcmV0"}"#] {
        let mut keys = keys();
        keys[1].public_jwk = broken.to_owned();
        match KeyRing::load(&keys, &sealer(), NOW) {
            Err(KeyError::PublicKeyUnusable { kid, .. }) => assert_eq!(kid, keys[1].kid),
            other => panic!("{other:?}"),
        }
    }
    // The public part of another kind of key than the row says.
    let mut keys = keys();
    keys[1].public_jwk = keys[place_of(SigningAlg::ES256)].public_jwk.clone();
    assert!(KeyRing::load(&keys, &sealer(), NOW).is_err());
}

#[test]
fn a_ring_is_shared_between_threads_and_prints_no_secret() {
    const fn shared<T: Send + Sync + 'static>() {}
    shared::<KeyRing>();
    let printed = format!("{:?} {:?}", ring(), sealer());
    for key in keys() {
        let private = private_jwk(&key)["d"].as_str().unwrap().to_owned();
        assert!(!printed.contains(&private));
    }
}
