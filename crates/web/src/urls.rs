//! The addresses of our own pages and endpoints. Paths are relative to the issuer's own path.

use url::{Url, form_urlencoded};
use vestibule_model::{ClientId, InteractionId, settings::Issuer};
use vestibule_policy::params::Params;

/// Authorization endpoint (RFC 6749 §3.1).
pub const AUTHORIZE: &str = "/authorize";
/// Token endpoint (RFC 6749 §3.2).
pub const TOKEN: &str = "/token";
/// UserInfo endpoint (OIDC Core §5.3).
pub const USERINFO: &str = "/userinfo";
/// Revocation endpoint (RFC 7009 §2).
pub const REVOKE: &str = "/revoke";
/// Introspection endpoint (RFC 7662 §2).
pub const INTROSPECT: &str = "/introspect";
/// JWK Set (RFC 7517 §5).
pub const JWKS: &str = "/jwks";
/// End-session endpoint (OIDC RP-Initiated Logout §2).
pub const END_SESSION: &str = "/end_session";
/// Client registration endpoint (RFC 7591 §3); `/register` is the people's page.
pub const CLIENT_REGISTRATION: &str = "/connect/register";
/// The page whose frame tells clients that a session ended (OIDC Session Management §3.3).
pub const CHECK_SESSION: &str = "/check_session";
/// WebFinger (RFC 7033 §4).
pub const WEBFINGER: &str = "/.well-known/webfinger";
/// OIDC Discovery §4.
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// RFC 8414 §3.
pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
/// Sign-in page.
pub const LOGIN: &str = "/login";
/// Asks for a second factor.
pub const VERIFY: &str = "/login/verify";
/// Sets a second factor up, where one is demanded and there is none.
pub const ENROL: &str = "/login/enrol";
/// "Not you?": signs out and comes back.
pub const LOGIN_OTHER: &str = "/login/other";
/// Takes a passkey in the place of name and password.
pub const PASSKEY: &str = "/login/passkey";
/// The terms of service in force.
pub const TERMS: &str = "/terms";
/// Making an account.
pub const REGISTER: &str = "/register";
/// The way back in for whoever forgot the password.
pub const RECOVER: &str = "/recover";
/// Opens an account that too many wrong passwords have locked.
pub const UNLOCK: &str = "/unlock";
/// Account chooser.
pub const SELECT_ACCOUNT: &str = "/select-account";
/// Consent page.
pub const CONSENT: &str = "/consent";
/// Sign-out page.
pub const LOGOUT: &str = "/logout";
/// After signing out.
pub const SIGNED_OUT: &str = "/signed-out";
/// The mails of a development server.
pub const MAILBOX: &str = "/dev/mailbox";
/// The same for scripts.
pub const MAILBOX_JSON: &str = "/dev/mailbox.json";
/// The person's own page.
pub const ACCOUNT: &str = "/account";

/// A client's logo, as we serve it.
#[must_use]
pub fn client_logo(issuer: &Issuer, id: &ClientId) -> String {
    format!("{}{}", issuer.path(), segments("/client-logo", id))
}

/// Leads to where a sign-in at the client begins (OIDC Core §4).
#[must_use]
pub fn start(issuer: &Issuer, id: &ClientId) -> String {
    format!("{}{}", issuer.path(), segments("/start", id))
}

/// `id` as one segment below `path`, whatever characters it has.
fn segments(path: &str, id: &ClientId) -> String {
    let Ok(mut url) = Url::parse("http://localhost") else { return path.to_owned() };
    url.set_path(path);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(id.as_str());
    }
    url.path().to_owned()
}

/// Where every page of an interaction returns to: the one loop point.
#[must_use]
pub fn resume(issuer: &Issuer, id: &InteractionId) -> String {
    format!("{}{AUTHORIZE}/resume/{id}", issuer.path())
}

/// One of our addresses with the parameters of a form as its query.
#[must_use]
pub fn with_query(issuer: &Issuer, path: &str, params: &Params) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(params.iter());
    format!("{}{path}?{}", issuer.path(), query.finish())
}

/// Starts a stored request anew, for a page that got too old.
#[must_use]
pub fn restart(issuer: &Issuer, id: &InteractionId) -> String {
    format!("{}{AUTHORIZE}/restart/{id}", issuer.path())
}

