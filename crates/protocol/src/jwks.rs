//! The JWK Set (RFC 7517 §5) that resource servers verify with.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use vestibule_web::State;

/// A ring that was compared with the stored keys this many seconds ago may be cached as planned.
const FRESH_FOR: i64 = 30;
/// Else it may be cached this long, in seconds: this very request makes the server look again.
const UNSETTLED_MAX_AGE: i64 = 5;

/// `GET /jwks`. The next key stands in the set long before it signs, so a cache that keeps to
/// `max-age` never meets a `kid` it does not know.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let ring = state.ring();
    let settled = state.keys.age(state.now()) <= FRESH_FOR;
    let max_age = if settled { state.settings.jwks_max_age } else { UNSETTLED_MAX_AGE };
    let jwks = ring.jwks();
    let known = http
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| is_same(tag.trim(), &jwks.etag)));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, format!("public, max-age={max_age}")))
        .insert_header((ETAG, jwks.etag.clone()));
    if known {
        return response.finish();
    }
    response.content_type("application/jwk-set+json").body(jwks.body.clone())
}

/// RFC 9110 §13.1.2: the weak comparison, for proxies that compress make strong tags weak.
fn is_same(given: &str, etag: &str) -> bool {
    given == "*" || given.strip_prefix("W/").unwrap_or(given) == etag
}
