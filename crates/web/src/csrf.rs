//! Our own forms can only be sent from our own pages in the same browser.
//!
//! Three checks: `Sec-Fetch-Site`, `Origin`, and a token that is a keyed MAC of the browser's
//! cookie. The token belongs to the browser and not to the page, so that five tabs, the back
//! button and a double submit all work.

use actix_web::{
    HttpRequest,
    http::header::{HeaderMap, ORIGIN},
};
use vestibule_model::{ErrorCode, OAuthError, Secret, SessionId, settings::Issuer};
use vestibule_policy::params::Params;

use crate::{cookies, state::AppState};

/// The hidden field.
pub const FIELD: &str = "csrf_token";

/// Refuses a form that did not come from our page in this browser.
pub fn check(state: &AppState, request: &HttpRequest, form: &Params) -> Result<(), OAuthError> {
    check_shown_to(state, request, form, None)
}

/// As [`check`], for a page that was shown to one person: a form that was left open while somebody
/// else signed in must not speak for them.
pub fn check_shown_to(
    state: &AppState,
    request: &HttpRequest,
    form: &Params,
    session: Option<&SessionId>,
) -> Result<(), OAuthError> {
    check_origin(request.headers(), &state.settings.issuer)?;
    let browser = cookies::known_browser(request)
        .ok_or_else(|| OAuthError::new(ErrorCode::FormExpired).because("no browser cookie"))?;
    let token = form.get(FIELD).unwrap_or_default();
    if state.digester.check_csrf(&subject(&browser, session), token) {
        Ok(())
    } else {
        Err(OAuthError::new(ErrorCode::FormExpired).because("csrf_token is not this browser's"))
    }
}

/// What a token is a MAC of.
pub(crate) fn subject(browser: &Secret, session: Option<&SessionId>) -> String {
    let session = session.map_or("", SessionId::as_str);
    format!("{}.{session}", browser.expose())
}

/// Browsers send `Origin: null` where the referrer policy hides it, so that value says nothing;
/// `Sec-Fetch-Site` (W3C Fetch Metadata §2.4) then decides.
fn check_origin(headers: &HeaderMap, issuer: &Issuer) -> Result<(), OAuthError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site")
        && !matches!(site, "same-origin" | "none")
    {
        return Err(
            OAuthError::new(ErrorCode::FormExpired).because(format!("Sec-Fetch-Site is {site:?}"))
        );
    }
    match text(ORIGIN.as_str()) {
        None | Some("null") => Ok(()),
        Some(origin) if origin == issuer.origin() => Ok(()),
        Some(origin) => Err(OAuthError::new(ErrorCode::FormExpired)
            .because(format!("Origin is {origin:?}, expected {:?}", issuer.origin()))),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_our_own_origin_may_send_forms() {
        let issuer = Issuer::new("https://id.example/auth");
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            map
        };
        let verdict = |pairs: &[_]| check_origin(&headers(pairs), &issuer).is_ok();
        assert!(verdict(&[]));
        assert!(verdict(&[("origin", "https://id.example")]));
        assert!(verdict(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!verdict(&[("origin", "https://evil.example")]));
        assert!(!verdict(&[("origin", "https://id.example:8443")]));
        assert!(!verdict(&[("origin", "null"), ("sec-fetch-site", "cross-site")]));
        assert!(!verdict(&[("sec-fetch-site", "same-site")]));
    }
}
