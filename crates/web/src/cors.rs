//! Which origins' scripts may read our answers (WHATWG Fetch §3.2).
//!
//! Discovery and JWKS are for everyone. The token, userinfo and revocation endpoints answer the
//! origins of registered redirect URIs. Nothing else answers any, and nothing allows credentials:
//! no endpoint a script may call looks at cookies.

use std::time::Duration;

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
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

use crate::state::{AppState, State};

/// No registered origin is longer: a scheme, a host name (253 octets) and a port.
const MAX_ORIGIN: usize = 300;

/// Remembers for a few seconds which origins are registered.
#[derive(Debug, Clone)]
pub struct Origins(Cache<String, bool>);

impl Default for Origins {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(5)).build())
    }
}

impl Origins {
    async fn registered(&self, state: &AppState, origin: &str) -> Result<bool, OAuthError> {
        if let Some(known) = self.0.get(origin) {
            return Ok(known);
        }
        let asked = origin.to_owned();
        let found = state
            .read(move |conn| Ok(vestibule_storage::client::origin_registered(conn, &asked)?))
            .await?;
        self.0.insert(origin.to_owned(), found);
        Ok(found)
    }
}

/// Middleware for what anyone may read, preflight included.
pub async fn public<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let text = HeaderValue::from_static;
    let mut response = if request.method() == Method::OPTIONS {
        let mut answer = HttpResponse::NoContent().finish();
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, text("GET"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, text("*"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, text("86400"));
        request.into_response(answer.map_into_right_body())
    } else {
        next.call(request).await?.map_into_left_body()
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, text("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, text("cross-origin"));
    Ok(response)
}

/// Middleware for what the scripts of registered clients may call, preflight included.
pub async fn registered<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let allowed = allowed_origin(&request).await;
    if request.method() == Method::OPTIONS {
        let mut answer = HttpResponse::NoContent().finish();
        let headers = answer.headers_mut();
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = allowed {
            allow(headers, origin);
            let text = HeaderValue::from_static;
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, text("GET, POST"));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, text("authorization, content-type, dpop"));
            headers.insert(ACCESS_CONTROL_MAX_AGE, text("600"));
        }
        return Ok(request.into_response(answer.map_into_right_body()));
    }
    let mut response = next.call(request).await?.map_into_left_body();
    response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        allow(response.headers_mut(), origin);
    }
    Ok(response)
}

async fn allowed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let origin = request.headers().get(ORIGIN)?.clone();
    let state = request.app_data::<State>()?.clone();
    let text = origin.to_str().ok().filter(|text| text.len() <= MAX_ORIGIN)?.to_owned();
    // A database that cannot answer allows nothing; the request itself will say why.
    let registered = state.origins.registered(&state, &text).await.unwrap_or(false);
    registered.then_some(origin)
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("www-authenticate, x-request-id, retry-after"),
    );
}
