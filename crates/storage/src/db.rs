//! The database as the rest of the program sees it: two hops, one for reads and one for writes.

use std::{sync::Arc, time::Duration};

use crate::{
    Conn, DatabaseSettings, DatabaseUrl, Pending, PoolState, PostgresUrl, Replica, ReplicaState,
    StorageError,
    backup::InUse,
    connection::{self, Purpose},
    crew::Crew,
    job::{self, Queued},
    migrate,
    pool::{Connector, Health, Pool, Target},
    post::Limits,
    queue::Queue,
    replica::{Lookouts, Watch},
    worker::{Duty, Staff, Worker},
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
    is_server: bool,
    takes_dated_tokens: bool,
    crews: Vec<Arc<Crew>>,
    /// Keeps a restore from replacing the file.
    _in_use: Option<InUse>,
}

struct Lagging {
    queue: Arc<Queue<Queued>>,
    watch: Arc<Watch>,
    lookout: Arc<Crew>,
}

impl Db {
    /// Connects, brings the tables to this version's shape and starts the threads.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StorageError> {
        let in_use = InUse::of(settings)?;
        let standing = migrate::at_start(settings)?;
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
            patience: limits(settings).connecting,
            is_server: matches!(settings.url, DatabaseUrl::Postgres { .. }),
            takes_dated_tokens: standing.takes_dated_tokens(),
            crews: Vec::new(),
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

    /// How many wait in the longer queue, to compare with what one takes (`database.queue`). Those of
    /// the replica do not count: what has no room there goes to the primary.
    #[must_use]
    pub fn longest_queue(&self) -> usize {
        self.inner.reads.len().max(self.inner.writes.len())
    }

