use serde_json::json;
use vestibule_model::{
    ErrorCode, ResponseType,
    client::{ApplicationType, AuthMethod, ClientMetadata, GrantType, SigningAlg, SubjectType},
    jose::{ClientSignatureAlg, ContentEncryption, KeyManagementAlg, ResponseEncryption},
    settings::{Profile, Settings},
};

use super::{MAX_VALUES, Problem, check, refusal};
use crate::samples;

fn oidc() -> Settings {
    Settings { profile: Profile::Oidc, ..samples::settings() }
}

fn problems_in(settings: &Settings, spoil: impl FnOnce(&mut ClientMetadata)) -> Vec<String> {
    let mut metadata = samples::client().metadata;
    spoil(&mut metadata);
    check(&metadata, settings).iter().map(ToString::to_string).collect()
}

fn problems(spoil: impl FnOnce(&mut ClientMetadata)) -> Vec<String> {
    problems_in(&oidc(), spoil)
}

const fn encrypted(alg: KeyManagementAlg) -> ResponseEncryption {
    ResponseEncryption { alg, enc: ContentEncryption::A128CbcHs256 }
}

fn implicit(m: &mut ClientMetadata) {
    m.response_types = vec![ResponseType::IdTokenToken];
    m.grant_types = vec![GrantType::Implicit];
}

#[test]
fn sensible_metadata_has_no_problem() {
    let nothing = [""; 0];
    assert_eq!(problems(|_| {}), nothing);
    assert_eq!(problems_in(&samples::settings(), |_| {}), nothing);
    let machine = problems(|m| {
        m.grant_types = vec![GrantType::ClientCredentials];
        m.response_types.clear();
        m.redirect_uris.clear();
    });
    assert_eq!(machine, nothing);
    let app = problems(|m| {
        m.application_type = ApplicationType::Native;
        m.token_endpoint_auth_method = AuthMethod::None;
        m.redirect_uris = vec!["com.example.app:/cb".to_owned(), "http://[::1]/cb".to_owned()];
    });
    assert_eq!(app, nothing);
    let with_key = problems(|m| {
        m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        m.token_endpoint_auth_signing_alg = Some(ClientSignatureAlg::ES256);
        m.jwks = Some(json!({"keys": [
            {"kty": "EC", "crv": "P-256", "x": "", "y": ""}, {"kty": "of tomorrow"},
        ]}));
    });
    assert_eq!(with_key, nothing);
    assert_eq!(problems(implicit), nothing);
    let full = problems(|m| {
        m.response_types = ResponseType::ALL.to_vec();
        m.grant_types = vec![GrantType::AuthorizationCode, GrantType::Implicit];
        m.token_endpoint_auth_method = AuthMethod::ClientSecretJwt;
        m.jwks_uri = Some("https://app.example/keys".to_owned());
        m.id_token_encryption = Some(encrypted(KeyManagementAlg::RsaOaep));
        m.userinfo_encryption = Some(encrypted(KeyManagementAlg::Dir));
        m.request_object_signing_alg = Some(ClientSignatureAlg::HS512);
        m.require_signed_request_object = true;
        m.subject_type = SubjectType::Pairwise;
        m.request_uris = vec!["https://app.example/r#hash".to_owned()];
        m.initiate_login_uri = Some("https://app.example/start?x=y".to_owned());
        m.frontchannel_logout_uri = Some("https://app.example/out".to_owned());
        m.backchannel_logout_uri = Some("https://elsewhere.example/out".to_owned());
        m.policy_uri = Some("https://app.example/#policy".to_owned());
        m.localized.insert("client_name#zh-Hant-TW".to_owned(), "應用".to_owned());
        m.contacts = vec!["ana@app.example".to_owned()];
        m.default_acr_values = vec!["phr".to_owned(), "urn:of:somebody".to_owned()];
    });
    assert_eq!(full, nothing);
}

