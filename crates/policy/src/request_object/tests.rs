use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vestibule_model::{
    ErrorCode, OAuthError, client::Client, jose::ClientSignatureAlg, settings::Profile,
};

use super::{
    KNOWN, Rules, Source, check_claims, may_be_unsigned, merged, registered, rules, signature_alg,
    source,
};
use crate::{
    params::Params,
    samples::{self, NOW},
};

fn params(text: &str) -> Params {
    Params::parse(text.as_bytes()).expect("parameters")
}

fn object(claims: Value) -> Map<String, Value> {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    claims
}

fn code<T: std::fmt::Debug>(verdict: Result<T, OAuthError>) -> ErrorCode {
    verdict.expect_err("a refusal").code
}

fn secured() -> Client {
    let mut client = samples::client();
    client.metadata.require_signed_request_object = true;
    client
}

fn with_alg(alg: Option<ClientSignatureAlg>) -> Client {
    let mut client = samples::client();
    client.metadata.request_object_signing_alg = alg;
    client
}

fn with_uris(uris: &[&str]) -> Client {
    let mut client = samples::client();
    client.metadata.request_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
    client
}

/// SHA-256 of "content" and of "other", base64url.
const HASH: &str = "7XACtDnprIRfIjV9giusFERzD722AW0-yUMil7nsn3M";
const OTHER: &str = "2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz_o";

#[test]
fn the_stricter_rules_hold_by_profile_and_by_wish() {
    assert_eq!(rules(&samples::client(), Profile::Oidc), Rules::Core);
    assert_eq!(rules(&secured(), Profile::Oidc), Rules::Secured);
    assert_eq!(rules(&samples::client(), Profile::OAuth21), Rules::Secured);
}

#[test]
fn an_object_comes_in_one_way() {
    let client = samples::client();
    assert_eq!(source(&params("client_id=app"), &client), Ok(None));
    assert_eq!(source(&params("request=a.b.c"), &client), Ok(Some(Source::Value("a.b.c"))));
    let by_reference = params("request_uri=https://app.example/r");
    let expected = Source::Reference("https://app.example/r");
    assert_eq!(source(&by_reference, &client), Ok(Some(expected)));
    let both = params("request=a.b.c&request_uri=https://app.example/r");
    assert_eq!(code(source(&both, &client)), ErrorCode::RequestObjectTwice);
    let plain = params("client_id=app");
    let none = source(&plain, &secured());
    assert_eq!(code(none), ErrorCode::RequestObjectRequired);
}

#[test]
fn only_registered_addresses_are_fetched_whatever_follows_the_hash_sign() {
    let client = with_uris(&["https://app.example/r?x=1#v1", "https://app.example/s"]);
    for uri in [
        "https://app.example/r?x=1",
        "https://app.example/r?x=1#v1",
        "https://app.example/r?x=1#v2",
        "https://app.example/s#",
    ] {
        let reference = registered(uri, &client).expect(uri);
        assert_eq!(Some(reference.address.as_str()), uri.split('#').next());
        assert!(!reference.is_pinned(), "{uri}");
        reference.check(b"anything").expect("nobody said what it is");
    }
    let long = format!("https://app.example/s#{}", "a".repeat(512));
    for uri in [
        "https://app.example/r",
        "https://app.example/r?x=2",
        "https://app.example/R?x=1",
        "https://app.example/s/",
        "http://app.example/s",
        "",
        "#v1",
        long.as_str(),
    ] {
        let refused = registered(uri, &client);
        assert_eq!(code(refused), ErrorCode::RequestUriUnregistered, "{uri}");
    }
    assert!(registered("https://app.example/s", &samples::client()).is_err());
}

#[test]
fn a_hash_of_the_content_is_believed_from_the_request_before_the_registration() {
    let uri = |hash: &str| format!("https://app.example/r#{hash}");
    // (registered, asked for, the content that fits)
    let rows: [(&str, &str, &str); 5] = [
        (HASH, "", "content"),
        (HASH, HASH, "content"),
        (HASH, OTHER, "other"),
        ("", OTHER, "other"),
        ("v1", OTHER, "other"),
    ];
    for (known, asked, fitting) in rows {
        let client = with_uris(&[uri(known).as_str()]);
        let reference = registered(&uri(asked), &client).expect("registered");
        assert!(reference.is_pinned());
        for content in ["content", "other", ""] {
            let verdict = reference.check(content.as_bytes());
            assert_eq!(verdict.is_ok(), content == fitting, "{known} {asked} {content}");
            if verdict.is_err() {
                assert_eq!(code(verdict), ErrorCode::RequestUriHashWrong);
            }
        }
    }
    let twice = with_uris(&[uri(HASH).as_str(), uri(OTHER).as_str()]);
    let reference = registered("https://app.example/r", &twice).expect("registered");
    assert!(reference.check(b"content").is_ok() && reference.check(b"other").is_ok());
    assert!(reference.check(b"third").is_err());
}

