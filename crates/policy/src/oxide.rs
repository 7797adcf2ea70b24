//! A second opinion from the library whose state machines know RFC 6749 and RFC 7636 on their own.
//!
//! Only this folder names that crate. It is asked after our own checks said yes; it can only turn a
//! yes into a refusal. A disagreement means that one of the two is wrong, so nothing is issued and
//! the log says which step it was.

pub mod authorization;
pub mod exchange;

use vestibule_model::{ErrorCode, OAuthError};

/// What we say when the second opinion is no: our own checks have a hole.
fn disagreement(step: &str) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(format!("oxide-auth disagrees at: {step}"))
}
