//! The account page of `prompt=select_account` (OIDC Core §3.1.2.1).

use askama::Template;

use crate::{
    Person, Shell,
    samples::{ANA, SHELL},
};

/// `/select-account`: go on as the person signed in, or as somebody else.
///
/// Posts `csrf_token`, `interaction` and `choice` = `continue` or `other` to
/// `{base}/select-account`.
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
    /// Who is signed in.
    pub person: Person<'a>,
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
        };
        vec![("select-account", page)]
    }
}
