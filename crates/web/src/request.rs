//! The request id: in the log, in the answer's header, and on every error page.

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
};
use std::{
    future::{Ready, ready},
    net::IpAddr,
    time::Instant,
};
use tracing::{Instrument, field::Empty, info_span};
use vestibule_model::entropy::random_id;

use crate::{client_ip, state::State};

/// The header every answer carries.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// This request's name. Made here, never taken from outside, so that it can be trusted in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

impl RequestId {
    /// The id of `request`.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(|| Self("-".to_owned()))
    }
}

/// Where a request came from (`client_ip`), found once.
#[derive(Clone, Copy, Debug)]
struct VisitorIp(Option<IpAddr>);

/// Where `request` came from, as far as trusted proxies tell.
#[must_use]
pub fn visitor_ip(request: &HttpRequest) -> Option<IpAddr> {
    request.extensions().get::<VisitorIp>().and_then(|found| found.0)
}

/// The path of `request` as the routes see it, relative to the issuer's own. What decides by a path
/// asks here: the one that was sent can be percent-encoded, and name a page or an endpoint all the
/// same.
#[must_use]
pub fn own_path(request: &HttpRequest) -> &str {
    let path = request.match_info().as_str();
    let issuer = request.app_data::<State>().map_or("", |state| state.settings.issuer.path());
    path.strip_prefix(issuer).unwrap_or(path)
}

impl FromRequest for RequestId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// A method as logs and figures show it: one of a few, whatever was sent.
const fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// Middleware: names the request, logs its end in one line, and measures it. The line holds the
/// route's pattern and not the path, for paths and queries can hold codes and ids.
pub async fn observe<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let state = request.app_data::<State>().cloned();
    let id = state.as_ref().map_or_else(|| "-".to_owned(), |s| random_id(s.entropy.as_ref()));
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = label(request.method());
    let ip = state.as_ref().and_then(|state| client_ip::of(&request, &state.trusted_proxies));
    request.extensions_mut().insert(VisitorIp(ip));
    let span = info_span!("request", request_id = %id, method = %method, route = Empty);
    // RFC 9110 §9.3.2: HEAD is GET without the body, which the connection leaves out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let result = next.call(request).instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = result?;
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    span.record("route", route.as_str());
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    if let Some(state) = state {
        state.metrics.request(method, &route, status, seconds);
    }
    let ip = ip.map(tracing::field::display);
    let ms = (seconds * 1e6).round() / 1e3;
    // Orchestrators ask every few seconds; their questions are not worth a line each.
    if route.contains("/health/") {
        tracing::debug!(event = "http.request", status, ip, ms);
    } else {
        tracing::info!(event = "http.request", status, ip, ms);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_path_is_what_the_routes_see() {
        for (sent, seen) in [
            ("/token", "/token"),
            ("/%74oken", "/token"),
            ("/connect/%72%65gister?a=%74", "/connect/register"),
            ("/.well-known/%77ebfinger", "/.well-known/webfinger"),
            ("http://id.example/%74oken", "/token"),
            // These are no slash and no percent sign to the routes either.
            ("/connect%2Fregister", "/connect%2Fregister"),
            ("/%2574oken", "/%2574oken"),
        ] {
            let request = TestRequest::with_uri(sent).to_http_request();
            assert_eq!(own_path(&request), seen, "{sent}");
        }
    }

    #[test]
    fn a_made_up_method_makes_no_label_of_its_own() {
        assert_eq!(label(&Method::POST), "POST");
        assert_eq!(label(&Method::from_bytes(b"FOO1").unwrap()), "_OTHER");
    }
}
