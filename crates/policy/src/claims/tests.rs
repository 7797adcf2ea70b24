use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vestibule_model::{ErrorCode, Subject, claims::ClaimsRequest};

use super::{
    SUPPORTED, asked_by_name, fits_subject, id_token, id_token_alone, of_scope, parse_request,
    userinfo,
};
use crate::samples::{scope, user};

fn names(claims: &Map<String, Value>) -> Vec<&str> {
    let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn asked(text: &str) -> ClaimsRequest {
    parse_request(text).expect(text)
}

#[test]
fn scopes_bring_their_claims_to_userinfo_and_nothing_else() {
    let nothing = ClaimsRequest::default();
    let answer = |scopes| userinfo(&user(), &scope(scopes), &nothing);
    assert_eq!(names(&answer("openid")), ["sub"]);
    assert_eq!(names(&answer("openid email api")), ["email", "email_verified", "sub"]);
    let profile = answer("openid profile");
    assert_eq!(names(&profile), ["locale", "name", "preferred_username", "sub", "updated_at"]);
    assert_eq!(profile["name"], json!("Alice Adams"));
    assert_eq!(profile["updated_at"], json!(user().updated_at.0));
    // No number and no address are known, so none is sent, not even as null.
    assert_eq!(names(&answer("openid phone address")), ["sub"]);
}

#[test]
fn a_claim_without_a_value_is_left_out_and_one_with_a_value_is_there() {
    let mut user = user();
    user.profile.phone_number_verified = Some(true);
    let nothing = ClaimsRequest::default();
    assert_eq!(names(&userinfo(&user, &scope("openid phone"), &nothing)), ["sub"]);
    user.profile.phone_number = Some("+44 20 7946 0000".to_owned());
    user.profile.address = Some(json!({"country": "UK"}));
    let answer = userinfo(&user, &scope("openid phone address"), &nothing);
    assert_eq!(names(&answer), ["address", "phone_number", "phone_number_verified", "sub"]);
}

#[test]
fn claims_asked_by_name_go_where_they_were_asked_for() {
    let request = asked(r#"{"userinfo":{"email":null},"id_token":{"name":{"essential":true}}}"#);
    let (by_info, by_token) = (
        userinfo(&user(), &scope("openid"), &request),
        id_token(&user(), &scope("openid"), &request),
    );
    assert_eq!(names(&by_info), ["email", "sub"]);
    assert_eq!(names(&by_token), ["name"]);
    assert_eq!(asked_by_name(&request), ["email", "name"]);
    // Scope claims stay out of the ID token (OIDC Core §5.4).
    let nothing = ClaimsRequest::default();
    assert_eq!(names(&id_token(&user(), &scope("openid profile email"), &nothing)), [""; 0]);
    assert_eq!(names(&id_token(&user(), &scope("profile"), &request)), [""; 0]);
}

#[test]
fn no_request_can_replace_the_subject() {
    let request = asked(r#"{"userinfo":{"sub":{"value":"bob"},"email":{"value":"bob@x"}}}"#);
    let answer = userinfo(&user(), &scope("openid"), &request);
    assert_eq!(answer, Map::from_iter([("sub".to_owned(), json!("alice"))]));
}

#[test]
fn a_claim_wanted_with_a_value_comes_with_that_value_or_not_at_all() {
    for (wanted, comes) in [
        (r#"{"value":"alice@example.org"}"#, true),
        (r#"{"value":"bob@example.org"}"#, false),
        (r#"{"essential":true,"value":"bob@example.org"}"#, false),
        (r#"{"values":["bob@example.org","alice@example.org"]}"#, true),
        (r#"{"values":["ALICE@example.org"]}"#, false),
        (r#"{"values":[]}"#, true),
        (r#"{"value":7}"#, false),
        ("null", true),
    ] {
        let request =
            format!(r#"{{"userinfo":{{"email":{wanted}}},"id_token":{{"email":{wanted}}}}}"#);
        let request = asked(&request);
        let by_info = userinfo(&user(), &scope("openid"), &request);
        let by_token = id_token(&user(), &scope("openid"), &request);
        for answer in [by_info, by_token] {
            let email = answer.get("email");
            assert_eq!(email, comes.then(|| json!("alice@example.org")).as_ref(), "{wanted}");
        }
    }
    // What a scope stands for comes by the scope.
    let request = asked(r#"{"userinfo":{"email":{"value":"bob@example.org"}}}"#);
    let answer = userinfo(&user(), &scope("openid email"), &request);
    assert_eq!(answer["email"], json!("alice@example.org"));
}

#[test]
fn an_id_token_alone_has_what_the_scopes_stand_for() {
    let request = asked(r#"{"id_token":{"name":null},"userinfo":{"gender":null}}"#);
    let body = id_token_alone(&user(), &scope("openid email"), &request);
    assert_eq!(names(&body), ["email", "email_verified", "name"]);
}

#[test]
fn a_wanted_sub_fits_one_person_or_several() {
    let alice = Subject::new("alice");
    for (claims, fits) in [
        ("{}", true),
        (r#"{"id_token":{"sub":null}}"#, true),
        (r#"{"id_token":{"sub":{"essential":true}}}"#, true),
        (r#"{"id_token":{"sub":{"value":"alice"}}}"#, true),
        (r#"{"id_token":{"sub":{"value":"bob"}}}"#, false),
        (r#"{"id_token":{"sub":{"values":["bob","alice"]}}}"#, true),
        (r#"{"id_token":{"sub":{"values":["bob","carol"]}}}"#, false),
        (r#"{"userinfo":{"sub":{"value":"bob"}}}"#, true),
    ] {
        assert_eq!(fits_subject(&asked(claims), &alice), fits, "{claims}");
    }
}

#[test]
fn what_is_not_known_is_ignored() {
    let request = asked(
        r#"{"userinfo":{"shoe_size":null,"email":{"essential":true,"purpose":"mail"},"x":7},
            "id_token":{"acr":{"values":["a","b"]},"sub":null,"password_hash":null},
            "verified_claims":[1]}"#,
    );
    assert_eq!(request.userinfo.keys().collect::<Vec<_>>(), ["email"]);
    assert_eq!(request.id_token.keys().collect::<Vec<_>>(), ["acr", "sub"]);
    assert!(request.userinfo["email"].as_ref().expect("an object").essential);
    // What is not about the person needs no consent.
    assert_eq!(asked_by_name(&request), ["email"]);
    for empty in ["{}", r#"{"userinfo":null}"#, r#"{"id_token":{}}"#] {
        assert_eq!(asked(empty), ClaimsRequest::default());
    }
}

#[test]
fn what_is_not_a_claims_request_is_refused() {
    let deep = "[".repeat(5_000);
    for bad in [
        "",
        "x",
        "null",
        "[]",
        "7",
        "{",
        r#"{"userinfo":[]}"#,
        r#"{"id_token":"email"}"#,
        r#"{"userinfo":{"email":true}}"#,
        r#"{"userinfo":{"email":"yes"}}"#,
        r#"{"userinfo":{"email":{"essential":"yes"}}}"#,
        r#"{"id_token":{"acr":{"values":"a"}}}"#,
        r#"{"userinfo":{}} trailing"#,
        &deep,
    ] {
        let error = parse_request(bad).expect_err(bad);
        assert_eq!(error.code, ErrorCode::ClaimsMalformed);
        assert!(!error.detail.is_empty());
    }
}

#[test]
fn discovery_lists_every_claim_of_every_scope() {
    for name in ["profile", "email", "phone", "address"].into_iter().flat_map(of_scope) {
        assert!(SUPPORTED.contains(name), "{name}");
    }
    assert!(of_scope("openid").is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\PC\"{}:,]{0,80}") {
        let _ = parse_request(&text);
    }

    #[test]
    fn whatever_is_asked_only_known_claims_come_out(
        names in proptest::collection::vec("[a-z_]{1,14}", 0..5), scopes in "(openid|profile|email| ){0,5}"
    ) {
        let members: Map<_, _> = names.iter().map(|name| (name.clone(), Value::Null)).collect();
        let request = asked(&json!({"userinfo": members, "id_token": members}).to_string());
        let scopes = scope(&scopes);
        for claims in [userinfo(&user(), &scopes, &request), id_token(&user(), &scopes, &request)] {
            for (name, value) in claims {
                prop_assert!(SUPPORTED.contains(&name.as_str()));
                prop_assert!(!value.is_null());
            }
        }
    }
}