    /// How long an answer may take at most: for a connection, for a statement, and a little more.
    /// Whoever waits longer waits for a database that is not there.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.inner.patience
    }

    /// Whether it is a server, which other instances may use beside this one.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.inner.is_server
    }

    /// Whether codes and tokens may carry the second they are from
    /// ([`dated_secret`](vestibule_model::entropy::dated_secret)): every version of this program that may
    /// serve on this database finds them. As it was when the database was opened.
    #[must_use]
    pub fn takes_dated_tokens(&self) -> bool {
        self.inner.takes_dated_tokens
    }

    /// How long ago a [`read`](Self::read) last came to its end on the database, well or not, or else
    /// the database was opened. One that was refused, waited in vain or lost its connection says
    /// nothing.
    #[must_use]
    pub fn since_last_answer(&self) -> Duration {
        let pools = self.inner.pools.iter();
        let readers = pools.filter(|(_, queue)| Arc::ptr_eq(queue, &self.inner.reads));
        readers.map(|(pool, _)| pool.health.since_last_answer()).min().unwrap_or_default()
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
        let (queue, target) = (Arc::clone(&self.writes), Target::Primary(Purpose::Write));
        let writer = self.worker("writer", settings, target, 1, queue);
        self.start("db-write", 1, settings, writer, Duty::Groups)?;
        let (queue, target) = (Arc::clone(&self.reads), Target::Primary(Purpose::Read));
        let reader = self.worker("reader", settings, target, size, queue);
        self.start("db-read", size, settings, reader, Duty::Each)
    }

    fn start_postgres(&mut self, settings: &Arc<DatabaseSettings>) -> Result<(), StorageError> {
        let size = settings.pool_size.max(1);
        let primary = Target::Primary(Purpose::Write);
        let worker = self.worker("primary", settings, primary, size, Arc::clone(&self.reads));
        self.start("db", size, settings, worker, Duty::Each)?;
        if settings.read_url.is_some() { self.start_replica(settings) } else { Ok(()) }
    }

    fn start_replica(&mut self, settings: &Arc<DatabaseSettings>) -> Result<(), StorageError> {
        let size = settings.read_pool_size.max(1);
        let queue = Arc::new(Queue::new(settings.queue));
        let watch = Arc::new(Watch::new(settings.max_replica_lag));
        let reader = self.worker("replica", settings, Target::Replica, size, Arc::clone(&queue));
        let duty = Duty::Lagging(Arc::clone(&watch), Arc::clone(&self.reads));
        self.start("db-replica", size, settings, reader, duty)?;
        let lookouts = Lookouts {
            watch: Arc::clone(&watch),
            max_lag: settings.max_replica_lag,
            primary: connector(settings, Target::Primary(Purpose::Read)),
            replica: connector(settings, Target::Replica),
        };
        let limits = Limits { connecting: opening(settings), ..limits(settings) };
        let lookout = Crew::start("db-lookout", 1, Some(limits), lookouts)?;
        self.lagging = Some(Lagging { queue, watch, lookout });
        Ok(())
    }

    /// Makes a pool of `size`, and what each of its workers has.
    fn worker(
        &mut self,
        name: &'static str,
        settings: &Arc<DatabaseSettings>,
        target: Target,
        size: u32,
        queue: Arc<Queue<Queued>>,
    ) -> Worker {
        let pool = Pool::new(name, connector(settings, target), size);
        self.pools.push((pool.clone(), Arc::clone(&queue)));
        Worker {
            post: Arc::default(),
            queue,
            pool,
            patience: settings.acquire_timeout,
            limits: (self.is_server && settings.transaction_pooling)
                .then(|| connection::limits(settings, "SET LOCAL")),
            repeats: self.is_server,
        }
    }

    fn start(
        &mut self,
        name: &'static str,
        size: u32,
        settings: &DatabaseSettings,
        worker: Worker,
        duty: Duty,
    ) -> Result<(), StorageError> {
        let staff = Staff { worker, duty, opening: opening(settings) };
        let limits = self.is_server.then(|| limits(settings));
        self.crews.push(Crew::start(name, size, limits, staff)?);
        Ok(())
    }

    fn stop(&self) {
        // The replica's workers hand what they cannot do to the primary's.
        if let Some(lagging) = &self.lagging {
            lagging.watch.close();
            lagging.queue.close();
            // It may be waiting itself, for a host that does not answer.
            lagging.lookout.dismiss();
        }
        self.reads.close();
        self.writes.close();
        let mut all_ended = true;
        for crew in &self.crews {
            all_ended &= crew.stop();
        }
        if all_ended && !self.is_server {
            self.close();
        }
    }

    /// Brings SQLite's log into the database file. Whoever closes the last connection copies it there;
    /// of two that are closed at the same moment neither does, nor does one that ends with the process,
    /// and the file lies with its log beside it until somebody opens both.
    fn close(&self) {
        // The writer was started first.
        for (pool, _) in self.pools.iter().rev() {
            pool.close();
        }
    }
}

/// How long the server may leave a thread without a word. It ends each statement itself by then.
fn limits(settings: &DatabaseSettings) -> Limits {
    Limits {
        connecting: settings.acquire_timeout + settings.statement_timeout + SLACK,
        statement: settings.statement_timeout + SLACK,
    }
}

/// How long a connection may take to come about: each host may take its time, and those that set it up
/// are statements.
fn opening(settings: &DatabaseSettings) -> Duration {
    let hosts = |url: &str| PostgresUrl::parse(url).map_or(1, |url| url.hosts().len());
    let primary = match &settings.url {
        DatabaseUrl::Postgres { url } => hosts(url.expose()),
        DatabaseUrl::Sqlite { .. } => 1,
    };
    let replica = settings.read_url.as_ref().map_or(1, |url| hosts(url.expose()));
    let hosts = u32::try_from(primary.max(replica).max(1)).unwrap_or(u32::MAX);
    // libpq's least.
    let each = settings.connect_timeout.max(Duration::from_secs(2));
    each.saturating_mul(hosts) + settings.statement_timeout + SLACK
}

fn connector(settings: &Arc<DatabaseSettings>, target: Target) -> Connector {
    let health = Arc::<Health>::default();
    Connector { settings: Arc::clone(settings), target, health, generation: 0, lives: None }
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
