//! The one error type of the OAuth endpoints.

use crate::error_code::ErrorCode;

/// A refusal with an OAuth wire form. `code` decides the wire `error`, the status and the page
/// behind `error_uri`; `description` is public; `detail` is for the log and the client's owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description} ({detail})", code.id())]
pub struct OAuthError {
    /// Which refusal.
    pub code: ErrorCode,
    /// What the other side is told (`error_description`): names the parameter, gives nothing away.
    pub description: String,
    /// The precise difference, for the log; may be empty. Never a secret.
    pub detail: String,
    /// Seconds after which the same request may be sent again, where that is known.
    pub retry_after: Option<u64>,
}

impl OAuthError {
    /// A refusal described by its entry in the table.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self { description: code.title().to_owned(), ..Self::blank(code) }
    }

    /// A refusal with a public description of its own.
    #[must_use]
    pub fn describe(code: ErrorCode, description: impl Into<String>) -> Self {
        Self { description: description.into(), ..Self::blank(code) }
    }

    fn blank(code: ErrorCode) -> Self {
        Self { code, description: String::new(), detail: String::new(), retry_after: None }
    }

    /// Says when the same request may be sent again, in seconds (`Retry-After`).
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Adds the difference that only the log may show.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl From<ErrorCode> for OAuthError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}
