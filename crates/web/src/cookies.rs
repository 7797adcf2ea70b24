//! Our cookies. All have the `__Host-` prefix (RFC 6265bis §4.1.3.2): `Secure`, `Path=/`, no
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

/// Holds a sign-in whose second factor is still missing.
pub const SIGN_IN: &str = "__Host-vestibule-sign-in";
/// Says that its people signed in here before; proves nothing else.
pub const DEVICE: &str = "__Host-vestibule-device";
/// The sessions of the other people who are signed in here.
pub const OTHERS: &str = "__Host-vestibule-others";

/// Tells the script in clients' frames whether who is signed in has changed
/// ([`session_state`](crate::session_state)).
pub const BROWSER_STATE: &str = "__Host-vestibule-state";

/// How many people can be signed in with one browser, besides the present one.
const OTHERS_MAX: usize = 4;

/// How long a browser keeps its name: the longest that browsers allow is 400 days.
const BROWSER_DAYS: i64 = 180;
/// How long a device is known after its last sign-in.
pub const DEVICE_DAYS: i64 = 180;

pub(crate) fn build(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// A cookie's value, if it looks like one of ours (43 characters of base64url).
fn read(request: &HttpRequest, name: &str) -> Option<Secret> {
    ours(request.cookie(name)?.value())
}

/// The value if it could be one of ours.
fn ours(value: &str) -> Option<Secret> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (value.len() == 43 && value.bytes().all(known)).then(|| Secret::new(value))
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
    clear(SESSION)
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

/// The half-finished sign-in's cookie.
#[must_use]
pub fn sign_in(request: &HttpRequest) -> Option<Secret> {
    read(request, SIGN_IN)
}

/// The cookie of a sign-in that misses its second factor.
#[must_use]
pub fn set_sign_in(value: &Secret) -> Cookie<'static> {
    build(SIGN_IN, value.expose().to_owned())
}

/// The known device's cookie.
#[must_use]
pub fn device(request: &HttpRequest) -> Option<Secret> {
    read(request, DEVICE)
}

/// The cookie by which a browser is known again.
#[must_use]
pub fn set_device(value: &Secret) -> Cookie<'static> {
    let mut cookie = build(DEVICE, value.expose().to_owned());
    cookie.set_max_age(Duration::days(DEVICE_DAYS));
    cookie
}

/// The session cookies of the other people who are signed in here, the latest first.
#[must_use]
pub fn others(request: &HttpRequest) -> Vec<Secret> {
    let cookie = request.cookie(OTHERS);
    let values = cookie.as_ref().map(|cookie| cookie.value().split('.'));
    values.into_iter().flatten().filter_map(ours).take(OTHERS_MAX).collect()
}

/// The cookie that holds them; those beyond the most are left out.
#[must_use]
pub fn set_others(values: &[Secret]) -> Cookie<'static> {
    let kept: Vec<&str> = values.iter().take(OTHERS_MAX).map(Secret::expose).collect();
    if kept.is_empty() { clear(OTHERS) } else { build(OTHERS, kept.join(".")) }
}

/// The browser's state as its cookie tells it.
#[must_use]
pub fn browser_state(request: &HttpRequest) -> Option<Secret> {
    read(request, BROWSER_STATE)
}

/// The cookie that tells the browser's state. The only one that scripts may read and that goes along
/// into frames of other sites (OIDC Session Management §3.2): it proves nothing.
#[must_use]
pub fn set_browser_state(value: &Secret) -> Cookie<'static> {
    let mut cookie = build(BROWSER_STATE, value.expose().to_owned());
    cookie.set_http_only(false);
    cookie.set_same_site(SameSite::None);
    cookie.set_max_age(Duration::days(BROWSER_DAYS));
    cookie
}

/// A cookie that takes the one of that name away.
#[must_use]
pub fn clear(name: &'static str) -> Cookie<'static> {
    let mut cookie = build(name, String::new());
    cookie.make_removal();
    cookie
}
