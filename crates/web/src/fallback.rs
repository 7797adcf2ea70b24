//! What is answered when no handler answers: unknown addresses, other methods, panics.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use vestibule_model::{ErrorCode, OAuthError};

use crate::{
    error::{json_error, page_error},
    headers,
    request::{self, RequestId},
    state::{AppState, State},
    urls,
};

/// `404`, for every address that no route matches.
#[expect(clippy::unused_async, reason = "actix takes async handlers only")]
pub async fn not_found(state: State, http: HttpRequest) -> HttpResponse {
    refusal(&state, &http, ErrorCode::NotFound, "")
}

/// A refusal in the form that whoever asked can read: JSON at the addresses that programs call and
/// for whoever asks for JSON, else a page.
/// `detail` is for the log.
pub(crate) fn refusal(
    state: &AppState,
    http: &HttpRequest,
    code: ErrorCode,
    detail: &str,
) -> HttpResponse {
    let error = OAuthError::new(code).because(detail);
    if urls::is_for_programs(request::own_path(http)) || wants_json(http) {
        json_error(state, http, &error)
    } else {
        page_error(state, http, &error)
    }
}

/// Whether `Accept` names JSON and no page (RFC 9110 §12.5.1).
fn wants_json(http: &HttpRequest) -> bool {
    accepts(http, "application/json") && !wants_page(http)
}

/// Whether `Accept` names pages, as that of a browser does that opens one.
#[must_use]
pub fn wants_page(http: &HttpRequest) -> bool {
    accepts(http, "text/html")
}

fn accepts(http: &HttpRequest, kind: &str) -> bool {
    let accept = http.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|kinds| kinds.contains(kind))
}

/// Middleware: an answer without a body that says what is wrong gets one that does, and a handler
/// that panics answers 500 while the process lives on.
pub async fn explain<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let request_id = RequestId::of(request.request());
    let Ok(answered) = AssertUnwindSafe(next.call(request)).catch_unwind().await else {
        return Err(after_panic(&request_id));
    };
    let response = answered?.map_into_boxed_body();
    let http = response.request().clone();
    let Some(state) = http.app_data::<State>().cloned() else { return Ok(response) };
    let bare = matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    let code = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        _ => return Ok(response),
    };
    if !bare {
        return Ok(response);
    }
    let mut told = refusal(&state, &http, code, "");
    // Which methods there are.
    for methods in response.headers().get_all(ALLOW) {
        told.headers_mut().append(ALLOW, methods.clone());
    }
    Ok(response.into_response(told))
}

/// The request is lost with the handler, and with it the middleware around: so this answer carries
/// the headers itself.
fn after_panic(request_id: &RequestId) -> Error {
    tracing::error!(event = "request.panicked", request_id = request_id.0);
    let answer = HttpResponse::InternalServerError()
        .insert_header((request::HEADER, request_id.0.as_str()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, headers::PAGE_POLICY))
        .content_type("text/plain; charset=utf-8")
        .body(format!("Something went wrong on our side. Request id: {}", request_id.0));
    InternalError::from_response("a handler panicked", answer).into()
}
