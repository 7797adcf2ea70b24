//! Wrong guesses that count against somebody.

use crate::Timestamp;

/// The failures of one subject (an account, a device, an address, a client), as far as they still
/// count. `vestibule_policy::guessing` decides what they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Failures that count.
    pub failures: i64,
    /// Where their window begins: the first of them, moved on by the time that was spent locked.
    pub first_at: Timestamp,
    /// The latest of them.
    pub last_at: Timestamp,
    /// Until when no guess is taken; may lie in the past.
    pub locked_until: Option<Timestamp>,
}
