use serde_json::json;
use vestibule_model::client::{ApplicationType, AuthMethod, ClientMetadata, GrantType};

use super::{MAX_URIS, check};
use crate::samples;

fn problems(spoil: impl FnOnce(&mut ClientMetadata)) -> Vec<String> {
    let mut metadata = samples::client().metadata;
    spoil(&mut metadata);
    check(&metadata).iter().map(ToString::to_string).collect()
}

#[test]
fn sensible_metadata_has_no_problem() {
    assert_eq!(problems(|_| {}), [""; 0]);
    let machine = problems(|m| {
        m.grant_types = vec![GrantType::ClientCredentials];
        m.redirect_uris.clear();
    });
    assert_eq!(machine, [""; 0]);
    let app = problems(|m| {
        m.application_type = ApplicationType::Native;
        m.token_endpoint_auth_method = AuthMethod::None;
        m.redirect_uris = vec!["com.example.app:/cb".to_owned(), "http://[::1]/cb".to_owned()];
    });
    assert_eq!(app, [""; 0]);
    let with_key = problems(|m| {
        m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
        m.jwks = Some(json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "", "y": ""}]}));
    });
    assert_eq!(with_key, [""; 0]);
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

#[test]
fn each_mistake_alone_is_told() {
    let rows: Vec<(&str, Vec<String>)> = vec![
        ("redirect_uris: must have one", problems(|m| m.redirect_uris.clear())),
        (
            "redirect_uris: `https://app.example/cb` is there twice",
            problems(|m| m.redirect_uris.push(samples::REDIRECT_URI.to_owned())),
        ),
        (
            "redirect_uris: must be at most",
            problems(|m| {
                m.redirect_uris =
                    (0..=MAX_URIS).map(|n| format!("https://app.example/{n}")).collect();
            }),
        ),
        ("grant_types: must have one", problems(|m| m.grant_types.clear())),
        (
            "grant_types: refresh_token needs",
            problems(|m| m.grant_types = vec![GrantType::RefreshToken]),
        ),
        ("client_name: must have 1 to", problems(|m| m.client_name = Some(" ".to_owned()))),
        ("client_name: must have 1 to", problems(|m| m.client_name = Some("x".repeat(101)))),
        ("client_name: has a character", problems(|m| m.client_name = Some("a\u{7}b".to_owned()))),
        ("client_uri: must be", problems(|m| m.client_uri = Some("app.example".to_owned()))),
    ];
    for (expected, found) in rows {
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found.iter().all(|text| text.starts_with(expected)), "{expected}: {found:?}");
    }
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
        (None, "jwks: is needed for private_key_jwt"),
        (Some(json!([])), "jwks: must be an object"),
        (Some(json!({"keys": []})), "jwks: must be an object"),
        (Some(json!({"keys": [7]})), "jwks: keys[0] must have kty"),
        (Some(json!({"keys": [{"kty": "RSA", "d": "x"}]})), "jwks: keys[0] has its private part"),
    ] {
        let found = with(jwks.clone());
        assert_eq!(found.len(), 1, "{jwks:?}: {found:?}");
        assert!(found.iter().all(|text| text.starts_with(expected)), "{jwks:?}: {found:?}");
    }
    let found = with(Some(json!({"keys": [{"kty": "oct", "k": "AAAA"}]})));
    assert_eq!(found.first().map(String::as_str), Some("jwks: keys[0] is a shared secret"));
}
