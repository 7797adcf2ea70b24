//! Where a request goes, as far as its address says.

use std::net::IpAddr;

use hyper::Uri;
use url::{Host, Url};

use crate::OutboundFault;

/// Bytes of an address at most: what a client registers or sends is text of a stranger.
const MAX_URL: usize = 2_048;

/// A host as it is written, in the one form that the URL standard gives it: `0x7f.1`, `2130706433` and
/// `017700000001` are all 127.0.0.1 here (WHATWG URL §3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// To be resolved.
    Domain(String),
    /// An address.
    Address(IpAddr),
}

/// Where a request goes. Holds neither user name, password nor fragment (RFC 9110 §4.2.4, §7.1).
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Whether it is to be encrypted.
    pub(crate) encrypted: bool,
    /// Whom to connect to.
    pub(crate) name: Name,
    /// Where there; never 0.
    pub(crate) port: u16,
    /// The host as in `Host`, with its port if that is not the scheme's own (RFC 9110 §7.2).
    pub(crate) authority: String,
    /// Path and query (RFC 9112 §3.2.1).
    pub(crate) path: Uri,
}

impl Target {
    /// Reads `url`. Plain `http` passes only with `allow_plain`.
    pub(crate) fn parse(url: &str, allow_plain: bool) -> Result<Self, OutboundFault> {
        if url.len() > MAX_URL {
            return Err(OutboundFault::Url);
        }
        let url = Url::parse(url).map_err(|_| OutboundFault::Url)?;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" if allow_plain => false,
            _ => return Err(OutboundFault::NotHttps),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundFault::UserInfo);
        }
        let host = url.host().ok_or(OutboundFault::Url)?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        let name = match host {
            Host::Domain(name) => Name::Domain(name.to_owned()),
            Host::Ipv4(address) => Name::Address(address.into()),
            Host::Ipv6(address) => Name::Address(address.into()),
        };
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or(OutboundFault::Url)?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", url.path()).parse().map_err(|_| OutboundFault::Url)?;
        Ok(Self { encrypted, name, port, authority, path })
    }

    /// What requests to one host are counted by, and what a certificate has to be for: the name
    /// without the dot of the root (RFC 6066 §3).
    pub(crate) fn host(&self) -> String {
        match &self.name {
            Name::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Name::Address(address) => address.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let target = Target::parse("https://App.Example:8443/keys?v=1#part", false).expect("good");
        assert!(target.encrypted);
        assert_eq!(target.name, Name::Domain("app.example".to_owned()));
        assert_eq!(target.port, 8443);
        assert_eq!(target.authority, "app.example:8443");
        assert_eq!(target.path.to_string(), "/keys?v=1", "a fragment stays here");

        let target = Target::parse("https://app.example.", false).expect("good");
        assert_eq!((target.port, target.path.to_string().as_str()), (443, "/"));
        assert_eq!(
            (target.authority.as_str(), target.host().as_str()),
            ("app.example.", "app.example")
        );
        let target = Target::parse("https://[::1]:8443/", false).expect("good");
        assert_eq!((target.authority.as_str(), target.host().as_str()), ("[::1]:8443", "::1"));
    }

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        let spellings = [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "017700000001",
            "0x7f000001",
            "①27.0.0.1",
        ];
        for host in spellings {
            let target = Target::parse(&format!("https://{host}/"), false).expect(host);
            assert_eq!(target.name, Name::Address(IpAddr::from([127, 0, 0, 1])), "{host}");
        }
    }

    #[test]
    fn what_is_no_target_says_why() {
        use OutboundFault as Fault;
        let long = format!("https://app.example/{}", "a".repeat(MAX_URL));
        let table = [
            ("", Fault::Url),
            ("/keys", Fault::Url),
            ("https://", Fault::Url),
            ("https://app.example:0/", Fault::Url),
            ("https://app.example:65536/", Fault::Url),
            (long.as_str(), Fault::Url),
            ("http://app.example/", Fault::NotHttps),
            ("ftp://app.example/", Fault::NotHttps),
            ("file:///etc/passwd", Fault::NotHttps),
            ("urn:example:keys", Fault::NotHttps),
            ("https://ana@app.example/", Fault::UserInfo),
            ("https://:secret@app.example/", Fault::UserInfo),
        ];
        for (url, fault) in table {
            assert_eq!(Target::parse(url, false).err(), Some(fault), "{url}");
        }
        assert!(Target::parse("http://127.0.0.1/", true).is_ok());
        assert_eq!(Target::parse("file:///etc/passwd", true).err(), Some(Fault::NotHttps));
    }
}
