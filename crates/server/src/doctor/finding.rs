//! What a check found.

use serde_json::{Value, json};

/// How a matter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It could not be looked at, or does not apply.
    Skipped,
    /// All is well.
    Ok,
    /// It works, but is worth a change.
    Warning,
    /// It does not work, or must not be so.
    Failed,
}

impl Status {
    /// Its name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    /// Its mark in a line for people.
    #[must_use]
    pub const fn mark(self) -> char {
        match self {
            Self::Skipped => '–',
            Self::Ok => '✓',
            Self::Warning => '!',
            Self::Failed => '✗',
        }
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, within its check.
    pub about: &'static str,
    /// How it stands.
    pub status: Status,
    /// In words.
    pub detail: String,
    /// What to do, if there is something to do.
    pub fix: Option<String>,
    /// How it stands for a server in production.
    pub strict: Status,
}

impl Finding {
    fn new(about: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { about, status, detail: detail.into(), fix: None, strict: status }
    }

    /// All is well.
    pub fn ok(about: &'static str, detail: impl Into<String>) -> Self {
        Self::new(about, Status::Ok, detail)
    }

    /// It was not looked at, or does not apply, and why.
    pub fn skipped(about: &'static str, why: impl Into<String>) -> Self {
        Self::new(about, Status::Skipped, why)
    }

    /// It works, but is worth a change.
    pub fn warning(about: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(about, Status::Warning, detail) }
    }

    /// It works, but is no way to run a server in production.
    pub fn grave(about: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::warning(about, detail, fix).never_in_production()
    }

    /// It is well enough, but in production worth a change.
    pub fn hint(about: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Ok, strict: Status::Warning, ..Self::warning(about, detail, fix) }
    }

    /// It does not work, or must not be so.
    pub fn failed(about: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(about, Status::Failed, detail) }
    }

    /// The same, and a failure in production.
    #[must_use]
    pub fn never_in_production(self) -> Self {
        Self { strict: Status::Failed, ..self }
    }

    /// The finding as a go or no-go for production takes it.
    #[must_use]
    pub fn strictly(self) -> Self {
        Self { status: self.strict, ..self }
    }

    /// Whether there is something to do about it.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        self.status >= Status::Warning
    }

    /// The finding for a program.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "about": self.about,
            "status": self.status.as_str(),
            "detail": self.detail,
            "fix": self.fix,
        })
    }
}
