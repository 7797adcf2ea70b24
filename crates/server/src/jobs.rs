//! What runs beside the requests. An idle server asks the database nothing: each job first looks
//! whether anybody came since it last ran.

pub mod keys;
pub mod sweep;

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a request came since somebody last looked.
#[derive(Debug, Default)]
pub struct Activity(AtomicBool);

impl Activity {
    /// A request came.
    pub fn mark(&self) {
        // Reading first keeps the cache line shared while many threads mark at once.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a request came since the last call.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_is_seen_once() {
        let activity = Activity::default();
        assert!(!activity.take());
        activity.mark();
        activity.mark();
        assert!(activity.take());
        assert!(!activity.take());
    }
}
