//! Addresses on pages: which may be followed, and how to name where they lead.

use std::fmt::Write as _;

/// Schemes that run or hold content instead of leading to a place.
const NEVER: [&str; 7] = ["javascript", "data", "vbscript", "blob", "file", "about", "view-source"];

/// The address if it is safe to follow, else `#`.
///
/// Browsers skip leading spaces and drop tabs and newlines inside a scheme (WHATWG URL §4.4), so
/// an address with any control character or leading space is refused outright.
#[must_use]
pub fn safe(address: &str) -> &str {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme);
    let hostile = address.starts_with(char::is_whitespace)
        || address.chars().any(char::is_control)
        || scheme.is_some_and(|s| NEVER.iter().any(|never| s.eq_ignore_ascii_case(never)));
    if hostile { "#" } else { address }
}

/// The host of an `http` or `https` address, with its port if it names one.
#[must_use]
pub fn host(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
}

/// A text as the value of a query's parameter: everything but letters, digits and `-._~/` is
/// written in percent (RFC 3986 §2.1).
pub(crate) fn query_value(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A page of a client's, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebLink {
    /// Its address, which the caller has judged.
    pub href: String,
    /// Its host, with its port if it names one.
    pub host: String,
}

impl WebLink {
    pub(crate) fn target(&self) -> &str {
        safe(&self.href)
    }
}

/// Where a client's answer goes, as a person can understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A web host, with its port if it names one.
    Host(&'a str),
    /// A program on the person's own device (RFC 8252 §7.3).
    Loopback(&'a str),
    /// The app that answers to this scheme (RFC 8252 §7.1).
    Scheme(&'a str),
}

impl<'a> Destination<'a> {
    /// Names the place behind a redirect URI that `policy::redirect_uri` has checked.
    #[must_use]
    pub fn of(redirect_uri: &'a str) -> Self {
        match host(redirect_uri) {
            Some(host) if is_loopback(host) => Self::Loopback(host),
            Some(host) => Self::Host(host),
            None => Self::Scheme(redirect_uri.split(':').next().unwrap_or(redirect_uri)),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    ["127.0.0.1", "[::1]", "localhost"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_pass() {
        for address in ["https://app.example/cb?a=b", "/login", "com.example.app:/cb", "?x=a:b"] {
            assert_eq!(safe(address), address);
        }
    }

    #[test]
    fn running_schemes_are_dropped() {
        for address in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://x/1",
            "file:///etc/passwd",
        ] {
            assert_eq!(safe(address), "#", "{address:?}");
        }
    }

    #[test]
    fn host_is_kept_whole() {
        assert_eq!(host("https://a.b.example:8443/cb?x#y"), Some("a.b.example:8443"));
        assert_eq!(host("https://good.example@evil.example/"), Some("evil.example"));
        assert_eq!(host("https://evil.example\\@good.example/"), Some("evil.example"));
        assert_eq!(host("com.example.app:/cb"), None);
        assert_eq!(host("https:///cb"), None);
    }

    #[test]
    fn destinations_are_named() {
        assert_eq!(Destination::of("https://app.example/cb"), Destination::Host("app.example"));
        assert_eq!(
            Destination::of("http://127.0.0.1:9000/cb"),
            Destination::Loopback("127.0.0.1:9000")
        );
        assert_eq!(Destination::of("http://[::1]/cb"), Destination::Loopback("[::1]"));
        assert_eq!(
            Destination::of("http://localhost.evil.example/"),
            Destination::Host("localhost.evil.example")
        );
        assert_eq!(Destination::of("com.example.app:/cb"), Destination::Scheme("com.example.app"));
    }
}
