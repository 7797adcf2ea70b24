//! Deletes rows that are over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use vestibule_storage::{StorageError, expiry};
use vestibule_web::State;

use super::{Activity, Watcher, erasure};

/// How often it looks.
const EVERY: Duration = Duration::from_mins(5);
/// How long it waits for somebody to come, in seconds: what was promised to be erased goes in time
/// even where nobody comes.
const AT_THE_LATEST: i64 = 86_400;
/// Rows of each table in one transaction, so that no request waits long for it.
const BATCH: i64 = 200;

/// Sweeps after requests came, and once a day anyway, until dropped.
pub async fn run(state: State, activity: Arc<Activity>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept_at = state.now();
    loop {
        ticks.tick().await;
        let now = state.now();
        if !activity.take(Watcher::Sweep) && now.since(swept_at) < AT_THE_LATEST {
            continue;
        }
        swept_at = now;
        match sweep(&state).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(event = "sweep.done", rows),
            Err(fault) => {
                tracing::warn!(event = "sweep.failed", %fault);
                // What is left is for the next tick, whether or not anybody comes.
                activity.mark();
            }
        }
        match erasure::erase_due(&state).await {
            Ok(0) => {}
            Ok(accounts) => tracing::info!(event = "erasure.done", accounts),
            Err(fault) => {
                tracing::warn!(event = "erasure.failed", %fault);
                activity.mark();
            }
        }
    }
}

/// Deletes everything that is over, batch by batch. Returns how many rows it touched.
pub async fn sweep(state: &State) -> Result<usize, StorageError> {
    let mut rows = 0;
    loop {
        let now = state.now();
        match state.db.write(move |conn| expiry::delete_expired(conn, now, BATCH)).await? {
            0 => return Ok(rows),
            count => rows += count,
        }
    }
}
