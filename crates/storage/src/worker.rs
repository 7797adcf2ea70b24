//! What the worker threads do: take jobs from a queue, give them a connection and a transaction, and
//! run them again where the server undid them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::connection::TransactionManager;

use crate::{
    Conn, StorageError,
    crew::Work,
    dialect,
    job::{Job, Queued},
    pool::{Connector, Pool, Pooled, spread},
    post::Post,
    queue::Queue,
    replica::Watch,
    trouble::Trouble,
};

/// The most jobs that share one commit: bounds how long the first of them waits.
const LARGEST_GROUP: usize = 128;

/// How often a transaction is run again that the server undid for the sake of another.
const CONFLICTS: u32 = 3;

/// How often a job is run again whose connection was lost before its commit was sent.
const LOSSES: u32 = 1;

/// The pause before the first new try after a conflict; it doubles, and as much again is spread.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a job waits for a connection to the replica before the primary serves it.
const REPLICA_PATIENCE: Duration = Duration::from_secs(1);

/// The least that a job waits for a connection, however long it was queued.
const LEAST_PATIENCE: Duration = Duration::from_millis(50);

/// One worker's tools.
#[derive(Clone)]
pub(crate) struct Worker {
    /// Where it says what it does.
    pub(crate) post: Arc<Post>,
    pub(crate) queue: Arc<Queue<Queued>>,
    pub(crate) pool: Pool,
    /// How long a job may wait in the queue and for a connection.
    pub(crate) patience: Duration,
    /// The time limits that each transaction sets for itself, if the session may keep none.
    pub(crate) limits: Option<String>,
    /// Whether the server may undo a transaction for reasons of its own: not on SQLite.
    pub(crate) repeats: bool,
}

/// What became of a job's turn on a connection.
enum Ending {
    /// It is over; an error tells that the database did not do it.
    Settled(Result<(), StorageError>),
    /// Nothing of it is in the database: the server undid it for the sake of another.
    Conflict,
    /// Nothing of it is in the database: the connection was of no use.
    Lost,
}

/// The workers of a pool: what they are given, and what they do with it.
pub(crate) struct Staff {
    pub(crate) worker: Worker,
    pub(crate) duty: Duty,
    /// How long a connection may take to come about.
    pub(crate) opening: Duration,
}

pub(crate) enum Duty {
    /// Serves jobs one by one, each write in a transaction of its own.
    Each,
    /// Serves writes in groups that share a transaction and its commit. A group is whatever waits:
    /// alone, a job waits for nobody.
    Groups,
    /// Serves reads that may lag on the replica, and hands those that come to nothing there to the
    /// primary.
    Lagging(Arc<Watch>, Arc<Queue<Queued>>),
}

impl Work for Staff {
    fn work(&self, post: &Arc<Post>) {
        let worker = Worker { post: Arc::clone(post), ..self.worker.clone() };
        while let Some(queued) = worker.queue.pop() {
            survive(|| self.serve(&worker, queued));
            post.end();
            if post.is_given_up() {
                return;
            }
        }
    }

    fn tend(&self, lost: &[u64]) {
        let pool = &self.worker.pool;
        for generation in lost.iter().copied().chain(pool.stuck_opening(self.opening)) {
            pool.leave(generation);
        }
        // All who could tell them so may be waiting for the server.
        while let Some(stale) = self.worker.queue.pop_if(|job| job.is_stale(self.worker.patience)) {
            stale.job.answer(Err(StorageError::Overloaded));
        }
        if let Duty::Lagging(watch, primary) = &self.duty
            && !watch.may_serve()
        {
            while let Some(queued) = self.worker.queue.try_pop() {
                queued.join(primary);
            }
        }
    }
}

impl Staff {
    fn serve(&self, worker: &Worker, queued: Queued) {
        match &self.duty {
            Duty::Each => worker.serve(queued),
            Duty::Groups => worker.serve_group(queued),
            Duty::Lagging(watch, primary) => {
                if let Some(queued) = worker.serve_on_replica(queued, watch) {
                    queued.join(primary);
                }
            }
        }
    }
}

