//! The one mapping of a refusal to each wire form: OAuth JSON and page. The redirect has its own
//! in `protocol/authorize/respond.rs`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        ConnectionType, StatusCode,
        header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde_json::json;
use vestibule_model::{ErrorCode, OAuthError, WireError};

use crate::{html, request::RequestId, state::AppState};

/// Seconds after which a busy server is worth another try: one of so many, for those who are turned
/// away together should not come back together.
const RETRY_SECONDS: u32 = 4;

/// The page that explains a refusal.
#[must_use]
pub fn uri(state: &AppState, code: ErrorCode) -> String {
    state.settings.issuer.url(&format!("/errors/{}", code.public().id()))
}

/// `text` in the characters that RFC 6749 §5.2 allows in `error_description`.
#[must_use]
pub fn printable(text: &str) -> String {
    text.replace('§', "section ")
        .chars()
        .map(|c| match c {
            '"' | '\\' | '’' | '‘' => '\'',
            ' '..='~' => c,
            _ => '?',
        })
        .collect()
}

/// Notes a refusal, with the difference that only the log may hold.
pub fn log(request_id: &str, error: &OAuthError) {
    let (code, wire) = (error.code.id(), error.code.wire());
    if wire == WireError::ServerError {
        tracing::error!(
            event = "request.failed", request_id, code, description = %error.description,
            detail = %error.detail
        );
    } else {
        tracing::info!(
            event = "request.refused", request_id, code, error = wire.as_str(),
            description = %error.description, detail = %error.detail
        );
    }
}

/// The HTTP status of a refusal that is not a redirect.
#[must_use]
pub fn status(code: ErrorCode) -> StatusCode {
    let number = match code {
        ErrorCode::NotFound | ErrorCode::ResourceElsewhere => 404,
        ErrorCode::MethodNotAllowed => 405,
        ErrorCode::BodyLate => 408,
        ErrorCode::BodyTooLarge => 413,
        ErrorCode::HostUnknown => 421,
        ErrorCode::MediaTypeUnsupported => 415,
        ErrorCode::TooManyRequests => 429,
        _ => code.wire().status(),
    };
    StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_REQUEST)
}

/// The status beside an OAuth `error` in JSON. RFC 6749 §5.2 gives a request of a wrong form 400,
/// whatever is wrong about it. A body over the limit stays 413 (RFC 9110 §15.5.14): that is about
/// the transfer, is settled before anything is read as a request of OAuth, and tells proxies and
/// clients that sending it again is useless.
fn json_status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::MediaTypeUnsupported => StatusCode::BAD_REQUEST,
        code => status(code),
    }
}

/// A refusal as RFC 6749 §5.2 writes it.
#[must_use]
pub fn json_error(state: &AppState, http: &HttpRequest, error: &OAuthError) -> HttpResponse {
    let request_id = RequestId::of(http).0;
    log(&request_id, error);
    let mut response = HttpResponse::build(json_status(error.code)).json(json!({
        "error": error.code.wire().as_str(),
        "error_description": printable(&error.description),
        "error_uri": uri(state, error.code),
        "request_id": request_id,
    }));
    if error.code.wire() == WireError::InvalidClient {
        let challenge = format!("Basic realm=\"{}\"", state.settings.issuer.as_str());
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
    }
    after(&mut response, error, &request_id);
    response
}

/// A refusal as a page, for a person whose browser cannot be sent anywhere.
#[must_use]
pub fn page_error(state: &AppState, http: &HttpRequest, error: &OAuthError) -> HttpResponse {
    let request_id = RequestId::of(http).0;
    log(&request_id, error);
    let mut response = html::error_page(state, http, error, status(error.code));
    after(&mut response, error, &request_id);
    response
}

/// What the answer says about the next request. The name of this one is random, so it makes the
/// spread of the seconds.
fn after(response: &mut HttpResponse, error: &OAuthError, request_id: &str) {
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        return;
    }
    match error.code {
        ErrorCode::Overloaded => {
            let spread = request_id.bytes().fold(0_u32, |sum, byte| sum + u32::from(byte));
            let seconds = HeaderValue::from(1 + spread % RETRY_SECONDS);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        // What is left of the body is not waited for.
        ErrorCode::BodyLate | ErrorCode::BodyTooLarge => {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_keep_to_the_grammar() {
        assert_eq!(printable("it’s \"a\\b\"\né"), "it's 'a'b'??");
        assert_eq!(printable("RFC 7592 §2.2"), "RFC 7592 section 2.2");
    }

    #[test]
    fn every_title_can_be_sent_as_it_is() {
        for code in ErrorCode::ALL {
            assert_eq!(printable(code.title()), code.title(), "{}", code.id());
        }
    }
}