#[test]
fn the_registered_algorithm_is_the_only_one_and_none_is_for_openid_connect() {
    use ClientSignatureAlg::{ES256, HS256, None as Unsigned, RS256};
    let wrong = ErrorCode::RequestObjectSignatureWrong;
    let unsigned = ErrorCode::RequestObjectUnsigned;
    let rows = [
        (None, "RS256", Rules::Core, Ok(RS256)),
        (None, "HS256", Rules::Secured, Ok(HS256)),
        (None, "none", Rules::Core, Ok(Unsigned)),
        (None, "none", Rules::Secured, Err(unsigned)),
        (None, "None", Rules::Core, Err(wrong)),
        (None, "RSA-OAEP", Rules::Core, Err(wrong)),
        (Some(ES256), "ES256", Rules::Core, Ok(ES256)),
        (Some(ES256), "RS256", Rules::Core, Err(wrong)),
        (Some(ES256), "none", Rules::Core, Err(unsigned)),
        (Some(Unsigned), "none", Rules::Core, Ok(Unsigned)),
        (Some(Unsigned), "none", Rules::Secured, Err(unsigned)),
        (Some(Unsigned), "RS256", Rules::Core, Err(wrong)),
    ];
    for (registered, alg, rules, expected) in rows {
        let client = with_alg(registered);
        let judged = signature_alg(alg, &client, rules).map_err(|error| error.code);
        assert_eq!(judged, expected, "{registered:?} {alg} {rules:?}");
        if alg == "none" {
            assert_eq!(may_be_unsigned(&client, rules).is_ok(), expected.is_ok());
        }
    }
}

fn judge(claims: Value, outside: &str, rules: Rules) -> Result<(), OAuthError> {
    let (client, settings) = (samples::client(), samples::settings());
    check_claims(&object(claims), &params(outside), &client, rules, &settings.issuer, NOW)
}

const OUTSIDE: &str = "client_id=app&response_type=code&scope=openid";

#[test]
fn a_right_object_passes() {
    let least = json!({ "client_id": "app" });
    let full = json!({
        "iss": "app", "aud": ["https://else.example", "https://id.example"], "client_id": "app",
        "response_type": "code", "exp": NOW.0 + 60, "nbf": NOW.0, "iat": NOW.0, "jti": "1",
        "sub": "alice", "scope": "openid",
    });
    for rules in [Rules::Core, Rules::Secured] {
        for claims in [&least, &full] {
            judge(claims.clone(), OUTSIDE, rules).expect("right");
            judge(claims.clone(), "client_id=app", rules).expect("nothing more has to be outside");
        }
    }
    judge(json!({}), OUTSIDE, Rules::Core).expect("OpenID Connect asks for nothing inside");
    let edges = json!({ "client_id": "app", "exp": NOW.0 - 29, "nbf": NOW.0 + 30, "iat": 5.5 });
    judge(edges, OUTSIDE, Rules::Secured).expect("clocks differ");
    let turned = json!({ "response_type": "id_token code" });
    judge(turned, "client_id=app&response_type=code+id_token", Rules::Core).expect("same words");
}

#[test]
fn each_wrong_claim_is_refused_and_named() {
    let rows = [
        ("request", json!("a.b.c"), "must not hold request"),
        ("request_uri", json!("https://app.example/r"), "must not hold request_uri"),
        ("request_uri", json!(null), "must not hold request_uri"),
        ("client_id", json!("other"), "another client_id"),
        ("client_id", json!(null), "another client_id"),
        ("client_id", json!(["app"]), "another client_id"),
        ("iss", json!("other"), "iss"),
        ("iss", json!(7), "iss"),
        ("sub", json!("app"), "as client assertions have"),
        ("aud", json!("https://else.example"), "aud"),
        ("aud", json!("https://id.example/"), "aud"),
        ("aud", json!([]), "aud"),
        ("aud", json!(null), "aud"),
        ("exp", json!(NOW.0 - 30), "has expired"),
        ("exp", json!("soon"), "exp that is no time"),
        ("exp", json!(null), "exp that is no time"),
        ("nbf", json!(NOW.0 + 31), "nbf in the future"),
        ("iat", json!(NOW.0 + 31), "iat in the future"),
        ("response_type", json!("id_token"), "another response_type"),
        ("response_type", json!("code token"), "another response_type"),
    ];
    for rules in [Rules::Core, Rules::Secured] {
        for (name, value, told) in &rows {
            let mut claims = json!({ "client_id": "app", "aud": "https://id.example" });
            claims[*name] = value.clone();
            let error = judge(claims, OUTSIDE, rules).expect_err(name);
            assert_eq!(error.code, ErrorCode::RequestObjectClaimWrong, "{name}");
            assert!(error.description.contains(told), "{}", error.description);
        }
    }
    let nameless = judge(json!({ "iss": "app" }), OUTSIDE, Rules::Secured);
    assert_eq!(
        nameless.expect_err("RFC 9101 §5").description,
        "The request object has no client_id"
    );
}

