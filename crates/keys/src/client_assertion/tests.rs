//! What makes a client's JWT an assertion; that it is the client's is `client_signature`'s to test.

use josekit::jws::HS256;
use serde_json::json;
use vestibule_model::{Secret, client::SigningAlg};

use super::*;
use crate::{
    TokenFault,
    testing::{claims, forge, key, public_jwk, signer},
};

fn assertion(header: &Value) -> String {
    forge(
        signer(&key(SigningAlg::ES256)).as_ref(),
        &header.to_string(),
        &json!(claims()).to_string(),
    )
}

fn jwks() -> Value {
    json!({ "keys": [public_jwk(&key(SigningAlg::ES256))] })
}

/// Discovery lists these.
#[test]
fn the_lists_are_those_of_what_verifies() {
    let names = |mac: bool| -> Vec<_> {
        let algs = ClientSignatureAlg::ALL.iter().filter(|alg| **alg != ClientSignatureAlg::None);
        algs.filter(|alg| alg.is_mac() == mac).map(|alg| alg.as_str()).collect()
    };
    assert_eq!(names(false), ALGS);
    assert_eq!(names(true), MAC_ALGS);
}

#[test]
fn other_jwts_of_the_client_are_no_assertions() {
    let jwks = jwks();
    let keys = ClientKeys { jwks: Some(&jwks), secret: None };
    let typed = |typ: &str| verify(&assertion(&json!({ "alg": "ES256", "typ": typ })), keys, None);
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"]
    {
        assert_eq!(typed(typ), Ok(claims()), "{typ}");
    }
    assert_eq!(verify(&assertion(&json!({ "alg": "ES256" })), keys, None), Ok(claims()));
    for typ in ["dpop+jwt", "oauth-authz-req+jwt", "at+jwt", "logout+jwt", ""] {
        assert_eq!(typed(typ), Err(TokenFault::WrongType.into()), "{typ}");
    }
}

#[test]
fn the_registered_algorithm_is_the_only_one() {
    let jwks = jwks();
    let keys = ClientKeys { jwks: Some(&jwks), secret: None };
    let token = assertion(&json!({ "alg": "ES256" }));
    assert_eq!(verify(&token, keys, Some(ClientSignatureAlg::ES256)), Ok(claims()));
    for other in [ClientSignatureAlg::RS256, ClientSignatureAlg::HS256, ClientSignatureAlg::None] {
        assert_eq!(verify(&token, keys, Some(other)), Err(SignatureFault::AlgNotAllowed));
    }
}

#[test]
fn a_secret_proves_a_client_that_has_no_keys() {
    let secret = Secret::new("a secret of at least thirty-two characters");
    let keys = ClientKeys { jwks: None, secret: Some(&secret) };
    let hmac = HS256.signer_from_bytes(secret.expose()).unwrap();
    let token = forge(&hmac, r#"{"alg":"HS256"}"#, &json!(claims()).to_string());
    assert_eq!(verify(&token, keys, None), Ok(claims()));
    let jwks = jwks();
    let keys = ClientKeys { jwks: Some(&jwks), secret: None };
    assert_eq!(verify(&token, keys, None), Err(SignatureFault::NoSecret));
}
