//! The two things that instances share, as the rest of the program sees them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    BreakerState, CacheError, RedisSettings, counters::Counters, kept::Listeners, message::Word,
    shared::Shared,
};

/// Counters and the word of changes: of this process, or of all instances through Redis. Clones
/// share everything; the threads end with the last clone or with [`shutdown`](Self::shutdown).
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    counters: Counters,
    listeners: Arc<Listeners>,
    shared: Option<Shared>,
}

/// What a counter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How often this window, this time included.
    pub count: u64,
    /// When the window ends, from now.
    pub ends_in: Duration,
    /// Whether all instances count together. `false` without Redis and while it is away: then
    /// others may have counted as much.
    pub shared: bool,
}

/// What Redis says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// From asking to the answer.
    pub latency: Duration,
    /// Its clock: since the beginning of 1970, UTC.
    pub server_time: Duration,
    /// Its version, for example `7.0.15`.
    pub version: String,
    /// Bytes it may use; 0 means as many as there are.
    pub maxmemory: u64,
    /// Bytes it uses.
    pub used_memory: u64,
    /// What it does when memory is full, for example `noeviction`.
    pub policy: String,
    /// `master` or `slave`.
    pub role: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
}

impl Cache {
    /// Counters of this process alone, and nothing [`Kept`](crate::Kept).
    #[must_use]
    pub fn in_process() -> Self {
        Self::of(Arc::default(), None)
    }

    /// What all instances share through Redis. Connects when it is used first, so that a dead Redis
    /// hinders no start.
    ///
    /// # Errors
    /// A URL, certificate file or prefix that cannot be used, or no threads.
    pub fn redis(settings: RedisSettings) -> Result<Self, CacheError> {
        let listeners = Arc::default();
        let shared = Shared::start(settings, Arc::clone(&listeners))?;
        Ok(Self::of(listeners, Some(shared)))
    }

    fn of(listeners: Arc<Listeners>, shared: Option<Shared>) -> Self {
        Self { inner: Arc::new(Inner { counters: Counters::new(), listeners, shared }) }
    }

    /// Adds one to `key` in the fixed window that is open, or opens one of length `window`. With
    /// Redis away: counts in this process, on from what Redis said last.
    pub async fn count(&self, key: &str, window: Duration) -> Counted {
        let Inner { counters, shared, .. } = &*self.inner;
        if let Some(shared) = shared
            && let Some((count, ends_in)) = shared.count(key, window).await
        {
            counters.remember(key, count, ends_in, Instant::now());
            return Counted { count, ends_in, shared: true };
        }
        let (count, ends_in) = counters.add(key, window, Instant::now());
        Counted { count, ends_in, shared: false }
    }

    /// Adds one to `key` in this process alone, beside what [`count`](Self::count) says, before
    /// anything is awaited.
    #[must_use]
    pub fn count_here(&self, key: &str, window: Duration) -> (u64, Duration) {
        // No key of `count` begins so.
        self.inner.counters.add(&format!("here {key}"), window, Instant::now())
    }

    /// Tells every instance that what they keep under `kind` and `keys` changed: this one before
    /// anything is awaited, the others with the word that Redis passes on. Call it after the change
    /// is committed. No keys: nobody is told anything.
    pub async fn changed(&self, kind: &'static str, keys: &[String]) {
        if keys.is_empty() {
            return;
        }
        let word = Word::of(kind, keys);
        self.inner.listeners.hear(&word);
        if let Some(shared) = &self.inner.shared {
            shared.publish(&word).await;
        }
    }

    /// Asks Redis how it is, whatever the breaker says.
    ///
    /// # Errors
    /// There is none, or it does not answer; the message says how to mend it.
    pub async fn ping(&self) -> Result<Ping, CacheError> {
        self.inner.shared.as_ref().ok_or(CacheError::NotShared)?.ping().await
    }

    /// What Redis refuses of all that servers do with it, whatever the breaker says: counting, passing
    /// a word on, listening. Leaves a key for a second, and no instance drops anything for the word.
    /// Empty without Redis.
    pub async fn refusals(&self) -> Vec<CacheError> {
        match &self.inner.shared {
            Some(shared) => shared.refusals().await,
            None => Vec::new(),
        }
    }

    /// Whether Redis is configured.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.inner.shared.is_some()
    }

    /// Whether Redis is used now; closed if there is none.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.inner.shared.as_ref().map_or(BreakerState::Closed, Shared::state)
    }

    /// Whether word of changes elsewhere is heard now, for the metrics.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.inner.shared.as_ref().is_some_and(Shared::is_listening)
    }

    /// How many calls wait for a connection, for the metrics.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.shared.as_ref().map_or(0, Shared::waiting)
    }

    /// Ends the threads. What is asked later is answered without Redis.
    pub fn shutdown(&self) {
        if let Some(shared) = &self.inner.shared {
            shared.shutdown();
        }
    }

    pub(crate) fn listeners(&self) -> &Arc<Listeners> {
        &self.inner.listeners
    }
}
