//! Where a value came from, and what is wrong with it.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};

/// Where the value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A file of its own, for a secret.
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What names that file.
        named_by: Box<Origin>,
    },
}

impl Origin {
    /// Whether somebody set it.
    #[must_use]
    pub fn is_explicit(&self) -> bool {
        *self != Self::Default
    }

    /// Whether the value is text because environment variables know nothing else.
    pub(super) fn is_environment(&self) -> bool {
        matches!(self, Self::Environment(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::SecretFile { path, named_by } => {
                write!(f, "{}, named by {named_by}", path.display())
            }
        }
    }
}

/// A mistake in the configuration, or a thing worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting concerned; `None` if the file could not be read as far as that.
    pub key: Option<String>,
    /// Where its value came from.
    pub origin: Option<Origin>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: Option<String>,
}

impl Problem {
    /// A problem with the setting `key`.
    pub(super) fn new(key: &str, origin: Origin, message: impl Into<String>) -> Self {
        Self { key: Some(key.to_owned()), origin: Some(origin), message: message.into(), fix: None }
    }

    /// A problem that belongs to no setting.
    pub(super) fn general(origin: Option<Origin>, message: impl Into<String>) -> Self {
        Self { key: None, origin, message: message.into(), fix: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The problem as `config check --json` shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "key": self.key,
            "source": self.origin.as_ref().map(ToString::to_string),
            "message": self.message,
            "fix": self.fix,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(origin) = self.origin.as_ref().filter(|origin| origin.is_explicit()) {
            write!(f, "\n    from: {origin}")?;
        }
        if let Some(fix) = &self.fix {
            write!(f, "\n    fix:  {fix}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Problem>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a mistake:")?,
            count => write!(f, "the configuration has {count} mistakes:")?,
        }
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}
