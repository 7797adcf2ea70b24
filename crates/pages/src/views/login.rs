//! The sign-in page.

use askama::Template;

use crate::{
    Shell, date,
    samples::{ANA, SHELL},
};

/// `/login`: user name and password.
///
/// Posts `csrf_token`, `interaction` (if there is one), `username` and `password` to
/// `{base}/login`.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct Login<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The pending authorization request; none if the person signs in to this server itself.
    pub interaction: Option<&'a str>,
    /// The name of the client that asks.
    pub client: Option<&'a str>,
    /// The user name to begin with: what was typed before an error, or `login_hint`.
    pub username: &'a str,
    /// Why somebody who is signed in has to do it again.
    pub reason: Option<LoginReason>,
    /// One sentence about what went wrong; the same for every cause.
    pub error: Option<&'a str>,
}

/// Why a person with a live session is asked to sign in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginReason {
    /// `prompt=login` (OIDC Core §3.1.2.1).
    Asked,
    /// `max_age` in seconds (OIDC Core §3.1.2.1).
    TooLongAgo(i64),
    /// The client expects another account (`id_token_hint`).
    OtherAccount,
}

impl Login<'_> {
    fn reason_text(&self) -> Option<String> {
        let app = self.client.unwrap_or("This app");
        Some(match self.reason? {
            LoginReason::Asked | LoginReason::TooLongAgo(0) => {
                format!("{app} asks you to sign in once more, so it knows that it’s you.")
            }
            LoginReason::TooLongAgo(seconds) => format!(
                "{app} asks for a sign-in of the last {}, and yours is older.",
                date::span(seconds)
            ),
            LoginReason::OtherAccount => {
                format!("{app} expects another account than the one that is signed in.")
            }
        })
    }

    fn heading(&self) -> &'static str {
        match self.reason {
            Some(LoginReason::Asked | LoginReason::TooLongAgo(_)) => "Please confirm it’s you",
            Some(LoginReason::OtherAccount) => "Sign in with another account",
            None => "Sign in",
        }
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let fresh = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: Some("int_7Qd1"),
            client: Some("Acme Notes"),
            username: "",
            reason: None,
            error: None,
        };
        let known = Self { username: ANA.username, ..fresh.clone() };
        let wrong = Some("That user name and password don’t match.");
        vec![
            ("login", fresh.clone()),
            ("login-server", Self { interaction: None, client: None, ..fresh.clone() }),
            ("login-error", Self { error: wrong, ..known.clone() }),
            ("login-hint", known.clone()),
            ("login-asked", Self { reason: Some(LoginReason::Asked), ..known.clone() }),
            ("login-max-age", Self { reason: Some(LoginReason::TooLongAgo(300)), ..known }),
            ("login-other", Self { reason: Some(LoginReason::OtherAccount), ..fresh }),
        ]
    }
}
