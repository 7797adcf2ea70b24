//! Whether a client's metadata makes sense (RFC 7591 §2, OIDC Registration §2, the logout
//! specifications): every mistake at once, one function a rule.

mod algorithms;
mod grants;
mod keys;
mod texts;
mod uris;

pub(crate) use texts::LOCALIZED;
pub use texts::is_hidden;
use vestibule_model::{ErrorCode, OAuthError, client::ClientMetadata, settings::Settings};

/// The most values of one kind.
const MAX_VALUES: usize = 100;
/// How much of somebody's value a message repeats, in characters.
const MAX_SHOWN: usize = 200;
/// The longest description of a refusal, in characters.
const MAX_DESCRIPTION: usize = 1_000;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The metadata field, by its wire name.
    pub field: String,
    /// What is wrong with it, as a sentence without its subject.
    pub message: String,
}

impl Problem {
    /// A mistake in `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// What the rules write their findings into.
#[derive(Debug, Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::new(field, message));
    }

    fn add_if(&mut self, is_wrong: bool, field: &str, message: &str) {
        if is_wrong {
            self.add(field, message);
        }
    }
}

/// Every mistake in the metadata; empty means that it can be stored.
#[must_use]
pub fn check(metadata: &ClientMetadata, settings: &Settings) -> Vec<Problem> {
    let mut problems = Problems::default();
    uris::check(metadata, settings, &mut problems);
    grants::check(metadata, settings.profile, &mut problems);
    keys::check(metadata, settings, &mut problems);
    algorithms::check(metadata, settings, &mut problems);
    texts::check(metadata, settings, &mut problems);
    problems.0
}

/// The problems as a client is told of them (RFC 7591 §3.2.2). Empty metadata has none.
#[must_use]
pub fn refusal(problems: &[Problem]) -> OAuthError {
    let concerns_redirects = problems.iter().any(|problem| problem.field == "redirect_uris");
    let code = if concerns_redirects {
        ErrorCode::ClientRedirectUriInvalid
    } else {
        ErrorCode::ClientMetadataInvalid
    };
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let told: String = told.join("; ").chars().take(MAX_DESCRIPTION).collect();
    OAuthError::describe(code, told)
}

/// Somebody's value as a message repeats it.
pub(crate) fn shown(value: &str) -> String {
    value.escape_debug().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests;
