//! The one connection that every check of the rows shares, and the time it may take.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vestibule_storage::{DatabaseUrl, StorageError, inspect::Lookout};

/// Why something was not learned, in words.
pub(super) type Unknown = String;

/// Runs `look`, which blocks, on a thread of its own, and waits no longer than `limit`.
pub(super) async fn aside<T: Send + 'static>(
    limit: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unknown> {
    let looked = in_time(limit, tokio::task::spawn_blocking(look)).await?;
    looked.map_err(|_| "the look itself failed".to_owned())
}

/// Waits no longer than `limit`.
pub(super) async fn in_time<T>(
    limit: Duration,
    look: impl Future<Output = T>,
) -> Result<T, Unknown> {
    let late = |_| format!("no answer within {} s", limit.as_secs());
    tokio::time::timeout(limit, look).await.map_err(late)
}

/// The database, once it can be reached. One question at a time; whoever waits too long gives up.
#[derive(Clone)]
pub(super) struct Base {
    lookout: Arc<Mutex<Lookout>>,
    limit: Duration,
}

impl Base {
    /// Connects.
    pub(super) async fn open(url: &DatabaseUrl, limit: Duration) -> Result<Self, Unknown> {
        let url = url.clone();
        Self::opened(limit, move || Lookout::open(&url, limit)).await
    }

    /// Connects to a replica.
    pub(super) async fn open_replica(url: DatabaseUrl, limit: Duration) -> Result<Self, Unknown> {
        Self::opened(limit, move || Lookout::open_replica(&url, limit)).await
    }

    async fn opened(
        limit: Duration,
        open: impl FnOnce() -> Result<Lookout, StorageError> + Send + 'static,
    ) -> Result<Self, Unknown> {
        let opened = aside(limit, open).await?;
        let lookout = opened.map_err(|fault| brief(&fault))?;
        Ok(Self { lookout: Arc::new(Mutex::new(lookout)), limit })
    }

    /// Asks something.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Lookout) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, Unknown> {
        let lookout = Arc::clone(&self.lookout);
        let asked = aside(self.limit, move || {
            question(&mut lookout.lock().unwrap_or_else(PoisonError::into_inner))
        });
        asked.await?.map_err(|fault| brief(&fault))
    }
}

/// A fault in one line.
fn brief(fault: &StorageError) -> Unknown {
    let text = match fault {
        StorageError::Database(text) => text.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