#[test]
fn every_mistake_is_told_at_once() {
    let found = problems(|m| {
        m.redirect_uris = vec!["http://app.example/cb".to_owned(), "myapp:/cb".to_owned()];
        m.post_logout_redirect_uris = vec!["javascript:alert(1)".to_owned()];
        m.grant_types = vec![GrantType::AuthorizationCode, GrantType::ClientCredentials];
        m.token_endpoint_auth_method = AuthMethod::None;
        m.default_max_age = Some(-1);
        m.client_name = Some("\u{202e}ppA ehT".to_owned());
        m.client_uri = Some("javascript:alert(1)".to_owned());
    });
    let fields: Vec<_> = found.iter().filter_map(|p| p.split(':').next()).collect();
    let expected = [
        "redirect_uris",
        "redirect_uris",
        "post_logout_redirect_uris",
        "grant_types",
        "client_name",
        "client_uri",
        "default_max_age",
    ];
    assert_eq!(fields, expected, "{found:#?}");
}

/// What is spoilt, and the problem that starts so.
type Row = (&'static str, fn(&mut ClientMetadata));

fn each_alone(rows: &[Row]) {
    for (expected, spoil) in rows {
        let found = problems(*spoil);
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found.iter().all(|text| text.starts_with(expected)), "{expected}: {found:?}");
    }
}

#[test]
fn each_mistake_in_an_address_is_told() {
    each_alone(&[
        ("redirect_uris: must have one", |m| m.redirect_uris.clear()),
        ("redirect_uris: `https://app.example/cb` is there twice", |m| {
            m.redirect_uris.push(samples::REDIRECT_URI.to_owned());
        }),
        ("redirect_uris: must be at most", |m| {
            m.redirect_uris = (0..=MAX_VALUES).map(|n| format!("https://a.example/{n}")).collect();
        }),
        ("redirect_uris: `https://app.example/#x` must not have a fragment", |m| {
            m.redirect_uris = vec!["https://app.example/#x".to_owned()];
        }),
        ("redirect_uris: `https://localhost/cb` must use https and another host", |m| {
            implicit(m);
            m.redirect_uris = vec!["https://localhost/cb".to_owned()];
        }),
        ("redirect_uris: `https://app.localhost./cb` must use https and another host", |m| {
            implicit(m);
            m.redirect_uris = vec!["https://app.localhost./cb".to_owned()];
        }),
        ("redirect_uris: `http://127.0.0.1/cb` must use https and another host", |m| {
            implicit(m);
            m.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        }),
        ("subject_type: pairwise needs sector_identifier_uri", |m| {
            m.subject_type = SubjectType::Pairwise;
            m.redirect_uris.push("https://other.example/cb".to_owned());
        }),
        ("sector_identifier_uri: `http://app.example/s` must use https", |m| {
            m.sector_identifier_uri = Some("http://app.example/s".to_owned());
        }),
        ("request_uris: `http://127.0.0.1/r` must use https", |m| {
            m.request_uris = vec!["http://127.0.0.1/r".to_owned()];
        }),
        ("request_uris: `https://app.example/r#\\u{1}` has a fragment", |m| {
            m.request_uris = vec!["https://app.example/r#\u{1}".to_owned()];
        }),
        ("initiate_login_uri: must use https", |m| {
            m.initiate_login_uri = Some("http://localhost/i".to_owned());
        }),
        ("frontchannel_logout_uri: must have scheme, host and port", |m| {
            m.frontchannel_logout_uri = Some("https://app.example:8443/out".to_owned());
        }),
        ("frontchannel_logout_uri: must not use the scheme javascript", |m| {
            m.frontchannel_logout_uri = Some("javascript:alert(1)".to_owned());
        }),
        ("backchannel_logout_uri: must not have a fragment", |m| {
            m.backchannel_logout_uri = Some("https://app.example/out#".to_owned());
        }),
        ("backchannel_logout_uri: `http://app.example/out` must use https", |m| {
            m.backchannel_logout_uri = Some("http://app.example/out".to_owned());
        }),
        ("jwks_uri: `http://app.example/k` must use https", |m| {
            m.jwks_uri = Some("http://app.example/k".to_owned());
        }),
        ("logo_uri: `data:image/svg+xml,x` must not use the scheme", |m| {
            m.logo_uri = Some("data:image/svg+xml,x".to_owned());
        }),
        ("policy_uri: `https://u:p@app.example/` must not have a user name", |m| {
            m.policy_uri = Some("https://u:p@app.example/".to_owned());
        }),
        ("tos_uri: `//app.example` must be absolute", |m| {
            m.tos_uri = Some("//app.example".to_owned());
        }),
        ("client_uri: `http://app.example/` must use https", |m| {
            m.client_uri = Some("http://app.example/".to_owned());
        }),
        ("client_uri: `app.example` must be absolute", |m| {
            m.client_uri = Some("app.example".to_owned());
        }),
    ]);
}

