//! Subject identifiers (OIDC Core §8): which clients see a person under the same name.

use url::Url;
use vestibule_model::client::{Client, SubjectType};

/// The sector that a client with pairwise subjects belongs to: the host of its
/// `sector_identifier_uri`, else of its redirect URIs, which registration lets have one host only
/// (OIDC Core §8.1). `None` for public subjects.
#[must_use]
pub fn sector(client: &Client) -> Option<String> {
    let metadata = &client.metadata;
    if metadata.subject_type == SubjectType::Public {
        return None;
    }
    let uri = metadata.sector_identifier_uri.as_ref().or(metadata.redirect_uris.first());
    let host =
        uri.and_then(|uri| Url::parse(uri).ok()).and_then(|url| url.host_str().map(str::to_owned));
    // A custom scheme has no host; such a client is a sector of its own.
    Some(host.unwrap_or_else(|| client.id.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    // spec: OIDC Core 8.1 MUST: the sector is the host of sector_identifier_uri, and else of the redirect URI @ policy/src/subject.rs
    #[test]
    fn the_sector_is_the_host_of_whatever_tells_it() {
        let sector_of = |subject_type, sector_uri: Option<&str>, redirect: &str| {
            let mut client = samples::client();
            client.metadata.subject_type = subject_type;
            client.metadata.sector_identifier_uri = sector_uri.map(str::to_owned);
            client.metadata.redirect_uris = vec![redirect.to_owned()];
            sector(&client)
        };
        let (public, pairwise) = (SubjectType::Public, SubjectType::Pairwise);
        let cases = [
            (public, Some("https://all.example/list"), "https://app.example/cb", None),
            (pairwise, None, "https://app.example:8443/cb", Some("app.example")),
            (pairwise, Some("https://all.example/l"), "https://app.example/", Some("all.example")),
            (pairwise, None, "com.example.app:/cb", Some("app")),
        ];
        for (subject_type, sector_uri, redirect, expected) in cases {
            let found = sector_of(subject_type, sector_uri, redirect);
            assert_eq!(found.as_deref(), expected, "{subject_type:?} {sector_uri:?} {redirect}");
        }
    }
}
