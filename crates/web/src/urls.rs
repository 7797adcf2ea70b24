//! The addresses of our own pages and endpoints. Paths are relative to the issuer's own path.

use url::form_urlencoded;
use vestibule_model::{InteractionId, settings::Issuer};
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
/// Sign-in page.
pub const LOGIN: &str = "/login";
/// Account chooser.
pub const SELECT_ACCOUNT: &str = "/select-account";
/// Consent page.
pub const CONSENT: &str = "/consent";
/// Sign-out page.
pub const LOGOUT: &str = "/logout";
/// After signing out.
pub const SIGNED_OUT: &str = "/signed-out";
/// The person's own page.
pub const ACCOUNT: &str = "/account";

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
