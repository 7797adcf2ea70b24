//! The mail address.

use askama::Template;
use vestibule_model::Message;

use crate::{FieldProblem, Shell, samples::SHELL};

/// A new address that waits to be proved.
#[derive(Clone, Copy, Debug)]
pub struct PendingEmail<'a> {
    /// The address.
    pub address: &'a str,
    /// The verification's name.
    pub id: &'a str,
}

/// `/account/email`: the address, whether it is proved, and another one.
///
/// Posts `csrf_token` and `email`, or `decision` = `verify`, to `{base}/account/email`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_email.html")]
pub struct EmailPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `email`.
    pub section: &'a str,
    /// The forms' CSRF token.
    pub csrf_token: &'a str,
    /// The address.
    pub email: &'a str,
    /// Whether it is proved.
    pub verified: bool,
    /// The address that will take its place.
    pub pending: Option<PendingEmail<'a>>,
    /// Whether mails can be sent: without, nothing can be proved.
    pub has_mail: bool,
    /// What was typed before an error.
    pub typed: &'a str,
    /// What is wrong, every reason at once.
    pub problems: Vec<FieldProblem<'a>>,
}

impl EmailPage<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static LOOK: Message = Message::new("account-email-look");
        let confirmed = Self {
            shell: SHELL,
            section: "email",
            csrf_token: "csrf",
            email: "ana.lima@mail.example",
            verified: true,
            pending: None,
            has_mail: true,
            typed: "",
            problems: vec![],
        };
        let pending = PendingEmail { address: "ana@new.example", id: "ver_1" };
        let fresh = Self { verified: false, pending: Some(pending), ..confirmed.clone() };
        let wrong = Self {
            typed: "ana@",
            problems: vec![FieldProblem { field: "email", message: &LOOK }],
            ..confirmed.clone()
        };
        let off = Self { has_mail: false, verified: false, ..confirmed.clone() };
        vec![
            ("email", confirmed),
            ("email-fresh", fresh),
            ("email-error", wrong),
            ("email-off", off),
        ]
    }
}
