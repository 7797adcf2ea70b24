//! Where mails go and who sends them.

use std::{net::IpAddr, path::Path, time::Duration};

use lettre::transport::smtp::authentication::Credentials;
use percent_encoding::percent_decode_str;
use url::{Host, Url};
use vestibule_model::Secret;

use crate::MailError;

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct SmtpSettings<'a> {
    /// `smtp://[user:password@]host[:port][?tls=none|starttls]` or `smtps://…`; user name and
    /// password percent-encoded. The port is 587, or 465 for `smtps` (RFC 8314 §7.3).
    pub url: &'a Secret,
    /// Who sends: a mail address, alone or as `Name <address>`.
    pub from: &'a str,
    /// The host of the issuer: our name in `EHLO`, and the right side of every `Message-ID`.
    pub host: &'a str,
    /// How long sending one mail may take, from connecting to the last answer.
    pub timeout: Duration,
    /// The certificates to check the server's against, in PEM; `None` for those of the system.
    pub ca_file: Option<&'a Path>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// From the first byte.
    Implicit,
    /// Asked for, and insisted on.
    StartTls,
    /// Not at all.
    None,
}

/// A server to send to.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    pub(crate) credentials: Option<Credentials>,
}

impl Server {
    pub(crate) fn parse(url: &Secret) -> Result<Self, MailError> {
        let url = Url::parse(url.expose())?;
        let (implicit, port) = match url.scheme() {
            "smtp" => (false, 587),
            "smtps" => (true, 465),
            other => return Err(MailError::Scheme(other.to_owned())),
        };
        let host = match url.host().ok_or(MailError::Host)? {
            Host::Domain(name) => {
                text(name).filter(|name| !name.is_empty()).ok_or(MailError::Host)?
            }
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailError::Excess);
        }
        let local = is_loopback(&host);
        let encryption = match (implicit, url.query()) {
            (true, None) => Encryption::Implicit,
            (false, Some("tls=none")) => Encryption::None,
            (false, None) if local => Encryption::None,
            (false, None | Some("tls=starttls")) => Encryption::StartTls,
            _ => return Err(MailError::Excess),
        };
        let credentials = credentials(&url)?;
        if credentials.is_some() && encryption == Encryption::None && !local {
            return Err(MailError::PasswordInTheOpen);
        }
        Ok(Self { host, port: url.port().unwrap_or(port), encryption, credentials })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, MailError> {
    let (user, password) = (url.username(), url.password());
    if user.is_empty() && password.is_none() {
        return Ok(None);
    }
    let user = text(user).ok_or(MailError::Credentials)?;
    let password = text(password.unwrap_or_default()).ok_or(MailError::Credentials)?;
    Ok(Some(Credentials::new(user, password)))
}

/// Percent-decoded, if that is UTF-8.
fn text(encoded: &str) -> Option<String> {
    percent_decode_str(encoded).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Whether the server is on this machine, where nobody listens in.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Server, MailError> {
        Server::parse(&Secret::new(url))
    }

    #[test]
    fn encryption_is_asked_for_unless_the_server_is_on_this_machine() {
        let cases = [
            ("smtps://mx.example", "mx.example", 465, Encryption::Implicit),
            ("smtps://127.0.0.1:2465", "127.0.0.1", 2_465, Encryption::Implicit),
            ("smtp://mx.example", "mx.example", 587, Encryption::StartTls),
            ("smtp://mx.example:25/", "mx.example", 25, Encryption::StartTls),
            ("smtp://192.0.2.1", "192.0.2.1", 587, Encryption::StartTls),
            ("smtp://mx.example?tls=starttls", "mx.example", 587, Encryption::StartTls),
            ("smtp://mx.example:25?tls=none", "mx.example", 25, Encryption::None),
            ("smtp://localhost:25", "localhost", 25, Encryption::None),
            ("smtp://127.8.0.1:1025", "127.8.0.1", 1_025, Encryption::None),
            ("smtp://[::1]:1025", "::1", 1_025, Encryption::None),
            ("smtp://localhost:25?tls=starttls", "localhost", 25, Encryption::StartTls),
            ("smtp://localhost.evil.example", "localhost.evil.example", 587, Encryption::StartTls),
        ];
        for (url, host, port, encryption) in cases {
            let server = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((server.host.as_str(), server.port), (host, port), "{url}");
            assert_eq!(server.encryption, encryption, "{url}");
            assert!(server.credentials.is_none(), "{url}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded() {
        let server = parse("smtps://ana%40mail.example:p%2Fa%3Ass%C3%BC@mx.example").unwrap();
        let expected = Credentials::new("ana@mail.example".to_owned(), "p/a:ssü".to_owned());
        assert!(server.credentials == Some(expected));
        assert!(parse("smtp://u:p@localhost:25").unwrap().credentials.is_some());
        assert!(parse("smtp://u:p@mx.example").unwrap().credentials.is_some());
    }

    #[test]
    fn what_cannot_work_or_is_unsafe_is_refused() {
        for url in [
            "mx.example:25",
            "http://mx.example",
            "smtp:",
            "smtp://",
            "smtp:///x",
            "smtp://mx.example/inbox",
            "smtp://mx.example#x",
            "smtp://mx.example?tls=maybe",
            "smtp://mx.example?tls=none&tls=starttls",
            "smtps://mx.example?tls=none",
            "smtp://u:p@mx.example?tls=none",
            "smtps://%ff:p@mx.example",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_refusal_shows_no_password() {
        for url in ["smtp://u:hunter2@mx.example?tls=none", "smtp://u:hunter2@mx.example/x"] {
            let told = parse(url).map(|_| ()).expect_err(url);
            assert!(!format!("{told} {told:?}").contains("hunter2"), "{told:?}");
        }
    }
}
