//! From a database to lines.

use std::io::Write;

use diesel::connection::TransactionManager;
use vestibule_model::Timestamp;

use super::{
    Counts, Step, TransferError, check_shape,
    format::{Header, Lines},
    newest_known, sql,
    tables::TABLES,
};
use crate::{
    Conn, DatabaseSettings, DatabaseUrl,
    backup::{self, InUse},
    connection::{self, Purpose},
};

/// Rows between two words about progress.
const OFTEN: u64 = 1_000;

/// What the header says beside what the database knows.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The version of this program.
    pub version: &'a str,
    /// The present time.
    pub now: Timestamp,
    /// Count each table's rows beforehand, for somebody who watches.
    pub counts_first: bool,
}

/// Writes every row of one moment, while others read and write. Memory does not grow with the rows.
///
/// # Errors
/// A database of another schema than this version's is refused.
pub fn export(
    settings: &DatabaseSettings,
    stamp: &Stamp<'_>,
    out: &mut dyn Write,
    watch: &mut dyn FnMut(Step),
) -> Result<Counts, TransferError> {
    if let DatabaseUrl::Sqlite { path } = &settings.url
        && !path.exists()
    {
        return Err(backup::no_database(path));
    }
    let _in_use = InUse::of(settings)?;
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    sql::begin_snapshot(&mut conn)?;
    let written = write(&mut conn, stamp, out, watch);
    // Nothing was changed, so that there is nothing to keep.
    let ended = <Conn as TransactionManager<Conn>>::rollback_transaction(&mut conn);
    let counts = written?;
    ended?;
    Ok(counts)
}

fn write(
    conn: &mut Conn,
    stamp: &Stamp<'_>,
    out: &mut dyn Write,
    watch: &mut dyn FnMut(Step),
) -> Result<Counts, TransferError> {
    check_shape(conn)?;
    let schema = newest_known().to_owned();
    let header = Header::new(stamp.version, schema, sql::kind_of(conn), stamp.now);
    let mut lines = Lines::begin(out, &header)?;
    for table in TABLES {
        let total = stamp.counts_first.then(|| sql::count(conn, table)).transpose()?;
        watch(Step::Table(table.name, total));
        let mut untold = 0;
        sql::each_row(conn, table, |cells| {
            lines.row(table, &cells)?;
            untold += 1;
            if untold == OFTEN {
                watch(Step::Rows(std::mem::take(&mut untold)));
            }
            Ok(())
        })?;
        watch(Step::Rows(untold));
    }
    lines.end()
}
