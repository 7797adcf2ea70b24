//! Connections: how they are opened and set up.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::ErrorKind,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use diesel::{
    Connection, OptionalExtension, PgConnection, RunQueryDsl, SqliteConnection,
    connection::{CacheSize, SimpleConnection},
};

use crate::{DatabaseSettings, DatabaseUrl, PostgresUrl, StorageError, dialect, owner};

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
        DatabaseUrl::Postgres { url } => open_primary(url.expose(), settings, purpose),
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
            settings.lock_patience().as_millis(),
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
        Ok(made) => {
            // Whoever may not give it away can use it himself.
            let _ = owner::of_folder(path).and_then(|owner| owner::hand_over(&made, &owner));
            return Ok(());
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    // What a link leads to is not ours to close, nor what has another name as well.
    let there = fs::symlink_metadata(path)?;
    if there.is_file() && there.nlink() == 1 && there.mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Opens a connection to the replica, for reads.
pub(crate) fn open_replica(settings: &DatabaseSettings) -> Result<Conn, StorageError> {
    let url = settings.read_url.as_ref().map_or("", |url| url.expose());
    let postgres = PostgresUrl::parse(url).map_err(StorageError::Database)?;
    let url = postgres.completed(settings, "prefer-standby");
    open_postgres(&url, settings, Purpose::Read)
}

fn open_primary(
    url: &str,
    settings: &DatabaseSettings,
    purpose: Purpose,
) -> Result<Conn, StorageError> {
    let postgres = PostgresUrl::parse(url).map_err(StorageError::Database)?;
    let mut faults = Vec::new();
    // Who wrote another wish has it.
    let any_will_do =
        postgres.option("target_session_attrs").is_some_and(|wish| wish != "read-write");
    for url in postgres.one_by_one(settings, "read-write") {
        let opened = open_postgres(&url, settings, purpose).and_then(|mut conn| {
            if !any_will_do {
                refuse_read_only(&mut conn)?;
            }
            Ok(conn)
        });
        match opened {
            Ok(conn) => return Ok(conn),
            Err(fault) => faults.push(fault),
        }
    }
    Err(all_of(faults))
}

/// A standby answers reads as the primary did a while ago: what was revoked since is good there. Under
/// one name there may be either, after a failover too, and libpq believes what a pooler remembers of a
/// server; so the server behind is asked.
fn refuse_read_only(conn: &mut Conn) -> Result<(), StorageError> {
    #[derive(diesel::QueryableByName)]
    struct Mode {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        is_read_only: bool,
    }
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    let mode = diesel::sql_query(
        "SELECT current_setting('transaction_read_only')::boolean AS is_read_only",
    )
    .get_result::<Mode>(conn)?;
    if mode.is_read_only { Err(refused("session is read-only")) } else { Ok(()) }
}

/// Why none of the hosts would do.
fn all_of(faults: Vec<StorageError>) -> StorageError {
    let reasons = faults.into_iter().map(|fault| match fault {
        StorageError::Unavailable(why) => why,
        other => other.to_string(),
    });
    StorageError::Unavailable(reasons.collect::<Vec<_>>().join("; "))
}

fn open_postgres(
    url: &str,
    settings: &DatabaseSettings,
    purpose: Purpose,
) -> Result<Conn, StorageError> {
    let mut connection =
        PgConnection::establish(url).map_err(|error| refused(&error.to_string()))?;
    if settings.transaction_pooling {
        // The session behind the pooler is another's with the next transaction: neither settings
        // nor named statements may stay in it.
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        return Ok(Conn::Postgres(connection));
    }
    let limits = if purpose == Purpose::Migrate {
        "SET statement_timeout = 0; SET lock_timeout = 0".to_owned()
    } else {
        limits(settings, "SET")
    };
    connection.batch_execute(&format!(
        "{limits}; SET default_transaction_isolation = 'read committed'; SET jit = off;
         SELECT pg_advisory_lock_shared({});",
        dialect::IN_USE_LOCK,
    ))?;
    speak_english(&mut connection)?;
    Ok(Conn::Postgres(connection))
}

/// The time limits of a session (`SET`) or of a transaction (`SET LOCAL`).
pub(crate) fn limits(settings: &DatabaseSettings, set: &str) -> String {
    format!(
        "{set} statement_timeout = {}; {set} lock_timeout = {};
         {set} idle_in_transaction_session_timeout = {}",
        settings.statement_timeout.as_millis(),
        settings.lock_patience().as_millis(),
        settings.idle_in_transaction_timeout.as_millis(),
    )
}

/// Diesel does not tell a deadlock's SQLSTATE, only its message, which the server translates.
/// Nobody but a superuser may ask it not to.
fn speak_english(connection: &mut PgConnection) -> Result<(), StorageError> {
    #[derive(diesel::QueryableByName)]
    struct Language {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let found = diesel::sql_query(
        "SELECT CASE WHEN rolsuper THEN set_config('lc_messages', 'C', false)
                ELSE current_setting('lc_messages') END AS name
         FROM pg_roles WHERE rolname = current_user",
    )
    .get_result::<Language>(connection)
    .optional()?;
    let language = found.map(|found| found.name).unwrap_or_default();
    let is_english = ["", "C", "POSIX"].contains(&language.as_str())
        || ["C.", "en"].iter().any(|start| language.starts_with(start));
    if !is_english {
        tracing::warn!(
            language,
            "the database server translates its messages, so that deadlocks are not known as such; \
             fix: as a superuser, ALTER ROLE … SET lc_messages = 'C'"
        );
    }
    Ok(())
}

/// Whether the server, a pooler or libpq says that no connection will ever come about this way. A
/// server that translates its messages is not understood, and is asked again.
pub(crate) fn is_refused_for_good(why: &str) -> bool {
    const MISTAKES: [&str; 11] = [
        "authentication failed",
        "no password supplied",
        "pg_hba.conf",
        "is not permitted to log in",
        "permission denied for",
        // A role, a database, a file of certificates.
        "does not exist",
        "no such",
        "certificate",
        "does not match host name",
        "does not support SSL",
        // What is in the URL.
        "invalid ",
    ];
    MISTAKES.iter().any(|mistake| why.contains(mistake))
}

/// Why no connection came about, and what to do where that is known.
fn refused(message: &str) -> StorageError {
    let message = message.trim();
    let fix = [
        (
            "certificate verify failed",
            "name the certificate of the authority that signed the server's in sslrootcert=FILE, or \
             write sslrootcert=system for a public one",
        ),
        (
            "does not match host name",
            "connect by a name that is in the server's certificate, or have one made for this host",
        ),
        ("does not support SSL", "switch on ssl in the server's postgresql.conf"),
        ("session is read-only", "see which host is the primary; one has to be"),
        ("too many clients", "lower database.pool_size, or raise the server's max_connections"),
    ]
    .into_iter()
    .find(|(part, _)| message.contains(part));
    let fix = fix.map(|(_, fix)| format!("; fix: {fix}")).unwrap_or_default();
    StorageError::Unavailable(format!("cannot connect: {message}{fix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_helps_against_what_is_over_by_itself() {
        for message in [
            "connection to server at \"10.0.0.1\", port 5432 failed: Connection refused",
            "connection to server at \"10.0.0.1\", port 5432 failed: timeout expired",
            "connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory",
            "could not translate host name \"db\" to address: Temporary failure in name resolution",
            "connection to server at \"db\", port 5432 failed: FATAL:  the database system is starting up",
            "connection to server at \"db\", port 5432 failed: FATAL:  sorry, too many clients already",
            "connection to server at \"db\", port 5432 failed: session is read-only",
            "server closed the connection unexpectedly",
        ] {
            assert!(refused(message).is_passing(), "{message}");
        }
        for message in [
            "FATAL:  password authentication failed for user \"vestibule\"",
            "fe_sendauth: no password supplied",
            "FATAL:  no pg_hba.conf entry for host \"10.0.0.9\", user \"vestibule\"",
            "FATAL:  database \"vestibul\" does not exist",
            "FATAL:  role \"vestibul\" does not exist",
            "FATAL:  role \"vestibule\" is not permitted to log in",
            "FATAL:  permission denied for database \"vestibule\"",
            "FATAL:  no such database: vestibul",
            "SSL error: certificate verify failed",
            "server certificate for \"db\" does not match host name \"db1\"",
            "server does not support SSL, but SSL was required",
            "invalid sslmode value: \"maybe\"",
        ] {
            assert!(!refused(message).is_passing(), "{message}");
        }
        assert!(!StorageError::Migration("connection refused".to_owned()).is_passing());
    }
}
