//! The database as the rest of the program sees it: two hops, one for reads and one for writes.

use std::{sync::Arc, thread, time::Duration};

use parking_lot::Mutex;

use crate::{
    Conn, DatabaseSettings, DatabaseUrl, Pending, PoolState, Replica, ReplicaState, StorageError,
    backup::InUse,
    connection::{self, Purpose},
    job::{self, Queued},
    migrate,
    pool::{Connector, Health, Pool, Target},
    queue::Queue,
    replica::{Lookout, Watch},
    worker::Worker,
};

/// What an answer may take beyond a connection and a statement.
const SLACK: Duration = Duration::from_secs(1);

/// The database: its connections and the threads that work on them. Clones share them; the threads
/// end with the last clone or with [`shutdown`](Self::shutdown).
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    reads: Arc<Queue<Queued>>,
    /// SQLite: the writer's own queue. PostgreSQL: the same queue as `reads`.
    writes: Arc<Queue<Queued>>,
    /// Reads that may lag, if there is a replica for them.
    lagging: Option<Lagging>,
    pools: Vec<(Pool, Arc<Queue<Queued>>)>,
    patience: Duration,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    /// Keeps a restore from replacing the file.
    _in_use: Option<InUse>,
}

struct Lagging {
    queue: Arc<Queue<Queued>>,
    watch: Arc<Watch>,
}

impl Db {
    /// Connects, brings the tables to this version's shape and starts the threads.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StorageError> {
        let in_use = InUse::of(settings)?;
        migrate::at_start(settings)?;
        let reads = Arc::new(Queue::new(settings.queue));
        let writes = match settings.url {
            DatabaseUrl::Sqlite { .. } => Arc::new(Queue::new(settings.queue)),
            DatabaseUrl::Postgres { .. } => Arc::clone(&reads),
        };
        let mut db = Inner {
            reads,
            writes,
            lagging: None,
            pools: Vec::new(),
            patience: settings.acquire_timeout + settings.statement_timeout + SLACK,
            threads: Mutex::default(),
            _in_use: in_use,
        };
        let settings = Arc::new(settings.clone());
        match settings.url {
            DatabaseUrl::Sqlite { .. } => db.start_sqlite(&settings)?,
            DatabaseUrl::Postgres { .. } => db.start_postgres(&settings)?,
        }
        Ok(Self { inner: Arc::new(db) })
    }

    /// Runs `work` on a connection, outside any transaction: each statement sees what was committed
    /// before it. On SQLite the connection refuses to write. It may run more than once, see
    /// [`write`](Self::write).
    pub fn read<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (queued, pending) = job::pack_again(work, false);
        queued.join(&self.inner.reads);
        pending
    }

    /// Runs `work` in one transaction: `Ok` commits, `Err` rolls back. The answer comes once the
    /// commit is durable. A refusal that must leave a mark is therefore an `Ok` value.
    ///
    /// On PostgreSQL a clone of `work` runs again, in a new transaction, when the server undid the
    /// first: what it does beside the database must bear that.
    pub fn write<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (queued, pending) = job::pack_again(work, true);
        queued.join(&self.inner.writes);
        pending
    }

    /// A [`write`](Self::write) whose closure cannot be cloned: a transaction that the server undid
    /// is not run again, but answered with its error.
    pub fn write_once<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (queued, pending) = job::pack(work, true, None);
        queued.join(&self.inner.writes);
        pending
    }

    /// A [`read`](Self::read) whose closure cannot be cloned.
    pub fn read_once<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (queued, pending) = job::pack(work, false, None);
        queued.join(&self.inner.reads);
        pending
    }

    /// A [`read`](Self::read) that may see the database as it was a little earlier, by at most
    /// `max_replica_lag`. The replica runs it, if there is one and it keeps up; the primary does so
    /// otherwise, and also when it fails on the replica: whoever answers a miss with `Err` gets it
    /// looked up on the primary too.
    pub fn read_lagging<T, E, F>(&self, work: F) -> Pending<T, E>
    where
        F: FnOnce(&mut Replica<'_>) -> Result<T, E> + Clone + Send + 'static,
        E: From<StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let work = move |conn: &mut Conn| work(&mut Replica::new(conn));
        let (queued, pending) = job::pack_again(work, false);
        let lagging = self.inner.lagging.as_ref().filter(|lagging| lagging.watch.may_serve());
        let refused = match lagging {
            Some(lagging) => lagging.queue.push(queued),
            None => Err(queued),
        };
        if let Err(queued) = refused {
            queued.join(&self.inner.reads);
        }
        pending
    }

    /// How many jobs wait for a thread, for the metrics.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let reads = self.inner.reads.len();
        let same = Arc::ptr_eq(&self.inner.reads, &self.inner.writes);
        let lagging = self.inner.lagging.as_ref().map_or(0, |lagging| lagging.queue.len());
        if same { reads + lagging } else { reads + self.inner.writes.len() + lagging }
    }

    /// How long an answer may take at most: for a connection, for a statement, and a little more.
    /// Whoever waits longer waits for a database that is not there.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.inner.patience
    }

    /// The figures of each pool, for the metrics.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        self.inner.pools.iter().map(|(pool, queue)| pool.state(queue.len())).collect()
    }

    /// How the replica does; `None` if there is none.
    #[must_use]
    pub fn replica_state(&self) -> Option<ReplicaState> {
        self.inner.lagging.as_ref().map(|lagging| lagging.watch.state())
    }

    /// Finishes what is queued, refuses what comes later as [`StorageError::Overloaded`], and ends
    /// the threads. Blocks until they have ended.
    pub fn shutdown(&self) {
        self.inner.stop();
    }
}

