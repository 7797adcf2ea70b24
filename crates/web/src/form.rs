//! Parameters from a query or a form, each name once.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::CONTENT_TYPE, web::Bytes};
use futures_util::future::LocalBoxFuture;
use vestibule_model::{ErrorCode, OAuthError};
use vestibule_policy::params::Params;

use crate::body;

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
        let body = body::whole(request, payload);
        Box::pin(async move {
            if !form {
                return Ok(Self(Err(ErrorCode::MediaTypeUnsupported.into())));
            }
            Ok(Self(body.await))
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
