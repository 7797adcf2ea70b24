//! Which origins' scripts may read our answers (WHATWG Fetch §3.2).
//!
//! Discovery, keys and WebFinger are for everyone. So is client registration (RFC 9700 §2.6): what a
//! script could do there a program can do as well. The token, userinfo and revocation endpoints answer
//! the origins of registered redirect URIs. Nothing else answers any, and nothing allows credentials:
//! no endpoint a script may call looks at cookies.
//!
//! [`answer`] is around all that refuses, so that scripts can read a refusal and when to come again.
//! [`look_up`] is behind all that refuses, so that who is refused costs no look-up.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
        },
    },
    middleware::Next,
};
use moka::sync::Cache;
use vestibule_model::OAuthError;

use crate::{
    request::own_path,
    state::{AppState, State},
    urls,
};

/// No registered origin is longer: a scheme, a host name (253 octets) and a port.
const MAX_ORIGIN: usize = 300;

/// How long it is good for answers that an origin is registered, or is not.
const FRESH: Duration = Duration::from_secs(5);

/// How long it is good for refusals, which say nothing about anybody, and for preflights: browsers
/// keep the answer to theirs as long.
const LATELY: Duration = Duration::from_mins(10);

/// Whose scripts may read the answers of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scripts {
    Anybodys,
    /// Those of the origins of registered redirect URIs.
    OfClients,
}

/// What browsers are told about the scripts of other origins.
#[derive(Clone, Copy, Debug)]
struct Policy {
    scripts: Scripts,
    methods: &'static str,
    headers: &'static str,
    /// Seconds for which a browser keeps the answer to its preflight.
    max_age: &'static str,
}

const DOCUMENT: Policy =
    Policy { scripts: Scripts::Anybodys, methods: "GET", headers: "*", max_age: "86400" };

const REGISTRATION: Policy = Policy {
    scripts: Scripts::Anybodys,
    methods: "GET, POST, PUT, DELETE",
    headers: "authorization, content-type, accept",
    max_age: "600",
};

const TOKENS: Policy = Policy {
    scripts: Scripts::OfClients,
    methods: "GET, POST",
    headers: "authorization, content-type, dpop",
    max_age: "600",
};

/// The policy of what is at `path`, relative to the issuer's.
fn policy(path: &str) -> Option<Policy> {
    let below = |root: &str| path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
    // Below them are those of an issuer with a path (RFC 8414 §3.1).
    let is_metadata = [urls::OPENID_CONFIGURATION, urls::OAUTH_METADATA]
        .into_iter()
        .any(|root| path == root || below(root).is_some());
    let is_client =
        || below(urls::CLIENT_REGISTRATION).is_some_and(|id| !id.is_empty() && !id.contains('/'));
    match path {
        urls::TOKEN | urls::USERINFO | urls::REVOKE => Some(TOKENS),
        urls::CLIENT_REGISTRATION => Some(REGISTRATION),
        urls::JWKS | urls::WEBFINGER => Some(DOCUMENT),
        _ if is_metadata => Some(DOCUMENT),
        _ => is_client().then_some(REGISTRATION),
    }
}

/// Remembers for a while which origins are registered.
#[derive(Debug, Clone)]
pub struct Origins {
    fresh: Cache<String, bool>,
    lately: Cache<String, ()>,
}

impl Default for Origins {
    fn default() -> Self {
        Self::fresh_for(FRESH)
    }
}

impl Origins {
    /// Remembers for answers for so long.
    #[must_use]
    pub fn fresh_for(fresh: Duration) -> Self {
        Self {
            fresh: Cache::builder().max_capacity(10_000).time_to_live(fresh).build(),
            lately: Cache::builder().max_capacity(10_000).time_to_live(LATELY).build(),
        }
    }

    async fn registered(&self, state: &AppState, origin: &str) -> Result<bool, OAuthError> {
        if let Some(known) = self.fresh.get(origin) {
            return Ok(known);
        }
        let asked = origin.to_owned();
        let found = state
            .read(move |conn| Ok(vestibule_storage::client::origin_registered(conn, &asked)?))
            .await?;
        self.fresh.insert(origin.to_owned(), found);
        if found {
            self.lately.insert(origin.to_owned(), ());
        } else {
            self.lately.invalidate(origin);
        }
        Ok(found)
    }
}

/// Whether the origin of this request is registered, as [`look_up`] found just now.
struct IsRegistered(bool);