impl Worker {
    fn serve(&self, queued: Queued) {
        let Some(mut queued) = self.fresh(queued) else { return };
        let (mut conflicts, mut losses) = (0, 0);
        loop {
            let mut pooled = match self.connection(&queued, queued.since, self.patience) {
                Ok(pooled) => pooled,
                Err(error) => return queued.job.answer(Err(error)),
            };
            let again = self.repeats && conflicts < CONFLICTS && losses <= LOSSES;
            let ending = self.turn(&mut pooled, &mut queued, again);
            // The connection goes back first, so that whoever gets the answer can get it too.
            drop(pooled);
            if self.post.is_given_up() {
                return;
            }
            // Whoever asked has given up by then.
            let may_repeat = queued.job.can_repeat() && !queued.is_stale(self.patience);
            match ending {
                Ending::Settled(fate) => return queued.job.answer(fate),
                Ending::Conflict if may_repeat && conflicts < CONFLICTS => {
                    conflicts += 1;
                    self.pause(conflicts, &queued);
                }
                Ending::Lost if may_repeat && losses < LOSSES => losses += 1,
                Ending::Conflict => return queued.job.answer(Err(StorageError::Overloaded)),
                Ending::Lost => return queued.job.answer(Err(lost())),
            }
            self.pool.health.again();
        }
    }

    /// One run of a job.
    fn turn(&self, pooled: &mut Pooled, queued: &mut Queued, again: bool) -> Ending {
        pooled.witness.clear();
        let ending = if queued.writes || self.limits.is_some() {
            self.transact(pooled, queued, again)
        } else {
            let kept = queued.job.run(&mut pooled.conn, again);
            // A read that got its answer has it, whatever became of the connection.
            if kept { Ending::Settled(Ok(())) } else { failed(pooled.witness.trouble()) }
        };
        let trouble = pooled.witness.trouble();
        if self.post.is_given_up() {
            pooled.doom();
        } else if trouble != Some(Trouble::Gone) {
            self.pool.health.answered();
        }
        pooled.used(matches!(ending, Ending::Settled(Ok(()))) && trouble.is_none());
        if matches!(trouble, Some(Trouble::Gone | Trouble::ReadOnly)) {
            self.pool.health.lost(pooled);
        }
        ending
    }

    /// One run of a job in a transaction of its own.
    fn transact(&self, pooled: &mut Pooled, queued: &mut Queued, again: bool) -> Ending {
        let begun = match &self.limits {
            None => dialect::begin_write(&mut pooled.conn),
            Some(limits) => dialect::begin_limited(&mut pooled.conn, queued.writes, limits),
        };
        if let Err(error) = begun {
            return match Trouble::of(&error) {
                Some(Trouble::Gone | Trouble::ReadOnly) => Ending::Lost,
                _ => Ending::Settled(Err(error.into())),
            };
        }
        // It was told that this may have come to nothing; then it better does.
        let kept = queued.job.run(&mut pooled.conn, again) && !self.post.is_given_up();
        if kept && !pooled.witness.is_aborted() {
            return commit(pooled);
        }
        let trouble = pooled.witness.trouble();
        // Nothing is kept either way; a connection that cannot even undo is not used again.
        if <Conn as TransactionManager<Conn>>::rollback_transaction(&mut pooled.conn).is_err() {
            pooled.doom();
        }
        match failed(trouble) {
            Ending::Settled(_) if kept => Ending::Settled(Err(StorageError::Inconsistent(
                "a statement failed, and the job went on as if it had not".to_owned(),
            ))),
            ending => ending,
        }
    }

    /// Runs a read on the replica. Gives back what the primary has to serve: the replica is away or
    /// behind, or the read failed there, perhaps for want of what has not arrived yet.
    fn serve_on_replica(&self, queued: Queued, watch: &Watch) -> Option<Queued> {
        let mut queued = self.fresh(queued)?;
        if !watch.serves(REPLICA_PATIENCE) {
            return Some(queued);
        }
        let Ok(mut pooled) = self.connection(&queued, Instant::now(), REPLICA_PATIENCE) else {
            watch.trip("no connection came about");
            return Some(queued);
        };
        let ending = self.turn(&mut pooled, &mut queued, true);
        let is_settled = matches!(ending, Ending::Settled(Ok(()))) && queued.job.went_well();
        if matches!(pooled.witness.trouble(), Some(Trouble::Gone)) {
            watch.trip("the connection was lost");
        }
        drop(pooled);
        if self.post.is_given_up() {
            return None;
        }
        if !is_settled && queued.job.can_repeat() {
            self.pool.health.again();
            return Some(queued);
        }
        queued.job.answer(Ok(()));
        None
    }

