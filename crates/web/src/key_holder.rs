//! The present key ring, swapped when the stored keys change.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use parking_lot::RwLock;
use vestibule_keys::KeyRing;
use vestibule_model::Timestamp;

/// Holds the ring every request sees. Keys are parsed when a ring is loaded, never per request.
pub struct KeyHolder {
    ring: RwLock<Arc<KeyRing>>,
    used: AtomicBool,
    /// When somebody last made sure that the ring is the stored one, in Unix seconds.
    checked_at: AtomicI64,
}

impl KeyHolder {
    /// Starts with `ring`, read at `now`.
    #[must_use]
    pub fn new(ring: KeyRing, now: Timestamp) -> Self {
        Self {
            ring: RwLock::new(Arc::new(ring)),
            used: AtomicBool::new(false),
            checked_at: AtomicI64::new(now.0),
        }
    }

    /// The ring is the stored one, as of `now`.
    pub fn note_checked(&self, now: Timestamp) {
        self.checked_at.store(now.0, Ordering::Relaxed);
    }

    /// Seconds since that was made sure of. An idle server does not look, so its first answer can
    /// be old, and must not be cached as if it were not.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> i64 {
        now.since(Timestamp(self.checked_at.load(Ordering::Relaxed)))
    }

    /// The ring, for one request.
    #[must_use]
    pub fn current(&self) -> Arc<KeyRing> {
        self.used.store(true, Ordering::Relaxed);
        Arc::clone(&self.ring.read())
    }

    /// The ring, for looking at it without using it (health).
    #[must_use]
    pub fn peek(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read())
    }

    /// Puts `ring` in the place of the present one.
    pub fn replace(&self, ring: KeyRing) {
        *self.ring.write() = Arc::new(ring);
    }

    /// Whether anybody used the ring since the last call: an idle server need not look for new
    /// keys, and so asks the database nothing.
    pub fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }
}
