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

/// "You are signed out." Pages of clients that have to hear of it are loaded in frames; once they are,
/// or a few seconds later, it goes on to the client that asked.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOut<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The client's name and where its link leads: a checked `post_logout_redirect_uri`.
    pub back: Option<(&'a str, &'a str)>,
    /// What is loaded (OIDC Front-Channel Logout §3). The response's policy must allow it.
    pub frames: Vec<&'a str>,
}

impl SignedOut<'_> {
    fn way_back(&self) -> Option<(&str, &str)> {
        self.back.map(|(client, href)| (client, link::safe(href)))
    }

    fn frames(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().map(|address| link::safe(address))
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { shell: SHELL, back: None, frames: Vec::new() };
        let back = Some(("Acme Notes", "https://notes.acme.example/bye?state=x"));
        let frames = vec!["https://notes.acme.example/out?iss=x&sid=y", "https://shop.example/out"];
        vec![("signed-out", plain.clone()), ("signed-out-back", Self { back, frames, ..plain })]
    }
}
