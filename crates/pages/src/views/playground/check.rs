//! `/playground/check`: a request, parameter by parameter.

use askama::Template;
use vestibule_model::{ErrorCode, Message};

use super::{PlaygroundMark, PlaygroundRefusal, PlaygroundRow, PlaygroundSpec};
use crate::{Shell, link, samples::SHELL};

/// What the authorization endpoint would say.
#[derive(Clone, Debug)]
pub enum PlaygroundVerdict<'a> {
    /// It takes the request; and what comes next.
    Taken(Message),
    /// It refuses the request, and tells the client so at its address.
    ToClient(PlaygroundRefusal<'a>),
    /// It refuses the request on a page of its own.
    OnPage(PlaygroundRefusal<'a>),
    /// It alone can tell: the request is in a request object that only it can read.
    Unread,
}

/// `/playground/check`: each parameter with its meaning and how it fares, what the endpoint would
/// say, and the request to run.
#[derive(Clone, Debug, Template)]
#[template(path = "playground_check.html")]
pub struct PlaygroundCheck<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The parameters.
    pub rows: Vec<PlaygroundRow<'a>>,
    /// The verdict.
    pub verdict: PlaygroundVerdict<'a>,
    /// The whole address of the request.
    pub url: &'a str,
    /// The same, from the path on.
    pub run: &'a str,
    /// Back to the form, with this request in it.
    pub edit: &'a str,
    /// The answer comes back to the playground.
    pub answers_here: bool,
    /// The address that clients register to see their answer here.
    pub callback: &'a str,
    /// The answer can be told apart from another's: the request is remembered in this browser.
    pub remembered: bool,
    /// The request as a command for a shell.
    pub curl: &'a str,
    /// The request as a program with openid-client.
    pub program: &'a str,
}

impl PlaygroundCheck<'_> {
    const fn tab() -> &'static str {
        "request"
    }

    fn href(&self) -> &str {
        link::safe(self.run)
    }

    fn edit_href(&self) -> &str {
        link::safe(self.edit)
    }

    fn heading(&self) -> &'static str {
        match &self.verdict {
            PlaygroundVerdict::Taken(_) => "playground-check-taken",
            PlaygroundVerdict::ToClient(_) => "playground-check-refused",
            PlaygroundVerdict::OnPage(_) => "playground-check-stopped",
            PlaygroundVerdict::Unread => "playground-check-unread",
        }
    }

    fn mark(&self) -> PlaygroundMark {
        match &self.verdict {
            PlaygroundVerdict::Taken(_) => PlaygroundMark::Good,
            PlaygroundVerdict::Unread => PlaygroundMark::Open,
            _ => PlaygroundMark::Bad,
        }
    }

    fn refusal(&self) -> Option<&PlaygroundRefusal<'_>> {
        match &self.verdict {
            PlaygroundVerdict::ToClient(refusal) | PlaygroundVerdict::OnPage(refusal) => {
                Some(refusal)
            }
            _ => None,
        }
    }

    /// Whether the table tells of the refusal already.
    fn stands_at_a_parameter(&self, refusal: &PlaygroundRefusal<'_>) -> bool {
        let mut refusals = self.rows.iter().filter_map(|row| row.refusal.as_ref());
        refusals.any(|known| known.code == refusal.code)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let taken = Self {
            shell: SHELL,
            rows: vec![sample_row(), note(), unknown()],
            verdict: PlaygroundVerdict::Taken(Message::new("playground-next-login")),
            url: "https://id.example/authorize?client_id=notes&scope=openid",
            run: "/authorize?client_id=notes&scope=openid",
            edit: "/playground?client_id=notes&scope=openid",
            answers_here: true,
            callback: "https://id.example/playground/callback",
            remembered: true,
            curl: "curl -i 'https://id.example/authorize?client_id=notes&scope=openid'",
            program: "import * as client from \"openid-client\";",
        };
        let refused = Self {
            rows: vec![sample_row(), missing()],
            verdict: PlaygroundVerdict::ToClient(refusal()),
            answers_here: false,
            ..taken.clone()
        };
        let stopped = Self { verdict: PlaygroundVerdict::OnPage(refusal()), ..refused.clone() };
        let faulty = Self { rows: vec![sample_row()], ..stopped.clone() };
        let unread =
            Self { verdict: PlaygroundVerdict::Unread, remembered: false, ..taken.clone() };
        vec![
            ("playground-check", taken),
            ("playground-check-refused", refused),
            ("playground-check-stopped", stopped),
            ("playground-check-faulty", faulty),
            ("playground-check-unread", unread),
        ]
    }
}

fn refusal() -> PlaygroundRefusal<'static> {
    PlaygroundRefusal {
        code: ErrorCode::CodeChallengeMissing,
        description: "code_challenge is missing",
        detail: Some("nothing came"),
    }
}

pub(super) fn sample_row() -> PlaygroundRow<'static> {
    PlaygroundRow {
        name: "client_id",
        value: Some("notes"),
        meaning: Some(Message::new("playground-param-client-id")),
        spec: Some(PlaygroundSpec {
            document: "RFC 6749",
            section: "2.2",
            url: "https://www.rfc-editor.org/rfc/rfc6749#section-2.2".to_owned(),
        }),
        mark: PlaygroundMark::Good,
        verdict: Message::new("playground-verdict-good"),
        said: None,
        refusal: None,
    }
}

fn missing() -> PlaygroundRow<'static> {
    PlaygroundRow {
        name: "code_challenge",
        value: None,
        meaning: Some(Message::new("playground-param-code-challenge")),
        mark: PlaygroundMark::Bad,
        verdict: Message::new("playground-verdict-missing"),
        refusal: Some(refusal()),
        ..sample_row()
    }
}

fn note() -> PlaygroundRow<'static> {
    PlaygroundRow {
        name: "scope",
        value: Some("openid offline_access"),
        meaning: Some(Message::new("playground-param-scope")),
        mark: PlaygroundMark::Note,
        verdict: Message::new("playground-verdict-note"),
        said: Some(Message::new("playground-note-scope-dropped").with("scope", "offline_access")),
        ..sample_row()
    }
}

fn unknown() -> PlaygroundRow<'static> {
    PlaygroundRow {
        name: "nonse",
        value: Some("n-0S6_WzA2Mj"),
        meaning: None,
        spec: None,
        mark: PlaygroundMark::Note,
        verdict: Message::new("playground-verdict-ignored"),
        said: Some(Message::new("playground-note-meant").with("name", "nonce")),
        ..sample_row()
    }
}
