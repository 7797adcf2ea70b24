//! Devices and sessions.

use askama::Template;
use vestibule_model::{Message, Timestamp};

use crate::{
    Shell,
    samples::{NOW, SHELL},
};

/// Where a sign-in came from, as far as the network address tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Nobody knows.
    Unknown,
    /// From the address that this very page is seen from.
    Here(&'a str),
    /// From within a private network.
    Private(&'a str),
    /// From that address.
    Address(&'a str),
}

impl<'a> Place<'a> {
    /// The key of its sentence, and what fills it.
    const fn words(self) -> (&'static str, &'a str) {
        match self {
            Self::Unknown => ("sessions-place-unknown", ""),
            Self::Here(ip) => ("sessions-place-here", ip),
            Self::Private(ip) => ("sessions-place-private", ip),
            Self::Address(ip) => ("sessions-place-address", ip),
        }
    }
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct SessionRow<'a> {
    /// Its public name, which the form posts.
    pub id: &'a str,
    /// Whether it is the one that sees this page.
    pub is_this: bool,
    /// The browser in a few words; empty if it told nothing.
    pub browser: &'a str,
    /// Where the last sign-in came from.
    pub place: Place<'a>,
    /// When it began.
    pub since: Timestamp,
    /// Its last use.
    pub last_used: Timestamp,
    /// The apps that it signed in to, by name.
    pub apps: Vec<&'a str>,
}

/// A browser that was signed in with before.
#[derive(Clone, Debug)]
pub struct DeviceRow<'a> {
    /// Its name, which the form posts.
    pub id: &'a str,
    /// Whether it is the one that sees this page.
    pub is_this: bool,
    /// The browser in a few words; empty if it told nothing.
    pub browser: &'a str,
    /// Where its last sign-in came from.
    pub place: Place<'a>,
    /// Its last sign-in.
    pub last_seen: Timestamp,
    /// Until when no second step is asked for.
    pub trusted_until: Option<Timestamp>,
}

/// `/account/sessions`: where one is signed in, and the devices that are known.
///
/// Posts `csrf_token` and one of `session`, `device` and `decision` = `others` to
/// `{base}/account/sessions`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_sessions.html")]
pub struct SessionsPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `sessions`.
    pub section: &'a str,
    /// The forms' CSRF token.
    pub csrf_token: &'a str,
    /// What was done just now.
    pub done: Option<&'a Message>,
    /// Where one is signed in, this one first.
    pub sessions: Vec<SessionRow<'a>>,
    /// The known devices, the last used first.
    pub devices: Vec<DeviceRow<'a>>,
}

impl SessionsPage<'_> {
    /// What to call a browser.
    fn browser(&self, words: &str) -> String {
        if words.is_empty() { self.shell.t("sessions-some-browser") } else { words.to_owned() }
    }

    fn apps_page(&self) -> String {
        format!("{}/account/apps", self.shell.base)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static ENDED: Message = Message::new("sessions-ended");
        let here = SessionRow {
            id: "ses_1",
            is_this: true,
            browser: "Firefox, Linux",
            place: Place::Here("203.0.113.7"),
            since: NOW.plus(-600),
            last_used: NOW,
            apps: vec![],
        };
        let phone = SessionRow {
            id: "ses_2",
            is_this: false,
            browser: "Safari, iPhone",
            place: Place::Private("192.168.1.7"),
            since: NOW.plus(-40_000),
            last_used: NOW.plus(-900),
            apps: vec!["Acme Notes", "Grafana"],
        };
        let unknown = SessionRow {
            id: "ses_3",
            browser: "",
            place: Place::Unknown,
            apps: vec![],
            ..phone.clone()
        };
        let away =
            SessionRow { id: "ses_4", place: Place::Address("198.51.100.3"), ..phone.clone() };
        let device = DeviceRow {
            id: "dev_1",
            is_this: true,
            browser: "Firefox, Linux",
            place: Place::Here("203.0.113.7"),
            last_seen: NOW.plus(-600),
            trusted_until: Some(NOW.plus(30 * 86_400)),
        };
        let other = DeviceRow {
            id: "dev_2",
            is_this: false,
            browser: "",
            place: Place::Address("198.51.100.3"),
            trusted_until: None,
            ..device.clone()
        };
        let page = Self {
            shell: SHELL,
            section: "sessions",
            csrf_token: "csrf",
            done: None,
            sessions: vec![here.clone(), phone, unknown, away],
            devices: vec![device, other],
        };
        let alone =
            Self { done: Some(&ENDED), sessions: vec![here], devices: vec![], ..page.clone() };
        vec![("sessions", page), ("sessions-ended", alone)]
    }
}
