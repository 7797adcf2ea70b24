//! A browser that a person signed in with before.

use crate::{DeviceId, Timestamp, TokenHash, UserId};

/// A known device of one person. The cookie holds a secret, the row its hash; two people who share
/// a browser have a row each.
#[derive(Clone, Debug)]
pub struct Device {
    /// How its owner's list names it.
    pub id: DeviceId,
    /// SHA-256 of the cookie's value.
    pub token_hash: TokenHash,
    /// Whose it is.
    pub user_id: UserId,
    /// The browser in a few words, such as `Firefox on Linux`.
    pub user_agent: String,
    /// Where its last sign-in came from.
    pub ip: Option<String>,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// Its last sign-in.
    pub last_seen_at: Timestamp,
    /// "Remember this device": no second factor is asked for until then.
    pub trusted_until: Option<Timestamp>,
    /// When it is forgotten if it never comes back.
    pub expires_at: Timestamp,
}