#[test]
fn each_mistake_in_what_hangs_together_is_told() {
    each_alone(&[
        ("grant_types: must have one", |m| {
            m.grant_types.clear();
            m.response_types.clear();
        }),
        ("grant_types: refresh_token needs", |m| {
            m.grant_types = vec![GrantType::RefreshToken];
            m.response_types.clear();
        }),
        ("grant_types: client_credentials needs", |m| {
            m.grant_types.push(GrantType::ClientCredentials);
            m.token_endpoint_auth_method = AuthMethod::None;
        }),
        ("grant_types: `implicit` is needed for response type `code token`", |m| {
            m.response_types.push(ResponseType::CodeToken);
        }),
        ("response_types: must have one with `code`", |m| m.response_types.clear()),
        ("response_types: must have one with `id_token` or `token`", |m| {
            m.grant_types.push(GrantType::Implicit);
        }),
        ("id_token_signed_response_alg: ES512 is not", |m| {
            m.id_token_signed_response_alg = SigningAlg::ES512;
        }),
        ("userinfo_signed_response_alg: PS256 is not", |m| {
            m.userinfo_signed_response_alg = Some(SigningAlg::PS256);
        }),
        ("id_token_signed_response_alg: none is for clients", |m| {
            m.id_token_unsigned = true;
            m.response_types.push(ResponseType::CodeIdToken);
            m.grant_types.push(GrantType::Implicit);
        }),
        ("id_token_signed_response_alg: none does not go with encryption", |m| {
            m.id_token_unsigned = true;
            m.id_token_encryption = Some(encrypted(KeyManagementAlg::A128Kw));
        }),
        ("token_endpoint_auth_signing_alg: none does not fit", |m| {
            m.token_endpoint_auth_signing_alg = Some(ClientSignatureAlg::None);
        }),
        ("token_endpoint_auth_signing_alg: RS256 does not fit", |m| {
            m.token_endpoint_auth_method = AuthMethod::ClientSecretJwt;
            m.token_endpoint_auth_signing_alg = Some(ClientSignatureAlg::RS256);
        }),
        ("request_object_signing_alg: none contradicts", |m| {
            m.request_object_signing_alg = Some(ClientSignatureAlg::None);
            m.require_signed_request_object = true;
        }),
        ("request_object_signing_alg: HS256 needs a client_secret", |m| {
            m.token_endpoint_auth_method = AuthMethod::None;
            m.request_object_signing_alg = Some(ClientSignatureAlg::HS256);
        }),
        ("userinfo_encrypted_response_alg: dir needs a client_secret", |m| {
            m.token_endpoint_auth_method = AuthMethod::None;
            m.userinfo_encryption = Some(encrypted(KeyManagementAlg::Dir));
        }),
        ("jwks: or jwks_uri is needed for id_token_encrypted_response_alg", |m| {
            m.id_token_encryption = Some(encrypted(KeyManagementAlg::EcdhEs));
        }),
        ("jwks: or jwks_uri is needed for request_object_signing_alg", |m| {
            m.request_object_signing_alg = Some(ClientSignatureAlg::EdDSA);
        }),
        ("jwks: must not be given together with jwks_uri", |m| {
            m.jwks = Some(json!({"keys": [{"kty": "EC"}]}));
            m.jwks_uri = Some("https://app.example/k".to_owned());
        }),
    ]);
}

#[test]
fn what_a_profile_leaves_out_cannot_be_registered() {
    let rows: [Row; 3] = [
        ("response_types: `id_token token`", implicit),
        ("id_token_signed_response_alg: none", |m| m.id_token_unsigned = true),
        ("request_object_signing_alg: none", |m| {
            m.request_object_signing_alg = Some(ClientSignatureAlg::None);
        }),
    ];
    for (expected, spoil) in rows {
        let found = problems_in(&samples::settings(), spoil);
        assert!(found[0].starts_with(expected), "{found:?}");
        assert!(found.iter().all(|text| text.contains("profile = \"oidc\"")), "{found:?}");
        assert_eq!(problems(spoil), [""; 0]);
    }
}

