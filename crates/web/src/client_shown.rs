//! What people see of a client: what it says of itself, in their language (RFC 7591 §2.2). All of it
//! is a stranger's, and judged again when it is shown.

use url::Url;
use vestibule_model::{
    client::{Client, ClientMetadata},
    settings::Settings,
};
use vestibule_pages::WebLink;
use vestibule_policy::client_metadata::is_hidden;

/// Characters of a name that a page shows at most.
const MAX_NAME: usize = 100;

/// A text that a client may register in several languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// `client_name`.
    Name,
    /// `client_uri`.
    Website,
    /// `logo_uri`.
    Logo,
    /// `policy_uri`.
    Policy,
    /// `tos_uri`.
    Terms,
}

impl Text {
    const fn wire(self) -> &'static str {
        match self {
            Self::Name => "client_name",
            Self::Website => "client_uri",
            Self::Logo => "logo_uri",
            Self::Policy => "policy_uri",
            Self::Terms => "tos_uri",
        }
    }

    /// It in the best of the `wanted` languages (BCP 47 tags, best first), else as it was registered
    /// without one.
    #[must_use]
    pub fn of<'a>(self, metadata: &'a ClientMetadata, wanted: &[&str]) -> Option<&'a str> {
        let plain = match self {
            Self::Name => &metadata.client_name,
            Self::Website => &metadata.client_uri,
            Self::Logo => &metadata.logo_uri,
            Self::Policy => &metadata.policy_uri,
            Self::Terms => &metadata.tos_uri,
        };
        metadata.localized(self.wire(), wanted).or(plain.as_deref())
    }
}

/// What to call the client: its name without what cannot be seen, or its `client_id`.
#[must_use]
pub fn name(client: &Client, wanted: &[&str]) -> String {
    let name = Text::Name.of(&client.metadata, wanted).unwrap_or_default();
    let seen: String =
        name.chars().filter(|c| !c.is_control() && !is_hidden(*c)).take(MAX_NAME).collect();
    let seen = seen.trim();
    if seen.is_empty() { client.id.to_string() } else { seen.to_owned() }
}

/// A page of the client's that a person may be sent to: https, and http on this very machine while
/// the server is a local one. The host is in ASCII, so that no letter passes for another one.
#[must_use]
pub fn link(text: Text, client: &Client, wanted: &[&str], settings: &Settings) -> Option<WebLink> {
    let url = Url::parse(text.of(&client.metadata, wanted)?).ok()?;
    let host = url.host_str()?;
    let on_this_machine = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let is_local = settings.development || !settings.issuer.is_https();
    let fits = match url.scheme() {
        "https" => true,
        "http" => is_local && on_this_machine,
        _ => false,
    };
    let bare = url.username().is_empty() && url.password().is_none();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    (fits && bare).then(|| WebLink { href: url.into(), host })
}

/// The address of the client's logo on our site, if it registered one: never its own.
#[must_use]
pub fn logo(client: &Client, lang: &str, settings: &Settings) -> Option<String> {
    Text::Logo.of(&client.metadata, &[lang])?;
    Some(format!("{}?lang={lang}", crate::urls::client_logo(&settings.issuer, &client.id)))
}
