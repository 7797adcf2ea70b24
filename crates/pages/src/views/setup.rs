//! The first administrator.

use askama::Template;

use crate::{Shell, samples::SHELL};

/// `/setup/{token}`: makes the first administrator.
///
/// Posts `csrf_token`, `username`, `email` and `new_password` to `{base}/setup/{token}`.
#[derive(Clone, Debug, Template)]
#[template(path = "setup.html")]
pub struct Setup<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The token of the link, in its base64url form.
    pub token: &'a str,
    /// What was typed before an error.
    pub username: &'a str,
    /// What was typed before an error.
    pub email: &'a str,
    /// The least number of characters of a password.
    pub password_min: usize,
    /// The greatest number of characters of a password.
    pub password_max: usize,
    /// What is wrong, at most one sentence for each field.
    pub problems: Vec<SetupProblem<'a>>,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug)]
pub struct SetupProblem<'a> {
    /// Which field.
    pub field: SetupField,
    /// One sentence.
    pub sentence: &'a str,
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupField {
    /// `username`
    Username,
    /// `email`
    Email,
    /// `new_password`
    NewPassword,
}

impl SetupField {
    /// The field's name in the form, and its id on the page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::NewPassword => "new_password",
        }
    }
}

impl Setup<'_> {
    fn problem(&self, field: SetupField) -> Option<&str> {
        self.problems.iter().find(|p| p.field == field).map(|p| p.sentence)
    }

    fn username_problem(&self) -> Option<&str> {
        self.problem(SetupField::Username)
    }

    fn email_problem(&self) -> Option<&str> {
        self.problem(SetupField::Email)
    }

    fn password_problem(&self) -> Option<&str> {
        self.problem(SetupField::NewPassword)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let fresh = Self {
            shell: SHELL,
            csrf_token: "csrf",
            token: "s3tup",
            username: "",
            email: "",
            password_min: 12,
            password_max: 128,
            problems: vec![],
        };
        let wrong = Self {
            username: "ana",
            email: "ana@",
            problems: vec![
                SetupProblem {
                    field: SetupField::Email,
                    sentence: "This mail address stops after the @.",
                },
                SetupProblem {
                    field: SetupField::NewPassword,
                    sentence: "This password is too short: it needs 12 characters or more.",
                },
            ],
            ..fresh.clone()
        };
        vec![("setup", fresh), ("setup-error", wrong)]
    }
}
