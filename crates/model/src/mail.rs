//! Mail on its way out.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// A message, ready to be sent. Rests sealed for `outbox/<id>`, for it holds links and codes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailMessage {
    /// Whom to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Shows no content: addresses, links and codes stay out of logs.
impl std::fmt::Debug for MailMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailMessage([REDACTED])")
    }
}

/// A message in the outbox.
#[derive(Clone, Debug)]
pub struct OutboxMail {
    /// Its name; becomes part of `Message-ID`, so that a repeat can be told.
    pub id: String,
    /// What it is for, for example `reset-password`.
    pub kind: String,
    /// Whom it concerns, if that is an account.
    pub user_id: Option<UserId>,
    /// A [`MailMessage`] as JSON, sealed for `outbox/<id>`.
    pub sealed_message: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is due; `None` once it was sent or given up.
    pub next_attempt_at: Option<Timestamp>,
    /// How often sending was tried.
    pub attempts: i64,
    /// Why the last try failed. No address, no content.
    pub last_error: Option<String>,
    /// While another instance is sending it.
    pub leased_until: Option<Timestamp>,
    /// When it left.
    pub sent_at: Option<Timestamp>,
    /// When the row is forgotten.
    pub expires_at: Timestamp,
}
