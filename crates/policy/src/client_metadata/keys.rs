//! The client's own keys (OIDC Registration §2, `jwks` and `jwks_uri`).

use serde_json::Value;
use vestibule_model::{
    client::{AuthMethod, ClientMetadata},
    jose::{ClientSignatureAlg, ResponseEncryption},
    settings::Settings,
};

use super::{Problems, uris};

/// The most keys in a set.
const MAX_KEYS: usize = 50;

/// The members of a JWK that only its owner may know (RFC 7518 §6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

pub(super) fn check(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    check_one_source(metadata, problems);
    if let Some(uri) = &metadata.jwks_uri {
        uris::check_web_address("jwks_uri", uri, settings, problems);
    }
    if let Some(jwks) = &metadata.jwks {
        check_set(jwks, problems);
    }
    check_needed(metadata, problems);
}

/// OIDC Registration §2: the two must not be used together.
fn check_one_source(metadata: &ClientMetadata, problems: &mut Problems) {
    let both = metadata.jwks.is_some() && metadata.jwks_uri.is_some();
    problems.add_if(both, "jwks", "must not be given together with jwks_uri");
}

/// A JWK Set (RFC 7517 §5) of public keys. Kinds of keys that nobody here knows are left alone.
fn check_set(jwks: &Value, problems: &mut Problems) {
    let keys = jwks.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
    let Some(keys) = keys else {
        problems.add("jwks", "must be an object with a list `keys` that is not empty");
        return;
    };
    if keys.len() > MAX_KEYS {
        problems.add("jwks", format!("must have at most {MAX_KEYS} keys"));
        return;
    }
    for (index, key) in keys.iter().enumerate() {
        match key.get("kty").and_then(Value::as_str) {
            None => problems.add("jwks", format!("keys[{index}] must have kty")),
            Some("oct") => problems.add("jwks", format!("keys[{index}] is a shared secret")),
            Some(_) if PRIVATE.iter().any(|name| key.get(name).is_some()) => {
                problems.add(
                    "jwks",
                    format!("keys[{index}] has its private part; give the public one"),
                );
            }
            Some(_) => {}
        }
    }
}

/// What the client registered that cannot work without keys of its own.
fn check_needed(metadata: &ClientMetadata, problems: &mut Problems) {
    if metadata.jwks.is_some() || metadata.jwks_uri.is_some() {
        return;
    }
    let by_key = |encryption: Option<ResponseEncryption>| {
        encryption.is_some_and(|encryption| !encryption.alg.is_symmetric())
    };
    let signs = |alg: Option<ClientSignatureAlg>| alg.is_some_and(|alg| alg.signing().is_some());
    let uses = [
        (metadata.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt, "private_key_jwt"),
        (by_key(metadata.id_token_encryption), "id_token_encrypted_response_alg"),
        (by_key(metadata.userinfo_encryption), "userinfo_encrypted_response_alg"),
        (signs(metadata.request_object_signing_alg), "request_object_signing_alg"),
    ];
    for (_, why) in uses.into_iter().filter(|(needed, _)| *needed) {
        problems.add("jwks", format!("or jwks_uri is needed for {why}"));
    }
}
