//! A sign-in that begins outside the client: on a page of ours, or by a link that somebody gives
//! (OIDC Core §4).

use url::Url;
use vestibule_model::{client::Client, settings::Issuer};

/// Where a sign-in at the client begins: its `initiate_login_uri` with `iss` and, if the caller names
/// one, `target_link_uri`. No `login_hint`, which §4 leaves to us: an app need not learn who is about
/// to come before they have agreed to anything, nor have it in its logs.
///
/// `None` if the client has no such address, and for a target that is not on the origin of a
/// registered redirect URI: clients are told to judge it themselves, but some do not, and we lead
/// nobody astray in their name (RFC 9700 §4.11).
#[must_use]
pub fn start(client: &Client, issuer: &Issuer, target: Option<&str>) -> Option<String> {
    let mut address = endpoint(client)?;
    let target = match target {
        Some(target) => Some(own_page(client, target)?),
        None => None,
    };
    address.query_pairs_mut().append_pair("iss", issuer.as_str());
    if let Some(target) = target {
        address.query_pairs_mut().append_pair("target_link_uri", target);
    }
    Some(address.into())
}

/// Whether [`start`] leads anywhere.
#[must_use]
pub fn can_start(client: &Client) -> bool {
    endpoint(client).is_some()
}

/// OIDC Registration §2, `initiate_login_uri`: https. Asked again of what is stored: a redirect
/// follows.
fn endpoint(client: &Client) -> Option<Url> {
    if client.disabled_at.is_some() {
        return None;
    }
    let address = encrypted(client.metadata.initiate_login_uri.as_deref()?)?;
    address.fragment().is_none().then_some(address)
}

/// `target` if it is a page of the client's.
fn own_page<'a>(client: &Client, target: &'a str) -> Option<&'a str> {
    let origin = encrypted(target)?.origin();
    let uris = &client.metadata.redirect_uris;
    let is_own = uris.iter().filter_map(|uri| encrypted(uri)).any(|uri| uri.origin() == origin);
    is_own.then_some(target)
}

/// An address behind https, without credentials, that every reader takes for the same: `Url` drops
/// tabs and line ends and turns backslashes, and others do not.
fn encrypted(address: &str) -> Option<Url> {
    let plain = address.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'\\');
    let url = Url::parse(address).ok().filter(|_| plain)?;
    let bare = url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && bare && url.host_str().is_some()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn client(initiate: &str) -> Client {
        let mut client = samples::client();
        client.metadata.initiate_login_uri = Some(initiate.to_owned());
        client
    }

    fn started(initiate: &str, target: Option<&str>) -> Option<String> {
        start(&client(initiate), &Issuer::new("https://id.example"), target)
    }

    #[test]
    fn the_client_is_told_who_sends_the_person() {
        for (initiate, started_at) in [
            ("https://app.example/start", "https://app.example/start?iss=https%3A%2F%2Fid.example"),
            ("https://app.example/s?a=b", "https://app.example/s?a=b&iss=https%3A%2F%2Fid.example"),
            ("https://app.example", "https://app.example/?iss=https%3A%2F%2Fid.example"),
        ] {
            assert_eq!(started(initiate, None).as_deref(), Some(started_at));
        }
    }

    #[test]
    fn only_https_without_credentials_is_gone_to() {
        for initiate in [
            "http://app.example/start",
            "http://127.0.0.1/start",
            "javascript:alert(1)",
            "data:text/html,x",
            "com.example.app:/start",
            "https://app.example@evil.example/",
            "https://app.example/#start",
            "https:\\\\evil.example",
            "https://app.example/a\r\nb",
            " https://app.example/",
            "//app.example/",
            "/start",
            "",
        ] {
            assert_eq!(started(initiate, None), None, "{initiate:?}");
            assert!(!can_start(&client(initiate)), "{initiate:?}");
        }
        assert!(!can_start(&samples::client()), "nothing was registered");
    }

    #[test]
    fn a_disabled_client_starts_nothing() {
        let disabled =
            Client { disabled_at: Some(samples::NOW), ..client("https://app.example/start") };
        assert_eq!(start(&disabled, &Issuer::new("https://id.example"), None), None);
    }

    #[test]
    fn the_target_is_a_page_of_the_client() {
        let initiate = "https://login.app.example/start";
        for target in ["https://app.example/notes?id=1#top", "https://APP.example:443/"] {
            let address = Url::parse(&started(initiate, Some(target)).unwrap()).unwrap();
            let last =
                address.query_pairs().last().map(|(name, value)| (name.into(), value.into()));
            assert_eq!(last, Some(("target_link_uri".to_owned(), target.to_owned())));
        }
        for target in [
            "https://evil.example/",
            "https://app.example.evil.example/",
            "https://app.example@evil.example/",
            "https://evil.example\\@app.example/",
            "https://app.example:8443/",
            "https://login.app.example/",
            "http://app.example/",
            "//app.example/",
            "javascript:alert(1)",
            "https://app.example/a\nb",
            "",
        ] {
            assert_eq!(started(initiate, Some(target)), None, "{target:?}");
        }
    }

    /// An opaque origin equals none, not even its own kind.
    #[test]
    fn a_private_scheme_vouches_for_no_target() {
        let mut client = client("https://app.example/start");
        client.metadata.redirect_uris = vec!["com.example.app:/cb".to_owned()];
        let issuer = Issuer::new("https://id.example");
        assert_eq!(start(&client, &issuer, Some("com.example.app:/cb")), None);
    }
}
