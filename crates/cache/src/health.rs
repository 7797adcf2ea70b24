//! Whether Redis is well, as all threads know it, and the two lines in the log about that.

use std::time::Instant;

use parking_lot::Mutex;

use crate::{
    BreakerState, CacheError,
    breaker::{Breaker, Leave, Rules, Turn},
};

/// The breaker that all share.
pub(crate) struct Health {
    breaker: Mutex<Breaker>,
}

impl Health {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { breaker: Mutex::new(Breaker::new(rules)) }
    }

    /// What to do with a call that comes now.
    pub(crate) fn ask(&self) -> Leave {
        self.breaker.lock().ask(Instant::now())
    }

    pub(crate) fn state(&self) -> BreakerState {
        self.breaker.lock().state()
    }

    /// Redis answered, or not.
    pub(crate) fn heard(&self, outcome: Result<(), &CacheError>) {
        let now = Instant::now();
        let mut breaker = self.breaker.lock();
        let turn = match outcome {
            Ok(()) => breaker.succeeded(now),
            Err(_) => breaker.failed(now),
        };
        drop(breaker);
        match (turn, outcome) {
            (Some(Turn::Opened), Err(why)) => tracing::warn!(
                event = "redis.away",
                %why,
                "Redis is left alone until it answers again; this instance counts for itself"
            ),
            (Some(Turn::Closed { after }), _) => {
                let ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(event = "redis.back", after_ms = ms, "Redis is used again");
            }
            _ => {}
        }
    }
}