#[test]
fn a_local_server_takes_local_addresses_without_tls() {
    let local = Settings { development: true, ..oidc() };
    let spoil = |uri: &'static str| {
        move |m: &mut ClientMetadata| {
            m.jwks_uri = Some(uri.to_owned());
            m.backchannel_logout_uri = Some(uri.to_owned());
        }
    };
    assert_eq!(problems_in(&local, spoil("http://127.0.0.1:9/x")), [""; 0]);
    assert_eq!(problems_in(&local, spoil("http://app.example/x")).len(), 2);
    assert_eq!(problems_in(&oidc(), spoil("http://127.0.0.1:9/x")).len(), 2);
    // OIDC Back-Channel Logout §2.2: never for a public client.
    let public = problems_in(&local, |m| {
        m.token_endpoint_auth_method = AuthMethod::None;
        m.backchannel_logout_uri = Some("http://127.0.0.1:9/x".to_owned());
    });
    assert_eq!(public, ["backchannel_logout_uri: must use https for a public client"]);
}

#[test]
fn texts_look_like_what_they_are() {
    each_alone(&[
        ("client_name: must have 1 to", |m| m.client_name = Some(" ".to_owned())),
        ("client_name: must have 1 to", |m| m.client_name = Some("x".repeat(101))),
        ("client_name: has a character", |m| m.client_name = Some("a\u{7}b".to_owned())),
        ("client_name: has a character", |m| m.client_name = Some("a\u{feff}b".to_owned())),
        ("client_name#de: has a character", |m| {
            m.localized.insert("client_name#de".to_owned(), "a\u{2066}b".to_owned());
        }),
        ("tos_uri#fr: `javascript:x` must not use the scheme", |m| {
            m.localized.insert("tos_uri#fr".to_owned(), "javascript:x".to_owned());
        }),
        ("client_name#: has a language", |m| {
            m.localized.insert("client_name#".to_owned(), "App".to_owned());
        }),
        ("client_name#de_DE: has a language", |m| {
            m.localized.insert("client_name#de_DE".to_owned(), "App".to_owned());
        }),
        ("contacts: must have 1 to", |m| m.contacts = vec!["x".repeat(256)]),
        ("contacts: must be at most", |m| m.contacts = vec!["x".to_owned(); MAX_VALUES + 1]),
        ("default_acr_values: has a character", |m| {
            m.default_acr_values = vec!["a\nb".to_owned()];
        }),
        ("software_id: has a character", |m| m.software_id = Some("\u{0}".to_owned())),
        ("default_max_age: must not be negative", |m| m.default_max_age = Some(-1)),
    ]);
}

#[test]
fn keys_are_public_and_there_when_needed() {
    let with = |jwks| {
        problems(|m| {
            m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            m.jwks = jwks;
        })
    };
    for (jwks, expected) in [
        (None, "jwks: or jwks_uri is needed for private_key_jwt"),
        (Some(json!([])), "jwks: must be an object"),
        (Some(json!({"keys": []})), "jwks: must be an object"),
        (Some(json!({"keys": [7]})), "jwks: keys[0] must have kty"),
        (Some(json!({"keys": [{"kty": "RSA", "d": "x"}]})), "jwks: keys[0] has its private part"),
        (Some(json!({"keys": [{"kty": "oct", "k": "AAAA"}]})), "jwks: keys[0] is a shared secret"),
        (Some(json!({"keys": vec![json!({"kty": "EC"}); 51]})), "jwks: must have at most 50"),
    ] {
        let found = with(jwks.clone());
        assert_eq!(found.len(), 1, "{jwks:?}: {found:?}");
        assert!(found.iter().all(|text| text.starts_with(expected)), "{jwks:?}: {found:?}");
    }
}

#[test]
fn a_refusal_names_each_field_under_the_code_of_its_kind() {
    let name = Problem::new("client_name", "is odd");
    let uri = Problem::new("redirect_uris", "are missing");
    let of_name = refusal(std::slice::from_ref(&name));
    assert_eq!(of_name.code, ErrorCode::ClientMetadataInvalid);
    let of_both = refusal(&[name, uri]);
    assert_eq!(of_both.code, ErrorCode::ClientRedirectUriInvalid);
    assert_eq!(of_both.description, "client_name: is odd; redirect_uris: are missing");
    let many = vec![Problem::new("contacts", "x".repeat(100)); 100];
    assert_eq!(refusal(&many).description.chars().count(), 1_000);
}
