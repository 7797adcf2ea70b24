//! The account page of `prompt=select_account` (OIDC Core §3.1.2.1).

use askama::Template;
use vestibule_model::Timestamp;

use crate::{
    Person, Shell,
    samples::{ANA, NOW, SHELL},
};

/// `/select-account`: go on as one of the people who are signed in, or as somebody else.
///
/// Posts `csrf_token`, `interaction` and `choice` = `continue`, `other` or a session's name, or
/// `remove` = a session's name, to `{base}/select-account`.
#[derive(Clone, Debug, Template)]
#[template(path = "select_account.html")]
pub struct SelectAccount<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The pending authorization request.
    pub interaction: &'a str,
    /// The name of the client that asks.
    pub client: &'a str,
    /// Who is signed in now.
    pub person: Person<'a>,
    /// Who else is signed in with this browser.
    pub others: Vec<OtherAccount<'a>>,
}

/// Somebody else who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct OtherAccount<'a> {
    /// The session's name.
    pub session: &'a str,
    /// Whose it is.
    pub person: Person<'a>,
    /// When they signed in.
    pub since: Timestamp,
}

impl SelectAccount<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: "int_7Qd1",
            client: "Acme Notes",
            person: ANA,
            others: vec![],
        };
        let ben = Person { name: "Ben Ito", username: "ben", email: "ben@mail.example" };
        let other = OtherAccount { session: "ses_2", person: ben, since: NOW };
        vec![
            ("select-account", page.clone()),
            ("select-account-many", Self { others: vec![other], ..page }),
        ]
    }
}
