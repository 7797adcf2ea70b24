//! The error page and its mild sibling.

use askama::Template;
use vestibule_model::{ErrorCode, Message};

use crate::{Shell, link, samples::SHELL};

/// What went wrong and what to do, when the answer cannot go to a client.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The frame; its request id is on the page.
    pub shell: Shell<'a>,
    /// The refusal; links to its page at `/errors/VST-…`.
    pub code: ErrorCode,
    /// What happened, in one sentence for the person.
    pub sentence: &'a Message,
    /// What to do next, in one or two sentences.
    pub next: &'a Message,
    /// A way on: what to call it and where it leads.
    pub way_on: Option<(&'a Message, &'a str)>,
    /// The precise difference, where policy lets it be shown (`OAuthError::detail`).
    pub detail: Option<&'a str>,
}

impl ErrorPage<'_> {
    fn way_on_safe(&self) -> Option<(&Message, &str)> {
        self.way_on.map(|(label, href)| (label, link::safe(href)))
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static SENTENCES: [Message; 5] = [
            Message::new("error-address-unknown"),
            Message::new("error-stopped-here"),
            Message::new("error-nothing-here"),
            Message::new("error-check-address"),
            Message::new("error-to-account"),
        ];
        let [unknown, stopped, nothing, check, account] = &SENTENCES;
        let page = Self {
            shell: SHELL,
            code: ErrorCode::RedirectUriMismatch,
            sentence: unknown,
            next: stopped,
            way_on: None,
            detail: None,
        };
        let detailed = Self {
            detail: Some(
                "got https://app.example/cb/, registered https://app.example/cb: trailing slash",
            ),
            way_on: Some((account, "/account")),
            ..page.clone()
        };
        let missing =
            Self { code: ErrorCode::NotFound, sentence: nothing, next: check, ..page.clone() };
        vec![("error", page), ("error-detail", detailed), ("error-not-found", missing)]
    }
}

/// A page that outlived its request: one button leads on.
#[derive(Clone, Debug, Template)]
#[template(path = "stale.html")]
pub struct Stale<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The name of the client to go on to.
    pub client: &'a str,
    /// Where the button leads.
    pub href: &'a str,
    /// Where a sign-in begins at the client itself, if it says where.
    pub start: Option<&'a str>,
}

impl Stale<'_> {
    fn target(&self) -> &str {
        link::safe(self.href)
    }

    fn start_safe(&self) -> Option<&str> {
        self.start.map(link::safe)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let href = "/authorize/restart/int_7Qd1";
        let stale = Self { shell: SHELL, client: "Acme Notes", href, start: None };
        let start = Self { start: Some("/start/notes"), ..stale.clone() };
        vec![("stale", stale), ("stale-start", start)]
    }
}
