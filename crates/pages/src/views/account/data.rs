//! What is kept, to take along or to be deleted.

use askama::Template;
use vestibule_model::{Message, Timestamp};
use vestibule_text::Lang;

use super::profile;
use crate::{
    FieldProblem, Person, Shell,
    samples::{ANA, NOW, SHELL},
};

/// How many things of a kind are kept; other pages list them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// Sessions.
    pub sessions: usize,
    /// Known devices.
    pub devices: usize,
    /// Apps that may use the account.
    pub apps: usize,
    /// Authenticator apps and passkeys.
    pub factors: usize,
}

/// `/account/data`: what is kept about a person, and the end of the account.
///
/// Posts `csrf_token` and `username` to `{base}/account/data`, or `csrf_token` and `decision` =
/// `keep` to `{base}/account`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_data.html")]
pub struct DataPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `data`.
    pub section: &'a str,
    /// The forms' CSRF token.
    pub csrf_token: &'a str,
    /// What was done just now.
    pub done: Option<&'a Message>,
    /// Whose data it is.
    pub person: Person<'a>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When account or profile last changed.
    pub updated_at: Timestamp,
    /// The groups that the person is in.
    pub groups: Vec<&'a str>,
    /// The language that was chosen.
    pub language: Option<Lang>,
    /// The claims that have a value, by name.
    pub profile: Vec<(&'a str, &'a str)>,
    /// What other pages list.
    pub kept: Kept,
    /// The terms of service that were accepted: version and time.
    pub terms: Vec<(&'a str, Timestamp)>,
    /// The mails of the last days: what for, and when they were written.
    pub mails: Vec<(&'a str, Timestamp)>,
    /// When the account will be erased, if it will.
    pub deletion_at: Option<Timestamp>,
    /// Seconds between the wish to delete the account and its erasure.
    pub grace: i64,
    /// Nobody else could look after the server.
    pub is_last_administrator: bool,
    /// What was typed before an error.
    pub typed: &'a str,
    /// What is wrong, every reason at once.
    pub problems: Vec<FieldProblem<'a>>,
}

impl DataPage<'_> {
    /// The key of a claim's label; none if there is no word for it.
    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    fn label(&self, claim: &str) -> Option<&'static str> {
        profile::label(claim)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static SCHEDULED: Message = Message::new("data-scheduled");
        static OTHER: Message = Message::new("data-username-other");
        let page = Self {
            shell: SHELL,
            section: "data",
            csrf_token: "csrf",
            done: None,
            person: ANA,
            created_at: NOW.plus(-400 * 86_400),
            updated_at: NOW,
            groups: vec!["admins", "ops"],
            language: Some(Lang::Es),
            profile: vec![("birthdate", "1984-02-29"), ("shoe_size", "38")],
            kept: Kept { sessions: 2, devices: 3, apps: 1, factors: 0 },
            terms: vec![("2026-11", NOW)],
            mails: vec![("new-device", NOW)],
            deletion_at: None,
            grace: 14 * 86_400,
            is_last_administrator: false,
            typed: "",
            problems: vec![],
        };
        let bare = Self {
            groups: vec![],
            language: None,
            profile: vec![],
            terms: vec![],
            mails: vec![],
            is_last_administrator: true,
            ..page.clone()
        };
        let wrong = Self {
            typed: "anna",
            problems: vec![FieldProblem { field: "username", message: &OTHER }],
            ..page.clone()
        };
        let leaving = Self {
            done: Some(&SCHEDULED),
            deletion_at: Some(NOW.plus(14 * 86_400)),
            ..page.clone()
        };
        vec![
            ("data", page),
            ("data-last-administrator", bare),
            ("data-error", wrong),
            ("data-leaving", leaving),
        ]
    }
}
