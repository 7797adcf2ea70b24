//! The consent page.

use askama::Template;
use vestibule_model::interaction::Display;

use crate::{
    Destination, Filling, Person, Shell, WebLink, link,
    permission::{Permission, of_claim, of_scope},
    person::initial_of,
    samples::{ANA, SHELL},
};

/// `/consent`: who asks, for what, and where it goes.
///
/// Posts `csrf_token`, `interaction` and `decision` = `allow` or `deny` to `{base}/consent`.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct Consent<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The pending authorization request.
    pub interaction: &'a str,
    /// The client's name (`Client::display_name`).
    pub client: &'a str,
    /// Where the client's logo is: an address of ours.
    pub logo: Option<&'a str>,
    /// The host of `client_uri`, whole.
    pub client_host: Option<&'a str>,
    /// Where the answer goes: [`Destination::of`] the redirect URI.
    pub destination: Destination<'a>,
    /// The client's home page.
    pub website: Option<WebLink>,
    /// What the client says that it does with people's data.
    pub policy: Option<WebLink>,
    /// The client's terms of service.
    pub terms: Option<WebLink>,
    /// Whose account it is.
    pub person: Person<'a>,
    /// Scopes that the person may leave out.
    pub optional: Vec<&'a str>,
    /// Those of them that the person left out before.
    pub left_out: Vec<&'a str>,
    /// Scopes asked for the first time.
    pub new_scopes: Vec<&'a str>,
    /// Scopes that the person allowed this client before.
    pub known_scopes: Vec<&'a str>,
    /// Claims asked for one by one (OIDC Core §5.5), each name once.
    pub claims: Vec<&'a str>,
}

impl Consent<'_> {
    /// The client by its host, or else by its name.
    fn who(&self) -> Filling {
        self.client_host.map_or_else(|| self.shell.bold(self.client), |host| self.shell.host(host))
    }

    fn logo_safe(&self) -> Option<&str> {
        self.logo.map(link::safe)
    }

    /// What stands in the logo's place until it is there.
    fn initial(&self) -> String {
        initial_of(&[self.client])
    }

    fn has_links(&self) -> bool {
        [&self.website, &self.policy, &self.terms].into_iter().any(Option::is_some)
    }

    fn permissions<'b>(&'b self, scopes: &'b [&'b str]) -> Vec<Permission<'b>> {
        scopes.iter().map(|s| of_scope(s, self.person.name, self.person.email)).collect()
    }

    fn new_permissions(&self) -> Vec<Permission<'_>> {
        self.permissions(&self.new_scopes)
    }

    fn known_permissions(&self) -> Vec<Permission<'_>> {
        self.permissions(&self.known_scopes)
    }

    /// Each with the scope's own name, for its box.
    fn optional_permissions(&self) -> Vec<(&str, Permission<'_>)> {
        self.optional.iter().copied().zip(self.permissions(&self.optional)).collect()
    }

    fn claim_permissions(&self) -> Vec<Permission<'_>> {
        self.claims.iter().map(|c| of_claim(c, self.person.name, self.person.email)).collect()
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let first = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: "int_7Qd1",
            client: "Acme Notes",
            logo: None,
            client_host: Some("notes.acme.example"),
            destination: Destination::Host("notes.acme.example"),
            website: None,
            policy: None,
            terms: None,
            person: ANA,
            optional: vec![],
            left_out: vec![],
            new_scopes: vec!["openid", "profile", "email"],
            known_scopes: vec![],
            claims: vec![],
        };
        let more = Self {
            optional: vec!["phone", "address", "notes:share"],
            left_out: vec!["address"],
            new_scopes: vec!["offline_access", "notes:write"],
            known_scopes: vec!["openid", "profile", "email"],
            claims: vec!["birthdate", "zoneinfo", "shoe_size"],
            ..first.clone()
        };
        let native = Self {
            client: "Tide Mail",
            client_host: None,
            destination: Destination::Scheme("example.tide.mail"),
            new_scopes: vec!["openid", "email", "offline_access"],
            ..first.clone()
        };
        let tool = Self {
            client: "acme-cli",
            client_host: Some("tools.acme.example"),
            destination: Destination::Loopback("127.0.0.1:49152"),
            ..first.clone()
        };
        let link = |path: &str| {
            let host = "notes.acme.example".to_owned();
            Some(WebLink { href: format!("https://{host}{path}"), host })
        };
        let told = Self {
            logo: Some("/client-logo/notes?lang=en"),
            website: link("/"),
            policy: link("/privacy"),
            terms: link("/terms"),
            ..first.clone()
        };
        let popup = Self { shell: Shell { display: Display::Popup, ..SHELL }, ..told.clone() };
        let plain = Self { new_scopes: vec![], ..first.clone() };
        vec![
            ("consent", first),
            ("consent-more", more),
            ("consent-native", native),
            ("consent-loopback", tool),
            ("consent-no-scope", plain),
            ("consent-about-client", told),
            ("consent-popup", popup),
        ]
    }
}
