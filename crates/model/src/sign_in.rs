//! A sign-in under way: the first factor was right, the second is still missing.

use crate::{SessionId, SignInId, Timestamp, TokenHash, UserId};

/// Half signed in. It is no session: whoever holds only this reaches nothing but the pages that
/// finish it. The cookie holds a secret, the row its hash.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The row's name.
    pub id: SignInId,
    /// SHA-256 of the cookie's value.
    pub token_hash: TokenHash,
    /// Who is signing in.
    pub user_id: UserId,
    /// The session that has to prove more (step-up); `None` for a sign-in from scratch.
    pub session_id: Option<SessionId>,
    /// What was proved so far (RFC 8176).
    pub amr: Vec<String>,
    /// When that was.
    pub auth_time: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is too old to be finished.
    pub expires_at: Timestamp,
}
