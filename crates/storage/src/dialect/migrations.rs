//! What migrations need and each database says in its own way.

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::{SimpleConnection, TransactionManager},
    sql_query,
    sql_types::{BigInt, Text},
};

use crate::{
    Conn, StorageError,
    migrate::{self, Migration},
};

use super::{begin_write, lock};

/// Whoever migrates holds it from the first migration to the last.
const MIGRATION_LOCK: i64 = 0x7673_7469_0001;
/// Taken in the transaction of each migration: whoever lost the first one in the middle of a
/// statement (its process died, its server process works on) is waited for.
const STEP_LOCK: i64 = 0x7673_7469_0005;

/// What a migration may wait for somebody else's lock: everybody behind it waits as long.
const LOCK_TIMEOUT: &str = "2s";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn lines(conn: &mut Conn, query: &str) -> Result<Vec<String>, StorageError> {
    let lines: Vec<Line> = on_each!(conn, inner => sql_query(query).load(inner))?;
    Ok(lines.into_iter().map(|line| line.line).collect())
}

fn number(conn: &mut Conn, query: &str) -> Result<i64, StorageError> {
    let number: Number = on_each!(conn, inner => sql_query(query).get_result(inner))?;
    Ok(number.number)
}

/// Runs `work` in one transaction, so that a pooler sends all of it to one server process, and so
/// that nothing of a migration happens or all.
pub(crate) fn settled<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    begin_write(conn)?;
    match work(conn) {
        Ok(value) => {
            <Conn as TransactionManager<Conn>>::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            // The first error says more than that the rollback failed too.
            let _ = <Conn as TransactionManager<Conn>>::rollback_transaction(conn);
            Err(error)
        }
    }
}

/// The same for looking only: SQLite takes no write lock.
pub(crate) fn looked<T>(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    <Conn as TransactionManager<Conn>>::begin_transaction(conn)?;
    let value = work(conn);
    <Conn as TransactionManager<Conn>>::rollback_transaction(conn)?;
    value
}

/// The migrations for this database, oldest first.
pub(crate) fn migrations(conn: &Conn) -> &'static [Migration] {
    match conn {
        Conn::Sqlite(_) => migrate::SQLITE,
        Conn::Postgres(_) => migrate::POSTGRES,
    }
}

/// Whether reads and writes go on beside a statement; see `migrate::plan`.
pub(crate) fn is_server(conn: &Conn) -> bool {
    matches!(conn, Conn::Postgres(_))
}

/// Takes the lock of those who migrate, and leaves the transaction open that holds it: it ends with
/// the connection, however that ends. `false` if somebody else has it. SQLite needs none: the
/// transaction of each migration holds its one write lock, and looks again first.
///
/// Nobody waits in the statement itself: `CREATE INDEX CONCURRENTLY` waits for every transaction
/// that sees the past, and so would wait for those who wait for it.
pub(crate) fn try_migration_lock(conn: &mut Conn) -> Result<bool, StorageError> {
    if !is_server(conn) {
        return Ok(true);
    }
    <Conn as TransactionManager<Conn>>::begin_transaction(conn)?;
    let taken = "SELECT CASE WHEN pg_try_advisory_xact_lock";
    let taken = format!("{taken}({MIGRATION_LOCK}) THEN 1 ELSE 0 END::BIGINT AS number");
    if number(conn, &taken)? == 0 {
        <Conn as TransactionManager<Conn>>::rollback_transaction(conn)?;
        return Ok(false);
    }
    // Comes last: a query's portal stays open, and sees the past, until the next statement.
    conn.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0")?;
    Ok(true)
}

/// Waits a little, where somebody else is at it.
pub(crate) fn pause(conn: &mut Conn) -> Result<(), StorageError> {
    match conn {
        // BEGIN IMMEDIATE has waited already.
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => Ok(inner.batch_execute("SELECT pg_sleep(0.2)")?),
    }
}

/// Prepares the transaction of a migration. No other migration runs beside it.
pub(crate) fn begin_step(conn: &mut Conn) -> Result<(), StorageError> {
    if is_server(conn) {
        conn.batch_execute(&format!(
            "SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SET LOCAL statement_timeout = 0"
        ))?;
    }
    Ok(lock(conn, STEP_LOCK)?)
}

/// Which of the tables are there.
pub(crate) fn tables(conn: &mut Conn) -> Result<Vec<String>, StorageError> {
    let query = match conn {
        Conn::Sqlite(_) => "SELECT name AS line FROM sqlite_schema WHERE type = 'table'",
        Conn::Postgres(_) => {
            "SELECT relname::text AS line FROM pg_class
             WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)
             AND relnamespace <> 'pg_catalog'::regnamespace"
        }
    };
    lines(conn, query)
}

/// The texts of the column; both are names of ours.
pub(crate) fn texts(
    conn: &mut Conn,
    table: &str,
    column: &str,
) -> Result<Vec<String>, StorageError> {
    lines(conn, &format!("SELECT CAST({column} AS TEXT) AS line FROM {table}"))
}

/// How many rows the table has that fit `condition`, which is SQL of ours.
pub(crate) fn count(conn: &mut Conn, table: &str, condition: &str) -> Result<i64, StorageError> {
    number(conn, &format!("SELECT count(*) AS number FROM {table} WHERE {condition}"))
}

/// About how many rows the table has; PostgreSQL knows without counting once it has cleaned it.
pub(crate) fn estimate(conn: &mut Conn, table: &str) -> Result<i64, StorageError> {
    if is_server(conn) {
        let known = number(
            conn,
            &format!(
                "SELECT coalesce(max(reltuples), -1)::BIGINT AS number
                 FROM pg_class WHERE oid = to_regclass('{table}')"
            ),
        )?;
        if known >= 0 {
            return Ok(known);
        }
    }
    count(conn, table, "1 = 1")
}

/// How different a value is from `value`, NULL being a value: `IS DISTINCT FROM`.
pub(crate) fn differs(conn: &Conn, column: &str, value: &str) -> String {
    let differs = if is_server(conn) { "IS DISTINCT FROM" } else { "IS NOT" };
    format!("{column} {differs} {value}")
}

/// Takes away the index if an earlier try to build it beside the traffic came to nothing.
pub(crate) fn drop_invalid_index(conn: &mut Conn, index: &str) -> Result<(), StorageError> {
    let invalid = format!(
        "SELECT count(*) AS number FROM pg_index
         WHERE indexrelid = to_regclass('{index}') AND NOT indisvalid"
    );
    let there = looked(conn, |conn| number(conn, &invalid))? > 0;
    if there {
        tracing::warn!(event = "migration.index_anew", index, "an earlier try left it unfinished");
        conn.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"))?;
    }
    Ok(())
}
