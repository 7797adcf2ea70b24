//! The JWK Set (RFC 7517 §5) that resource servers verify with.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_web::State;

use crate::cached::{self, Document};

/// A ring that could not be compared with the stored keys may be cached this long, in seconds.
const UNSETTLED_MAX_AGE: i64 = 5;

/// `GET /jwks`. The next key stands in the set long before it signs, so a cache that keeps to
/// `max-age` never meets a `kid` it does not know.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let now = state.now();
    state.keys.settle(now).await;
    // First the judgement, then the ring: it can only be newer than judged.
    let max_age =
        if state.keys.is_settled(now) { state.settings.jwks_max_age } else { UNSETTLED_MAX_AGE };
    let jwks = state.ring().jwks().clone();
    let content_type = "application/jwk-set+json";
    cached::answer(&http, Document { body: jwks.body, content_type, max_age, etag: jwks.etag })
}
