//! The present key ring, swapped when the stored keys change.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::RwLock;
use vestibule_keys::KeyRing;

/// Holds the ring every request sees. Keys are parsed when a ring is loaded, never per request.
pub struct KeyHolder {
    ring: RwLock<Arc<KeyRing>>,
    used: AtomicBool,
}

impl KeyHolder {
    /// Starts with `ring`.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), used: AtomicBool::new(false) }
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
