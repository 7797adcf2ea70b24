//! Signing out (OIDC RP-Initiated Logout §2).

use askama::Template;

use crate::{
    Person, Shell, link,
    samples::{ANA, SHELL},
};

/// Asks whether to sign out: anybody can send a person to the logout endpoint.
///
/// Posts `csrf_token`, `logout` and `decision` = `allow` or `deny` to `{base}/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "logout_confirm.html")]
pub struct LogoutConfirm<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What to do afterwards, as the handler wrote it; opaque here.
    pub logout: &'a str,
    /// The name of the client that asks, if it is known.
    pub client: Option<&'a str>,
    /// Who is signed in.
    pub person: Option<Person<'a>>,
}

impl LogoutConfirm<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let known = Self {
            shell: SHELL,
            csrf_token: "csrf",
            logout: "v1.opaque",
            client: Some("Acme Notes"),
            person: Some(ANA),
        };
        let bare = Self { client: None, person: None, ..known.clone() };
        vec![("logout-confirm", known), ("logout-confirm-unknown", bare)]
    }
}

/// "You are signed out."
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The client's name and where its link leads: a checked `post_logout_redirect_uri`.
    pub back: Option<(&'a str, &'a str)>,
}

impl SignedOut<'_> {
    fn way_back(&self) -> Option<(&str, &str)> {
        self.back.map(|(client, href)| (client, link::safe(href)))
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { shell: SHELL, back: None };
        let back = Some(("Acme Notes", "https://notes.acme.example/bye?state=x"));
        vec![("signed-out", plain.clone()), ("signed-out-back", Self { back, ..plain })]
    }
}
