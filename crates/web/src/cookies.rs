//! Our two cookies. Both have the `__Host-` prefix (RFC 6265bis §4.1.3.2): `Secure`, `Path=/`, no
//! `Domain`, so that no neighbouring host and no plain connection can set them.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};
use vestibule_model::{Entropy, Secret, entropy::random_secret};

/// Says which browser this is, signed in or not: forms are bound to it.
pub const BROWSER: &str = "__Host-vestibule-browser";
/// Says who is signed in.
pub const SESSION: &str = "__Host-vestibule-session";

/// How long a browser keeps its name: the longest that browsers allow is 400 days.
const BROWSER_DAYS: i64 = 180;

fn build(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// A cookie's value, if it looks like one of ours (43 characters of base64url).
fn read(request: &HttpRequest, name: &str) -> Option<Secret> {
    let cookie = request.cookie(name)?;
    let ours = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let value = cookie.value();
    (value.len() == 43 && value.bytes().all(ours)).then(|| Secret::new(value))
}

/// The session cookie's value.
#[must_use]
pub fn session(request: &HttpRequest) -> Option<Secret> {
    read(request, SESSION)
}

/// The cookie that signs a browser in. It ends with the browser; the server ends it earlier.
#[must_use]
pub fn set_session(value: &Secret) -> Cookie<'static> {
    build(SESSION, value.expose().to_owned())
}

/// The cookie that forgets the session.
#[must_use]
pub fn clear_session() -> Cookie<'static> {
    let mut cookie = build(SESSION, String::new());
    cookie.make_removal();
    cookie
}

/// The browser's name, made if it has none; then the cookie has to be set.
pub fn browser(request: &HttpRequest, entropy: &dyn Entropy) -> (Secret, Option<Cookie<'static>>) {
    if let Some(known) = read(request, BROWSER) {
        return (known, None);
    }
    let fresh = random_secret(entropy);
    let mut cookie = build(BROWSER, fresh.expose().to_owned());
    cookie.set_max_age(Duration::days(BROWSER_DAYS));
    (fresh, Some(cookie))
}

/// The browser's name, if it has one.
#[must_use]
pub fn known_browser(request: &HttpRequest) -> Option<Secret> {
    read(request, BROWSER)
}
