//! Apps in a browser may register themselves (RFC 9700 §2.6 allows CORS here): anybody's scripts may,
//! because nothing here looks at cookies, and what a script could do a program can do as well.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            HeaderName, HeaderValue,
        },
    },
    middleware::Next,
};

/// Middleware: anybody's scripts may call this and read the answer, preflight included.
pub async fn anyone<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let text = HeaderValue::from_static;
    let mut response = if request.method() == Method::OPTIONS {
        let mut answer = HttpResponse::NoContent().finish();
        let headers = answer.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, text("GET, POST, PUT, DELETE"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, text("authorization, content-type, accept"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, text("600"));
        request.into_response(answer.map_into_right_body())
    } else {
        next.call(request).await?.map_into_left_body()
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, text("*"));
    let exposed = text("www-authenticate, x-request-id, retry-after");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, text("cross-origin"));
    Ok(response)
}
