//! A look at a database that changes nothing: for `vestibule doctor`.
//!
//! Everything else opens a database in order to work on it, and so makes the file, closes its mode,
//! sets pragmas and brings the tables up to date. A [`Lookout`] does none of that. What it learns of
//! SQLite and of PostgreSQL differs, so this folder asks which of them it has, as `dialect.rs` does.

mod backlog;
mod postgres;
mod replica;
mod sqlite;

use std::time::{Duration, Instant};

use diesel::{
    Connection, PgConnection,
    connection::{CacheSize, SimpleConnection},
};
use vestibule_model::Secret;

pub use self::{
    backlog::{Ended, LeaseSeen, Mails},
    postgres::{Bloated, PostgresFacts, ServerFacts},
    replica::ReplicaFacts,
    sqlite::SqliteFacts,
};
use crate::{
    Conn, DatabaseSettings, DatabaseUrl, StorageError, health,
    migrate::{Standing, standing_of},
    postgres_url::PostgresUrl,
};

/// What to connect with, one after the other, until one will do.
type Tries = fn(&PostgresUrl<'_>, &DatabaseSettings) -> Vec<String>;

/// A connection of its own that only looks.
pub struct Lookout {
    conn: Conn,
    patience: Duration,
    /// An SQLite file that nobody works on.
    at_rest: bool,
}

/// What can be said of a database beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// The embedded one.
    Sqlite(SqliteFacts),
    /// A server.
    Postgres(Box<PostgresFacts>),
}

impl Lookout {
    /// Connects, of several servers to the primary. PostgreSQL gets `patience` to answer, and for
    /// each statement.
    ///
    /// # Errors
    /// There is no such file, it is no database, or the server refuses.
    pub fn open(url: &DatabaseUrl, patience: Duration) -> Result<Self, StorageError> {
        Self::open_any(url, patience, |url, settings| url.one_by_one(settings, "read-write"))
    }

    /// The same, of several servers to a replica.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_replica(url: &DatabaseUrl, patience: Duration) -> Result<Self, StorageError> {
        // All at once: of each by itself libpq would take the primary too.
        Self::open_any(url, patience, |url, settings| {
            vec![url.completed(settings, "prefer-standby")]
        })
    }

    fn open_any(url: &DatabaseUrl, patience: Duration, tries: Tries) -> Result<Self, StorageError> {
        let mut at_rest = false;
        let conn = match url {
            DatabaseUrl::Sqlite { path } => {
                let (conn, rests) = sqlite::open(path, patience)?;
                at_rest = rests;
                Conn::Sqlite(conn)
            }
            DatabaseUrl::Postgres { url } => {
                Conn::Postgres(open_postgres(url.expose(), patience, tries)?)
            }
        };
        Ok(Self { conn, patience, at_rest })
    }

    /// Runs `work` in a transaction that cannot write. Nothing is left in the session, which with a
    /// pooler in between is somebody else's next.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn read<T, E: From<StorageError>>(
        &mut self,
        work: impl FnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let patience = self.patience.as_millis();
        let mut outcome = None;
        let ran = self.conn.transaction(|conn| {
            if let Conn::Postgres(inner) = conn {
                inner.batch_execute(&format!(
                    "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = {patience};"
                ))?;
            }
            outcome = Some(work(conn));
            // Nothing was written, so there is nothing to keep.
            Err::<(), _>(diesel::result::Error::RollbackTransaction)
        });
        match (outcome, ran) {
            (Some(outcome), _) => outcome,
            (None, Err(error)) => Err(StorageError::from(error).into()),
            (None, Ok(())) => Err(StorageError::Database("nothing was asked".to_owned()).into()),
        }
    }

    /// How long the database takes to answer nothing.
    ///
    /// # Errors
    /// It does not answer.
    pub fn latency(&mut self) -> Result<Duration, StorageError> {
        self.read(|conn| {
            let asked = Instant::now();
            health::ping(conn).map(|()| asked.elapsed())
        })
    }

    /// What can be said of the database beside its rows.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn facts(&mut self) -> Result<Facts, StorageError> {
        let at_rest = self.at_rest;
        self.read(|conn| match conn {
            Conn::Sqlite(inner) => sqlite::facts(inner, at_rest).map(Facts::Sqlite),
            Conn::Postgres(inner) => postgres::facts(inner).map(Box::new).map(Facts::Postgres),
        })
    }

    /// What SQLite finds wrong with its file, a line each; empty if nothing is. Reads all of it.
    /// PostgreSQL keeps such checks to its own tools (`pg_amcheck`), so nothing is found there.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn damage(&mut self) -> Result<Vec<String>, StorageError> {
        self.read(|conn| match conn {
            Conn::Sqlite(inner) => sqlite::damage(inner),
            Conn::Postgres(_) => Ok(Vec::new()),
        })
    }

    /// Where the primary's log ends, as text; `None` on SQLite and on a replica.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn log_position(&mut self) -> Result<Option<String>, StorageError> {
        self.read(|conn| match conn {
            Conn::Sqlite(_) => Ok(None),
            Conn::Postgres(inner) => replica::log_position(inner),
        })
    }

    /// How far a replica is; `None` on SQLite.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn replica(&mut self) -> Result<Option<ReplicaFacts>, StorageError> {
        self.read(|conn| match conn {
            Conn::Sqlite(_) => Ok(None),
            Conn::Postgres(inner) => replica::facts(inner).map(Some),
        })
    }

    /// How the tables stand to this program.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn standing(&mut self) -> Result<Standing, StorageError> {
        self.read(standing_of)
    }

    /// The leases of the jobs.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn leases(&mut self) -> Result<Vec<LeaseSeen>, StorageError> {
        self.read(backlog::leases)
    }

    /// The oldest end that a row still there has, by table.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn ended(&mut self) -> Result<Vec<Ended>, StorageError> {
        self.read(backlog::ended)
    }

    /// The mails that neither left nor were given up.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn mails(&mut self) -> Result<Mails, StorageError> {
        self.read(backlog::mails)
    }
}

impl std::fmt::Debug for Lookout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookout").finish_non_exhaustive()
    }
}

/// Leaves no statement in the session either, see [`Lookout::read`].
fn open_postgres(
    url: &str,
    patience: Duration,
    tries: Tries,
) -> Result<PgConnection, StorageError> {
    let address = DatabaseUrl::Postgres { url: Secret::new(url) };
    let settings = DatabaseSettings { connect_timeout: patience, ..DatabaseSettings::new(address) };
    let parsed = PostgresUrl::parse(url).map_err(StorageError::Database)?;
    let mut faults = Vec::new();
    for url in tries(&parsed, &settings) {
        match PgConnection::establish(&url) {
            Ok(mut conn) => {
                conn.set_prepared_statement_cache_size(CacheSize::Disabled);
                return Ok(conn);
            }
            Err(fault) => faults.push(fault.to_string()),
        }
    }
    Err(StorageError::Database(faults.join("; ")))
}
