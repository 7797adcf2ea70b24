//! What the worker threads do: take jobs from a queue, give them a connection and a transaction.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use diesel::connection::TransactionManager;

use crate::{
    Conn, StorageError,
    connection::{Connector, Pooled},
    dialect,
    job::{Job, Queued},
    queue::Queue,
};

/// The most jobs that share one commit: bounds how long the first of them waits.
const LARGEST_GROUP: usize = 128;

/// One worker's tools.
pub(crate) struct Worker {
    pub(crate) queue: Arc<Queue<Queued>>,
    pub(crate) pool: r2d2::Pool<Connector>,
    /// How long a job may wait in the queue.
    pub(crate) patience: Duration,
}

impl Worker {
    /// Serves jobs one by one, each write in a transaction of its own, until the queue closes.
    pub(crate) fn serve_each(&self) {
        while let Some(queued) = self.queue.pop() {
            survive(|| self.serve(queued));
        }
    }

    /// Serves writes in groups that share a transaction and its commit, until the queue closes.
    /// A group is whatever waits: alone, a job waits for nobody.
    pub(crate) fn serve_groups(&self) {
        while let Some(first) = self.queue.pop() {
            survive(|| self.serve_group(first));
        }
    }

    fn serve(&self, queued: Queued) {
        let Some(queued) = self.fresh(queued) else { return };
        let mut pooled = match self.connection() {
            Ok(pooled) => pooled,
            Err(error) => return queued.job.answer(Err(error)),
        };
        let mut job = queued.job;
        let fate = if queued.writes {
            in_transaction(&mut pooled.conn, |conn| job.run(conn))
        } else {
            Ok(job.run(&mut pooled.conn))
        };
        pooled.used(fate == Ok(true));
        // The connection goes back first, so that whoever gets the answer can get it too.
        drop(pooled);
        job.answer(fate.map(drop));
    }

    fn serve_group(&self, first: Queued) {
        let Some(first) = self.fresh(first) else { return };
        let mut pooled = match self.connection() {
            Ok(pooled) => pooled,
            Err(error) => return first.job.answer(Err(error)),
        };
        if let Err(error) = dialect::begin_write(&mut pooled.conn) {
            pooled.used(false);
            return first.job.answer(Err(error.into()));
        }
        let (served, intact) = self.run_group(&mut pooled.conn, first);
        let fate = match intact {
            Ok(()) => settle(&mut pooled.conn, |_| true),
            Err(error) => settle(&mut pooled.conn, |_| false).and(Err(error)),
        };
        pooled.used(fate.is_ok());
        drop(pooled);
        // One sync has now made all of them durable, or none of them happened.
        for job in served {
            job.answer(fate.clone().map(drop));
        }
    }

    /// Runs `first` and what waits behind it, each in a savepoint. An error means that a savepoint
    /// itself failed, for example on a full disk: then the group's transaction is lost, and all of
    /// them with it.
    fn run_group(
        &self,
        conn: &mut Conn,
        first: Queued,
    ) -> (Vec<Box<dyn Job>>, Result<(), StorageError>) {
        let mut served = Vec::new();
        let mut next = Some(first);
        while let Some(mut queued) = next {
            let own = in_savepoint(conn, |conn| queued.job.run(conn));
            served.push(queued.job);
            if let Err(error) = own {
                return (served, Err(error));
            }
            let has_room = served.len() < LARGEST_GROUP;
            next = if has_room { self.next_fresh() } else { None };
        }
        (served, Ok(()))
    }

    /// The next job that waits now and is worth running.
    fn next_fresh(&self) -> Option<Queued> {
        std::iter::from_fn(|| self.queue.try_pop()).find_map(|queued| self.fresh(queued))
    }

    /// The job, unless it waited too long or nobody wants its answer.
    fn fresh(&self, queued: Queued) -> Option<Queued> {
        if queued.is_stale(self.patience) {
            queued.job.answer(Err(StorageError::Overloaded));
            return None;
        }
        (queued.writes || !queued.job.is_abandoned()).then_some(queued)
    }

    fn connection(&self) -> Result<r2d2::PooledConnection<Connector>, StorageError> {
        self.pool.get().map_err(|error| {
            tracing::warn!(%error, "no database connection came free in time");
            StorageError::Overloaded
        })
    }
}

/// Runs `body` in a transaction; it says whether to keep what it did. `Ok` means that this is now
/// settled and, if kept, durable.
fn in_transaction(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> bool,
) -> Result<bool, StorageError> {
    dialect::begin_write(conn)?;
    settle(conn, body)
}

/// The same inside a transaction: what is not kept is undone alone.
fn in_savepoint(
    conn: &mut Conn,
    body: impl FnOnce(&mut Conn) -> bool,
) -> Result<bool, StorageError> {
    <Conn as TransactionManager<Conn>>::begin_transaction(conn)?;
    settle(conn, body)
}

fn settle(conn: &mut Conn, body: impl FnOnce(&mut Conn) -> bool) -> Result<bool, StorageError> {
    let keep = body(conn);
    if keep {
        <Conn as TransactionManager<Conn>>::commit_transaction(conn)?;
    } else {
        <Conn as TransactionManager<Conn>>::rollback_transaction(conn)?;
    }
    Ok(keep)
}

/// Keeps the thread alive whatever happens in one turn. Jobs catch their own panics; this is for
/// the rest, for example an answer whose `Drop` panics.
fn survive(turn: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(turn)).is_err() {
        tracing::error!("a database worker panicked and goes on");
    }
}

/// Builds the pool that `size` workers draw from. It opens its first connection at once and more
/// as they are needed, and keeps them: an idle pool runs no statement.
pub(crate) fn pool(
    connector: Connector,
    size: u32,
    openers: Arc<scheduled_thread_pool::ScheduledThreadPool>,
) -> r2d2::Pool<Connector> {
    let acquire_timeout = connector.settings.acquire_timeout.max(Duration::from_millis(1));
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .max_lifetime(None)
        .idle_timeout(None)
        .connection_timeout(acquire_timeout)
        .error_handler(Box::new(LogFailure))
        .thread_pool(openers)
        .build_unchecked(connector)
}

#[derive(Debug)]
struct LogFailure;

impl r2d2::HandleError<StorageError> for LogFailure {
    fn handle_error(&self, error: StorageError) {
        tracing::warn!(%error, "a database connection failed");
    }
}

impl std::fmt::Debug for Pooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooled").field("suspect", &self.suspect).finish_non_exhaustive()
    }
}
