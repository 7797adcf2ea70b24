//! Rows of any table, in the words of either database. Every value is text on its way, so that the
//! same code serves all tables; the column it ends in gives it its type back.

use std::fmt::Write as _;

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl,
    backend::Backend,
    connection::{AnsiTransactionManager, SimpleConnection},
    deserialize::{self, FromSql},
    pg::{Pg, PgRowByRowLoadingMode},
    row::NamedRow,
    sql_query,
    sql_types::{Array, BigInt, Nullable, Text},
    sqlite::Sqlite,
};

use super::{
    TransferError,
    tables::{DRAWN, Kind, TABLES, Table},
};
use crate::{Conn, StorageError, dialect::IN_USE_LOCK};

/// The values of a row in the order of the table's columns: numbers in digits, booleans as `true`
/// and `false`.
pub(super) type Cells = Vec<Option<String>>;

/// A row, however many columns it has.
struct AnyRow(Cells);

impl<DB> QueryableByName<DB> for AnyRow
where
    DB: Backend,
    Option<String>: FromSql<Nullable<Text>, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        (0..row.field_count())
            .map(|place| row.get_value::<Nullable<Text>, Option<String>, usize>(place))
            .collect::<deserialize::Result<_>>()
            .map(Self)
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Runs statements, on either database.
fn run(conn: &mut Conn, statements: &str) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => inner.batch_execute(statements),
        Conn::Postgres(inner) => inner.batch_execute(statements),
    }
}

fn words(conn: &mut Conn, query: &str) -> QueryResult<Vec<String>> {
    let words: Vec<Word> = match conn {
        Conn::Sqlite(inner) => sql_query(query).load(inner)?,
        Conn::Postgres(inner) => sql_query(query).load(inner)?,
    };
    Ok(words.into_iter().map(|word| word.word).collect())
}

/// Begins a transaction that reads one moment's rows, however long it takes.
pub(super) fn begin_snapshot(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        // The first statement takes the snapshot, and the catalogue is read first of all.
        Conn::Sqlite(inner) => AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN")?,
        Conn::Postgres(inner) => AnsiTransactionManager::begin_transaction_sql(
            inner,
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?,
    }
    unbounded(conn)
}

/// Lets the statements of this transaction take as long as there are rows.
pub(super) fn unbounded(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => inner.batch_execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        ),
    }
}

/// Keeps everybody else from writing until this transaction ends. SQLite's write lock already does.
pub(super) fn hold_all(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(inner) => inner.batch_execute(&format!(
            "SET LOCAL lock_timeout = '10s'; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
            names().join(", ")
        )),
    }
}

/// How many other sessions of ours there are, once those that are just ending have ended: whatever
/// they are called, and those of versions that took no lock by their usual name. Nobody else uses
/// SQLite while it is replaced.
pub(super) fn others_at_work(conn: &mut Conn) -> QueryResult<i64> {
    let Conn::Postgres(inner) = conn else { return Ok(0) };
    let mut others = 0;
    for _ in 0..25 {
        // What was seen once would be seen until the transaction ends.
        inner.batch_execute("SELECT pg_stat_clear_snapshot()")?;
        let found: Count = sql_query(
            "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database()
             AND pid <> pg_backend_pid() AND (application_name = 'vestibule' OR pid IN (
                 SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = datid
                 AND classid::bigint << 32 | objid::bigint = $1 AND objsubid = 1
             ))",
        )
        .bind::<BigInt, _>(IN_USE_LOCK)
        .get_result(inner)?;
        others = found.count;
        if others == 0 {
            break;
        }
        inner.batch_execute("SELECT pg_sleep(0.2)")?;
    }
    Ok(others)
}

/// The role that has the tables, unless we may act as it. Counting on from another key than the last
/// takes the owner, and so does removing all rows at once.
pub(super) fn another_owner(conn: &mut Conn) -> QueryResult<Option<String>> {
    let Conn::Postgres(_) = conn else { return Ok(None) };
    let listed: Vec<_> = TABLES.iter().map(|table| format!("'{}'", table.name)).collect();
    let query = format!(
        "SELECT tableowner::text AS word FROM pg_tables WHERE schemaname = current_schema()
         AND tablename IN ({}) AND NOT pg_has_role(tableowner, 'USAGE') LIMIT 1",
        listed.join(", ")
    );
    Ok(words(conn, &query)?.pop())
}

