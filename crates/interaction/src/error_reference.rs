//! `/errors`: every refusal, and what to do about it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue},
    },
    web::Path,
};
use serde_json::json;
use vestibule_model::{ErrorCode, OAuthError};
use vestibule_pages::{ErrorIndex, ErrorReference};
use vestibule_web::{State, html::Frame, page_error};

/// `GET /errors`.
pub async fn index(state: State, http: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&state, &http);
    let page = frame.page(StatusCode::OK, &ErrorIndex { shell: frame.shell() });
    page.map_or_else(|error| page_error(&state, &http, &error), public)
}

/// `GET /errors/{code}`.
pub async fn get(state: State, http: HttpRequest, code: Path<String>) -> HttpResponse {
    let frame = Frame::new(&state, &http);
    let found = ErrorCode::from_id(&code).ok_or_else(|| OAuthError::new(ErrorCode::NotFound));
    found
        .and_then(|code| frame.page(StatusCode::OK, &ErrorReference { shell: frame.shell(), code }))
        .map_or_else(|error| page_error(&state, &http, &error), public)
}

/// `GET /errors.json`: the table for programs.
pub async fn json() -> HttpResponse {
    let rows: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let entry = code.entry();
            json!({
                "code": entry.id,
                "error": entry.wire.as_str(),
                "error_description": entry.title,
                "cause": entry.cause,
                "fix": entry.fix,
                "example": entry.example,
            })
        })
        .collect();
    public(HttpResponse::Ok().json(rows))
}

fn public(mut page: HttpResponse) -> HttpResponse {
    let cache = HeaderValue::from_static("public, max-age=3600");
    page.headers_mut().insert(CACHE_CONTROL, cache);
    page
}
