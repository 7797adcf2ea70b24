//! The two pages that hand a person back to the client.

use askama::Template;

use crate::{Shell, link, samples::SHELL};

/// "Returning to …": leaves for the client by a refresh, with a link for browsers that ignore it.
/// Reached by a same-origin redirect, so that `form-action 'self'` can stay.
#[derive(Clone, Debug, Template)]
#[template(path = "returning.html")]
pub struct Returning<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The client's name.
    pub client: &'a str,
    /// The redirect URI with the answer in its query. Must come from `policy::redirect_uri`.
    pub url: &'a str,
}

impl Returning<'_> {
    fn href(&self) -> &str {
        link::safe(self.url)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let url = "https://notes.acme.example/cb?code=abc&state=xyz&iss=https%3A%2F%2Fid.example";
        vec![("returning", Self { shell: SHELL, client: "Acme Notes", url })]
    }
}

/// OAuth 2.0 Form Post Response Mode §2: posts the answer to the client. The script submits it;
/// without one the button does.
///
/// The only form without a `csrf_token`: it goes to another site, which must not see ours. The
/// response's policy must leave `form-action` out.
#[derive(Clone, Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPost<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The client's name, if it is known.
    pub client: Option<&'a str>,
    /// The redirect URI. Must come from `policy::redirect_uri`.
    pub action: &'a str,
    /// The parameters of the answer.
    pub fields: Vec<(&'a str, &'a str)>,
}

impl FormPost<'_> {
    fn name(&self) -> String {
        self.client.map_or_else(|| self.shell.t("leaving-the-app"), str::to_owned)
    }

    fn target(&self) -> &str {
        link::safe(self.action)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            shell: SHELL,
            client: Some("Acme Notes"),
            action: "https://notes.acme.example/cb",
            fields: vec![("code", "abc"), ("state", "xyz"), ("iss", "https://id.example")],
        };
        vec![("form-post", page.clone()), ("form-post-unnamed", Self { client: None, ..page })]
    }
}
