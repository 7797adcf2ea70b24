//! The first administrator.

use askama::Template;
use vestibule_model::Message;

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
    /// What is wrong, each message with its field.
    pub problems: Vec<SetupProblem<'a>>,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug)]
pub struct SetupProblem<'a> {
    /// Which field.
    pub field: SetupField,
    /// What, in one sentence.
    pub message: &'a Message,
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
    /// What is wrong with the field of that name.
    fn wrong(&self, field: &str) -> Vec<&Message> {
        let problems = self.problems.iter().filter(|problem| problem.field.as_str() == field);
        problems.map(|problem| problem.message).collect()
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static LOOK: Message = Message::new("account-email-look");
        static EMPTY: Message = Message::new("password-empty");
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
                SetupProblem { field: SetupField::Email, message: &LOOK },
                SetupProblem { field: SetupField::NewPassword, message: &EMPTY },
            ],
            ..fresh.clone()
        };
        vec![("setup", fresh), ("setup-error", wrong)]
    }
}
