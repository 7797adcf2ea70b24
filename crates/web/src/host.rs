//! The host that a page was asked for at, and the one that it belongs to.
//!
//! Nothing is ever built from what a request says about its host: every address, cookie and origin
//! comes from the issuer. So a page at another host would look right and not work: its cookies and
//! passkeys are the issuer's, and the sign-in would run in circles. People are told which host they
//! came by and which is configured; programs are served wherever they reach us.

use actix_web::{
    Error, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HOST, HeaderName},
    middleware::Next,
};
use url::Url;
use vestibule_model::{ErrorCode, OAuthError, settings::Issuer};

use crate::{
    client_ip,
    error::page_error,
    request::own_path,
    state::{AppState, State},
    urls,
};

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The longest host that is shown (RFC 1035 §2.3.4 has none longer).
const LONGEST: usize = 253;

/// The host that `http` asks for: what the proxy in front says, if it is a trusted one, else `Host`.
#[must_use]
pub(crate) fn asked(state: &AppState, http: &HttpRequest) -> String {
    let headers = http.headers();
    let peer = http.peer_addr().map(|peer| peer.ip());
    let is_proxied = peer.is_some_and(|peer| client_ip::is_trusted(peer, &state.trusted_proxies));
    let forwarded = headers.get_all(&FORWARDED_HOST).next_back().filter(|_| is_proxied);
    let value = forwarded.or_else(|| headers.get(HOST)).and_then(|value| value.to_str().ok());
    // The nearest proxy adds its word at the end.
    let nearest = value.unwrap_or_default().rsplit(',').next().unwrap_or_default();
    nearest.trim().chars().filter(char::is_ascii_graphic).take(LONGEST).collect()
}

/// The issuer's host.
#[must_use]
pub(crate) fn own(issuer: &Issuer) -> String {
    let url = Url::parse(issuer.as_str()).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Whether a page at `asked` (with or without a port) is none of the server whose host is `own`. A
/// name of one label and this machine's own names are how neighbours call us, and a proxy that does
/// not pass on what it was asked for.
fn is_foreign(asked: &str, own: &str) -> bool {
    let name = if asked.starts_with('[') {
        asked.split_inclusive(']').next().unwrap_or_default()
    } else {
        asked.split(':').next().unwrap_or_default()
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_local = name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    let is_plain = !name.contains('.') && !name.starts_with('[');
    !is_local && !is_plain && name != own.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether `path`, relative to the issuer's, is read by programs or says nothing about people.
fn is_anywhere(path: &str) -> bool {
    const ROOTS: [&str; 5] =
        ["/health/", "/static/", "/.well-known/", urls::CHECK_SESSION, "/client-logo/"];
    urls::is_for_programs(path) || ROOTS.iter().any(|root| path.starts_with(root))
}

/// Middleware: a page that is asked for at another host than the issuer's is a page that says so.
pub async fn keep<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = request.app_data::<State>().cloned();
    let refused = state.and_then(|state| {
        let ours = own_path(request.request());
        let asked = asked(&state, request.request());
        let stays = is_anywhere(ours) || !is_foreign(&asked, &own(&state.settings.issuer));
        let refusal = || OAuthError::new(ErrorCode::HostUnknown).because(asked);
        (!stays).then(|| page_error(&state, request.request(), &refusal()))
    });
    match refused {
        Some(told) => Ok(request.into_response(told)),
        None => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_and_the_neighbours_names_make_no_stranger() {
        for (asked, foreign) in [
            ("id.example.org", false),
            ("ID.Example.org.:8443", false),
            ("localhost:8080", false),
            ("127.0.0.1", false),
            ("[::1]:8080", false),
            ("vestibule:8080", false),
            ("", false),
            ("id.example.com", true),
            ("evil.id.example.org", true),
            ("10.0.0.5:8080", true),
            ("[fd00::5]:8080", true),
        ] {
            assert_eq!(is_foreign(asked, "id.example.org"), foreign, "{asked}");
        }
        assert!(is_foreign("id.example.org", "localhost"));
    }
}
