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
    /// Where the request came from, if it is known.
    pub ip: Option<String>,
    /// What else there is to know, in one sentence. No personal data: the line outlives the account.
    pub detail: String,
}

impl AuditEvent {
    /// An event that concerns nobody yet.
    #[must_use]
    pub fn new(at: Timestamp, event: &'static str, request_id: impl Into<String>) -> Self {
        Self {
            at,
            event,
            user_id: None,
            client_id: None,
            request_id: request_id.into(),
            ip: None,
            detail: String::new(),
        }
    }

    /// Whom it concerns.
    #[must_use]
    pub fn of_user(self, user: &UserId) -> Self {
        Self { user_id: Some(user.clone()), ..self }
    }

    /// Which client it concerns.
    #[must_use]
    pub fn of_client(self, client: &ClientId) -> Self {
        Self { client_id: Some(client.clone()), ..self }
    }

    /// Where the request came from.
    #[must_use]
    pub fn from_ip(self, ip: Option<&str>) -> Self {
        Self { ip: ip.map(str::to_owned), ..self }
    }

    /// What else there is to know.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}
