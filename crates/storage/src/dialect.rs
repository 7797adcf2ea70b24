//! Everything that Diesel cannot say for both databases at once: the only file that asks which of
//! them a connection leads to.

use diesel::{
    ExpressionMethods, QueryResult, RunQueryDsl,
    connection::{AnsiTransactionManager, SimpleConnection},
    upsert::excluded,
};

use crate::{
    Conn, client_assertion, consent,
    migrate::{self, POSTGRES, SQLITE},
    revoked_token,
    schema::{client_assertions, consents, revoked_tokens},
};

/// Names of PostgreSQL's advisory locks, which are numbers: "vsti" in ASCII, then a count.
const MIGRATION_LOCK: i64 = 0x7673_7469_0001;
const SIGNING_KEY_LOCK: i64 = 0x7673_7469_0002;

/// Checks one body against each backend.
macro_rules! on_each {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            Conn::Sqlite($inner) => $body,
            Conn::Postgres($inner) => $body,
        }
    };
}

/// Begins a transaction that will write. SQLite takes its one write lock now, while it may still
/// wait for it: a transaction that first reads and then wants to write may not.
pub(crate) fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN",
    };
    on_each!(conn, inner => AnsiTransactionManager::begin_transaction_sql(inner, begin))
}

/// Runs the missing migrations while no other process does.
pub(crate) fn run_migrations(conn: &mut Conn) -> diesel::migration::Result<()> {
    match conn {
        Conn::Sqlite(inner) => {
            inner.immediate_transaction(|inner| migrate::run_on(inner, SQLITE).map_err(Fault))?;
        }
        Conn::Postgres(inner) => {
            inner.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
            // The lock belongs to the session, which ends with this connection.
            migrate::run_on(inner, POSTGRES)?;
            inner.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
        }
    }
    Ok(())
}

/// Undoes every migration, newest first.
#[cfg(feature = "testing")]
pub(crate) fn revert_migrations(conn: &mut Conn) -> diesel::migration::Result<()> {
    use diesel_migrations::MigrationHarness;
    match conn {
        Conn::Sqlite(inner) => inner.revert_all_migrations(SQLITE).map(drop),
        Conn::Postgres(inner) => inner.revert_all_migrations(POSTGRES).map(drop),
    }
}

/// A migration's error, which is boxed and therefore cannot be made from Diesel's by `?`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Fault(Box<dyn std::error::Error + Send + Sync>);

impl From<diesel::result::Error> for Fault {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.into())
    }
}

/// Holds off every other instance's key rotation until this transaction ends. SQLite's write lock
/// already does.
pub(crate) fn lock_signing_keys(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => {
            inner.batch_execute(&format!("SELECT pg_advisory_xact_lock({SIGNING_KEY_LOCK})"))
        }
    }
}

/// Inserts unless it is there. The count tells which.
pub(crate) fn insert_client_assertion(
    conn: &mut Conn,
    row: &client_assertion::Row,
) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(client_assertions::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// Inserts unless it is there.
pub(crate) fn insert_revoked_token(
    conn: &mut Conn,
    row: &revoked_token::Row,
) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(revoked_tokens::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(inner))
}

/// Inserts, or takes the place of what is there.
pub(crate) fn upsert_consent(conn: &mut Conn, row: &consent::Row) -> QueryResult<usize> {
    on_each!(conn, inner => diesel::insert_into(consents::table)
        .values(row)
        .on_conflict((consents::user_id, consents::client_id))
        .do_update()
        .set((
            consents::scope.eq(excluded(consents::scope)),
            consents::claims.eq(excluded(consents::claims)),
            consents::granted_at.eq(excluded(consents::granted_at)),
        ))
        .execute(inner))
}
