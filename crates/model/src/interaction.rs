//! A pending authorization request: what the client asked, and how far the person has come.

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, InteractionId, ResponseType, ScopeSet, SessionId, Subject, Timestamp,
    claims::ClaimsRequest,
};

/// An authorization request whose every parameter was checked (RFC 6749 §4.1.1, OIDC Core
/// §3.1.2.1). Made by `policy::authorize` only; stored as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// `client_id`.
    pub client_id: ClientId,
    /// `redirect_uri`, exactly as the client sent it.
    pub redirect_uri: String,
    /// `response_type`.
    #[serde(default)]
    pub response_type: ResponseType,
    /// `response_mode` (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
    pub response_mode: ResponseMode,
    /// `scope`, already cut to what the client may have.
    pub scope: ScopeSet,
    /// `state`, given back as it came.
    pub state: Option<String>,
    /// `nonce`, copied into the ID token.
    pub nonce: Option<String>,
    /// `code_challenge`, method `S256` (RFC 7636 §4.2); only profile `oidc` lets confidential
    /// clients do without.
    pub code_challenge: Option<String>,
    /// `prompt` values; empty if absent.
    pub prompt: Vec<Prompt>,
    /// `max_age` in seconds, or the client's `default_max_age`.
    pub max_age: Option<i64>,
    /// `login_hint`: fills in the user name.
    pub login_hint: Option<String>,
    /// The `sub` of a verified `id_token_hint`, as this client sees it.
    pub hinted_subject: Option<Subject>,
    /// `acr_values`, best first.
    pub acr_values: Vec<String>,
    /// `ui_locales`, best first.
    pub ui_locales: Vec<String>,
    /// `claims_locales`, best first (OIDC Core §5.2).
    #[serde(default)]
    pub claims_locales: Vec<String>,
    /// `display`.
    #[serde(default)]
    pub display: Display,
    /// `claims`.
    pub claims: ClaimsRequest,
}

/// How the answer travels to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    #[default]
    Query,
    /// In the fragment of the redirect URI: what a browser does not send on (Multiple Response
    /// Types §2.1).
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// Every mode, in the order discovery lists them.
    pub const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }
}

/// `display` (OIDC Core §3.1.2.1): how the pages are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Display {
    /// A whole page.
    #[default]
    Page,
    /// A small window that the client opened.
    Popup,
    /// A device with a touch screen.
    Touch,
    /// A feature phone.
    Wap,
}

impl Display {
    /// Every value, in the order discovery lists them.
    pub const ALL: [Self; 4] = [Self::Page, Self::Popup, Self::Touch, Self::Wap];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Popup => "popup",
            Self::Touch => "touch",
            Self::Wap => "wap",
        }
    }
}

/// `prompt` (OIDC Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Show no page at all.
    None,
    /// Ask for the password again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Let the person choose the account.
    SelectAccount,
    /// Let the person make an account (Initiating User Registration 1.0 §4).
    Create,
}

impl Prompt {
    /// Every value, in the order discovery lists them.
    pub const ALL: [Self; 5] =
        [Self::None, Self::Login, Self::Consent, Self::SelectAccount, Self::Create];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
            Self::Create => "create",
        }
    }
}

/// A stored authorization request on its way through the pages.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// Its name in the URL.
    pub id: InteractionId,
    /// What was asked.
    pub request: AuthorizationRequest,
    /// How far it has come.
    pub progress: Progress,
    /// When the request came in.
    pub created_at: Timestamp,
    /// When its pages become too old to go on.
    pub expires_at: Timestamp,
}

/// What the person has done for this interaction. Each mark names the session that did it, so that
/// it counts for that session only; a mark is never a time, because two things can share a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The session that signed in for this interaction: answers `prompt=login` and `max_age`.
    pub signed_in: Option<SessionId>,
    /// The session chosen on the account page: answers `prompt=select_account`.
    pub account_chosen: Option<SessionId>,
    /// The session that consented on this interaction's page: answers `prompt=consent`.
    pub consented: Option<SessionId>,
    /// The person refused.
    pub denied: bool,
}
