//! The operating system's randomness, counted: each password that is checked draws a salt.

use std::sync::atomic::{AtomicUsize, Ordering};

use vestibule_model::Entropy;
use vestibule_server::entropy::OsEntropy;

/// Counts what the server draws.
#[derive(Debug, Default)]
pub struct CountedEntropy(AtomicUsize);

impl CountedEntropy {
    /// How often the server asked for randomness.
    #[must_use]
    pub fn draws(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Entropy for CountedEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fetch_add(1, Ordering::SeqCst);
        OsEntropy.fill(bytes);
    }
}
