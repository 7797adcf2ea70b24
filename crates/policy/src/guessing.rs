//! Guessing: how many wrong passwords and codes are taken, and how long is waited after them.
//!
//! Each subject of a try (the account, or instead the known device it comes from; the address; the
//! client) has a [`Counter`]. `attempts` failures within `window` lock it for `first_delay`
//! seconds, and each further failure for twice as long. The window's clock stands still while the
//! subject is locked, so whoever guesses whenever the lock opens meets ever longer locks; `window`
//! seconds of open time later everything begins anew. A passkey is never guessed: it asks none of
//! this.
//!
//! Who calls this keeps three rules:
//! - a try that finds a subject [`Standing::Locked`] is refused unseen, after [`tar_pit`], and
//!   written nowhere;
//! - a [narrow](Subject::is_narrow) subject is charged ([`after_failure`]) *before* the password or
//!   code is looked at and forgotten when it was right, for else guesses sent at the same moment
//!   would all be free;
//! - a wide subject counts failures afterwards and forgets none of them for a success, which
//!   anybody can have with an account of their own.

mod subject;

use std::time::Duration;

pub use subject::{Subject, Try, code_subject, registration_subject, subjects};
use vestibule_model::{Timestamp, guess::Counter};

/// The longest a refusal is held back.
const TAR_PIT_MAX: Duration = Duration::from_secs(2);

/// How much one kind of subject may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Failures within a window until it is locked; at least 1.
    pub attempts: i64,
    /// The window, in seconds.
    pub window: i64,
    /// Seconds that the first lock lasts; each further failure doubles them.
    pub first_delay: i64,
    /// The most seconds that a lock lasts.
    pub max_delay: i64,
}

/// The limits in force, by what they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One account, from devices it does not know.
    pub account: Limit,
    /// One account, from one device it knows.
    pub device: Limit,
    /// One address, whatever the account.
    pub ip: Limit,
    /// One client, whatever the account.
    pub client: Limit,
    /// One-time codes of one account: by mail, from an authenticator, for recovery.
    pub code: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let own = Limit { attempts: 3, window: 900, first_delay: 30, max_delay: 900 };
        let wide = Limit { attempts: 100, window: 900, first_delay: 30, max_delay: 300 };
        Self {
            account: own,
            device: own,
            ip: wide,
            client: Limit { attempts: 1_000, ..wide },
            code: Limit { attempts: 5, first_delay: 60, ..own },
        }
    }
}

/// Whether a subject may be guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Free,
    /// Not before that time.
    Locked {
        /// When it opens.
        until: Timestamp,
    },
}

/// How a subject stands at `now`.
#[must_use]
pub fn standing(counter: Option<&Counter>, now: Timestamp) -> Standing {
    match counter.and_then(|counter| counter.locked_until) {
        Some(until) if now < until => Standing::Locked { until },
        _ => Standing::Free,
    }
}

/// How a try stands that looks at several subjects: locked if one of them is, until the last opens.
#[must_use]
pub fn worst(standings: impl IntoIterator<Item = Standing>) -> Standing {
    standings.into_iter().fold(Standing::Free, |worst, next| match (worst, next) {
        (Standing::Locked { until: a }, Standing::Locked { until: b }) => {
            Standing::Locked { until: a.max(b) }
        }
        (Standing::Free, other) | (other, Standing::Free) => other,
    })
}

/// The counter after one more failure. A locked one stays as it is: nothing was tried.
///
/// A clock that steps back is read as standing still, so no lock ever ends before the time it was
/// given.
#[must_use]
pub fn after_failure(counter: Option<Counter>, limit: &Limit, now: Timestamp) -> Counter {
    let Some(old) = counter else { return locked_if_due(first(now), limit, now) };
    if matches!(standing(Some(&old), now), Standing::Locked { .. }) {
        return old;
    }
    let now = now.max(old.last_at);
    let next = if now.since(old.first_at) <= limit.window {
        Counter { failures: old.failures.saturating_add(1), last_at: now, ..old }
    } else if now.since(old.last_at) <= limit.window {
        // Of the failures before, only the latest is known to lie in the window that ends now.
        Counter { failures: 2, first_at: old.last_at, last_at: now, locked_until: None }
    } else {
        first(now)
    };
    locked_if_due(next, limit, now)
}

/// The counter without one failure that was charged and never judged. A lock that it brought about
/// stays: telling whose charge it was would need more than a number.
#[must_use]
pub fn without_one(counter: Option<Counter>, now: Timestamp) -> Counter {
    let none = Counter { failures: 0, first_at: now, last_at: now, locked_until: None };
    counter.map_or(none, |old| Counter { failures: old.failures.saturating_sub(1).max(0), ..old })
}

const fn first(now: Timestamp) -> Counter {
    Counter { failures: 1, first_at: now, last_at: now, locked_until: None }
}

fn locked_if_due(counter: Counter, limit: &Limit, now: Timestamp) -> Counter {
    let excess = counter.failures.saturating_sub(limit.attempts.max(1));
    if excess < 0 {
        return counter;
    }
    let delay = delay(excess, limit);
    Counter {
        first_at: counter.first_at.plus(delay),
        locked_until: Some(now.plus(delay)),
        ..counter
    }
}

/// `first_delay`, doubled `excess` times, `max_delay` at most.
fn delay(excess: i64, limit: &Limit) -> i64 {
    let doubled = u32::try_from(excess).ok().and_then(|times| 1_i64.checked_shl(times));
    let factor = doubled.filter(|factor| *factor > 0).unwrap_or(i64::MAX);
    limit.first_delay.max(0).saturating_mul(factor).min(limit.max_delay.max(0))
}

/// From when on the counter decides nothing any more: its row may go.
#[must_use]
pub fn forgotten_at(counter: &Counter, limit: &Limit) -> Timestamp {
    let open_again = counter.locked_until.unwrap_or(counter.last_at).max(counter.last_at);
    open_again.plus(limit.window).plus(1)
}

/// How long to hold back the refusal of a try that was locked: longer the more was tried, so that
/// asking again and again costs the asker and no row is written for it. Zero when not locked.
#[must_use]
pub fn tar_pit(counter: &Counter, limit: &Limit, now: Timestamp) -> Duration {
    if standing(Some(counter), now) == Standing::Free {
        return Duration::ZERO;
    }
    let excess = counter.failures.saturating_sub(limit.attempts).clamp(0, 7);
    let steps = u32::try_from(excess).unwrap_or(0).saturating_add(1);
    Duration::from_millis(250).saturating_mul(steps).min(TAR_PIT_MAX)
}

#[cfg(test)]
mod tests;
