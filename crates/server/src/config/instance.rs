//! The keys above the first table: who this server is and where it keeps its files.

use std::path::PathBuf;

use url::{Host, Url};
use vestibule_model::settings::{Issuer, Profile};

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "",
    doc: "Every key can also be set by an environment variable: VESTIBULE__SECTION__KEY, for\n\
          example VESTIBULE__SERVER__LISTEN, or VESTIBULE__ISSUER for the keys of this first part.\n\
          The environment wins over this file. Lists are comma-separated there.\n\
          Durations are a number and a unit: \"30s\", \"10m\", \"12h\", \"30d\".",
    keys: &[
        Key::new(
            "issuer",
            "\"http://localhost:8080\"",
            "The address of this server as browsers and clients see it. It is the `iss` of every\n\
             token, so it cannot be changed later without every client noticing.\n\
             Anything but localhost must be https, with a proxy in front that ends TLS.",
        ),
        Key::new(
            "data_dir",
            "\"data\"",
            "The folder for the embedded database and for the master key that is made when none is\n\
             given. A public server must say where that is.",
        ),
        Key::new("display_name", "\"Vestibule\"", "The name people see at the top of every page."),
        Key::new(
            "profile",
            "\"oauth2.1\"",
            "Which rules hold. \"oauth2.1\": authorization codes only, always with PKCE. \"oidc\": all of\n\
             OpenID Connect Core; clients may register the implicit and hybrid response types, and\n\
             confidential clients may do without PKCE.",
        ),
        Key::absent(
            "playground",
            "true",
            "Whether developers find a debugger for authorization requests at /playground. Without it:\n\
             yes on localhost, no everywhere else.",
        ),
    ],
};

/// Who this server is.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The issuer identifier.
    pub issuer: Issuer,
    /// Whether the issuer is this machine only, as in development.
    pub is_loopback: bool,
    /// The folder of the server's own files.
    pub data_dir: PathBuf,
    /// The name on every page.
    pub display_name: String,
    /// Which rules of OAuth and OpenID Connect hold.
    pub profile: Profile,
    /// Whether `/playground` is there.
    pub playground: bool,
}

pub(super) fn read(reader: &mut Reader) -> Instance {
    let given = reader.given_text("issuer").unwrap_or_default();
    let issuer = reader.parsed("issuer", parse_issuer);
    let issuer = issuer.unwrap_or_else(|| Issuer::new("http://localhost:8080"));
    if given.ends_with('/') {
        let message = format!("the slash at the end is dropped: the issuer is {}", issuer.as_str());
        reader.warn("issuer", message);
    }
    // A refused issuer still decides which rules hold, so that they are reported together.
    let is_loopback = Url::parse(&given).map_or(true, |url| is_loopback(&url));
    let profile = reader.parsed("profile", |text| match text {
        "oauth2.1" => Ok(Profile::OAuth21),
        "oidc" => Ok(Profile::Oidc),
        other => Err(format!("must be oauth2.1 or oidc, not {other:?}")),
    });
    let has_playground = reader.origin("playground").is_explicit();
    Instance {
        profile: profile.unwrap_or_default(),
        playground: if has_playground { reader.boolean("playground") } else { is_loopback },
        issuer,
        is_loopback,
        data_dir: reader.text("data_dir").unwrap_or_default().into(),
        display_name: reader.text("display_name").unwrap_or_default(),
    }
}

/// Checks an issuer (RFC 8414 §2, OIDC Discovery §3).
fn parse_issuer(text: &str) -> Result<Issuer, String> {
    let url =
        Url::parse(text).map_err(|fault| format!("{text:?} is not an absolute URL ({fault})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("must start with https://, not {}:", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a `?` or `#` part (RFC 8414 §2)".to_owned());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(
            "must be https: over plain http everybody on the way could read passwords and \
                    tokens. Set the https address of the proxy in front of this server; only \
                    localhost, 127.0.0.1 and [::1] may be http"
                .to_owned(),
        );
    }
    // Clients compare the issuer letter by letter, so it has one spelling.
    let canonical = url.as_str().trim_end_matches('/');
    if canonical != text.trim_end_matches('/') {
        return Err(format!("write it the way clients will see it: \"{canonical}\""));
    }
    Ok(Issuer::new(text))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_that_work_are_taken_as_they_are() {
        for (text, kept, loopback) in [
            ("http://localhost:8080", "http://localhost:8080", true),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000", true),
            ("http://[::1]:9000", "http://[::1]:9000", true),
            ("https://id.example.com", "https://id.example.com", false),
            ("https://id.example.com/", "https://id.example.com", false),
            ("https://example.com/auth", "https://example.com/auth", false),
        ] {
            assert_eq!(parse_issuer(text).unwrap().as_str(), kept, "{text}");
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), loopback, "{text}");
        }
    }

    #[test]
    fn issuers_that_would_fail_later_are_refused_with_the_reason() {
        for (text, reason) in [
            ("id.example.com", "not an absolute URL"),
            ("ftp://id.example.com", "must start with https://"),
            ("http://id.example.com", "must be https"),
            ("http://localhost.example.com", "must be https"),
            ("http://10.0.0.1", "must be https"),
            ("https://u:p@id.example.com", "user name or password"),
            ("https://id.example.com/?a=b", "`?` or `#`"),
            ("https://id.example.com/#a", "`?` or `#`"),
            ("https://ID.example.com", "\"https://id.example.com\""),
            ("https://id.example.com:443", "\"https://id.example.com\""),
        ] {
            let fault = parse_issuer(text).unwrap_err();
            assert!(fault.contains(reason), "{text}: {fault}");
        }
    }
}
