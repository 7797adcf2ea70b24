//! People.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// A person's account.
#[derive(Clone, Debug)]
pub struct User {
    /// Sent as `sub`.
    pub id: UserId,
    /// The name to sign in with; unique without regard to case.
    pub username: String,
    /// Mail address; unique without regard to case.
    pub email: String,
    /// Whether the address was proved to be the person's.
    pub email_verified: bool,
    /// argon2id in PHC string form.
    pub password_hash: String,
    /// May use the administration.
    pub is_admin: bool,
    /// The other standard claims (OIDC Core §5.1).
    pub profile: Profile,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the account or its profile last changed; sent as `updated_at`.
    pub updated_at: Timestamp,
    /// Set while the account may not be used.
    pub disabled_at: Option<Timestamp>,
}

/// Standard claims of the `profile`, `address` and `phone` scopes (OIDC Core §5.1), under their
/// wire names. Empty ones are not sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field is the claim of that name")]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<serde_json::Value>,
}

impl User {
    /// What to call the person on a page: the full name, else the user name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.profile.name.as_deref().unwrap_or(&self.username)
    }
}
