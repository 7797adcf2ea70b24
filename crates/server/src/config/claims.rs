//! `[claims]`: claims about people that somebody else makes.

use url::{Host, Url};
use vestibule_model::Secret;

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "claims",
    doc: "Claims about people that another service makes (aggregated and distributed claims of\n\
          OpenID Connect Core §5.6.2). They go into the userinfo answer.",
    keys: &[
        Key::absent(
            "claims.source_url",
            "\"https://claims.internal.example/v1/claims\"",
            "The service that is asked at every userinfo request: POST with JSON. It may be in a\n\
             private network. If it does not answer in two seconds, the answer goes without it.",
        ),
        Key::absent(
            "claims.source_token",
            "\"…\"",
            "The access token that the service is asked with.",
        )
        .secret(),
        Key::absent(
            "claims.source_token_file",
            "\"/run/secrets/vestibule-claims\"",
            "A file to read claims.source_token from.",
        ),
    ],
};

/// Where claims of others come from.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The service; `None` if there is none.
    pub source_url: Option<String>,
    /// Its access token.
    pub source_token: Option<Secret>,
}

pub(super) fn read(reader: &mut Reader) -> Claims {
    Claims {
        source_url: reader.parsed("claims.source_url", parse),
        source_token: reader.secret("claims.source_token"),
    }
}

fn parse(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|fault| format!("{text:?} is not a URL ({fault})"))?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && here) {
        return Ok(text.to_owned());
    }
    Err("must start with https://, or be on this machine: it tells of people".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn claims_do_not_travel_in_the_open() {
        for text in ["https://claims.internal/x", "http://localhost:9000/", "http://127.0.0.1:1/x"]
        {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
        for text in ["http://claims.internal/x", "claims.internal", "ftp://localhost/", ""] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
