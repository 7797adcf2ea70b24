//! Deletes rows that are over: a little at a time, one instance of many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};
use vestibule_model::Timestamp;
use vestibule_storage::expiry::{self, Ended, Retention};
use vestibule_storage::lease::Lease;
use vestibule_storage::{Conn, StorageError};
use vestibule_web::State;

use super::turn::{LASTS, LOOKS, Turn, Turned, guarded};
use super::{Activity, Watcher, erasure};

/// Seconds between two sweeps, whichever instance does them.
const EVERY: i64 = 30;
/// How long it waits for somebody to come, in seconds: what was promised to be erased goes in time
/// even where nobody comes.
const AT_THE_LATEST: i64 = 86_400;

/// What one transaction may take: nobody waits longer for it.
const GOAL: Duration = Duration::from_millis(25);
/// Rows in one transaction: at first, at least, and at most.
const FIRST: i64 = 200;
const FEWEST: i64 = 10;
const MOST: i64 = 2_000;

/// The job.
pub struct Sweeper {
    state: State,
    retention: Retention,
    turn: Turn,
    /// Somebody came since the last sweep, or it came to nothing.
    wanted: bool,
    /// When to ask for the turn.
    next: Timestamp,
    swept_at: Timestamp,
}

impl Sweeper {
    /// A job that keeps records as long as `retention` says.
    #[must_use]
    pub fn new(state: State, retention: Retention) -> Self {
        let (turn, now) = (Turn::new(state.clone(), "sweep"), state.now());
        Self { state, retention, turn, wanted: false, next: now, swept_at: now }
    }

    /// Sweeps after requests came, and once a day anyway, until dropped. Which instance the requests
    /// came to does not matter: a sweep is of all rows, and whichever instance is not idle asks for
    /// the turn.
    pub async fn run(mut self, activity: Arc<Activity>) {
        let mut ticks = interval(LOOKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(activity.take(Watcher::Sweep)).await;
        }
    }

    /// Asks for the turn if it is time, and sweeps if it gets it. `active`: somebody came.
    pub async fn look(&mut self, active: bool) {
        let now = self.state.now();
        self.wanted |= active || now.since(self.swept_at) >= AT_THE_LATEST;
        // A time that no turn can last to was told by a clock that was wrong.
        let is_due = now >= self.next || self.next.since(now) > EVERY.max(LASTS);
        if !self.wanted || !is_due {
            return;
        }
        match self.turn.take(EVERY).await {
            Ok(Turned::Mine(held)) => {
                let lease = held.lease();
                self.wanted = false;
                let done = held.during(work(&self.state, &self.retention, lease.as_ref())).await;
                if let Some(true) = done {
                    held.done().await;
                } else {
                    // What is left is for the next look, whether or not anybody comes.
                    self.wanted = true;
                }
                self.swept_at = self.state.now();
                self.next = self.swept_at.plus(EVERY);
            }
            // Its holder may die. Nobody but a holder knows how much is left.
            Ok(Turned::NotBefore(at)) => {
                self.state.metrics.gc_lag(0);
                self.next = at;
            }
            Err(fault) => {
                tracing::warn!(event = "sweep.failed", %fault);
                self.next = now.plus(LASTS);
            }
        }
    }
}

/// Whether all of it was done.
async fn work(state: &State, retention: &Retention, lease: Option<&Lease>) -> bool {
    let swept = sweep(state, retention, lease).await;
    match &swept {
        Ok(0) => {}
        Ok(rows) => tracing::info!(event = "sweep.done", rows),
        Err(fault) => tracing::warn!(event = "sweep.failed", %fault),
    }
    let erased = erasure::erase_due(state, lease).await;
    match &erased {
        Ok(0) => {}
        Ok(accounts) => tracing::info!(event = "erasure.done", accounts),
        Err(fault) => tracing::warn!(event = "erasure.failed", %fault),
    }
    swept.is_ok() && erased.is_ok()
}

/// A kind of rows, and how many of them go in one transaction.
struct Pace {
    ended: Ended,
    batch: i64,
    is_over: bool,
}

impl Pace {
    const fn new(ended: Ended) -> Self {
        Self { ended, batch: FIRST, is_over: false }
    }

    /// Fewer rows if the last ones took too long, more if they were quick.
    fn adapt(&mut self, took: Duration) {
        if took > GOAL {
            self.batch = (self.batch / 2).max(FEWEST);
        } else if took < GOAL / 3 {
            self.batch = (self.batch * 2).min(MOST);
        }
    }
}

/// Deletes everything that is over, as long as the turn is this instance's. Each kind has its batch in
/// turn, so that none waits for another, and each batch its transaction; as long as it took, requests
/// have the database for themselves. Returns how many rows it touched.
///
/// # Errors
/// The database's. What went before it is gone.
pub async fn sweep(
    state: &State,
    retention: &Retention,
    lease: Option<&Lease>,
) -> Result<usize, StorageError> {
    look_at_lag(state, retention).await?;
    let mut paces = Ended::ALL.map(Pace::new);
    let mut rows = 0;
    while paces.iter().any(|pace| !pace.is_over) {
        let parents_wait = paces.iter().any(|pace| !pace.is_over && !pace.ended.has_dependants());
        for pace in paces.iter_mut().filter(|pace| !pace.is_over) {
            if parents_wait && pace.ended.has_dependants() {
                continue;
            }
            let begun = Instant::now();
            let Some(count) = batch(state, retention, lease, pace).await? else { return Ok(rows) };
            let took = begun.elapsed();
            rows += count;
            pace.is_over = i64::try_from(count).is_ok_and(|count| count < pace.batch);
            if !pace.is_over {
                pace.adapt(took);
                sleep(took.min(GOAL)).await;
            }
        }
    }
    look_at_lag(state, retention).await?;
    Ok(rows)
}

/// `None` if the turn is no longer this instance's.
async fn batch(
    state: &State,
    retention: &Retention,
    lease: Option<&Lease>,
    pace: &Pace,
) -> Result<Option<usize>, StorageError> {
    let (now, lease, retention) = (state.now(), lease.cloned(), *retention);
    let (ended, batch) = (pace.ended, pace.batch);
    let delete = move |conn: &mut Conn| {
        if !guarded(conn, lease.as_ref())? {
            return Ok(None);
        }
        expiry::delete_batch(conn, ended, now, &retention, batch).map(Some)
    };
    let count = state.commit(delete).await?;
    if let Some(count) = count.filter(|count| *count > 0) {
        state.metrics.gc_rows(ended.table(), count);
    }
    Ok(count)
}

/// Tells the metrics for how long the oldest row is there that should have gone.
async fn look_at_lag(state: &State, retention: &Retention) -> Result<(), StorageError> {
    let (now, retention) = (state.now(), *retention);
    let lag = state.db.read(move |conn| {
        let mut longest = 0;
        for ended in Ended::ALL {
            longest = longest.max(expiry::lag(conn, ended, now, &retention)?);
        }
        Ok::<_, StorageError>(longest)
    });
    state.metrics.gc_lag(lag.await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_they_are_quick_and_shrink_when_they_are_not() {
        let mut pace = Pace::new(Ended::Grants);
        for _ in 0..9 {
            pace.adapt(Duration::from_millis(1));
        }
        assert_eq!(pace.batch, MOST);
        pace.adapt(GOAL / 2);
        assert_eq!(pace.batch, MOST, "neither");
        for _ in 0..20 {
            pace.adapt(GOAL * 2);
        }
        assert_eq!(pace.batch, FEWEST);
    }
}
