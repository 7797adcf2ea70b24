//! Who hears of a session's end (OIDC Back-Channel Logout, OIDC Front-Channel Logout).

use crate::{ClientId, SessionId, Subject, Timestamp};

/// For how long the end of a session is told to a client that does not answer, in seconds.
pub const TOLD_FOR: i64 = 86_400;

/// How long the record of it is kept, in seconds.
pub const RECORD_KEPT: i64 = 2 * 86_400;

/// A client that a session led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionClient {
    /// The session; `sid` towards the client.
    pub session_id: SessionId,
    /// The client.
    pub client_id: ClientId,
    /// Whom the client knows as signed in.
    pub sub: Subject,
    /// When something was first issued to it from the session.
    pub first_at: Timestamp,
}

/// A logout token on its way, without the token: that is made anew at each try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutDelivery {
    /// Its name: of the session and the client.
    pub id: String,
    /// Who is told.
    pub client_id: ClientId,
    /// The session that ended; `sid`.
    pub session_id: SessionId,
    /// Whose it was, as the client knows them; `sub`.
    pub sub: Subject,
    /// When the session ended.
    pub created_at: Timestamp,
    /// When to try next; `None` once it was delivered or given up.
    pub next_attempt_at: Option<Timestamp>,
    /// Tries so far.
    pub attempts: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Until when one instance has it to itself.
    pub leased_until: Option<Timestamp>,
    /// When the client took it.
    pub sent_at: Option<Timestamp>,
    /// When the row is forgotten.
    pub expires_at: Timestamp,
}

impl LogoutDelivery {
    /// What tells the client that its session ended at `now`. A session ends once, so that of two who
    /// end it the second finds this one there.
    #[must_use]
    pub fn of(ended: &SessionClient, now: Timestamp) -> Self {
        Self {
            id: format!("{}.{}", ended.session_id, ended.client_id),
            client_id: ended.client_id.clone(),
            session_id: ended.session_id.clone(),
            sub: ended.sub.clone(),
            created_at: now,
            next_attempt_at: Some(now),
            attempts: 0,
            last_error: None,
            leased_until: None,
            sent_at: None,
            expires_at: now.plus(RECORD_KEPT),
        }
    }
}
