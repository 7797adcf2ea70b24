use proptest::prelude::*;
use serde_json::{Map, Value, json};
use vestibule_model::{
    ErrorCode, ResponseType,
    client::{AuthMethod, ClientMetadata, GrantType, SigningAlg},
    settings::{Profile, Settings},
};

use super::{Registrant, check_sector, read, statement, to_json};
use crate::{client_metadata, samples};

fn settings() -> Settings {
    Settings { profile: Profile::Oidc, ..samples::settings() }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

/// A right registration with more members.
fn with(more: &Value) -> Map<String, Value> {
    let mut members = object(&json!({"redirect_uris": ["https://app.example/cb"]}));
    members.extend(object(more));
    members
}

fn stranger(more: &Value) -> Result<ClientMetadata, Vec<String>> {
    let told = |problems: Vec<client_metadata::Problem>| {
        problems.iter().map(ToString::to_string).collect()
    };
    read(&with(more), Registrant::Stranger, None, &settings()).map_err(told)
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_specifications() {
    let metadata = stranger(&json!({})).unwrap();
    let answer = to_json(&metadata);
    let expected = json!({
        "redirect_uris": ["https://app.example/cb"],
        "application_type": "web",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "address email offline_access openid phone profile",
        "subject_type": "public",
        "id_token_signed_response_alg": "RS256",
        "require_auth_time": false,
        "require_signed_request_object": false,
    });
    assert_eq!(Value::Object(answer), expected);
    let mut others = settings();
    others.signing_algs = vec![SigningAlg::ES256];
    let metadata = read(&with(&json!({})), Registrant::Stranger, None, &others).unwrap();
    assert_eq!(metadata.id_token_signed_response_alg, SigningAlg::ES256);
}

#[test]
fn what_is_registered_comes_back_as_it_was_sent() {
    let sent = with(&json!({
        "client_name": "App", "client_name#de": "Anwendung", "client_uri": "https://app.example",
        "logo_uri": "https://app.example/l", "policy_uri": "https://app.example/p",
        "tos_uri": "https://app.example/t", "contacts": ["a@app.example"],
        "application_type": "web", "grant_types": ["authorization_code", "implicit"],
        "response_types": ["code", "code id_token"], "scope": "openid",
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "token_endpoint_auth_method": "client_secret_jwt",
        "token_endpoint_auth_signing_alg": "HS256", "jwks_uri": "https://app.example/k",
        "subject_type": "pairwise", "sector_identifier_uri": "https://app.example/s",
        "id_token_signed_response_alg": "RS256", "id_token_encrypted_response_alg": "RSA-OAEP",
        "id_token_encrypted_response_enc": "A256GCM", "userinfo_signed_response_alg": "RS256",
        "userinfo_encrypted_response_alg": "dir",
        "userinfo_encrypted_response_enc": "A128CBC-HS256", "request_object_signing_alg": "none",
        "request_object_encryption_alg": "ECDH-ES+A256KW",
        "request_object_encryption_enc": "A192GCM", "require_signed_request_object": false,
        "request_uris": ["https://app.example/r#h"], "default_max_age": 3600,
        "require_auth_time": true, "default_acr_values": ["phr"],
        "initiate_login_uri": "https://app.example/i",
        "frontchannel_logout_uri": "https://app.example/f",
        "frontchannel_logout_session_required": true,
        "backchannel_logout_uri": "https://app.example/b",
        "backchannel_logout_session_required": false,
        "software_id": "4NRB1", "software_version": "2",
    }));
    let metadata = read(&sent, Registrant::Stranger, None, &settings()).unwrap();
    assert_eq!(Value::Object(to_json(&metadata)), Value::Object(sent));
}

#[test]
fn what_is_null_empty_or_unknown_is_as_good_as_absent() {
    let metadata = stranger(&json!({
        "client_name": null, "logo_uri": "", "contacts": [], "jwks": null,
        "nobody_knows": {"this": 1}, "nobody_knows#de": 7,
    }));
    assert_eq!(metadata, stranger(&json!({})));
}

/// RFC 7591 §2.1, OIDC Registration §2.
#[test]
fn grant_types_and_response_types_complete_each_other() {
    for (given, grants, responses) in [
        (json!({"response_types": ["code id_token token"]}), "authorization_code implicit", 1),
        (json!({"response_types": ["id_token", "token id_token"]}), "implicit", 2),
        (
            json!({"grant_types": ["authorization_code", "refresh_token"]}),
            "authorization_code refresh_token",
            1,
        ),
        // Without a use for it, and without a place here.
        (json!({"grant_types": ["implicit", "authorization_code"]}), "authorization_code", 1),
        (
            json!({"grant_types": ["authorization_code", "urn:x", "authorization_code"]}),
            "authorization_code",
            1,
        ),
    ] {
        let metadata = stranger(&given).unwrap_or_else(|found| panic!("{given}: {found:?}"));
        let names: Vec<_> = metadata.grant_types.iter().map(|grant| grant.as_str()).collect();
        assert_eq!(names.join(" "), grants, "{given}");
        assert_eq!(metadata.response_types.len(), responses, "{given}");
    }
    for (given, expected) in [
        (json!({"grant_types": ["password"]}), "grant_types: has none of"),
        (json!({"grant_types": ["implicit"]}), "response_types: must have one with `id_token`"),
        (json!({"response_types": ["token"]}), "response_types: `token` is not a response type"),
        (
            json!({"response_types": ["code id_token"], "grant_types": ["authorization_code"]}),
            "grant_types: `implicit` is needed",
        ),
        (json!({"grant_types": ["client_credentials"]}), "grant_types: client_credentials needs"),
    ] {
        let found = stranger(&given).unwrap_err();
        assert!(found[0].starts_with(expected), "{given}: {found:?}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    for (given, expected) in [
        (
            json!({"redirect_uris": "https://app.example/cb"}),
            "redirect_uris: must be an array of strings",
        ),
        (
            json!({"redirect_uris": ["https://app.example/cb", 1]}),
            "redirect_uris: must be an array of strings",
        ),
        (json!({"client_name": ["App"]}), "client_name: must be a string"),
        (json!({"client_name#de": 1}), "client_name#de: must be a string"),
        (json!({"jwks": "{}"}), "jwks: must be an object"),
        (json!({"default_max_age": "60"}), "default_max_age: must be a whole number"),
        (json!({"default_max_age": 0.5}), "default_max_age: must be a whole number"),
        (json!({"require_auth_time": "true"}), "require_auth_time: must be true or false"),
        (json!({"scope": ["openid"]}), "scope: must be a string"),
        (json!({"scope": "a\"b"}), "scope: scope name"),
        (json!({"application_type": "browser"}), "application_type: `browser` is not one of"),
        (
            json!({"token_endpoint_auth_method": "tls_client_auth"}),
            "token_endpoint_auth_method: `tls_client_auth` is not one of",
        ),
        (
            json!({"id_token_signed_response_alg": "HS256"}),
            "id_token_signed_response_alg: `HS256` is not one of",
        ),
        (
            json!({"userinfo_signed_response_alg": "none"}),
            "userinfo_signed_response_alg: `none` is not one of",
        ),
        (
            json!({"id_token_encrypted_response_alg": "RSA1_5"}),
            "id_token_encrypted_response_alg: `RSA1_5` is not one of",
        ),
        (
            json!({"id_token_encrypted_response_enc": "A128GCM"}),
            "id_token_encrypted_response_enc: needs id_token_encrypted_response_alg",
        ),
    ] {
        let found = stranger(&given).unwrap_err();
        assert_eq!(found.len(), 1, "{given}: {found:?}");
        assert!(found[0].starts_with(expected), "{given}: {found:?}");
    }
}

/// OIDC Registration §2: `enc` has a default where `alg` is given.
#[test]
fn an_encryption_without_enc_has_the_default_one() {
    let metadata = stranger(&json!({"userinfo_encrypted_response_alg": "A128KW"})).unwrap();
    assert_eq!(to_json(&metadata)["userinfo_encrypted_response_enc"], "A128CBC-HS256");
    let unsigned = stranger(&json!({"id_token_signed_response_alg": "none"})).unwrap();
    assert!(unsigned.id_token_unsigned);
    assert_eq!(to_json(&unsigned)["id_token_signed_response_alg"], "none");
}

#[test]
fn nobody_makes_themselves_trusted() {
    let wish = json!({
        "first_party": true, "optional_scope": "openid", "required_acr": null,
        "access_token_format": "opaque", "id_token_unsigned": true,
    });
    assert_eq!(stranger(&wish), stranger(&json!({})));
    let mut before = stranger(&json!({})).unwrap();
    before.first_party = true;
    before.required_acr = Some("phr".to_owned());
    before.optional_scope = samples::scope("email phone");
    let members = with(&json!({"scope": "openid email", "first_party": false}));
    let after = read(&members, Registrant::Stranger, Some(&before), &settings()).unwrap();
    assert!(after.first_party, "whoever runs the server decided that");
    assert_eq!(after.required_acr.as_deref(), Some("phr"));
    assert_eq!(after.optional_scope, samples::scope("email"));
}

#[test]
fn scopes_and_grants_beyond_the_bounds_need_somebody_who_may() {
    let scope = json!({"scope": "openid api"});
    let found = stranger(&scope).unwrap_err();
    assert_eq!(found, ["scope: `api` is not for clients that register themselves"]);
    let machine = json!({"grant_types": ["client_credentials"]});
    let by = |registrant, more: &Value| read(&with(more), registrant, None, &settings());
    assert!(by(Registrant::TokenHolder, &scope).is_err());
    assert!(by(Registrant::Administrator, &scope).is_ok());
    assert!(by(Registrant::TokenHolder, &machine).is_ok());
    // What was granted before stays.
    let mut before = stranger(&json!({})).unwrap();
    before.scope = samples::scope("openid api");
    before.grant_types = vec![GrantType::ClientCredentials];
    let members = with(&json!({"scope": "api", "grant_types": ["client_credentials"]}));
    assert!(read(&members, Registrant::Stranger, Some(&before), &settings()).is_ok());
}

#[test]
fn an_administrator_gets_refresh_tokens_and_openid_by_default() {
    let members = with(&json!({"response_types": ["code"]}));
    let made = read(&members, Registrant::Administrator, None, &settings()).unwrap();
    assert_eq!(made.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(made.response_types, [ResponseType::Code]);
    assert_eq!(made.scope, samples::scope("openid"));
    assert_eq!(made.token_endpoint_auth_method, AuthMethod::ClientSecretBasic);
}

/// OIDC Registration §5.
#[test]
fn a_sector_lists_every_redirect_uri() {
    let uris = ["https://a.example/cb".to_owned(), "https://b.example/cb".to_owned()];
    for (listed, right) in [
        (json!(["https://b.example/cb", "https://c.example/", "https://a.example/cb"]), true),
        (json!(["https://b.example/cb"]), false),
        (json!(["https://a.example/cb/", "https://b.example/cb"]), false),
        (json!([]), false),
        (json!({"redirect_uris": uris}), false),
        (json!("https://a.example/cb"), false),
    ] {
        let judged = check_sector(&listed, &uris);
        assert_eq!(judged.is_ok(), right, "{listed}: {judged:?}");
    }
}

/// RFC 7591 §2.3.
#[test]
fn a_statement_wins_over_what_stands_beside_it() {
    let plain = object(&json!({
        "client_name": "Bank", "client_name#de": "Bank", "scope": "openid", "tos_uri#de": "x",
        "software_statement": "a.b.c",
    }));
    let claims = object(&json!({
        "iss": "https://publisher.example", "client_name": "Game", "software_statement": "other",
    }));
    let merged = Value::Object(statement::merged(&plain, &claims));
    let expected = json!({
        "iss": "https://publisher.example", "client_name": "Game", "scope": "openid",
        "tos_uri#de": "x", "software_statement": "a.b.c",
    });
    assert_eq!(merged, expected);
}

#[test]
fn a_statement_says_whose_it_is_and_is_in_time() {
    let now = samples::NOW;
    for (claims, right) in [
        (json!({"iss": "p"}), true),
        (json!({"iss": "p", "exp": now.0 - 59, "nbf": now.0 + 60}), true),
        (json!({"iss": "p", "exp": 4e9}), true),
        (json!({}), false),
        (json!({"iss": ""}), false),
        (json!({"iss": 1}), false),
        (json!({"iss": "p", "exp": now.0 - 60}), false),
        (json!({"iss": "p", "exp": "tomorrow"}), false),
        (json!({"iss": "p", "nbf": now.0 + 61}), false),
        (json!({"iss": "p", "nbf": null}), false),
    ] {
        let judged = statement::check(&object(&claims), now);
        assert_eq!(judged.is_ok(), right, "{claims}: {judged:?}");
        if let Err(error) = judged {
            assert_eq!(error.code, ErrorCode::SoftwareStatementInvalid);
        }
    }
}

/// Any JSON, with the names and values of registrations among it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "https://app.example/cb",
            "http://localhost/",
            "javascript:alert(1)",
            "native",
            "none",
            "RS256",
            "HS256",
            "dir",
            "ECDH-ES",
            "A128GCM",
            "pairwise",
            "code",
            "id_token token",
            "implicit",
            "authorization_code",
            "openid",
            "private_key_jwt",
            "client_secret_jwt",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_members() -> impl Strategy<Value = Map<String, Value>> {
    let names = prop::sample::select(vec![
        "redirect_uris",
        "client_name",
        "client_name#de",
        "jwks",
        "jwks_uri",
        "grant_types",
        "response_types",
        "scope",
        "application_type",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "subject_type",
        "id_token_signed_response_alg",
        "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc",
        "default_max_age",
        "request_object_signing_alg",
        "request_uris",
        "first_party",
        "contacts",
        "logo_uri#",
        "frontchannel_logout_uri",
        "post_logout_redirect_uris",
        "software_statement",
    ])
    .prop_map(str::to_owned);
    prop::collection::btree_map(names, any_json(), 0..6)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    /// Whatever is accepted can be stored, and reads back as itself.
    #[test]
    fn what_is_accepted_has_no_problem(more in any_members()) {
        let settings = settings();
        if let Ok(metadata) =
            read(&with(&Value::Object(more)), Registrant::Stranger, None, &settings)
        {
            prop_assert!(client_metadata::check(&metadata, &settings).is_empty());
            prop_assert!(!metadata.first_party);
            prop_assert!(metadata.scope.is_subset(&settings.client_registration.scope));
            let again = read(&to_json(&metadata), Registrant::Stranger, None, &settings);
            prop_assert_eq!(again, Ok(metadata));
        }
    }
}
