//! From lines to a database.

use std::io::BufRead;

use diesel::connection::TransactionManager;

use super::{
    Counts, Source, Step, TransferError, check_shape,
    format::key_of,
    sql::{self, Cells},
    tables::{TABLES, Table},
};
use crate::{
    Conn, DatabaseSettings, DatabaseUrl, StorageError,
    backup::InUse,
    connection::{self, Purpose},
    dialect, migrate,
};

/// Rows that one statement inserts, and the bytes after which it takes no more.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 1 << 20;

/// What may be in the database that rows go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    Empty,
    /// Anything: it is removed in the same transaction.
    Replaced,
}

/// The tables of a database that have rows, with how many. Its tables need not have this version's
/// shape, or be there.
pub fn occupied(settings: &DatabaseSettings) -> Result<Counts, StorageError> {
    if matches!(&settings.url, DatabaseUrl::Sqlite { path } if !path.exists()) {
        return Ok(Counts::new());
    }
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    rows_there(&mut conn)
}

fn rows_there(conn: &mut Conn) -> Result<Counts, StorageError> {
    let mut counts = Counts::new();
    for table in TABLES {
        if sql::is_there(conn, table.name)? && sql::has_rows(conn, table)? {
            counts.insert(table.name.to_owned(), sql::count(conn, table)?);
        }
    }
    Ok(counts)
}

/// Brings the tables to this version's shape and takes the rows in, in one transaction; older versions
/// are kept out from then on. `finish` runs at its end, with every row there. Before the commit all rows
/// have proved to be those that were exported.
///
/// # Errors
/// See [`TransferError`]; no row was changed then.
pub fn import<R: BufRead>(
    settings: &DatabaseSettings,
    source: &mut Source<R>,
    place: Place,
    finish: &mut dyn FnMut(&mut Conn) -> Result<(), StorageError>,
    watch: &mut dyn FnMut(Step),
) -> Result<Counts, TransferError> {
    let _in_use = InUse::of(settings)?;
    migrate::at_start(settings)?;
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    check_shape(&mut conn)?;
    dialect::begin_write(&mut conn)?;
    let emptied = empty(&mut conn, settings, place);
    let filled = emptied.and_then(|()| fill(&mut conn, source, watch)).and_then(|()| {
        migrate::keep_out_before_dated_tokens(&mut conn)?;
        Ok(finish(&mut conn)?)
    });
    if let Err(error) = filled {
        // The first error is the one to tell; a connection that is gone undoes its work as well.
        let _ = <Conn as TransactionManager<Conn>>::rollback_transaction(&mut conn);
        return Err(error);
    }
    <Conn as TransactionManager<Conn>>::commit_transaction(&mut conn)?;
    Ok(source.counts().clone())
}

/// Sees to it that no row is there, and none comes but ours.
fn empty(conn: &mut Conn, settings: &DatabaseSettings, place: Place) -> Result<(), TransferError> {
    sql::unbounded(conn)?;
    if let Some(owner) = sql::another_owner(conn)? {
        return Err(TransferError::Refused(format!(
            "the tables belong to the role {owner}, and this takes their owner; fix: give this \
             command a database.url of that role (VESTIBULE__DATABASE__URL_FILE)"
        )));
    }
    match place {
        Place::Empty => {
            sql::hold_all(conn)?;
            refuse_rows(&rows_there(conn)?)
        }
        // A pooler keeps sessions that nobody uses, and hides whose they are.
        Place::Replaced if settings.transaction_pooling => Ok(sql::empty_all(conn)?),
        Place::Replaced => {
            refuse_others(conn)?;
            sql::empty_all(conn)?;
            // Somebody who came in between waits for the rows by now.
            refuse_others(conn)
        }
    }
}

/// A server that runs would go on sealing under data keys that are no longer stored.
fn refuse_others(conn: &mut Conn) -> Result<(), TransferError> {
    match sql::others_at_work(conn)? {
        0 => Ok(()),
        others => Err(TransferError::Refused(format!(
            "{others} sessions of Vestibule are connected to this database; fix: stop every server \
             and command that uses it, then restore"
        ))),
    }
}

fn fill<R: BufRead>(
    conn: &mut Conn,
    source: &mut Source<R>,
    watch: &mut dyn FnMut(Step),
) -> Result<(), TransferError> {
    let mut batch = Batch { table: None, rows: Vec::new(), bytes: 0 };
    while let Some((table, cells)) = source.next()? {
        if batch.is_full_for(table) {
            batch.put(conn, watch)?;
        }
        if batch.table.is_none_or(|last| last.name != table.name) {
            watch(Step::Table(table.name, None));
            batch.table = Some(table);
        }
        check_nul(conn, table, &cells)?;
        batch.bytes += cells.iter().flatten().map(String::len).sum::<usize>();
        batch.rows.push(cells);
    }
    batch.put(conn, watch)?;
    sql::draw_on(conn)?;
    Ok(())
}

fn refuse_rows(there: &Counts) -> Result<(), TransferError> {
    if there.is_empty() {
        return Ok(());
    }
    let listed: Vec<_> = there.iter().map(|(table, count)| format!("{table} {count}")).collect();
    Err(TransferError::Refused(format!(
        "the database is not empty (rows: {}); fix: name an empty database in database.url, or let \
         `vestibule restore FILE --yes` replace what is there",
        listed.join(", ")
    )))
}

fn check_nul(conn: &Conn, table: &Table, cells: &Cells) -> Result<(), TransferError> {
    let has_nul = |cell: &Option<String>| cell.as_ref().is_some_and(|text| text.contains('\0'));
    if sql::takes_nul(conn) {
        return Ok(());
    }
    let found = table.columns.iter().zip(cells).find(|(_, cell)| has_nul(cell));
    let Some((column, _)) = found else { return Ok(()) };
    let key = key_of(table, cells).replace('\0', "\u{fffd}");
    Err(TransferError::Refused(format!(
        "{} row {key}: {} holds the character U+0000, which PostgreSQL cannot store; fix: change \
         that value where the export came from, and export again",
        table.name, column.name
    )))
}

/// Rows of one table on their way.
struct Batch {
    table: Option<&'static Table>,
    rows: Vec<Cells>,
    bytes: usize,
}

impl Batch {
    fn is_full_for(&self, table: &Table) -> bool {
        self.rows.len() >= BATCH
            || self.bytes >= BATCH_BYTES
            || self.table.is_some_and(|own| own.name != table.name)
    }

    fn put(&mut self, conn: &mut Conn, watch: &mut dyn FnMut(Step)) -> Result<(), TransferError> {
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        let Some(table) = self.table.filter(|_| !rows.is_empty()) else { return Ok(()) };
        let count = rows.len() as u64;
        let name = table.name;
        sql::insert(conn, table, rows).map_err(|error| {
            let why = StorageError::from(error);
            TransferError::Refused(format!(
                "rows of {name} do not fit together: {why}; fix: take another copy of the export"
            ))
        })?;
        watch(Step::Rows(count));
        Ok(())
    }
}
