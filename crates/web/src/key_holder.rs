//! The present key ring, swapped when the stored keys change.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use parking_lot::RwLock;
use tokio::{sync::Notify, time::timeout};
use vestibule_keys::KeyRing;
use vestibule_model::Timestamp;

/// A ring that was compared with the stored keys this many seconds ago is taken for them.
const FRESH_FOR: i64 = 30;
/// How long a request waits for that to be done.
const PATIENCE: Duration = Duration::from_millis(500);
/// After a comparison that failed, nobody asks for another one for so many seconds.
const PAUSE: i64 = 2;

/// Holds the ring every request sees. Keys are parsed when a ring is loaded, never per request.
pub struct KeyHolder {
    ring: RwLock<Arc<KeyRing>>,
    used: AtomicBool,
    /// When somebody last made sure that the ring is the stored one, in Unix seconds.
    checked_at: AtomicI64,
    /// When that was tried last and failed.
    failed_at: AtomicI64,
    /// Somebody makes sure of it when asked.
    is_watched: AtomicBool,
    /// Tells the watch that somebody waits for it.
    wanted: Notify,
    /// Tells those who wait that the watch has looked.
    checked: Notify,
}

impl KeyHolder {
    /// Starts with `ring`, read at `now`.
    #[must_use]
    pub fn new(ring: KeyRing, now: Timestamp) -> Self {
        Self {
            ring: RwLock::new(Arc::new(ring)),
            used: AtomicBool::new(false),
            checked_at: AtomicI64::new(now.0),
            failed_at: AtomicI64::new(i64::MIN),
            is_watched: AtomicBool::new(false),
            wanted: Notify::new(),
            checked: Notify::new(),
        }
    }

    /// The ring is the stored one, as of `now`.
    pub fn note_checked(&self, now: Timestamp) {
        self.checked_at.store(now.0, Ordering::Relaxed);
        self.checked.notify_waiters();
    }

    /// Whether it is could not be found out at `now`.
    pub fn note_failed(&self, now: Timestamp) {
        self.failed_at.store(now.0, Ordering::Relaxed);
        self.checked.notify_waiters();
    }

    /// From now on somebody answers [`wanted`](Self::wanted).
    pub fn note_watched(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }

    /// Makes sure, before a request, that the ring is not an old one: an idle server does not look,
    /// and meanwhile its signing key may have left the JWKS. Where that cannot be found out, the
    /// database is away, and nothing is issued.
    pub async fn settle(&self, now: Timestamp) {
        let failed_at = self.failed_at.load(Ordering::Relaxed);
        let has_just_failed = (0..PAUSE).contains(&now.0.saturating_sub(failed_at));
        if !self.is_settled(now) && !has_just_failed && self.is_watched.load(Ordering::Relaxed) {
            self.look(PATIENCE).await;
        }
    }

    /// Whether the ring was compared with the stored keys lately.
    #[must_use]
    pub fn is_settled(&self, now: Timestamp) -> bool {
        self.age(now) <= FRESH_FOR
    }

    /// Makes the watch look at the stored keys now, and waits for it, `patience` at most.
    pub async fn look(&self, patience: Duration) {
        let checked = self.checked.notified();
        self.wanted.notify_one();
        // A look that takes longer is not waited for: whoever asked sees by `age` that it did.
        let _ = timeout(patience, checked).await;
    }

    /// Ends when somebody waits in [`look`](Self::look); for the watch.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
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

#[cfg(test)]
mod tests {
    use futures_util::future::join;
    use vestibule_keys::{MasterKey, Sealer};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn holder() -> KeyHolder {
        let key = MasterKey::from_hex(&"0b".repeat(32)).unwrap();
        KeyHolder::new(KeyRing::load(&[], &Sealer::new(&key), NOW).unwrap(), NOW)
    }

    #[tokio::test]
    async fn whoever_asks_waits_for_the_look_and_no_longer() {
        let keys = holder();
        let later = NOW.plus(3_600);
        let watch = async {
            keys.wanted().await;
            keys.note_checked(later);
        };
        // Without the watch's answer this would never end.
        join(keys.look(Duration::MAX), watch).await;
        assert_eq!(keys.age(later), 0);
    }

    #[tokio::test]
    async fn a_request_waits_for_a_look_at_an_old_ring_only() {
        let keys = holder();
        // Nobody watches: this would wait.
        keys.settle(NOW.plus(3_600)).await;
        keys.note_watched();
        keys.settle(NOW.plus(FRESH_FOR)).await;
        let looks = AtomicI64::new(0);
        let watch = async {
            loop {
                keys.wanted().await;
                let now = NOW.plus(60 + looks.fetch_add(1, Ordering::Relaxed));
                // The first look fails, the next does not.
                if now == NOW.plus(60) { keys.note_failed(now) } else { keys.note_checked(now) }
            }
        };
        let requests = async {
            for after in [60, 61, 62, 63, 90] {
                keys.settle(NOW.plus(after)).await;
            }
        };
        tokio::select! { () = watch => {}, () = requests => {} }
        assert_eq!(looks.load(Ordering::Relaxed), 2);
        assert!(keys.is_settled(NOW.plus(91)) && !keys.is_settled(NOW.plus(92)));
    }

    #[tokio::test]
    async fn a_look_that_never_ends_is_not_waited_for() {
        let keys = holder();
        keys.look(Duration::ZERO).await;
        assert_eq!(keys.age(NOW.plus(60)), 60);
    }
}
