//! What can go wrong between the sample app and the server, in words for its pages.

use std::error::Error;

use openidconnect::{ErrorResponse, RequestTokenError};
use serde::Deserialize;

use crate::http::TransportError;

/// An OAuth error as the server sent it (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ServerError {
    pub error: String,
    #[serde(default)]
    pub error_description: Option<String>,
    #[serde(default)]
    pub error_uri: Option<String>,
}

/// Why something did not work. Shown to the person as it is: this is a demonstration.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("The server refused ({}).", .0.error)]
    Refused(ServerError),
    #[error("The server could not be reached: {0}.")]
    Unreachable(String),
    #[error("The server's answer made no sense: {0}.")]
    Nonsense(String),
    #[error("The ID token did not pass verification: {0}.")]
    Unverified(String),
    #[error("This answer belongs to no sign-in that began in this browser.")]
    UnknownState,
    #[error("This answer was already used. Please sign in again.")]
    AnswerUsed,
    #[error("The answer names the issuer {got}, but the sign-in began at {expected} (RFC 9207).")]
    OtherIssuer { got: String, expected: String },
    #[error("This button was pressed on another site's page.")]
    ForeignPage,
    #[error("You are not signed in here.")]
    NotSignedIn,
    #[error("{0}")]
    Unsupported(&'static str),
}

impl Trouble {
    /// Reads a failed token request.
    pub fn of_token_request<T>(error: &RequestTokenError<TransportError, T>) -> Self
    where
        T: ErrorResponse + serde::Serialize + 'static,
    {
        match error {
            RequestTokenError::ServerResponse(refusal) => serde_json::to_value(refusal)
                .and_then(serde_json::from_value)
                .map_or_else(|error| Self::Nonsense(explain(&error)), Self::Refused),
            RequestTokenError::Request(error) => Self::Unreachable(explain(error)),
            other => Self::Nonsense(explain(other)),
        }
    }

    /// Reads an answer with a status that tells of failure.
    pub fn of_answer(status: u16, body: &[u8]) -> Self {
        serde_json::from_slice(body)
            .map_or_else(|_| Self::Nonsense(format!("HTTP status {status}")), Self::Refused)
    }
}

/// An error with everything that caused it, in one line.
pub fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let said = source.to_string();
        // Some errors repeat their source in their own text.
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_what_the_server_said() {
        let body = br#"{"error":"invalid_token","error_description":"revoked","error_uri":"http://localhost/errors/x"}"#;
        let Trouble::Refused(refusal) = Trouble::of_answer(401, body) else {
            panic!("an OAuth error is a refusal");
        };
        assert_eq!(refusal.error, "invalid_token");
        assert_eq!(refusal.error_description.as_deref(), Some("revoked"));
        assert_eq!(refusal.error_uri.as_deref(), Some("http://localhost/errors/x"));
    }

    #[test]
    fn anything_else_is_told_by_its_status() {
        let trouble = Trouble::of_answer(502, b"<html>bad gateway</html>");
        assert_eq!(trouble.to_string(), "The server's answer made no sense: HTTP status 502.");
    }
}
