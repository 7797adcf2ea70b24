//! Answers that anyone may keep for a while: discovery, keys (RFC 9111 §5.2.2, RFC 9110 §13.1.2).

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A document, and for how long copies of it are good.
pub struct Document {
    /// The content.
    pub body: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Seconds.
    pub max_age: i64,
    /// A strong entity tag with its quotes; another for every other `body`.
    pub etag: String,
}

/// The entity tag of `body` (RFC 9110 §8.8.3).
#[must_use]
pub fn etag(body: &str) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(body)))
}

/// The document, or 304 for whoever has it.
#[must_use]
pub fn answer(http: &HttpRequest, document: Document) -> HttpResponse {
    let Document { body, content_type, max_age, etag } = document;
    let known = http
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .any(|tags| tags.split(',').any(|tag| is_same(tag.trim(), &etag)));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((CACHE_CONTROL, format!("public, max-age={max_age}")))
        .insert_header((ETAG, etag));
    if known {
        return response.finish();
    }
    response.content_type(content_type).body(body)
}

/// RFC 9110 §13.1.2: the weak comparison, for proxies that compress make strong tags weak.
fn is_same(given: &str, etag: &str) -> bool {
    given == "*" || given.strip_prefix("W/").unwrap_or(given) == etag
}
