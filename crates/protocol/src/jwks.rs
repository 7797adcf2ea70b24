//! The JWK Set (RFC 7517 §5) that resource servers verify with.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use vestibule_web::State;

/// `GET /jwks`. The next key stands in the set long before it signs, so a cache that keeps to
/// `max-age` never meets a `kid` it does not know.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let ring = state.ring();
    let jwks = ring.jwks();
    let known = http
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == jwks.etag));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, format!("public, max-age={}", state.settings.jwks_max_age)))
        .insert_header((ETAG, jwks.etag.clone()));
    if known {
        return response.finish();
    }
    response.content_type("application/jwk-set+json").body(jwks.body.clone())
}
