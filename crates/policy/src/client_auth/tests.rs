use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, client::AuthMethod, jose::ClientSignatureAlg,
};

use super::{AssertionId, assertion_method, check_assertion_claims, check_method};
use crate::samples::{self, NOW};

fn good() -> Value {
    json!({
        "iss": "app",
        "sub": "app",
        "aud": "https://id.example",
        "jti": "once",
        "exp": NOW.0 + 60,
        "iat": NOW.0,
    })
}

fn judge(claims: Value) -> Result<AssertionId, OAuthError> {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let audiences = ["https://id.example".to_owned(), "https://id.example/token".to_owned()];
    check_assertion_claims(&claims, &ClientId::new("app"), &audiences, NOW)
}

fn with(name: &str, value: Value) -> Result<AssertionId, OAuthError> {
    let mut claims = good();
    claims[name] = value;
    judge(claims)
}

#[test]
fn a_client_uses_the_one_method_that_it_registered() {
    for registered in AuthMethod::ALL {
        for used in AuthMethod::ALL {
            let mut client = samples::client();
            client.metadata.token_endpoint_auth_method = registered;
            let verdict = check_method(&client, used);
            assert_eq!(verdict.is_ok(), used == registered);
            if let Err(error) = verdict {
                assert_eq!(error.code, ErrorCode::ClientAuthMethodMismatch);
                assert_eq!(error.description, "Client authentication failed");
                assert!(error.detail.contains(registered.as_str()));
            }
        }
    }
}

#[test]
fn the_algorithm_of_an_assertion_says_which_method_it_belongs_to() {
    for alg in ClientSignatureAlg::ALL.iter().copied() {
        let by_secret = alg.as_str().starts_with("HS");
        assert_eq!(assertion_method(alg) == AuthMethod::ClientSecretJwt, by_secret, "{alg:?}");
        assert_eq!(assertion_method(alg) == AuthMethod::PrivateKeyJwt, !by_secret, "{alg:?}");
    }
}

#[test]
fn a_right_assertion_names_what_to_remember() {
    let id = judge(good()).expect("right");
    // It passes until 30 s after its end, so it is remembered that long.
    assert_eq!(id, AssertionId { jti: "once".to_owned(), expires_at: NOW.plus(90) });
    for aud in
        [json!("https://id.example/token"), json!(["https://other.example", "https://id.example"])]
    {
        with("aud", aud).expect("names us");
    }
    with("exp", json!(600.5 + 1_800_000_000.0 - 1.0)).expect("a fraction is cut off");
}

#[test]
fn each_wrong_claim_has_its_own_code() {
    use ErrorCode::{
        AssertionAudienceWrong as Audience, AssertionExpired as Expired,
        AssertionMalformed as Malformed, AssertionNotYetValid as NotYet,
    };
    let rows = [
        ("iss", json!("other"), Malformed),
        ("iss", json!(null), Malformed),
        ("iss", json!("APP"), Malformed),
        ("sub", json!("other"), Malformed),
        ("sub", json!(7), Malformed),
        ("aud", json!("https://id.example/"), Audience),
        ("aud", json!("https://evil.example"), Audience),
        ("aud", json!([]), Audience),
        ("aud", json!([["https://id.example"]]), Audience),
        ("aud", json!({"a": "https://id.example"}), Audience),
        ("aud", json!(null), Audience),
        ("exp", json!(null), Malformed),
        ("exp", json!("soon"), Malformed),
        ("exp", json!(NOW.0 - 30), Expired),
        ("exp", json!(0), Expired),
        ("exp", json!(i64::MIN), Expired),
        ("exp", json!(NOW.0 + 3_601), Malformed),
        ("exp", json!(i64::MAX), Malformed),
        ("exp", json!(1e300), Malformed),
        ("nbf", json!(NOW.0 + 31), NotYet),
        ("nbf", json!("now"), Malformed),
        ("iat", json!(NOW.0 + 31), NotYet),
        ("iat", json!([]), Malformed),
        ("jti", json!(null), Malformed),
        ("jti", json!(""), Malformed),
        ("jti", json!(5), Malformed),
        ("jti", json!("a\0b"), Malformed),
        ("jti", json!("x".repeat(257)), Malformed),
    ];
    for (name, value, code) in rows {
        let error = with(name, value.clone()).expect_err(name);
        assert_eq!(error.code, code, "{name} = {value}");
        assert_eq!(error.description, "Client authentication failed", "nothing is given away");
    }
    for missing in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = good();
        claims.as_object_mut().expect("object").remove(missing);
        judge(claims).expect_err(missing);
    }
}

#[test]
fn clocks_may_differ_by_thirty_seconds() {
    for (name, value) in
        [("exp", NOW.0 - 29), ("nbf", NOW.0 + 30), ("iat", NOW.0 + 30), ("exp", NOW.0 + 3_600)]
    {
        with(name, json!(value)).expect(name);
    }
}

fn some_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,12}".prop_map(|s| json!(s)),
        Just(json!("app")),
        Just(json!("https://id.example")),
        (0..700_i64).prop_map(|s| json!(NOW.0 + s)),
        Just(json!(["https://id.example"])),
    ]
}

proptest! {
    #[test]
    fn no_claims_make_it_panic_and_what_passes_is_remembered_long_enough(
        values in proptest::collection::vec(some_value(), 7)
    ) {
        let names = ["iss", "sub", "aud", "exp", "jti", "nbf", "iat"];
        let claims: Map<_, _> = names.iter().map(ToString::to_string).zip(values).collect();
        if let Ok(id) = judge(Value::Object(claims)) {
            prop_assert!(id.expires_at > NOW && id.expires_at <= NOW.plus(3_630));
        }
    }
}
