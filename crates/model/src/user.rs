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
    /// argon2id in PHC string form, or an imported hash; empty for an account without a password.
    pub password_hash: String,
    /// When the password was last chosen.
    pub password_changed_at: Option<Timestamp>,
    /// May use the administration.
    pub is_admin: bool,
    /// The groups the person is in, by name: policy may ask more of some.
    pub groups: Vec<String>,
    /// The language of pages and mails, a BCP 47 tag; `None` follows the browser.
    pub language: Option<String>,
    /// The other standard claims (OIDC Core §5.1). As read from the database it lacks what
    /// `sealed_profile` holds.
    pub profile: Profile,
    /// The part of the profile that rests sealed (phone, address, birth date), as JSON of a
    /// [`Profile`].
    pub sealed_profile: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the account or its profile last changed; sent as `updated_at`.
    pub updated_at: Timestamp,
    /// Set while the account may not be used.
    pub disabled_at: Option<Timestamp>,
    /// When the account will be erased, if its owner asked for that.
    pub deletion_at: Option<Timestamp>,
    /// Until then no page offers to add a passkey after sign-in.
    pub passkey_offer_after: Option<Timestamp>,
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
    /// An account as it begins: an ordinary person, the address unproved.
    #[must_use]
    pub fn new(
        id: UserId,
        username: impl Into<String>,
        email: impl Into<String>,
        password_hash: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            username: username.into(),
            email: email.into(),
            email_verified: false,
            password_hash: password_hash.into(),
            password_changed_at: Some(now),
            is_admin: false,
            groups: Vec::new(),
            language: None,
            profile: Profile::default(),
            sealed_profile: None,
            created_at: now,
            updated_at: now,
            disabled_at: None,
            deletion_at: None,
            passkey_offer_after: None,
        }
    }

    /// What to call the person on a page: the full name, else the user name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.profile.name.as_deref().unwrap_or(&self.username)
    }
}
