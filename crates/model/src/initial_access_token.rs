//! Initial access tokens: what lets a client register itself (RFC 7591 §3).

use crate::{Timestamp, TokenHash};

/// An initial access token's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAccessToken {
    /// Names the row; carries no power.
    pub id: String,
    /// SHA-256 of the token.
    pub hash: TokenHash,
    /// What its maker calls it.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it lets nobody in.
    pub expires_at: Timestamp,
    /// How many clients may still come with it; `None` is without bound.
    pub uses_left: Option<i64>,
}
