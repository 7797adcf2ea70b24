//! Redirect URIs: the one place where an address becomes safe to send a browser to.
//!
//! Matching is by bytes (RFC 9700 §2.1), because two texts that one parser takes for the same
//! address are different ones to another. The only exception is the port of a native app's
//! loopback address (RFC 8252 §7.3).

mod difference;
mod registration;

pub use difference::explain;
pub use registration::check_registration;

use url::form_urlencoded;
use vestibule_model::{
    ErrorCode, OAuthError,
    client::{ApplicationType, Client},
    interaction::AuthorizationRequest,
};

/// Hosts that never leave the device (RFC 8252 §7.3, §8.3). These spellings only: `127.1` and
/// its like are not worth a parser's opinion.
pub(crate) const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// An address that its client registered. Made in this module only, so that holding one is the
/// proof; nothing may send a browser to a client's address without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeRedirect(String);

impl SafeRedirect {
    /// The redirect URI of a request that `authorize::validate` made and the database kept.
    #[must_use]
    pub fn of(request: &AuthorizationRequest) -> Self {
        Self(request.redirect_uri.clone())
    }

    /// Where to go after logout (OIDC RP-Initiated Logout §3): registered, byte for byte.
    ///
    /// # Errors
    /// `PostLogoutRedirectUriMismatch`, with the difference as its detail.
    pub fn post_logout(client: &Client, given: &str) -> Result<Self, OAuthError> {
        let registered = &client.metadata.post_logout_redirect_uris;
        if registered.iter().any(|uri| uri == given) && registration::is_harmless(given) {
            return Ok(Self(given.to_owned()));
        }
        Err(OAuthError::new(ErrorCode::PostLogoutRedirectUriMismatch).because(explain(
            given,
            registered,
            "registered",
        )))
    }

    /// The address as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with `pairs` added to its query, which stays (RFC 6749 §3.1.2).
    #[must_use]
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        if added.is_empty() {
            return self.0.clone();
        }
        let joint = match self.0.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{joint}{added}", self.0)
    }

    /// The address with `pairs` as its fragment (RFC 6749 §4.2.2); a registered address has none of
    /// its own (§3.1.2). A space is `%20`, which scripts that know nothing of forms can read too.
    #[must_use]
    pub fn with_fragment(&self, pairs: &[(&str, &str)]) -> String {
        let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{}#{}", self.0, added.replace('+', "%20"))
    }
}

/// Whether `given` is one of the client's `registered` redirect URIs (RFC 6749 §3.1.2.3).
///
/// # Errors
/// `RedirectUriMismatch`; its detail names what differs from the nearest registered one.
pub fn check(
    registered: &[String],
    application_type: ApplicationType,
    given: &str,
) -> Result<SafeRedirect, OAuthError> {
    let is_native = application_type == ApplicationType::Native;
    let matches = |uri: &String| uri == given || (is_native && differ_in_port_only(uri, given));
    if registered.iter().any(matches) && registration::is_harmless(given) {
        return Ok(SafeRedirect(given.to_owned()));
    }
    Err(OAuthError::new(ErrorCode::RedirectUriMismatch).because(explain(
        given,
        registered,
        "registered",
    )))
}

/// RFC 8252 §7.3: the same loopback address, at whichever port was free.
fn differ_in_port_only(registered: &str, given: &str) -> bool {
    match (loopback(registered), loopback(given)) {
        (Some(registered), Some(given)) => registered == given,
        _ => false,
    }
}

/// Splits `http://<loopback host>[:port]<rest>` into host and rest; `None` for anything else.
fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    let after_scheme = uri.strip_prefix("http://")?;
    let (host, after_host) = LOOPBACK_HOSTS
        .into_iter()
        .find_map(|host| after_scheme.strip_prefix(host).map(|after| (host, after)))?;
    let rest = match after_host.strip_prefix(':') {
        None => after_host,
        Some(from_port) => {
            let rest = from_port.trim_start_matches(|c: char| c.is_ascii_digit());
            let port = from_port.strip_suffix(rest)?;
            let in_range = port.parse::<u16>().is_ok_and(|number| number > 0);
            if !in_range || port.starts_with('0') {
                return None;
            }
            rest
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// Whether any app on the device could take this address for its own (RFC 8252 §8.6): a
/// private-use scheme.
pub(crate) fn is_custom_scheme(uri: &str) -> bool {
    !uri.starts_with("https://") && !uri.starts_with("http://")
}

/// Whether the address is one of the device's own loopback interface.
pub(crate) fn is_loopback(uri: &str) -> bool {
    loopback(uri).is_some()
}

#[cfg(test)]
mod tests;
