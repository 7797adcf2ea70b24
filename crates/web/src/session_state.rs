//! `session_state`: by which a client's page notices that who is signed in here has changed, without
//! a request (OIDC Session Management §2, §3).
//!
//! What the two pages compare is the state of the browser, a cookie that our script in the client's
//! frame reads. It is made of the browser's own secret name and of the session, so it changes when
//! somebody signs in or out or another account is chosen, and not when the same person proves more.
//! Nobody can work out that of a browser where nobody is signed in either: otherwise any site could
//! ask whether somebody is.

use actix_web::{HttpRequest, HttpResponse, cookie::Cookie, http::header::CONTENT_SECURITY_POLICY};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::Url;
use vestibule_model::{ClientId, Secret, SessionId, entropy::random_id, settings::Profile};
use vestibule_pages::assets;

use crate::{cookies, state::AppState};

/// The policy of the page in clients' frames.
const FRAME_POLICY: &str = "default-src 'none'; script-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors https: http:";

/// `session_state` of one answer.
#[derive(Debug)]
pub struct SessionState {
    /// The parameter's value (§2).
    pub value: String,
    cookies: Vec<Cookie<'static>>,
}

impl SessionState {
    /// Any answer, with the cookies that it has to leave in the browser.
    #[must_use]
    pub fn kept(&self, response: HttpResponse) -> HttpResponse {
        with(response, &self.cookies)
    }
}

/// `session_state` for an answer to `redirect_uri`, successful or not: `session` is the one that is
/// signed in now. `None` outside the profile `oidc`, and for a client without a web origin, which has
/// no page to ask from.
#[must_use]
pub fn of(
    state: &AppState,
    http: &HttpRequest,
    session: Option<&SessionId>,
    client_id: &ClientId,
    redirect_uri: &str,
) -> Option<SessionState> {
    if state.settings.profile != Profile::Oidc {
        return None;
    }
    let origin = web_origin(redirect_uri)?;
    let (browser, cookies) = browser_state(state, http, session);
    let salt = random_id(state.entropy.as_ref());
    let value = session_state(client_id.as_str(), &origin, browser.expose(), &salt);
    Some(SessionState { value, cookies })
}

/// Any answer, with the state of a browser in which `session` is signed in from now on.
#[must_use]
pub fn changed(
    state: &AppState,
    http: &HttpRequest,
    session: Option<&SessionId>,
    response: HttpResponse,
) -> HttpResponse {
    with(response, &changed_cookies(state, http, session))
}

/// The cookies that tell it; none outside the profile `oidc`.
#[must_use]
pub fn changed_cookies(
    state: &AppState,
    http: &HttpRequest,
    session: Option<&SessionId>,
) -> Vec<Cookie<'static>> {
    if state.settings.profile != Profile::Oidc {
        return Vec::new();
    }
    browser_state(state, http, session).1
}

/// The page that clients load in a frame to ask (§3.2): any site may. Nothing on it is of anybody.
#[must_use]
pub fn page(state: &AppState) -> HttpResponse {
    let script = format!("{}/static/{}", state.settings.issuer.path(), assets::CHECK_SESSION);
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>check_session_iframe</title>\
         <script src=\"{script}\"></script></html>"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, FRAME_POLICY))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(body)
}

/// The state of the browser, and the cookies that are not there yet or say otherwise.
fn browser_state(
    state: &AppState,
    http: &HttpRequest,
    session: Option<&SessionId>,
) -> (Secret, Vec<Cookie<'static>>) {
    let present = cookies::browser_state(http);
    let name = cookies::known_browser(http);
    if let (None, None, Some(present)) = (&name, session, &present) {
        // Of a request from another site the browser sends no other cookie than this one: it tells
        // nothing about who is signed in.
        return (present.clone(), Vec::new());
    }
    let (name, fresh) = cookies::browser(http, state.entropy.as_ref());
    let wanted = wanted(&name, session);
    let mut jar: Vec<Cookie<'static>> = fresh.into_iter().collect();
    if present.is_none_or(|present| !present.matches(wanted.expose())) {
        jar.push(cookies::set_browser_state(&wanted));
    }
    (wanted, jar)
}

fn wanted(browser: &Secret, session: Option<&SessionId>) -> Secret {
    let session = session.map_or("", SessionId::as_str);
    let text = format!("vestibule browser state v1\n{}\n{session}", browser.expose());
    Secret::new(URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
}

/// §3.2, as the script of `check_session` works it out too.
fn session_state(client_id: &str, origin: &str, browser: &str, salt: &str) -> String {
    let digest = Sha256::digest(format!("{client_id} {origin} {browser} {salt}"));
    format!("{}.{salt}", URL_SAFE_NO_PAD.encode(digest))
}

/// The origin as browsers write it (RFC 6454 §6.2).
fn web_origin(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

fn with(mut response: HttpResponse, cookies: &[Cookie<'static>]) -> HttpResponse {
    for cookie in cookies {
        // Of our own letters: it always fits a header.
        let _ = response.add_cookie(cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hashlib.
    #[test]
    fn a_known_answer() {
        let value = session_state("my app", "https://app.example", "state", "salt");
        assert_eq!(value, "0tqgbT2zmVrrC2FEEYCsvB8Kt9PzaqKla5fAAYvMkqk.salt");
    }

    #[test]
    fn the_script_reads_the_cookie_that_is_set() {
        let script = assets::find(assets::CHECK_SESSION).expect("it is embedded");
        let script = std::str::from_utf8(script.bytes).expect("text");
        assert!(script.contains(&format!("\"{}=\"", cookies::BROWSER_STATE)));
    }

    #[test]
    fn the_origin_is_what_browsers_call_it() {
        for (uri, origin) in [
            ("https://App.Example/cb?x=1", Some("https://app.example")),
            ("https://app.example:443/cb", Some("https://app.example")),
            ("https://app.example:8443/cb", Some("https://app.example:8443")),
            ("http://[::1]:80/cb", Some("http://[::1]")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("com.example.app:/cb", None),
            ("nonsense", None),
        ] {
            assert_eq!(web_origin(uri).as_deref(), origin, "{uri}");
        }
    }

    #[test]
    fn the_state_hangs_on_browser_and_session() {
        let of = |browser: &str, session: Option<&str>| {
            wanted(&Secret::new(browser), session.map(SessionId::new).as_ref())
        };
        let states = [
            of("a", None),
            of("a", Some("s1")),
            of("a", Some("s2")),
            of("b", None),
            of("b", Some("s1")),
        ];
        for (nr, one) in states.iter().enumerate() {
            assert_eq!(one.expose().len(), 43, "as our cookies are");
            for other in states.iter().skip(nr + 1) {
                assert!(!one.matches(other.expose()));
            }
        }
        assert!(of("a", Some("s1")).matches(of("a", Some("s1")).expose()));
    }
}
