//! Connected apps.

use askama::Template;
use vestibule_model::{Message, Timestamp, grant::ConsentDecision};

use crate::{
    Person, Shell, link,
    permission::{self, Permission},
    samples::{ANA, NOW, SHELL},
};

/// An app that may use the account.
#[derive(Clone, Debug)]
pub struct AppRow<'a> {
    /// Its `client_id`, which the form posts.
    pub id: &'a str,
    /// Its name.
    pub name: String,
    /// The host of its home page.
    pub host: Option<&'a str>,
    /// Where a sign-in at the app begins: an address of ours; `None` if the app has not said where.
    pub start: Option<String>,
    /// Whether the operator runs it.
    pub is_own: bool,
    /// The scopes that it has.
    pub scopes: Vec<&'a str>,
    /// The claims that it was allowed one by one.
    pub claims: Vec<&'a str>,
    /// Since when.
    pub since: Timestamp,
    /// When it last got tokens; `None` if it has none at present.
    pub last_used: Option<Timestamp>,
}

/// An answer to the question of consent.
#[derive(Clone, Debug)]
pub struct AnswerRow<'a> {
    /// The app's name.
    pub app: String,
    /// The answer.
    pub decision: ConsentDecision,
    /// The scopes that it was about.
    pub scopes: Vec<&'a str>,
    /// When.
    pub at: Timestamp,
}

impl AppRow<'_> {
    fn start_safe(&self) -> Option<&str> {
        self.start.as_deref().map(link::safe)
    }
}

impl AnswerRow<'_> {
    const fn sentence(&self) -> &'static str {
        match self.decision {
            ConsentDecision::Given => "apps-answer-given",
            ConsentDecision::Refused => "apps-answer-refused",
            ConsentDecision::Withdrawn => "apps-answer-withdrawn",
        }
    }
}

/// `/account/apps`: the apps that may use the account, and the answers that were given to apps.
///
/// Posts `csrf_token` and `client` to `{base}/account/apps`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_apps.html")]
pub struct AppsPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `apps`.
    pub section: &'a str,
    /// The forms' CSRF token.
    pub csrf_token: &'a str,
    /// What was done just now.
    pub done: Option<&'a Message>,
    /// Whose account it is.
    pub person: Person<'a>,
    /// The apps, by name.
    pub apps: Vec<AppRow<'a>>,
    /// The answers, newest first.
    pub answers: Vec<AnswerRow<'a>>,
}

impl<'a> AppsPage<'a> {
    fn permissions(&self, app: &AppRow<'a>) -> Vec<Permission<'a>> {
        let Person { name, email, .. } = self.person;
        let scopes = app.scopes.iter().map(|scope| permission::of_scope(scope, name, email));
        let claims = app.claims.iter().map(|claim| permission::of_claim(claim, name, email));
        scopes.chain(claims).collect()
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static WITHDRAWN: Message = Message::new("apps-withdrawn");
        let notes = AppRow {
            id: "notes",
            name: "Acme Notes".to_owned(),
            host: Some("notes.acme.example"),
            start: Some("/start/notes".to_owned()),
            is_own: false,
            scopes: vec!["email", "notes:write", "offline_access", "openid", "profile"],
            claims: vec!["birthdate"],
            since: NOW.plus(-86_400),
            last_used: Some(NOW),
        };
        let own = AppRow {
            id: "intranet",
            name: "Intranet".to_owned(),
            host: None,
            start: None,
            is_own: true,
            scopes: vec!["openid"],
            claims: vec![],
            last_used: None,
            ..notes.clone()
        };
        let answer = |decision| AnswerRow {
            app: "Acme Notes".to_owned(),
            decision,
            scopes: vec!["email", "openid"],
            at: NOW,
        };
        let page = Self {
            shell: SHELL,
            section: "apps",
            csrf_token: "csrf",
            done: None,
            person: ANA,
            apps: vec![notes, own],
            answers: ConsentDecision::ALL.map(answer).to_vec(),
        };
        let none = Self { done: Some(&WITHDRAWN), apps: vec![], answers: vec![], ..page.clone() };
        vec![("apps", page), ("apps-none", none)]
    }
}
