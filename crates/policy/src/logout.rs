//! What a client hears of a session's end through the person's browser.

use url::Url;
use vestibule_model::{SessionId, client::Client, settings::Issuer};

/// A client's page that is loaded in a frame to tell it (OIDC Front-Channel Logout §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutFrame {
    /// What is loaded.
    pub url: String,
    /// Where from, as a Content Security Policy names it.
    pub origin: String,
}

/// The frame that tells `client` of the end of the session `sid`; `None` if there is nothing to load,
/// or nothing that a browser may be told to load. `iss` and `sid` come together or not at all (§2).
#[must_use]
pub fn frame(client: &Client, issuer: &Issuer, sid: &SessionId) -> Option<LogoutFrame> {
    if client.disabled_at.is_some() {
        return None;
    }
    let metadata = &client.metadata;
    let mut url = Url::parse(metadata.frontchannel_logout_uri.as_ref()?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    // A host may hold what ends a directive of the policy (CSP3 §2.2.1).
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte);
    if !origin.bytes().all(plain) {
        return None;
    }
    if metadata.frontchannel_logout_session_required {
        let mut query = url.query_pairs_mut();
        query.append_pair("iss", issuer.as_str()).append_pair("sid", sid.as_str());
    }
    Some(LogoutFrame { url: url.into(), origin })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, NOW};

    fn told(uri: &str, session_required: bool) -> Option<LogoutFrame> {
        let mut client = samples::client();
        client.metadata.frontchannel_logout_uri = Some(uri.to_owned());
        client.metadata.frontchannel_logout_session_required = session_required;
        frame(&client, &Issuer::new("https://id.example/auth"), &SessionId::new("s 1"))
    }

    #[test]
    fn the_session_is_named_whole_or_not_at_all() {
        let named = "iss=https%3A%2F%2Fid.example%2Fauth&sid=s+1";
        for (uri, required, url) in [
            ("https://app.example/out", false, "https://app.example/out".to_owned()),
            ("https://app.example/out", true, format!("https://app.example/out?{named}")),
            ("https://app.example/out?a=b", true, format!("https://app.example/out?a=b&{named}")),
        ] {
            assert_eq!(told(uri, required).expect(uri).url, url);
        }
    }

    #[test]
    fn the_origin_fits_a_content_security_policy() {
        for (uri, origin) in [
            ("https://App.example:443/out", Some("https://app.example")),
            ("https://app.example:8443/out", Some("https://app.example:8443")),
            ("http://[::1]:3000/out", Some("http://[::1]:3000")),
            ("https://app.example;script-src/out", None),
            ("https://a,b.example/out", None),
            ("https://*.example/out", None),
            ("javascript:alert(1)", None),
            ("com.example.app:/out", None),
            ("", None),
        ] {
            assert_eq!(told(uri, true).map(|frame| frame.origin).as_deref(), origin, "{uri}");
        }
    }

    #[test]
    fn whoever_has_no_such_page_or_is_disabled_is_told_nothing() {
        let issuer = Issuer::new("https://id.example");
        let sid = SessionId::new("s");
        let mut client = samples::client();
        assert_eq!(frame(&client, &issuer, &sid), None);
        client.metadata.frontchannel_logout_uri = Some("https://app.example/out".to_owned());
        assert!(frame(&client, &issuer, &sid).is_some());
        client.disabled_at = Some(NOW);
        assert_eq!(frame(&client, &issuer, &sid), None);
    }
}