/// A page that belongs to an interaction.
#[must_use]
pub fn page(issuer: &Issuer, path: &str, id: &InteractionId) -> String {
    format!("{}{path}?interaction={id}", issuer.path())
}

/// A path of ours that a person may be sent to after signing in: an account page. Anything else,
/// and anything that a browser could take for another host, is none (RFC 9700 §4.11.2).
#[must_use]
pub fn own_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ACCOUNT)?;
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let fits =
        rest.is_empty() || rest.strip_prefix('/').is_some_and(|parts| parts.split('/').all(plain));
    (fits && path.len() <= 200).then_some(path)
}

/// The part of the account that a page belongs to: where somebody goes on after proving more.
#[must_use]
pub fn section(page: &str) -> &str {
    let end = page.match_indices('/').nth(2).map_or(page.len(), |(at, _)| at);
    let part = page.get(..end).map(|part| part.strip_suffix(".json").unwrap_or(part));
    part.and_then(own_path).unwrap_or(ACCOUNT)
}

/// Whether the account page changes how its owner signs in, or takes their data away: such a page
/// needs a sign-in that is fresh and complete. So does every page that is not known here.
#[must_use]
pub fn changes_sign_in(page: &str) -> bool {
    let part = page.strip_prefix(ACCOUNT).map(|rest| rest.split('/').nth(1).unwrap_or_default());
    !matches!(part, Some("" | "profile" | "sessions" | "apps" | "activity"))
}

/// Whether programs call what is at `path`, so that they are refused in JSON and not by a page.
/// `/authorize` and the end-session endpoint are opened by browsers.
#[must_use]
pub fn is_for_programs(path: &str) -> bool {
    const METADATA: [&str; 3] = [WEBFINGER, OPENID_CONFIGURATION, OAUTH_METADATA];
    const EXACT: [&str; 6] = [TOKEN, USERINFO, REVOKE, INTROSPECT, JWKS, CLIENT_REGISTRATION];
    let below = path.strip_prefix(CLIENT_REGISTRATION).is_some_and(|rest| rest.starts_with('/'));
    EXACT.contains(&path) || below || METADATA.into_iter().any(|known| path.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_one_segment_of_a_path() {
        let issuer = Issuer::new("https://id.example/id");
        for (id, path) in [
            ("app-1", "/id/start/app-1"),
            ("https://app.example/?a#b", "/id/start/https:%2F%2Fapp.example%2F%3Fa%23b"),
            ("a b+c%2F", "/id/start/a%20b+c%252F"),
        ] {
            assert_eq!(start(&issuer, &ClientId::new(id)), path);
        }
    }

    #[test]
    fn only_account_pages_can_be_gone_on_to() {
        for path in ["/account", "/account/mfa", "/account/apps/my-app_1/withdraw"] {
            assert_eq!(own_path(path), Some(path));
        }
        for path in [
            "",
            "/",
            "//evil.example",
            "/accountevil",
            "/account/",
            "/account//evil.example",
            "/account/../logout",
            "/account/%2e%2e",
            "/account?x=1",
            "https://evil.example/account",
            "/\\evil.example",
            "/account/a\r\nb",
        ] {
            assert_eq!(own_path(path), None, "{path}");
        }
    }

    #[test]
    fn what_changes_the_sign_in_is_known_with_all_below_it() {
        for (path, sensitive) in [
            ("/account", false),
            ("/account/profile", false),
            ("/account/apps", false),
            ("/account/mfa", true),
            ("/account/mfa/remove", true),
            ("/account/password", true),
            ("/account/email", true),
            ("/account/passkeys/x/remove", true),
            ("/account/data", true),
            ("/account/data.json", true),
            ("/account/something-new", true),
            ("", true),
        ] {
            assert_eq!(changes_sign_in(path), sensitive, "{path}");
        }
    }

    #[test]
    fn a_page_belongs_to_a_part_of_the_account() {
        for (page, section) in [
            ("/account", "/account"),
            ("/account/mfa", "/account/mfa"),
            ("/account/mfa/remove", "/account/mfa"),
            ("/account/email/verify/{id}", "/account/email"),
            ("/account/data.json", "/account/data"),
            ("", "/account"),
            ("//evil.example/x", "/account"),
        ] {
            assert_eq!(super::section(page), section, "{page}");
        }
    }
}
