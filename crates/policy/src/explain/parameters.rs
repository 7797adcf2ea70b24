//! The parameters of an authorization request.

use super::Meaning;

/// Every parameter that this server knows, in the order people read a request.
pub const REQUEST: &[Meaning] = &[
    Meaning::new("client_id", "playground-param-client-id", "RFC 6749", "2.2"),
    Meaning::new("redirect_uri", "playground-param-redirect-uri", "RFC 6749", "3.1.2"),
    Meaning::new("response_type", "playground-param-response-type", "RFC 6749", "3.1.1"),
    Meaning::new(
        "response_mode",
        "playground-param-response-mode",
        "Multiple Response Types",
        "2.1",
    ),
    Meaning::new("scope", "playground-param-scope", "RFC 6749", "3.3"),
    Meaning::new("state", "playground-param-state", "RFC 6749", "4.1.1"),
    Meaning::new("nonce", "playground-param-nonce", "OIDC Core", "15.5.2"),
    Meaning::new("code_challenge", "playground-param-code-challenge", "RFC 7636", "4.3"),
    Meaning::new(
        "code_challenge_method",
        "playground-param-code-challenge-method",
        "RFC 7636",
        "4.3",
    ),
    Meaning::new("prompt", "playground-param-prompt", "OIDC Core", "3.1.2.1"),
    Meaning::new("max_age", "playground-param-max-age", "OIDC Core", "3.1.2.1"),
    Meaning::new("login_hint", "playground-param-login-hint", "OIDC Core", "3.1.2.1"),
    Meaning::new("id_token_hint", "playground-param-id-token-hint", "OIDC Core", "3.1.2.1"),
    Meaning::new("acr_values", "playground-param-acr-values", "OIDC Core", "3.1.2.1"),
    Meaning::new("claims", "playground-param-claims", "OIDC Core", "5.5"),
    Meaning::new("claims_locales", "playground-param-claims-locales", "OIDC Core", "5.2"),
    Meaning::new("ui_locales", "playground-param-ui-locales", "OIDC Core", "3.1.2.1"),
    Meaning::new("display", "playground-param-display", "OIDC Core", "3.1.2.1"),
    Meaning::new("request", "playground-param-request", "OIDC Core", "6.1"),
    Meaning::new("request_uri", "playground-param-request-uri", "OIDC Core", "6.2"),
    Meaning::new("registration", "playground-param-registration", "OIDC Core", "7.2.1"),
];

/// The parameter that `name` was probably meant to be: a known one that is at most two letters away,
/// or the same but for capitals and what joins the words.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > 32 || super::meaning(REQUEST, name).is_some() {
        return None;
    }
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let wanted = plain(name);
    let known = REQUEST.iter().map(|row| (distance(&wanted, &plain(row.name)), row.name));
    known.filter(|(far, _)| *far <= 2).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// How many letters have to be changed, added or taken away (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut last = at + 1;
        let mut next = vec![last];
        for (expected, above) in other.iter().zip(row.windows(2)) {
            let [before, over] = above else { continue };
            let change = before + usize::from(*expected != letter);
            last = change.min(over + 1).min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        for (typed, meant) in [
            ("redirect_url", Some("redirect_uri")),
            ("redirectUri", Some("redirect_uri")),
            ("clientid", Some("client_id")),
            ("client-id", Some("client_id")),
            ("scopes", Some("scope")),
            ("code_challange", Some("code_challenge")),
            ("codeChallengeMethod", Some("code_challenge_method")),
            ("client_id", None),
            ("utm_source", None),
            ("resource", None),
            ("", None),
            ("é", None),
            (&"x".repeat(10_000), None),
        ] {
            assert_eq!(nearest(typed), meant, "{typed}");
        }
    }
}
