//! Whether a client's metadata makes sense (RFC 7591 §2, OIDC Registration §2): every mistake at
//! once.

use serde_json::Value;
use url::Url;
use vestibule_model::client::{AuthMethod, ClientMetadata, GrantType};

use crate::redirect_uri;

/// The most addresses of one kind.
const MAX_URIS: usize = 100;
/// The longest name that a page can show.
const MAX_NAME: usize = 100;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The metadata field, by its wire name.
    pub field: &'static str,
    /// What is wrong with it, as a sentence without its subject.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Every mistake in the metadata; empty means that it can be stored.
#[must_use]
pub fn check(metadata: &ClientMetadata) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut problem = |field, message: String| found.push(Problem { field, message });
    check_uris(metadata, &mut problem);
    check_grants(metadata, &mut problem);
    check_keys(metadata, &mut problem);
    check_texts(metadata, &mut problem);
    if metadata.default_max_age.is_some_and(|seconds| seconds < 0) {
        problem("default_max_age", "must not be negative".to_owned());
    }
    found
}

fn check_uris(metadata: &ClientMetadata, problem: &mut impl FnMut(&'static str, String)) {
    let lists = [
        ("redirect_uris", &metadata.redirect_uris),
        ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris),
    ];
    for (field, uris) in lists {
        if uris.len() > MAX_URIS {
            problem(field, format!("must be at most {MAX_URIS}"));
        }
        for (index, uri) in uris.iter().enumerate() {
            if let Err(why) = redirect_uri::check_registration(uri, metadata.application_type) {
                let shown: String = uri.escape_debug().take(200).collect();
                problem(field, format!("`{shown}` {why}"));
            }
            if uris.iter().take(index).any(|earlier| earlier == uri) {
                problem(field, format!("`{uri}` is there twice"));
            }
        }
    }
    let has_code = metadata.grant_types.contains(&GrantType::AuthorizationCode);
    if has_code && metadata.redirect_uris.is_empty() {
        problem("redirect_uris", "must have one at least for authorization_code".to_owned());
    }
}

fn check_grants(metadata: &ClientMetadata, problem: &mut impl FnMut(&'static str, String)) {
    let has = |grant_type| metadata.grant_types.contains(&grant_type);
    if metadata.grant_types.is_empty() {
        problem("grant_types", "must have one at least".to_owned());
    }
    if has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode) {
        problem("grant_types", "refresh_token needs authorization_code beside it".to_owned());
    }
    if has(GrantType::ClientCredentials) && metadata.token_endpoint_auth_method == AuthMethod::None
    {
        let message = "client_credentials needs a client that authenticates (RFC 6749 §4.4)";
        problem("grant_types", message.to_owned());
    }
}

fn check_keys(metadata: &ClientMetadata, problem: &mut impl FnMut(&'static str, String)) {
    let needed = metadata.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt;
    let Some(jwks) = &metadata.jwks else {
        if needed {
            problem("jwks", "is needed for private_key_jwt".to_owned());
        }
        return;
    };
    let Some(keys) = jwks.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty())
    else {
        problem("jwks", "must be an object with a list `keys` that is not empty".to_owned());
        return;
    };
    for (index, key) in keys.iter().enumerate() {
        let member = |name| key.get(name).and_then(Value::as_str);
        match member("kty") {
            Some("RSA" | "EC" | "OKP") => {}
            Some("oct") => problem("jwks", format!("keys[{index}] is a shared secret")),
            _ => problem("jwks", format!("keys[{index}] must have kty RSA, EC or OKP")),
        }
        if ["d", "p", "q", "k"].iter().any(|name| key.get(name).is_some()) {
            problem("jwks", format!("keys[{index}] has its private part; give the public one"));
        }
    }
}

fn check_texts(metadata: &ClientMetadata, problem: &mut impl FnMut(&'static str, String)) {
    if let Some(name) = &metadata.client_name {
        if name.trim().is_empty() || name.chars().count() > MAX_NAME {
            problem("client_name", format!("must have 1 to {MAX_NAME} characters"));
        }
        if name.chars().any(|c| c.is_control() || turns_text_around(c)) {
            problem("client_name", "has a character that cannot be seen".to_owned());
        }
    }
    if let Some(uri) = &metadata.client_uri {
        let is_web = Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
        if !is_web {
            problem("client_uri", "must be an http or https address".to_owned());
        }
    }
}

/// Marks that make text read in another order than it is written: a name must look like itself.
fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
