//! What runs beside the requests. An idle server asks the database nothing: each job first looks
//! whether anybody came since it last ran. Only the sweep looks once a day all the same, and whoever
//! has to be told of a logout is looked for every five minutes.
//!
//! Of many instances one at a time does what is done for all of them ([`turn`]). No work is bound to
//! the instance whose requests made it: each job looks at all rows, and each instance that is not idle
//! looks. What an instance leaves that dies is therefore found by the others when somebody comes to
//! them, as those come who came to it.

pub mod erasure;
pub mod keys;
pub mod logout;
pub mod mail;
pub mod reseal;
pub mod sweep;
pub mod turn;

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a request came since each of those who ask last did.
#[derive(Debug, Default)]
pub struct Activity {
    sweep: AtomicBool,
    reseal: AtomicBool,
    mail: AtomicBool,
    logout: AtomicBool,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watcher {
    /// [`sweep`].
    Sweep,
    /// [`reseal`].
    Reseal,
    /// [`mail`].
    Mail,
    /// [`logout`].
    Logout,
}

impl Activity {
    /// A request came.
    pub fn mark(&self) {
        for flag in [&self.sweep, &self.reseal, &self.mail, &self.logout] {
            // Reading first keeps the cache line shared while many threads mark at once.
            if !flag.load(Ordering::Relaxed) {
                flag.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Whether a request came since `watcher` last asked.
    pub fn take(&self, watcher: Watcher) -> bool {
        let flag = match watcher {
            Watcher::Sweep => &self.sweep,
            Watcher::Reseal => &self.reseal,
            Watcher::Mail => &self.mail,
            Watcher::Logout => &self.logout,
        };
        flag.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_is_seen_once_by_each_who_asks() {
        let activity = Activity::default();
        assert!(!activity.take(Watcher::Sweep));
        activity.mark();
        activity.mark();
        for watcher in [Watcher::Sweep, Watcher::Reseal, Watcher::Mail, Watcher::Logout] {
            assert!(activity.take(watcher));
            assert!(!activity.take(watcher));
        }
    }
}