fn merge(claims: Value, outside: &str, rules: Rules) -> Vec<(String, String)> {
    let merged = merged(&object(claims), &params(outside), rules).expect("parameters");
    let mut pairs: Vec<_> =
        merged.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    pairs.sort();
    pairs
}

#[test]
fn what_is_inside_wins_and_what_is_outside_counts_by_the_rules() {
    let claims = json!({ "iss": "app", "exp": 1, "scope": "openid email", "state": "in" });
    let outside = "client_id=app&response_type=code&scope=openid&state=out&nonce=n&request=a.b.c";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let core = [
        pair("client_id", "app"),
        pair("nonce", "n"),
        pair("response_type", "code"),
        pair("scope", "openid email"),
        pair("state", "in"),
    ];
    assert_eq!(merge(claims.clone(), outside, Rules::Core), core);
    let alone = [pair("client_id", "app"), pair("scope", "openid email"), pair("state", "in")];
    assert_eq!(merge(claims, outside, Rules::Secured), alone);
    let emptied = merge(json!({ "state": "", "nonce": null }), outside, Rules::Core);
    assert!(emptied.iter().all(|(name, _)| name != "state"), "an empty value is inside too");
    assert!(emptied.contains(&pair("nonce", "n")), "null says nothing");
}

#[test]
fn json_values_become_what_a_form_would_carry() {
    let claims = json!({
        "max_age": 3600,
        "claims": { "id_token": { "auth_time": { "essential": true } } },
        "claims_locales": "de",
        "resource": ["https://a.example", "https://b.example"],
        "something": { "unknown": true },
        "else": ["unknown"],
        "flag": true,
    });
    let merged = merged(&object(claims), &Params::default(), Rules::Core).expect("parameters");
    assert_eq!(merged.get("max_age"), Some("3600"));
    assert_eq!(merged.get("claims"), Some(r#"{"id_token":{"auth_time":{"essential":true}}}"#));
    assert_eq!(merged.get("flag"), Some("true"));
    assert_eq!((merged.get("something"), merged.get("else")), (None, None));
    let resources: Vec<_> = merged.iter().filter(|(name, _)| *name == "resource").collect();
    assert_eq!(resources.len(), 2);
    for name in KNOWN {
        let text = object(json!({ name: { "an": "object" } }));
        let refused = super::merged(&text, &Params::default(), Rules::Core);
        assert_eq!(code(refused), ErrorCode::RequestObjectMalformed, "{name}");
    }
    let nul = object(json!({ "state": "a\0b" }));
    assert!(super::merged(&nul, &Params::default(), Rules::Core).is_err());
}

fn some_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        Just(json!("app")),
        Just(json!("code")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::hash_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever an object holds: no panic, nothing from outside beside `client_id` where that must
    /// not count, and never an object within the object.
    #[test]
    fn no_object_smuggles_anything_in(
        claims in proptest::collection::hash_map(
            prop_oneof![
                proptest::sample::select(KNOWN.to_vec()).prop_map(str::to_owned),
                proptest::sample::select(vec!["iss", "aud", "exp", "request", "claims"])
                    .prop_map(str::to_owned),
                "[a-z_]{1,8}",
            ],
            some_json(),
            0..8,
        ),
        secured in any::<bool>(),
    ) {
        let rules = if secured { Rules::Secured } else { Rules::Core };
        let claims: Map<String, Value> = claims.into_iter().collect();
        let outside = params("client_id=app&state=out&redirect_uri=https://evil.example&request=x");
        let (client, settings) = (samples::client(), samples::settings());
        let judged = check_claims(&claims, &outside, &client, rules, &settings.issuer, NOW);
        if judged.is_ok() && let Ok(merged) = merged(&claims, &outside, rules) {
            prop_assert_eq!(merged.get("request"), None);
            prop_assert_eq!(merged.get("client_id"), Some("app"));
            if secured {
                prop_assert!(merged.get("redirect_uri").is_none_or(|uri| !uri.contains("evil")));
            }
        }
    }
}
