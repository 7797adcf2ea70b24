//! The password.

use askama::Template;
use vestibule_model::Message;

use crate::{FieldProblem, RulesShown, Shell, samples::SHELL};

/// `/account/password`: another password, or a first one.
///
/// Posts `csrf_token`, `password` (the present one, if there is one) and `new_password` to
/// `{base}/account/password`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_password.html")]
pub struct PasswordPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `password`.
    pub section: &'a str,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What was done just now.
    pub done: Option<&'a Message>,
    /// The name to sign in with, for password managers.
    pub username: &'a str,
    /// Whether there is a password.
    pub has_password: bool,
    /// Whether a forgotten password can be replaced by mail.
    pub can_recover: bool,
    /// What the new one must be.
    pub rules: RulesShown<'a>,
    /// What is wrong, every reason at once.
    pub problems: Vec<FieldProblem<'a>>,
}

impl PasswordPage<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static CHANGED: Message = Message::new("password-changed");
        static WRONG: Message = Message::new("password-present-wrong");
        static COMMON: Message = Message::new("password-common");
        let page = Self {
            shell: SHELL,
            section: "password",
            csrf_token: "csrf",
            done: None,
            username: "ana",
            has_password: true,
            can_recover: true,
            rules: RulesShown::sample(),
            problems: vec![],
        };
        let first = Self { has_password: false, ..page.clone() };
        let changed = Self { done: Some(&CHANGED), ..page.clone() };
        let wrong = Self {
            problems: vec![
                FieldProblem { field: "password", message: &WRONG },
                FieldProblem { field: "new_password", message: &COMMON },
            ],
            ..page.clone()
        };
        vec![
            ("password", page),
            ("password-first", first),
            ("password-changed", changed),
            ("password-error", wrong),
        ]
    }
}
