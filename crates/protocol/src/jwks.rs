//! The JWK Set (RFC 7517 §5) that resource servers verify with.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use vestibule_web::State;

use crate::cached::{self, Document};

/// A ring that was compared with the stored keys this many seconds ago may be cached as planned.
const FRESH_FOR: i64 = 30;
/// How long an answer waits for that to be done, where it was not: an idle server does not look.
const PATIENCE: Duration = Duration::from_millis(500);
/// Else it may be cached this long, in seconds.
const UNSETTLED_MAX_AGE: i64 = 5;

/// `GET /jwks`. The next key stands in the set long before it signs, so a cache that keeps to
/// `max-age` never meets a `kid` it does not know.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let now = state.now();
    let settled = || state.keys.age(now) <= FRESH_FOR;
    if !settled() {
        state.keys.look(PATIENCE).await;
    }
    // First the judgement, then the ring: it can only be newer than judged.
    let max_age = if settled() { state.settings.jwks_max_age } else { UNSETTLED_MAX_AGE };
    let jwks = state.ring().jwks().clone();
    let content_type = "application/jwk-set+json";
    cached::answer(&http, Document { body: jwks.body, content_type, max_age, etag: jwks.etag })
}
