//! Connections: how they are opened, set up, and judged fit for another job.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::ErrorKind,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::{Duration, Instant},
};

use diesel::{
    Connection, PgConnection, SqliteConnection, connection::SimpleConnection, r2d2::R2D2Connection,
};

use crate::{DatabaseSettings, DatabaseUrl, StorageError};

/// A connection that is unused for so long is asked whether it still lives before the next job
/// gets it; a busier one is not, to spare each job a round trip.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// A connection to either database. Repositories take it as their first argument.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// The server.
    Postgres(PgConnection),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads only; SQLite refuses anything else on it.
    Read,
    /// Reads and writes.
    Write,
    /// Changes the tables: no statement timeout.
    Migrate,
}

/// Opens a connection and sets it up.
pub(crate) fn open(settings: &DatabaseSettings, purpose: Purpose) -> Result<Conn, StorageError> {
    match &settings.url {
        DatabaseUrl::Sqlite { path } => open_sqlite(path, settings, purpose),
        DatabaseUrl::Postgres { url } => open_postgres(url.expose(), settings, purpose),
    }
}

fn open_sqlite(
    path: &Path,
    settings: &DatabaseSettings,
    purpose: Purpose,
) -> Result<Conn, StorageError> {
    let failed = |reason: String| {
        StorageError::Database(format!("cannot open `{}`: {reason}", path.display()))
    };
    make_private(path).map_err(|error| failed(error.to_string()))?;
    let text = path.to_str().ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
    let mut connection =
        SqliteConnection::establish(text).map_err(|error| failed(error.to_string()))?;
    // busy_timeout comes first, for the change to WAL needs a lock. FULL syncs the log at every
    // commit: what was answered survives a power cut.
    connection
        .batch_execute(&format!(
            "PRAGMA busy_timeout = {};
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA query_only = {};",
            lock_timeout(settings).as_millis(),
            purpose == Purpose::Read,
        ))
        .map_err(|error| failed(error.to_string()))?;
    Ok(Conn::Sqlite(connection))
}

/// Makes the file, or takes it out of other people's sight. SQLite gives its `-wal` and `-shm`
/// files the mode of the main file.
///
/// A file that is there is never opened here: closing it would drop the locks that SQLite holds on
/// it anywhere in this process (POSIX `fcntl`), and the next program to close the database would
/// take it for its own and remove the log that we go on writing to.
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

fn open_postgres(
    url: &str,
    settings: &DatabaseSettings,
    purpose: Purpose,
) -> Result<Conn, StorageError> {
    let url = with_connect_timeout(url, settings.acquire_timeout);
    let mut connection = PgConnection::establish(&url)
        .map_err(|error| StorageError::Database(format!("cannot connect: {error}")))?;
    let statement = match purpose {
        Purpose::Migrate => 0,
        Purpose::Read | Purpose::Write => settings.statement_timeout.as_millis(),
    };
    let lock = match purpose {
        Purpose::Migrate => 0,
        Purpose::Read | Purpose::Write => lock_timeout(settings).as_millis(),
    };
    connection.batch_execute(&format!(
        "SET statement_timeout = {statement};
         SET lock_timeout = {lock};
         SET idle_in_transaction_session_timeout = {statement};
         SET default_transaction_isolation = 'read committed';
         SET jit = off;",
    ))?;
    Ok(Conn::Postgres(connection))
}

/// How long a statement may wait for somebody else's lock.
fn lock_timeout(settings: &DatabaseSettings) -> Duration {
    settings.acquire_timeout.min(settings.statement_timeout)
}

/// libpq takes the connect timeout from the URL only, in whole seconds. One that the operator
/// wrote stays.
fn with_connect_timeout(url: &str, timeout: Duration) -> String {
    if url.contains("connect_timeout=") {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}connect_timeout={}", timeout.as_secs().max(2))
}

/// A connection in the pool, with what the pool must know to trust it.
pub(crate) struct Pooled {
    pub(crate) conn: Conn,
    last_used: Instant,
    /// The last job failed, perhaps because the connection did.
    pub(crate) suspect: bool,
}

impl Pooled {
    /// Notes that a job just used the connection, and whether all went well.
    pub(crate) fn used(&mut self, went_well: bool) {
        self.last_used = Instant::now();
        self.suspect = !went_well;
    }
}

/// Opens connections for a pool.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) settings: DatabaseSettings,
    pub(crate) purpose: Purpose,
}

impl r2d2::ManageConnection for Connector {
    type Connection = Pooled;
    type Error = StorageError;

    fn connect(&self) -> Result<Pooled, StorageError> {
        let conn = open(&self.settings, self.purpose)?;
        Ok(Pooled { conn, last_used: Instant::now(), suspect: false })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), StorageError> {
        if pooled.suspect || pooled.last_used.elapsed() > TRUSTED_FOR {
            pooled.conn.ping()?;
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.conn.is_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connect_timeout_joins_the_url_once() {
        let five = Duration::from_secs(5);
        let with = |url| with_connect_timeout(url, five);
        assert_eq!(with("postgres://h/d"), "postgres://h/d?connect_timeout=5");
        assert_eq!(
            with("postgres://h/d?sslmode=require"),
            "postgres://h/d?sslmode=require&connect_timeout=5"
        );
        assert_eq!(with("postgres://h/d?connect_timeout=9"), "postgres://h/d?connect_timeout=9");
        // libpq reads 1 as 2 and 0 as "for ever".
        assert_eq!(
            with_connect_timeout("postgres://h/d", Duration::ZERO),
            "postgres://h/d?connect_timeout=2"
        );
    }
}
