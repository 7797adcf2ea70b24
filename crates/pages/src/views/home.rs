//! The page at the issuer itself.

use askama::Template;

use crate::{
    Person, Shell,
    samples::{ANA, SHELL},
};

/// `/`: what this server is, for the person who follows the issuer's address.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct Home<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The issuer identifier (RFC 8414 §2).
    pub issuer: &'a str,
    /// Who is signed in.
    pub person: Option<Person<'a>>,
    /// Whether `/playground` is there.
    pub playground: bool,
}

impl Home<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page =
            Self { shell: SHELL, issuer: "https://id.example", person: None, playground: true };
        vec![("home", page.clone()), ("home-signed-in", Self { person: Some(ANA), ..page })]
    }
}
