//! What is answered when no handler answers: unknown addresses, other methods, panics.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use vestibule_model::{ErrorCode, OAuthError};

use crate::{
    error::page_error,
    headers,
    request::{self, RequestId},
    state::State,
};

/// `404`, for every address that no route matches.
#[expect(clippy::unused_async, reason = "actix takes async handlers only")]
pub async fn not_found(state: State, http: HttpRequest) -> HttpResponse {
    page_error(&state, &http, &OAuthError::new(ErrorCode::NotFound))
}

/// Middleware: an answer without a body that says what is wrong gets a page that does, and a
/// handler that panics answers 500 while the process lives on.
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
    let allow = response.headers().get(ALLOW).cloned();
    let mut page = page_error(&state, &http, &OAuthError::new(code));
    if let Some(allow) = allow {
        page.headers_mut().insert(ALLOW, allow);
    }
    Ok(response.into_response(page))
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
