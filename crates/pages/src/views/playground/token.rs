//! `/playground/token`: tokens, taken apart.

use askama::Template;
use vestibule_model::{Message, Timestamp};

use super::{PlaygroundMark, PlaygroundSpec};
use crate::{
    Shell,
    samples::{NOW, SHELL},
};

/// A member of a token.
#[derive(Clone, Debug)]
pub struct PlaygroundMember {
    /// Its name.
    pub name: String,
    /// Its value as JSON, a text without its quotes.
    pub value: String,
    /// What it means.
    pub meaning: Option<Message>,
    /// Where that is defined.
    pub spec: Option<PlaygroundSpec>,
    /// The time that it is, if it is one, and the seconds from then to now; less than 0 before.
    pub at: Option<(Timestamp, i64)>,
}

impl PlaygroundMember {
    /// The time that it is, whether it has passed, and how far it is from now, in seconds.
    pub(crate) fn time(&self) -> Option<(Timestamp, bool, i64)> {
        let (at, passed) = self.at?;
        let seconds = passed.saturating_abs();
        // As people would say it.
        let unit = match seconds {
            0..120 => 1,
            120..7_200 => 60,
            7_200..172_800 => 3_600,
            _ => 86_400,
        };
        Some((at, passed >= 0, seconds / unit * unit))
    }
}

/// A rule that a receiver checks, and what it finds.
#[derive(Clone, Debug)]
pub struct PlaygroundFinding {
    /// How the token fares.
    pub mark: PlaygroundMark,
    /// What was found.
    pub message: Message,
    /// Where the rule stands.
    pub spec: PlaygroundSpec,
}

/// A token, or what is wrong with it.
#[derive(Clone, Debug)]
pub struct PlaygroundToken<'a> {
    /// What it is.
    pub kind: Message,
    /// Why it cannot be taken apart, if so.
    pub problem: Option<Message>,
    /// The token.
    pub raw: &'a str,
    /// Its header.
    pub header: Vec<PlaygroundMember>,
    /// Its claims.
    pub claims: Vec<PlaygroundMember>,
    /// The whole content, as JSON in lines.
    pub json: String,
    /// The key that signed it: `kid` and algorithm.
    pub key: Option<(String, &'static str)>,
    /// Whether it can be believed, as far as can be told.
    pub mark: PlaygroundMark,
    /// The same in a sentence.
    pub verdict: Message,
    /// What a receiver finds.
    pub findings: Vec<PlaygroundFinding>,
}

impl PlaygroundToken<'_> {
    /// The parts that dots divide, so that each can have its colour.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.raw.split('.').collect()
    }
}

/// `/playground/token`: takes tokens apart and checks them as a receiver would.
///
/// Posts `csrf_token`, `token`, and what it goes with (`access_token`, `code`, `nonce`,
/// `client_id`) to `{base}/playground/token`.
#[derive(Clone, Debug, Template)]
#[template(path = "playground_token.html")]
pub struct PlaygroundTokens<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What was pasted: the token.
    pub token: &'a str,
    /// The access token that belongs to it.
    pub access_token: &'a str,
    /// The code that belongs to it.
    pub code: &'a str,
    /// The `nonce` that was sent.
    pub nonce: &'a str,
    /// The client that it is for.
    pub client_id: &'a str,
    /// The tokens, taken apart.
    pub tokens: Vec<PlaygroundToken<'a>>,
}

impl PlaygroundTokens<'_> {
    const fn tab() -> &'static str {
        "token"
    }

    fn has_company(&self) -> bool {
        [self.access_token, self.code, self.nonce, self.client_id].iter().any(|v| !v.is_empty())
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let empty = Self {
            shell: SHELL,
            csrf_token: "csrf",
            token: "",
            access_token: "",
            code: "",
            nonce: "",
            client_id: "",
            tokens: vec![],
        };
        let token = sample_token();
        let whole = Self { token: token.raw, tokens: vec![token.clone()], ..empty.clone() };
        let broken = PlaygroundToken {
            problem: Some(Message::new("playground-token-malformed")),
            header: vec![],
            claims: vec![],
            json: String::new(),
            key: None,
            findings: vec![],
            mark: PlaygroundMark::Bad,
            verdict: Message::new("playground-token-malformed"),
            raw: "Hello",
            ..token.clone()
        };
        let broken = Self { token: "Hello", tokens: vec![broken], ..empty.clone() };
        let sealed = PlaygroundToken {
            kind: Message::new("playground-kind-encrypted"),
            claims: vec![],
            json: String::new(),
            key: None,
            findings: vec![],
            mark: PlaygroundMark::Open,
            verdict: Message::new("playground-token-encrypted"),
            ..token
        };
        let sealed = Self { nonce: "n", tokens: vec![sealed], ..empty.clone() };
        vec![
            ("playground-token-empty", empty),
            ("playground-token", whole),
            ("playground-token-broken", broken),
            ("playground-token-encrypted", sealed),
        ]
    }
}

pub(super) fn sample_token() -> PlaygroundToken<'static> {
    let spec = |document, section| PlaygroundSpec {
        document,
        section,
        url: "https://www.rfc-editor.org/rfc/rfc7519".to_owned(),
    };
    let member = |name: &str, value: &str, key| PlaygroundMember {
        name: name.to_owned(),
        value: value.to_owned(),
        meaning: Some(Message::new(key)),
        spec: Some(spec("RFC 7519", "4.1")),
        at: None,
    };
    PlaygroundToken {
        kind: Message::new("playground-kind-id"),
        problem: None,
        raw: "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl",
        header: vec![member("alg", "RS256", "playground-header-alg")],
        claims: vec![
            member("iss", "https://id.example", "playground-claim-iss"),
            PlaygroundMember {
                at: Some((NOW, -300)),
                ..member("exp", "1795269909", "playground-claim-exp")
            },
            PlaygroundMember {
                at: Some((NOW, 300)),
                ..member("iat", "1795269909", "playground-claim-iat")
            },
        ],
        json: "{\n  \"iss\": \"https://id.example\"\n}".to_owned(),
        key: Some(("2026-11".to_owned(), "RS256")),
        mark: PlaygroundMark::Good,
        verdict: Message::new("playground-token-good"),
        findings: vec![
            PlaygroundFinding {
                mark: PlaygroundMark::Good,
                message: Message::new("playground-find-iss-good"),
                spec: spec("OIDC Core", "3.1.3.7"),
            },
            PlaygroundFinding {
                mark: PlaygroundMark::Open,
                message: Message::new("playground-find-aud-client").with("aud", "notes"),
                spec: spec("OIDC Core", "3.1.3.7"),
            },
        ],
    }
}
