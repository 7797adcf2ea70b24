//! The headers that keep a page what we made it.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    middleware::Next,
    web::Data,
};
use vestibule_model::settings::Settings;

use crate::state::State;

/// Pages load their own style, script and images, send forms to us, and are framed by nobody
/// (RFC 9700 §4.16). A page that posts to a client's callback sets its own `form-action`.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Middleware for pages that no client opens: nobody who opens them in a window may hold on to it.
/// The pages of a sign-in do without, because clients open them in a popup and wait for it.
pub async fn isolate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let name = HeaderName::from_static("cross-origin-opener-policy");
    response.headers_mut().insert(name, HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// Middleware: sets each header that the handler did not set itself.
pub async fn secure<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    // A server that waits for its database has its settings alone.
    let https = request.app_data::<State>().is_some_and(|s| s.settings.issuer.is_https())
        || request.app_data::<Data<Settings>>().is_some_and(|s| s.issuer.is_https());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    // `X-Frame-Options` has no word for "everybody": a page that anybody may frame goes without.
    let framable = headers
        .get(CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok())
        .is_some_and(|policy| policy.contains("frame-ancestors https:"));
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    if !framable {
        default(X_FRAME_OPTIONS, "DENY");
    }
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(REFERRER_POLICY, "no-referrer");
    default(CACHE_CONTROL, "no-store");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    );
    if https {
        default(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    Ok(response)
}
