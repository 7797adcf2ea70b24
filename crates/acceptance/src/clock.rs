//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use vestibule_model::{Clock, Timestamp};

/// Starts on 2026-01-01 and moves only by [`advance`](Self::advance).
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_767_225_600))
    }
}

impl TestClock {
    /// Lets `seconds` pass.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
