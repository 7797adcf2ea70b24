//! Parameters from a query or a form, each name once.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::CONTENT_TYPE,
    web::{Bytes, BytesMut},
};
use futures_util::{StreamExt, future::LocalBoxFuture};
use vestibule_model::{ErrorCode, OAuthError};
use vestibule_policy::params::Params;

use crate::state::State;

/// A body that is not whole after this long is not waited for (slow-loris).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The body as form parameters. The outcome is the handler's to render, as JSON or as a page.
pub struct FormParams(pub Result<Params, OAuthError>);

/// The body of a form, unread: for `/authorize`, which answers the client about it if it can.
pub struct FormBytes(pub Result<Bytes, OAuthError>);

/// The query as parameters.
pub struct QueryParams(pub Result<Params, OAuthError>);

impl FromRequest for FormBytes {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = is_form(request);
        let limit = request.app_data::<State>().map_or(0, |state| state.max_body_bytes);
        let payload = payload.take();
        Box::pin(async move {
            if !form {
                return Ok(Self(Err(ErrorCode::MediaTypeUnsupported.into())));
            }
            Ok(Self(body(payload, limit).await))
        })
    }
}

impl FromRequest for FormParams {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = FormBytes::from_request(request, payload);
        Box::pin(async move { Ok(Self(body.await?.0.and_then(|bytes| Params::parse(&bytes)))) })
    }
}

impl FromRequest for QueryParams {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Params::parse(request.query_string().as_bytes()))))
    }
}

/// RFC 6749 §3.2 and Appendix B: `application/x-www-form-urlencoded`, in UTF-8.
fn is_form(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// The whole body, unless it is larger than `limit` or too slow.
pub(crate) async fn body(payload: Payload, limit: usize) -> Result<Bytes, OAuthError> {
    let late = || OAuthError::new(ErrorCode::RequestMalformed).because("the body is late");
    let read = actix_web::rt::time::timeout(BODY_TIMEOUT, read(payload, limit)).await;
    read.unwrap_or_else(|_| Err(late()))
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, OAuthError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            OAuthError::new(ErrorCode::RequestMalformed).because(error.to_string())
        })?;
        if body.len() + chunk.len() > limit {
            return Err(ErrorCode::BodyTooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
