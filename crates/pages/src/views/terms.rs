//! The terms of service.

use askama::Template;

use crate::{
    Person, Shell, link,
    samples::{ANA, SHELL},
};

/// `/terms`: terms that the person has not accepted yet.
///
/// Posts `csrf_token`, `interaction`, `version` and `decision` (`accept` or `cancel`) to
/// `{base}/terms`.
#[derive(Clone, Debug, Template)]
#[template(path = "terms.html")]
pub struct TermsPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The pending authorization request.
    pub interaction: &'a str,
    /// The name of the client that asks.
    pub client: &'a str,
    /// Who accepts.
    pub person: Person<'a>,
    /// The version in force.
    pub version: &'a str,
    /// Where it can be read.
    pub uri: &'a str,
}

impl TermsPage<'_> {
    fn safe_uri(&self) -> &str {
        link::safe(self.uri)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: "int_7Qd1",
            client: "Acme Notes",
            person: ANA,
            version: "2026-11",
            uri: "https://id.example/terms",
        };
        vec![("terms", page)]
    }
}
