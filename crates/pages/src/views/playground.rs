//! `/playground`: a debugger for the developers of clients.

pub(crate) mod answer;
pub(crate) mod check;
pub(crate) mod token;

use askama::Template;
use vestibule_model::{ErrorCode, Message};

use crate::{Shell, samples::SHELL};

/// How something fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaygroundMark {
    /// As it should be.
    Good,
    /// Wrong.
    Bad,
    /// Possible, and yet there is something to say.
    Note,
    /// Nobody can tell here.
    Open,
}

impl PlaygroundMark {
    /// The class of its badge.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Note => "note",
            Self::Open => "open",
        }
    }

    /// The word for it, in the catalogue.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "playground-verdict-good",
            Self::Bad => "playground-verdict-wrong",
            Self::Note => "playground-verdict-note",
            Self::Open => "playground-verdict-open",
        }
    }

    /// What stands before its word, so that it does not depend on colour.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Note => "!",
            Self::Open => "?",
        }
    }
}

/// A place in a specification: what to call it and where it is.
#[derive(Clone, Debug)]
pub struct PlaygroundSpec {
    /// The document.
    pub document: &'static str,
    /// The section's number.
    pub section: &'static str,
    /// Its address.
    pub url: String,
}

/// A refusal, with its page in the reference.
#[derive(Clone, Debug)]
pub struct PlaygroundRefusal<'a> {
    /// Which.
    pub code: ErrorCode,
    /// What the client is told.
    pub description: &'a str,
    /// The precise difference, where it may be shown.
    pub detail: Option<&'a str>,
}

/// A parameter, and how it fares.
#[derive(Clone, Debug)]
pub struct PlaygroundRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value, if it is there.
    pub value: Option<&'a str>,
    /// What it means.
    pub meaning: Option<Message>,
    /// Where that is defined.
    pub spec: Option<PlaygroundSpec>,
    /// How it fares.
    pub mark: PlaygroundMark,
    /// The same in a word or two.
    pub verdict: Message,
    /// What else there is to say.
    pub said: Option<Message>,
    /// Why it is refused.
    pub refusal: Option<PlaygroundRefusal<'a>>,
}

/// Something to choose.
#[derive(Clone, Copy, Debug)]
pub struct PlaygroundChoice<'a> {
    /// Its wire name.
    pub value: &'a str,
    /// It is chosen.
    pub chosen: bool,
}

/// A field of the form that is filled in by typing.
#[derive(Clone, Debug)]
pub struct PlaygroundField<'a> {
    /// The parameter.
    pub name: &'a str,
    /// What is in it.
    pub value: &'a str,
    /// What the parameter means.
    pub meaning: Message,
}

/// `/playground`: choose a client, compose a request, or paste one.
///
/// Gets `client_id` from `{base}/playground`; gets the request from `{base}/playground/check`, where
/// fields of ours start with `pg.`; posts `csrf_token` and `pg.url` to the same.
#[derive(Clone, Debug, Template)]
#[template(path = "playground.html")]
pub struct Playground<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The address that clients register to see their answer here.
    pub callback: &'a str,
    /// What was typed as `client_id`.
    pub client_id: &'a str,
    /// Registered clients to choose from, by id and name; in development only.
    pub known: Vec<(&'a str, &'a str)>,
    /// What is wrong with a field, `client_id` or `url`.
    pub problem: Option<(&'a str, &'a Message)>,
    /// What was pasted.
    pub pasted: &'a str,
    /// The request so far, once the client is known.
    pub request: Option<PlaygroundRequest<'a>>,
}

/// A request in the making.
#[derive(Clone, Debug)]
pub struct PlaygroundRequest<'a> {
    /// The client's name.
    pub client: &'a str,
    /// Answers to this client can come back to the playground.
    pub answers_here: bool,
    /// Its addresses.
    pub redirect_uris: Vec<PlaygroundChoice<'a>>,
    /// What it may ask for.
    pub response_types: Vec<PlaygroundChoice<'a>>,
    /// How answers can travel.
    pub response_modes: Vec<PlaygroundChoice<'a>>,
    /// The scopes that it may have.
    pub scopes: Vec<PlaygroundChoice<'a>>,
    /// Other scopes.
    pub more_scope: &'a str,
    /// What binds the answer to the request: `state` and `nonce`.
    pub binding: Vec<PlaygroundField<'a>>,
    /// PKCE is used.
    pub pkce: bool,
    /// The challenge.
    pub challenge: &'a str,
    /// The verifier behind it, sealed.
    pub sealed_verifier: &'a str,
    /// The values of `prompt`.
    pub prompts: Vec<PlaygroundChoice<'a>>,
    /// The values of `display`.
    pub displays: Vec<PlaygroundChoice<'a>>,
    /// What is said about person and pages.
    pub person: Vec<PlaygroundField<'a>>,
    /// `claims`.
    pub claims: &'a str,
    /// Parameters that have no field, one a line.
    pub more: &'a str,
    /// Some of the fields that are folded away are filled in.
    pub unfolded: bool,
}

impl Playground<'_> {
    const fn tab() -> &'static str {
        "request"
    }

    fn wrong(&self, field: &str) -> Option<&Message> {
        self.problem.filter(|(at, _)| *at == field).map(|(_, message)| message)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static UNKNOWN: Message = Message::new("playground-client-unknown");
        static NO_REQUEST: Message = Message::new("playground-paste-unreadable");
        let start = Self {
            shell: SHELL,
            csrf_token: "csrf",
            callback: "https://id.example/playground/callback",
            client_id: "",
            known: vec![("notes", "Acme Notes"), ("tv", "Acme TV")],
            problem: None,
            pasted: "",
            request: None,
        };
        let compose = Self {
            client_id: "notes",
            known: vec![],
            request: Some(sample_request()),
            ..start.clone()
        };
        let unknown = Self {
            client_id: "nobody",
            problem: Some(("client_id", &UNKNOWN)),
            known: vec![],
            ..start.clone()
        };
        let pasted =
            Self { pasted: "Hello", problem: Some(("url", &NO_REQUEST)), ..unknown.clone() };
        vec![
            ("playground", start),
            ("playground-compose", compose),
            ("playground-unknown-client", unknown),
            ("playground-bad-paste", pasted),
        ]
    }
}

fn sample_request() -> PlaygroundRequest<'static> {
    let choose = |value, chosen| PlaygroundChoice { value, chosen };
    let field = |name, value, key| PlaygroundField { name, value, meaning: Message::new(key) };
    PlaygroundRequest {
        client: "Acme Notes",
        answers_here: false,
        redirect_uris: vec![choose("https://notes.acme.example/cb", true)],
        response_types: vec![choose("code", true), choose("code id_token", false)],
        response_modes: vec![choose("query", true), choose("form_post", false)],
        scopes: vec![choose("openid", true), choose("profile", true), choose("notes:read", false)],
        more_scope: "",
        binding: vec![
            field("state", "af0ifjsldkj", "playground-param-state"),
            field("nonce", "n-0S6_WzA2Mj", "playground-param-nonce"),
        ],
        pkce: true,
        challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        sealed_verifier: "v1.opaque",
        prompts: vec![choose("none", false), choose("consent", false)],
        displays: vec![choose("page", false), choose("popup", false)],
        person: vec![
            field("max_age", "", "playground-param-max-age"),
            field("ui_locales", "", "playground-param-ui-locales"),
        ],
        claims: "",
        more: "",
        unfolded: false,
    }
}