/// Removes every row.
pub(super) fn empty_all(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(_) => {
            // Children first.
            let deletes = names().into_iter().rev().map(|name| format!("DELETE FROM {name};"));
            run(conn, &deletes.collect::<String>())
        }
        Conn::Postgres(inner) => inner.batch_execute(&format!(
            "SET LOCAL lock_timeout = '10s'; TRUNCATE {}",
            names().join(", ")
        )),
    }
}

fn names() -> Vec<String> {
    TABLES.iter().map(|table| quoted(table.name)).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The migrations that ran, oldest first; none if this is no database of ours yet.
pub(super) fn applied(conn: &mut Conn) -> Result<Vec<String>, StorageError> {
    let mut versions = Vec::new();
    for table in ["__diesel_schema_migrations", "schema_migrations"] {
        if is_there(conn, table)? {
            versions.extend(words(conn, &format!("SELECT version AS word FROM {table}"))?);
        }
    }
    versions.sort();
    Ok(versions)
}

/// Whether there is a table of that name.
pub(super) fn is_there(conn: &mut Conn, table: &str) -> Result<bool, StorageError> {
    let query = match conn {
        Conn::Sqlite(_) => format!("SELECT name AS word FROM sqlite_schema WHERE name = '{table}'"),
        Conn::Postgres(_) => {
            format!("SELECT '' AS word WHERE to_regclass('\"{table}\"') IS NOT NULL")
        }
    };
    Ok(!words(conn, &query)?.is_empty())
}

/// How many rows the table has.
pub(super) fn count(conn: &mut Conn, table: &Table) -> Result<u64, StorageError> {
    let query = format!("SELECT count(*) AS count FROM {}", quoted(table.name));
    let found: Count = match conn {
        Conn::Sqlite(inner) => sql_query(query).get_result(inner)?,
        Conn::Postgres(inner) => sql_query(query).get_result(inner)?,
    };
    Ok(u64::try_from(found.count).unwrap_or(0))
}

/// Whether the table has a row at all.
pub(super) fn has_rows(conn: &mut Conn, table: &Table) -> Result<bool, StorageError> {
    let query = format!("SELECT '' AS word FROM {} LIMIT 1", quoted(table.name));
    Ok(!words(conn, &query)?.is_empty())
}

/// Gives `each` every row by primary key, one at a time: neither side ever holds the table.
pub(super) fn each_row(
    conn: &mut Conn,
    table: &Table,
    mut each: impl FnMut(Cells) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    match conn {
        Conn::Sqlite(inner) => {
            let rows = sql_query(select_on_sqlite(table)).load_iter::<AnyRow, _>(inner)?;
            for row in rows {
                each(row?.0)?;
            }
        }
        Conn::Postgres(inner) => {
            let query = sql_query(select_on_postgres(table));
            for row in query.load_iter::<AnyRow, PgRowByRowLoadingMode>(inner)? {
                each(row?.0)?;
            }
        }
    }
    Ok(())
}

fn select_on_sqlite(table: &Table) -> String {
    let column = |name: &str, kind| match kind {
        Kind::Text => quoted(name),
        Kind::Integer => format!("CAST({0} AS TEXT)", quoted(name)),
        Kind::Boolean => {
            format!("CASE {} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END", quoted(name))
        }
    };
    let columns: Vec<_> = table.columns.iter().map(|each| column(each.name, each.kind)).collect();
    let name = quoted(table.name);
    let key: Vec<_> = table.key.iter().map(|key| format!("{name}.{}", quoted(key))).collect();
    format!("SELECT {} FROM {name} ORDER BY {}", columns.join(", "), key.join(", "))
}

fn select_on_postgres(table: &Table) -> String {
    let columns: Vec<_> =
        table.columns.iter().map(|column| format!("{}::text", quoted(column.name))).collect();
    // A bare name would mean the text that is selected. By bytes, as SQLite sorts.
    let order = |name: &&str| {
        let column = format!("{}.{}", quoted(table.name), quoted(name));
        match table.column(name) {
            Some((_, of)) if of.kind == Kind::Text => format!("{column} COLLATE \"C\""),
            _ => column,
        }
    };
    let key: Vec<_> = table.key.iter().map(order).collect();
    let name = quoted(table.name);
    format!("SELECT {} FROM {name} ORDER BY {}", columns.join(", "), key.join(", "))
}

/// Inserts the rows.
pub(super) fn insert(conn: &mut Conn, table: &Table, rows: Vec<Cells>) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(inner) => {
            let mut query = sql_query(insert_on_sqlite(table, rows.len())).into_boxed::<Sqlite>();
            for cell in rows.into_iter().flat_map(|row| row.into_iter().zip(table.columns)) {
                query = query.bind::<Nullable<Text>, _>(for_sqlite(cell.0, cell.1.kind));
            }
            query.execute(inner)?;
        }
        Conn::Postgres(inner) => {
            let mut query = sql_query(insert_on_postgres(table)).into_boxed::<Pg>();
            for column in columns_of(table, rows) {
                query = query.bind::<Array<Nullable<Text>>, _>(column);
            }
            query.execute(inner)?;
        }
    }
    Ok(())
}

