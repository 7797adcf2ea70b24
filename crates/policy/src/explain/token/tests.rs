use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn id_token() -> Map<String, Value> {
    object(&json!({
        "iss": "https://id.example", "sub": "u", "aud": "app", "exp": NOW.0 + 60, "iat": NOW.0,
        "nonce": "n", "at_hash": "a", "c_hash": "c",
    }))
}

/// The sentences that say something is wrong.
fn wrong(kind: Kind, claims: &Map<String, Value>, signature: Signature) -> Vec<&'static str> {
    let issuer = Issuer::new("https://id.example");
    let given = Given {
        issuer: &issuer,
        client_id: Some("app"),
        nonce: Some("n"),
        at_hash: Some("a"),
        c_hash: Some("c"),
        now: NOW,
    };
    let bad = |found: &Finding| found.mark == Mark::Bad;
    findings(kind, claims, signature, &given)
        .into_iter()
        .filter(bad)
        .map(|found| found.message.key)
        .collect()
}

#[test]
fn a_good_id_token_has_no_fault() {
    assert!(wrong(Kind::IdToken, &id_token(), Signature::Good).is_empty());
}

#[test]
fn every_fault_of_an_id_token_is_named() {
    for (name, value, key) in [
        ("iss", json!("https://other.example"), "playground-find-iss-bad"),
        ("iss", json!(7), "playground-find-iss-bad"),
        ("aud", json!("other"), "playground-find-aud-bad"),
        ("aud", json!(["other", 7]), "playground-find-aud-bad"),
        ("azp", json!("other"), "playground-find-azp-bad"),
        ("exp", json!(NOW.0), "playground-find-exp-bad"),
        ("exp", json!("soon"), "playground-find-exp-missing"),
        ("iat", json!(NOW.0 + 3_600), "playground-find-iat-bad"),
        ("iat", json!(1e300), "playground-find-iat-bad"),
        ("nbf", json!(NOW.0 + 3_600), "playground-find-nbf-bad"),
        ("nonce", json!("m"), "playground-find-nonce-bad"),
        ("nonce", Value::Null, "playground-find-nonce-missing"),
        ("at_hash", json!("b"), "playground-find-at-hash-bad"),
        ("c_hash", json!("b"), "playground-find-c-hash-bad"),
    ] {
        let mut claims = id_token();
        claims.insert(name.to_owned(), value);
        assert_eq!(wrong(Kind::IdToken, &claims, Signature::Good), [key]);
    }
}

#[test]
fn several_audiences_need_an_authorized_party() {
    let mut claims = id_token();
    claims.insert("aud".to_owned(), json!(["app", "other"]));
    assert_eq!(wrong(Kind::IdToken, &claims, Signature::Good), ["playground-find-azp-bad"]);
    claims.insert("azp".to_owned(), json!("app"));
    assert!(wrong(Kind::IdToken, &claims, Signature::Good).is_empty());
}

#[test]
fn a_signature_that_does_not_hold_is_the_first_finding() {
    for (signature, key) in [
        (Signature::Wrong, "playground-signature-wrong"),
        (Signature::AlgorithmWrong, "playground-signature-algorithm"),
        (Signature::KeyUnknown, "playground-signature-key-unknown"),
        (Signature::KeyUnnamed, "playground-signature-key-unnamed"),
        (Signature::None, "playground-signature-none"),
    ] {
        assert_eq!(wrong(Kind::IdToken, &id_token(), signature), [key]);
    }
    for signature in [Signature::Good, Signature::Retired, Signature::Mac] {
        assert!(wrong(Kind::IdToken, &id_token(), signature).is_empty());
    }
}

#[test]
fn an_access_token_lacks_what_rfc_9068_demands() {
    let claims = object(&json!({
        "iss": "https://id.example", "exp": NOW.0 + 60, "aud": "api", "sub": "u",
        "client_id": "app", "iat": NOW.0, "jti": "j",
    }));
    assert!(wrong(Kind::AccessToken, &claims, Signature::Good).is_empty());
    for name in ["aud", "sub", "client_id", "iat", "jti"] {
        let mut claims = claims.clone();
        claims.remove(name);
        let found = wrong(Kind::AccessToken, &claims, Signature::Good);
        assert_eq!(found, ["playground-find-incomplete"], "{name}");
    }
}

#[test]
fn a_logout_token_says_whom_and_what_and_has_no_nonce() {
    let claims = object(&json!({
        "iss": "https://id.example", "aud": "app", "iat": NOW.0, "exp": NOW.0 + 60, "jti": "j",
        "sid": "s", "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    }));
    assert!(wrong(Kind::LogoutToken, &claims, Signature::Good).is_empty());
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims.insert(name.to_owned(), value);
        wrong(Kind::LogoutToken, &claims, Signature::Good)
    };
    assert_eq!(changed("nonce", json!("n")), ["playground-find-nonce-forbidden"]);
    assert_eq!(changed("events", json!([])), ["playground-find-event-bad"]);
    let mut nobody = claims.clone();
    nobody.remove("sid");
    assert_eq!(wrong(Kind::LogoutToken, &nobody, Signature::Good), ["playground-find-whom-bad"]);
}

#[test]
fn the_type_says_what_a_token_is() {
    let empty = Map::new();
    for (typ, claims, kind) in [
        (Some("at+jwt"), &empty, Kind::AccessToken),
        (Some("application/AT+JWT"), &empty, Kind::AccessToken),
        (Some("logout+jwt"), &empty, Kind::LogoutToken),
        (Some("JWT"), &id_token(), Kind::IdToken),
        (None, &id_token(), Kind::IdToken),
        (None, &empty, Kind::Other),
        (Some("dpop+jwt"), &id_token(), Kind::Other),
    ] {
        assert_eq!(Kind::of(typ, claims), kind, "{typ:?}");
    }
}
