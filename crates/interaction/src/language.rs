//! `/language`: the language links at the foot of every page.

use actix_web::{HttpRequest, HttpResponse};
use url::Url;
use vestibule_model::{ErrorCode, OAuthError, settings::Issuer};
use vestibule_policy::params::Params;
use vestibule_text::Lang;
use vestibule_web::{AppState, QueryParams, State, html, language, page_error};

/// `GET /language?lang=de&to=/login`: keeps the choice and goes back. A link and not a form, so
/// that it works from every page; the most that a stranger's link can do is change the language.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    choose(&state, query.0).unwrap_or_else(|error| page_error(&state, &http, &error))
}

fn choose(state: &AppState, query: Result<Params, OAuthError>) -> Result<HttpResponse, OAuthError> {
    let params = query?;
    let issuer = &state.settings.issuer;
    let to = params.get("to").and_then(|to| own_path(issuer, to));
    let mut response = html::see_other(&to.unwrap_or_else(|| format!("{}/", issuer.path())));
    if let Some(lang) = params.get("lang").and_then(Lang::parse) {
        response
            .add_cookie(&language::chosen(lang, state.now()))
            .map_err(|fault| OAuthError::new(ErrorCode::Internal).because(fault.to_string()))?;
    }
    Ok(response)
}

/// `to` as a path with its query, if it is one of ours: whatever a browser would make of it stays
/// at our origin and below our path.
fn own_path(issuer: &Issuer, to: &str) -> Option<String> {
    let home = Url::parse(&issuer.url("/")).ok()?;
    let there = home.join(to).ok()?;
    let inside = there.path().strip_prefix(issuer.path())?;
    // A path that begins with two slashes would be read as a host.
    let ours = to.starts_with('/')
        && there.origin() == home.origin()
        && there.username().is_empty()
        && inside.starts_with('/')
        && !there.path().starts_with("//");
    let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
    ours.then(|| format!("{}{query}", there.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_paths_are_gone_back_to() {
        let root = Issuer::new("https://id.example");
        let below = Issuer::new("https://example.org:8443/id");
        for (issuer, to) in [
            (&root, "/"),
            (&root, "/login?interaction=int_7Qd1"),
            (&root, "/authorize?redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=a+b"),
            (&root, "/setup/s3tup"),
            (&below, "/id/login?a=b"),
            (&below, "/id/"),
        ] {
            assert_eq!(own_path(issuer, to).as_deref(), Some(to));
        }
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        let root = Issuer::new("https://id.example");
        for to in [
            "",
            "login",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "/%2e%2e//evil.example",
            "https:",
            "https://evil.example",
            "https:evil.example",
            "http://id.example/",
            "https://id.example@evil.example/",
            "javascript:alert(1)",
            "?x",
            "#x",
        ] {
            assert_eq!(own_path(&root, to), None, "{to:?}");
        }
        let below = Issuer::new("https://example.org/id");
        for to in ["/", "/idle", "/id", "/id/../x", "//other.example/id/"] {
            assert_eq!(own_path(&below, to), None, "{to:?}");
        }
    }
}
