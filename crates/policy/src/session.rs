//! When a browser session ends by itself.

use vestibule_model::{Timestamp, browser_session::BrowserSession, settings::Lifetimes};

/// Whether the session may still be used: neither its absolute nor its idle end has come.
#[must_use]
pub fn is_live(session: &BrowserSession, lifetimes: &Lifetimes, now: Timestamp) -> bool {
    now < session.expires_at && now.since(session.last_seen_at) < lifetimes.session_idle
}

#[cfg(test)]
mod tests {
    use super::is_live;
    use crate::samples;
    use vestibule_model::{Timestamp, settings::Lifetimes};

    #[test]
    fn a_session_ends_when_idle_or_old() {
        let lifetimes = Lifetimes { session_idle: 100, ..Lifetimes::default() };
        let mut session = samples::session();
        session.last_seen_at = Timestamp(1_000);
        session.expires_at = Timestamp(1_200);
        for (now, live) in [(1_000, true), (1_099, true), (1_100, false), (900, true)] {
            assert_eq!(is_live(&session, &lifetimes, Timestamp(now)), live, "at {now}");
        }
        session.last_seen_at = Timestamp(1_190);
        for (now, live) in [(1_199, true), (1_200, false), (1_201, false)] {
            assert_eq!(is_live(&session, &lifetimes, Timestamp(now)), live, "at {now}");
        }
    }
}
