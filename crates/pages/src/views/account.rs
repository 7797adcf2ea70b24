//! The person's own page.

use askama::Template;
use vestibule_model::Timestamp;

use crate::{
    Person, Shell, date,
    samples::{ANA, NOW, SHELL},
};

/// `/account`: who is signed in, and since when.
///
/// Its button posts `csrf_token`, `logout` and `decision` = `allow` to `{base}/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// As in [`LogoutConfirm`](crate::LogoutConfirm); may be empty.
    pub logout: &'a str,
    /// Who is signed in.
    pub person: Person<'a>,
    /// When the person signed in (`BrowserSession::auth_time`).
    pub signed_in_since: Timestamp,
}

impl AccountPage<'_> {
    fn since_words(&self) -> String {
        date::words(self.signed_in_since)
    }

    fn since_machine(&self) -> String {
        date::machine(self.signed_in_since)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            shell: SHELL,
            csrf_token: "csrf",
            logout: "",
            person: ANA,
            signed_in_since: NOW,
        };
        vec![("account", page)]
    }
}