    fn serve_group(&self, first: Queued) {
        let Some(first) = self.fresh(first) else { return };
        let mut pooled = match self.connection(&first, first.since, self.patience) {
            Ok(pooled) => pooled,
            Err(error) => return first.job.answer(Err(error)),
        };
        pooled.witness.clear();
        if let Err(error) = dialect::begin_write(&mut pooled.conn) {
            pooled.used(false);
            return first.job.answer(Err(error.into()));
        }
        let (served, intact) = self.run_group(&mut pooled.conn, first);
        let fate = match intact {
            Ok(()) => settle(&mut pooled.conn, |_| true),
            Err(error) => settle(&mut pooled.conn, |_| false).and(Err(error)),
        };
        // SQLite ends a transaction that meets a full disk; what fails after that fails of that.
        let is_full = pooled.witness.trouble() == Some(Trouble::Disk);
        let fate = fate.map_err(|error| match error {
            error @ StorageError::Unavailable(_) => error,
            error if is_full => StorageError::disk(&error.to_string()),
            error => error,
        });
        pooled.used(fate.is_ok());
        drop(pooled);
        self.pool.health.answered();
        if let Err(error) = &fate {
            tracing::error!(event = "database.write_failed", %error, "a group of writes was undone");
        }
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
            let own = in_savepoint(conn, |conn| queued.job.run(conn, false));
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

    /// A connection for `queued`, which has waited since `since` and may wait for `patience` in all.
    fn connection(
        &self,
        queued: &Queued,
        since: Instant,
        patience: Duration,
    ) -> Result<r2d2::PooledConnection<Connector>, StorageError> {
        let closed = || StorageError::Unavailable("the database is closed".to_owned());
        let (generation, connections) = self.pool.present().ok_or_else(closed)?;
        self.post.begin(Some(queued.job.caller()), generation);
        let found = if self.pool.is_gone(patience) {
            // Whoever waited from the beginning got nothing: the pool goes on trying, without them.
            let gone = || "no connection could be opened lately".to_owned();
            connections.try_get().ok_or_else(gone)
        } else {
            let left = patience.saturating_sub(since.elapsed()).max(LEAST_PATIENCE);
            connections.get_timeout(left).map_err(|error| error.to_string())
        };
        let connection = found.map_err(StorageError::Unavailable)?;
        if self.post.is_given_up() {
            return Err(StorageError::silent());
        }
        self.post.connected(&connection.witness);
        self.pool.health.got(since);
        Ok(connection)
    }

    /// Waits a moment before a job is run again, each for another one: those that met once would
    /// meet again.
    fn pause(&self, conflicts: u32, queued: &Queued) {
        let base = PAUSE * 2_u32.saturating_pow(conflicts.saturating_sub(1));
        let serial = u64::from(queued.since.elapsed().subsec_nanos());
        self.queue.pause(base + spread(serial, base));
    }
}

/// What a job came to that did not go well, by what its connection saw.
fn failed(trouble: Option<Trouble>) -> Ending {
    match trouble {
        Some(Trouble::Conflict) => Ending::Conflict,
        Some(Trouble::Gone | Trouble::ReadOnly) => Ending::Lost,
        Some(Trouble::Disk) | None => Ending::Settled(Ok(())),
    }
}

fn lost() -> StorageError {
    StorageError::Unavailable("the connection was lost".to_owned())
}

/// Commits. A connection that is lost now leaves open whether it happened: that is never repeated.
fn commit(pooled: &mut Pooled) -> Ending {
    let Err(error) = <Conn as TransactionManager<Conn>>::commit_transaction(&mut pooled.conn)
    else {
        return Ending::Settled(Ok(()));
    };
    match Trouble::of(&error) {
        Some(Trouble::Conflict) => Ending::Conflict,
        Some(Trouble::Gone) => Ending::Settled(Err(StorageError::unsettled(&error.to_string()))),
        _ => Ending::Settled(Err(error.into())),
    }
}

/// Runs `body` in a savepoint; it says whether to keep what it did. What is not kept is undone
/// alone. `Ok` means that this is now settled.
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
