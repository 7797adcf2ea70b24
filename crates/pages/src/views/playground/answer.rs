//! `/playground/callback`: what came back.

use askama::Template;
use vestibule_model::{ErrorCode, Message};

use super::{
    PlaygroundMark, PlaygroundRow,
    check::sample_row,
    token::{PlaygroundToken, sample_token},
};
use crate::{Shell, samples::SHELL};

/// The code of an answer, and what it is exchanged with.
#[derive(Clone, Copy, Debug)]
pub struct PlaygroundExchange<'a> {
    /// The code.
    pub code: &'a str,
    /// `redirect_uri` of the request.
    pub redirect_uri: &'a str,
    /// `client_id`.
    pub client_id: &'a str,
    /// The PKCE verifier, if it is known.
    pub verifier: &'a str,
    /// How the client authenticates (`token_endpoint_auth_method`).
    pub method: &'a str,
    /// The same as a command for a shell.
    pub curl: &'a str,
}

/// `/playground/callback`: the answer to a request, parameter by parameter, and the way on.
///
/// Posts `pg.answer` (a pasted address or query) to `{base}/playground/callback`; posts the exchange
/// to `{base}/token`, whose answer the script shows in place; posts tokens to
/// `{base}/playground/token`.
#[derive(Clone, Debug, Template)]
#[template(path = "playground_answer.html")]
pub struct PlaygroundAnswer<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The forms' CSRF token.
    pub csrf_token: &'a str,
    /// What came back; empty while nothing has.
    pub rows: Vec<PlaygroundRow<'a>>,
    /// The refusal that it tells of, where it is one of ours.
    pub refusal: Option<ErrorCode>,
    /// `error`, whoever made it.
    pub error: Option<&'a str>,
    /// The code, if there is one.
    pub exchange: Option<PlaygroundExchange<'a>>,
    /// The tokens in it.
    pub tokens: Vec<PlaygroundToken<'a>>,
    /// The request that was checked last is remembered in this browser.
    pub remembered: bool,
    /// What is wrong with what was pasted.
    pub problem: Option<&'a Message>,
    /// What was pasted.
    pub pasted: &'a str,
}

impl PlaygroundAnswer<'_> {
    const fn tab() -> &'static str {
        "answer"
    }

    fn heading(&self) -> &'static str {
        if self.error.is_some() {
            "playground-answer-refused"
        } else if !self.tokens.is_empty() {
            "playground-answer-tokens"
        } else if self.exchange.is_some() {
            "playground-answer-has-code"
        } else if self.rows.is_empty() {
            "playground-answer-none"
        } else {
            "playground-answer-heading"
        }
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static PROBLEM: Message = Message::new("playground-paste-unreadable");
        let row = |name, value, key| PlaygroundRow {
            name,
            value: Some(value),
            meaning: Some(Message::new(key)),
            ..sample_row()
        };
        let waiting = Self {
            shell: SHELL,
            csrf_token: "csrf",
            rows: vec![],
            refusal: None,
            error: None,
            exchange: None,
            tokens: vec![],
            remembered: false,
            problem: None,
            pasted: "",
        };
        let exchange = PlaygroundExchange {
            code: "SplxlOBeZQQYbYS6WxSbIA",
            redirect_uri: "https://id.example/playground/callback",
            client_id: "notes",
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            method: "client_secret_basic",
            curl: "curl https://id.example/token -u notes:SECRET",
        };
        let code = Self {
            rows: vec![row("code", exchange.code, "playground-answer-code")],
            exchange: Some(exchange),
            remembered: true,
            ..waiting.clone()
        };
        let public = PlaygroundExchange { method: "none", verifier: "", ..exchange };
        let by_key = PlaygroundExchange { method: "private_key_jwt", ..exchange };
        let refused = Self {
            rows: vec![PlaygroundRow {
                mark: PlaygroundMark::Bad,
                ..row("error", "access_denied", "playground-answer-error")
            }],
            error: Some("access_denied"),
            refusal: Some(ErrorCode::AccessDenied),
            ..waiting.clone()
        };
        let tokens = Self {
            rows: vec![row("id_token", "eyJhbGciOi…", "playground-answer-id-token")],
            tokens: vec![sample_token()],
            ..waiting.clone()
        };
        let wrong = Self { problem: Some(&PROBLEM), pasted: "Hello", ..waiting.clone() };
        vec![
            ("playground-answer", waiting),
            ("playground-answer-code", code.clone()),
            ("playground-answer-public", Self { exchange: Some(public), ..code.clone() }),
            ("playground-answer-by-key", Self { exchange: Some(by_key), ..code }),
            ("playground-answer-refused", refused),
            ("playground-answer-tokens", tokens),
            ("playground-answer-bad-paste", wrong),
        ]
    }
}