/// Columns of numbers make numbers of digits; SQLite's booleans are numbers.
fn for_sqlite(cell: Option<String>, kind: Kind) -> Option<String> {
    match (cell, kind) {
        (Some(text), Kind::Boolean) => Some(if text == "true" { "1" } else { "0" }.to_owned()),
        (cell, _) => cell,
    }
}

fn insert_on_sqlite(table: &Table, rows: usize) -> String {
    let places = format!("({})", vec!["?"; table.columns.len()].join(", "));
    let values = vec![places; rows].join(", ");
    format!("INSERT INTO {} ({}) VALUES {values}", quoted(table.name), listed(table))
}

fn listed(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|column| quoted(column.name)).collect();
    names.join(", ")
}

/// One array a column: a statement of the same text however many rows there are.
fn insert_on_postgres(table: &Table) -> String {
    let (mut values, mut arrays) = (String::new(), String::new());
    for (place, column) in table.columns.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        let kind = match column.kind {
            Kind::Text => "text",
            Kind::Integer => "bigint",
            Kind::Boolean => "boolean",
        };
        let _ = write!(values, "{comma}r.c{place}::{kind}");
        let _ = write!(arrays, "{comma}${}::text[]", place + 1);
    }
    let aliases: Vec<_> = (0..table.columns.len()).map(|place| format!("c{place}")).collect();
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {values} FROM unnest({arrays}) AS r ({})",
        quoted(table.name),
        listed(table),
        aliases.join(", ")
    )
}

fn columns_of(table: &Table, rows: Vec<Cells>) -> Vec<Vec<Option<String>>> {
    let mut columns = vec![Vec::with_capacity(rows.len()); table.columns.len()];
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    columns
}

/// Lets the keys that the database draws go on behind those that came. SQLite does so by itself.
pub(super) fn draw_on(conn: &mut Conn) -> QueryResult<()> {
    let Conn::Postgres(inner) = conn else { return Ok(()) };
    for (table, column) in DRAWN {
        let (table, column) = (quoted(table), quoted(column));
        let query = format!("SELECT coalesce(max({column}), 0) + 1 AS count FROM {table}");
        let next: Count = sql_query(query).get_result(inner)?;
        // Unlike setval, this is undone with the transaction.
        inner.batch_execute(&format!(
            "ALTER TABLE {table} ALTER COLUMN {column} RESTART WITH {}",
            next.count
        ))?;
    }
    Ok(())
}

/// Whether texts may hold U+0000.
pub(super) const fn takes_nul(conn: &Conn) -> bool {
    matches!(conn, Conn::Sqlite(_))
}

/// The database's kind, as a header names it.
pub(super) const fn kind_of(conn: &Conn) -> &'static str {
    match conn {
        Conn::Sqlite(_) => "sqlite",
        Conn::Postgres(_) => "postgres",
    }
}
