//! Authentication context classes (OIDC Core §2, `acr`): how well a person proved who they are.

/// Signed in with a password.
pub const PASSWORD: &str = "urn:vestibule:acr:pwd";

/// Every class this server can reach, in the order discovery lists them (`acr_values_supported`).
pub const SUPPORTED: &[&str] = &[PASSWORD];
