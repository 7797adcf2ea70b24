//! What is in tokens.

use super::Meaning;

/// The claims of the tokens of this server, and those that people have (OIDC Core §5.1).
pub const CLAIMS: &[Meaning] = &[
    Meaning::new("iss", "playground-claim-iss", "RFC 7519", "4.1.1"),
    Meaning::new("sub", "playground-claim-sub", "RFC 7519", "4.1.2"),
    Meaning::new("aud", "playground-claim-aud", "RFC 7519", "4.1.3"),
    Meaning::new("exp", "playground-claim-exp", "RFC 7519", "4.1.4"),
    Meaning::new("nbf", "playground-claim-nbf", "RFC 7519", "4.1.5"),
    Meaning::new("iat", "playground-claim-iat", "RFC 7519", "4.1.6"),
    Meaning::new("jti", "playground-claim-jti", "RFC 7519", "4.1.7"),
    Meaning::new("auth_time", "playground-claim-auth-time", "OIDC Core", "2"),
    Meaning::new("nonce", "playground-claim-nonce", "OIDC Core", "2"),
    Meaning::new("acr", "playground-claim-acr", "OIDC Core", "2"),
    Meaning::new("amr", "playground-claim-amr", "OIDC Core", "2"),
    Meaning::new("azp", "playground-claim-azp", "OIDC Core", "2"),
    Meaning::new("at_hash", "playground-claim-at-hash", "OIDC Core", "3.1.3.6"),
    Meaning::new("c_hash", "playground-claim-c-hash", "OIDC Core", "3.3.2.11"),
    Meaning::new("sid", "playground-claim-sid", "OIDC Front-Channel Logout", "3"),
    Meaning::new("client_id", "playground-claim-client-id", "RFC 9068", "2.2"),
    Meaning::new("scope", "playground-claim-scope", "RFC 9068", "2.2.3"),
    Meaning::new("groups", "playground-claim-groups", "RFC 9068", "2.2.3.1"),
    Meaning::new("cnf", "playground-claim-cnf", "RFC 7800", "3.1"),
    Meaning::new("events", "playground-claim-events", "OIDC Back-Channel Logout", "2.4"),
    Meaning::new("name", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("given_name", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("family_name", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("middle_name", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("nickname", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("preferred_username", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("profile", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("picture", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("website", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("gender", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("birthdate", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("zoneinfo", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("locale", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("updated_at", "playground-claim-updated-at", "OIDC Core", "5.1"),
    Meaning::new("email", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("email_verified", "playground-claim-verified", "OIDC Core", "5.1"),
    Meaning::new("phone_number", "playground-claim-person", "OIDC Core", "5.1"),
    Meaning::new("phone_number_verified", "playground-claim-verified", "OIDC Core", "5.1"),
    Meaning::new("address", "playground-claim-person", "OIDC Core", "5.1.1"),
];

/// The members of a token's header.
pub const HEADER: &[Meaning] = &[
    Meaning::new("alg", "playground-header-alg", "RFC 7515", "4.1.1"),
    Meaning::new("enc", "playground-header-enc", "RFC 7516", "4.1.2"),
    Meaning::new("kid", "playground-header-kid", "RFC 7515", "4.1.4"),
    Meaning::new("typ", "playground-header-typ", "RFC 7515", "4.1.9"),
    Meaning::new("cty", "playground-header-cty", "RFC 7515", "4.1.10"),
    Meaning::new("crit", "playground-header-crit", "RFC 7515", "4.1.11"),
    Meaning::new("zip", "playground-header-zip", "RFC 7516", "4.1.3"),
    Meaning::new("epk", "playground-header-epk", "RFC 7518", "4.6.1.1"),
];

/// Whether a claim of that name is a time in seconds since 1970 (RFC 7519 §2, `NumericDate`).
#[must_use]
pub fn is_time(name: &str) -> bool {
    matches!(name, "exp" | "nbf" | "iat" | "auth_time" | "updated_at")
}
