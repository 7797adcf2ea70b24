//! The sign-in page.

use std::sync::OnceLock;

use askama::Template;
use vestibule_model::Message;

use crate::{
    PasskeyChallenge, Person, Shell,
    samples::{ANA, SHELL},
};

/// `/login`: user name and password.
///
/// Posts `csrf_token`, `interaction` or `next`, `username` and `password` to `{base}/login`; or
/// `credential` and `state` of a passkey to `{base}/login/passkey`; or, for another account than
/// the known one, nothing but the first two to `{base}/login/other`.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct Login<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The pending authorization request; none if the person signs in to this server itself.
    pub interaction: Option<&'a str>,
    /// Our own path to go on to, where there is no such request.
    pub next: Option<&'a str>,
    /// The name of the client that asks.
    pub client: Option<&'a str>,
    /// Whoever is signed in and has to prove it again; nobody else signs in on this page.
    pub known: Option<Person<'a>>,
    /// The user name to begin with: what was typed before an error, or `login_hint`.
    pub username: &'a str,
    /// Why somebody who is signed in has to do it again.
    pub reason: Option<LoginReason>,
    /// One sentence about what went wrong; the same for every cause.
    pub error: Option<&'a Message>,
    /// The account is locked for a while: the page offers to open it by mail.
    pub offer_unlock: bool,
    /// Passwords can be recovered by mail.
    pub can_recover: bool,
    /// Anybody may make an account.
    pub can_register: bool,
    /// The challenge for signing in with a passkey alone.
    pub passkey: Option<PasskeyChallenge<'a>>,
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
    /// A page of ours changes how people sign in, and the sign-in is not fresh.
    Sensitive,
}

impl Login<'_> {
    fn reason_text(&self) -> Option<String> {
        let shell = &self.shell;
        let client = self.client.map_or_else(|| shell.t("login-this-app"), str::to_owned);
        Some(match self.reason? {
            LoginReason::Asked | LoginReason::TooLongAgo(0) => {
                shell.ta("login-asked", &[("client", client)])
            }
            LoginReason::TooLongAgo(seconds) => {
                let span = shell.span(seconds);
                shell.ta("login-too-old", &[("client", client), ("span", span)])
            }
            LoginReason::OtherAccount => shell.ta("login-other-account", &[("client", client)]),
            LoginReason::Sensitive => shell.t("login-sensitive"),
        })
    }

    /// The key of the heading.
    fn heading(&self) -> &'static str {
        match self.reason {
            Some(LoginReason::Asked | LoginReason::TooLongAgo(_) | LoginReason::Sensitive) => {
                "login-heading-confirm"
            }
            Some(LoginReason::OtherAccount) => "login-heading-other",
            None => "login-heading",
        }
    }

    /// The destination, as the query of another page.
    fn query(&self) -> String {
        let value = crate::link::query_value;
        match (self.interaction, self.next) {
            (Some(id), _) => format!("?interaction={}", value(id)),
            (None, Some(next)) => format!("?next={}", value(next)),
            (None, None) => String::new(),
        }
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static LOCKED: OnceLock<Message> = OnceLock::new();
        static WRONG: Message = Message::new("login-wrong");
        let fresh = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: Some("int_7Qd1"),
            next: None,
            client: Some("Acme Notes"),
            known: None,
            username: "",
            reason: None,
            error: None,
            offer_unlock: false,
            can_recover: true,
            can_register: true,
            passkey: Some(PasskeyChallenge { options: "{\"publicKey\":{}}", state: "v2.sealed" }),
        };
        let known = Self { username: ANA.username, ..fresh.clone() };
        let again = Self { known: Some(ANA), ..known.clone() };
        let locked = LOCKED.get_or_init(|| Message::new("login-locked").with("seconds", 45_i64));
        vec![
            ("login", fresh.clone()),
            ("login-server", Self { interaction: None, client: None, ..fresh.clone() }),
            ("login-error", Self { error: Some(&WRONG), ..known.clone() }),
            ("login-hint", known.clone()),
            ("login-asked", Self { reason: Some(LoginReason::Asked), ..again.clone() }),
            ("login-max-age", Self { reason: Some(LoginReason::TooLongAgo(300)), ..again.clone() }),
            ("login-sensitive", Self { reason: Some(LoginReason::Sensitive), ..again }),
            ("login-locked", Self { error: Some(locked), offer_unlock: true, ..known }),
            ("login-other", Self { reason: Some(LoginReason::OtherAccount), ..fresh }),
        ]
    }
}