/// Middleware, around all that refuses: says whose scripts may read the answer, and answers a
/// preflight at once that costs no look-up.
pub async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(policy) = policy(own_path(request.request())) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let is_preflight = request.method() == Method::OPTIONS;
    let known = readers(policy.scripts, request.request(), true).filter(|_| is_preflight);
    let (mut response, readers) = if known.is_some() {
        (request.into_response(HttpResponse::NoContent().finish()), known)
    } else {
        let response = next.call(request).await?.map_into_boxed_body();
        let status = response.status();
        let is_refused = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let readers = readers(policy.scripts, response.request(), is_refused);
        (response, readers)
    };
    let headers = response.headers_mut();
    if policy.scripts == Scripts::OfClients {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(readers) = readers {
        allow(headers, policy, readers, is_preflight);
    }
    Ok(response)
}

/// Middleware, behind all that refuses: finds out whether the origin is registered where that matters,
/// and lets a preflight go no further.
pub async fn look_up<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let policy = policy(own_path(request.request()));
    if policy.is_some_and(|policy| policy.scripts == Scripts::OfClients) {
        if let Some(found) = is_registered(request.request()).await {
            request.extensions_mut().insert(IsRegistered(found));
        }
        if request.method() == Method::OPTIONS {
            return Ok(request.into_response(HttpResponse::NoContent().finish()));
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn origin(http: &HttpRequest) -> Option<&str> {
    let text = http.headers().get(ORIGIN)?.to_str().ok()?;
    (text.len() <= MAX_ORIGIN).then_some(text)
}

/// `None` if there is no origin, or a database that cannot tell.
async fn is_registered(http: &HttpRequest) -> Option<bool> {
    let (origin, state) = origin(http).zip(http.app_data::<State>())?;
    state.origins.registered(state, origin).await.ok()
}

/// Whose `scripts` may read the answer to this request. What was known lately is good enough for what
/// `says_nothing` about anybody, if nobody could be asked just now.
fn readers(scripts: Scripts, http: &HttpRequest, says_nothing: bool) -> Option<HeaderValue> {
    if scripts == Scripts::Anybodys {
        return Some(HeaderValue::from_static("*"));
    }
    let (origin, state) = origin(http).zip(http.app_data::<State>())?;
    let looked_up = http.extensions().get::<IsRegistered>().map(|found| found.0);
    let lately = || says_nothing && state.origins.lately.contains_key(origin);
    let is_registered = looked_up.unwrap_or_else(lately);
    HeaderValue::from_str(origin).ok().filter(|_| is_registered)
}

fn allow(headers: &mut HeaderMap, policy: Policy, readers: HeaderValue, is_preflight: bool) {
    let text = HeaderValue::from_static;
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, readers);
    if policy.scripts == Scripts::Anybodys {
        let name = HeaderName::from_static("cross-origin-resource-policy");
        headers.insert(name, text("cross-origin"));
    }
    if is_preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, text(policy.methods));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, text(policy.headers));
        headers.insert(ACCESS_CONTROL_MAX_AGE, text(policy.max_age));
    } else {
        let exposed = text("www-authenticate, x-request-id, retry-after");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_may_read_what_is_listed_and_no_page() {
        for (path, scripts) in [
            ("/token", Some(Scripts::OfClients)),
            ("/userinfo", Some(Scripts::OfClients)),
            ("/revoke", Some(Scripts::OfClients)),
            ("/connect/register", Some(Scripts::Anybodys)),
            ("/connect/register/c1", Some(Scripts::Anybodys)),
            ("/jwks", Some(Scripts::Anybodys)),
            ("/.well-known/webfinger", Some(Scripts::Anybodys)),
            ("/.well-known/openid-configuration", Some(Scripts::Anybodys)),
            ("/.well-known/oauth-authorization-server/id", Some(Scripts::Anybodys)),
            ("/.well-known/change-password", None),
            ("/connect/registered", None),
            ("/connect/register/", None),
            ("/connect/register/c1/x", None),
            ("/jwks/x", None),
            ("/.well-known/webfinger/x", None),
            ("/.well-known/openid-configurations", None),
            ("/tokens", None),
            ("/token/x", None),
            ("/introspect", None),
            ("/authorize", None),
            ("/end_session", None),
            ("/login", None),
            ("/register", None),
            ("/health/ready", None),
            ("/", None),
        ] {
            assert_eq!(policy(path).map(|policy| policy.scripts), scripts, "{path}");
        }
    }
}