impl Inner {
    fn start_sqlite(&mut self, settings: &Arc<DatabaseSettings>) -> Result<(), StorageError> {
        let size = settings.pool_size.max(1);
        let queue = Arc::clone(&self.writes);
        let writer = self.worker("writer", settings, Target::Primary(Purpose::Write), 1, queue);
        self.start("db-write".to_owned(), move || writer().serve_groups())?;
        let queue = Arc::clone(&self.reads);
        let reader = self.worker("reader", settings, Target::Primary(Purpose::Read), size, queue);
        for number in 0..size {
            let reader = reader();
            self.start(format!("db-read-{number}"), move || reader.serve_each())?;
        }
        Ok(())
    }

    fn start_postgres(&mut self, settings: &Arc<DatabaseSettings>) -> Result<(), StorageError> {
        let size = settings.pool_size.max(1);
        let primary = Target::Primary(Purpose::Write);
        let worker = self.worker("primary", settings, primary, size, Arc::clone(&self.reads));
        for number in 0..size {
            let worker = worker();
            self.start(format!("db-{number}"), move || worker.serve_each())?;
        }
        if settings.read_url.is_some() { self.start_replica(settings) } else { Ok(()) }
    }

    fn start_replica(&mut self, settings: &Arc<DatabaseSettings>) -> Result<(), StorageError> {
        let size = settings.read_pool_size.max(1);
        let queue = Arc::new(Queue::new(settings.queue));
        let watch = Arc::new(Watch::new());
        let reader = self.worker("replica", settings, Target::Replica, size, Arc::clone(&queue));
        for number in 0..size {
            let (reader, watch) = (reader(), Arc::clone(&watch));
            let primary = Arc::clone(&self.reads);
            let serve = move || reader.serve_lagging(&watch, &primary);
            self.start(format!("db-replica-{number}"), serve)?;
        }
        let lookout = Lookout::new(
            Arc::clone(&watch),
            settings.max_replica_lag,
            connector(settings, Target::Primary(Purpose::Read)),
            connector(settings, Target::Replica),
        );
        self.lagging = Some(Lagging { queue, watch });
        // Nobody waits for its end: it may be waiting itself, for a host that does not answer.
        let _detached = spawn("db-lookout".to_owned(), move || lookout.run())?;
        Ok(())
    }

    /// Makes a pool, and gives back what makes each of its workers.
    fn worker(
        &mut self,
        name: &'static str,
        settings: &Arc<DatabaseSettings>,
        target: Target,
        size: u32,
        queue: Arc<Queue<Queued>>,
    ) -> impl Fn() -> Worker + Send + 'static {
        let pool = Pool::new(name, connector(settings, target), size);
        self.pools.push((pool.clone(), Arc::clone(&queue)));
        let is_postgres = matches!(settings.url, DatabaseUrl::Postgres { .. });
        let limits = (is_postgres && settings.transaction_pooling)
            .then(|| connection::limits(settings, "SET LOCAL"));
        let patience = settings.acquire_timeout;
        move || Worker {
            queue: Arc::clone(&queue),
            pool: pool.clone(),
            patience,
            limits: limits.clone(),
            repeats: is_postgres,
        }
    }

    fn start(
        &mut self,
        name: String,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), StorageError> {
        let handle = spawn(name, body)?;
        self.threads.get_mut().push(handle);
        Ok(())
    }

    fn stop(&self) {
        // The replica's workers hand what they cannot do to the primary's.
        if let Some(lagging) = &self.lagging {
            lagging.watch.close();
            lagging.queue.close();
        }
        self.reads.close();
        self.writes.close();
        let threads = std::mem::take(&mut *self.threads.lock());
        for handle in threads {
            // A job may hold the last clone; a thread cannot wait for itself.
            if handle.thread().id() != thread::current().id() {
                // A thread that panicked has logged it; there is nobody left to tell.
                let _ = handle.join();
            }
        }
    }
}

fn spawn(
    name: String,
    body: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, StorageError> {
    thread::Builder::new()
        .name(name)
        .spawn(body)
        .map_err(|error| StorageError::Database(format!("cannot start a thread: {error}")))
}

fn connector(settings: &Arc<DatabaseSettings>, target: Target) -> Connector {
    Connector { settings: Arc::clone(settings), target, health: Arc::<Health>::default() }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
