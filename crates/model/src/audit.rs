//! What happened, for whoever has to answer for it later.

use crate::{ClientId, Timestamp, UserId};

/// One line of the audit log. Never holds a secret.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// A stable name, for example `refresh_token.reused`.
    pub event: &'static str,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The client concerned.
    pub client_id: Option<ClientId>,
    /// The request that caused it.
    pub request_id: String,
    /// What else there is to know, in one sentence.
    pub detail: String,
}
