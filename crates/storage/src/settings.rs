//! What the database needs to know at start.

use std::{path::PathBuf, time::Duration};

use vestibule_model::Secret;

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// One file, embedded.
    Sqlite {
        /// The file; made with mode 0600 if it is not there. Its folder must exist.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// A `postgres://` URL, of one host or of several. Secret, for it may hold a password.
        url: Secret,
    },
}

/// What opening a database does about tables that lack something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtStart {
    /// Brings them to this version's shape.
    #[default]
    Migrate,
    /// Refuses to open it.
    Check,
}

/// How to reach the database and how hard to work it. What is not said to be otherwise holds for
/// PostgreSQL alone.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Where the rows are.
    pub url: DatabaseUrl,
    /// What opening it does about tables that lack something, on both databases.
    pub at_start: AtStart,
    /// A streaming replica for the reads that may lag ([`Db::read_lagging`](crate::Db::read_lagging)).
    pub read_url: Option<Secret>,
    /// PostgreSQL: connections, each with a thread. SQLite: readers; there is always one writer.
    pub pool_size: u32,
    /// Connections to the replica, each with a thread.
    pub read_pool_size: u32,
    /// How far the replica may be behind.
    pub max_replica_lag: Duration,
    /// How long a job may wait in the queue and for a connection, on both databases.
    pub acquire_timeout: Duration,
    /// How long a connection may take to come about, on each host. libpq rounds it up to whole
    /// seconds, at least two.
    pub connect_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long a statement may wait for somebody else's lock, on both databases.
    pub lock_timeout: Duration,
    /// How long a transaction may do nothing before the server ends it.
    pub idle_in_transaction_timeout: Duration,
    /// How long a connection may be unused before it is closed; zero: for ever.
    pub idle_timeout: Duration,
    /// How old a connection may become; zero: as old as it likes. A tenth is taken off by chance, so
    /// that they do not end together.
    pub max_lifetime: Duration,
    /// A pooler in transaction mode is in between: nothing may be kept in the session.
    pub transaction_pooling: bool,
    /// A statement that takes longer is logged, on both databases; zero: none is.
    pub slow_statement: Duration,
    /// How many jobs may wait; one more is refused at once. SQLite has such a queue for reads and
    /// one for writes.
    pub queue: usize,
}

impl DatabaseSettings {
    /// Settings that suit one machine.
    #[must_use]
    pub const fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            at_start: AtStart::Migrate,
            read_url: None,
            pool_size: 8,
            read_pool_size: 4,
            max_replica_lag: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(2),
            idle_in_transaction_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(10),
            max_lifetime: Duration::from_mins(30),
            transaction_pooling: false,
            slow_statement: Duration::from_secs(1),
            queue: 1_024,
        }
    }

    /// How long a statement may wait for somebody else's lock: never longer than it may run, or its
    /// job may wait.
    pub(crate) fn lock_patience(&self) -> Duration {
        self.lock_timeout.min(self.acquire_timeout).min(self.statement_timeout)
    }
}
