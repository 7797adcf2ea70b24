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
        /// A `postgres://` URL. Secret, for it may hold a password.
        url: Secret,
    },
}

/// How to reach the database and how hard to work it.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Where the rows are.
    pub url: DatabaseUrl,
    /// PostgreSQL: connections, each with a thread. SQLite: readers; there is always one writer.
    pub pool_size: u32,
    /// How long a job may wait in the queue, for a connection, or for another process's lock, and a
    /// connection for its server.
    pub acquire_timeout: Duration,
    /// How long one statement may run (PostgreSQL; SQLite's cannot be interrupted).
    pub statement_timeout: Duration,
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
            pool_size: 8,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            queue: 1_024,
        }
    }
}
