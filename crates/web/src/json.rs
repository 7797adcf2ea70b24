//! A body that is a JSON object.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::CONTENT_TYPE};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};
use vestibule_model::{ErrorCode, OAuthError};

use crate::body;

/// The body as the members of a JSON object (RFC 8259 §4), which has to come as `application/json`.
/// The outcome is the handler's to render; `RequestMalformed` says that the body is something else.
pub struct JsonObject(pub Result<Map<String, Value>, OAuthError>);

impl FromRequest for JsonObject {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let body = body::whole(request, payload);
        Box::pin(async move {
            if !is_json {
                let error = "the body must be application/json";
                let error = OAuthError::describe(ErrorCode::MediaTypeUnsupported, error);
                return Ok(Self(Err(error)));
            }
            Ok(Self(body.await.and_then(|bytes| {
                serde_json::from_slice(&bytes).map_err(|fault| {
                    let what = "the body is not a JSON object";
                    OAuthError::describe(ErrorCode::RequestMalformed, what)
                        .because(fault.to_string())
                })
            })))
        })
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
