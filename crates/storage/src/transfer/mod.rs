//! Every row, from one database to another: `vestibule export`, `import`, `backup` and `restore`.
//!
//! An export is text, a line a value: a header, each row of [`TABLES`] from one moment, and an end
//! with counts and a digest. It is the same whichever database wrote it, and either takes it in:
//! values go over as they rest, hashes and sealed texts too, so that a copy needs the same master
//! key and no more. `sql.rs` speaks to the two databases; it stands beside `dialect.rs`, for rows of
//! any table have no types.

mod ending;
mod export;
mod format;
mod import;
mod sql;
mod tables;

use crate::{StorageError, migrate};

pub use ending::{Ended, end_everything};
pub use export::{Stamp, export};
pub use format::{Header, SealedKeys, Source};
pub use import::{Place, import, occupied};
pub use tables::{Column, Kind, TABLES, Table};

/// How many rows of each table, by the table's name.
pub type Counts = std::collections::BTreeMap<String, u64>;

/// How far a transfer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This table begins; with how many rows it has, where that is known.
    Table(&'static str, Option<u64>),
    /// So many more of its rows are done.
    Rows(u64),
}

/// Why a transfer came to nothing. The database that was to be filled is as it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Reading or writing the file.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It must not be, or cannot; with what to do.
    #[error("{0}")]
    Refused(String),
}

impl TransferError {
    fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// The file is not what was once written.
    fn damaged(line: u64, what: &str) -> Self {
        Self::Refused(format!(
            "line {line}: {what}: the file is damaged or was changed; fix: take another copy of it"
        ))
    }
}

impl From<diesel::result::Error> for TransferError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Storage(error.into())
    }
}

/// The newest migration that this program knows.
fn newest_known() -> &'static str {
    migrate::newest_known().unwrap_or_default()
}

/// Refuses what is no database of ours, or one that a newer version changed.
pub(crate) fn check_known(conn: &mut crate::Conn) -> Result<(), TransferError> {
    let newest = newest_known();
    match sql::applied(conn)?.last() {
        None => Err(TransferError::refused(
            "this is no database of Vestibule; fix: name a file that `vestibule backup` wrote",
        )),
        Some(last) if last.as_str() > newest => Err(TransferError::Refused(format!(
            "the backup is of the schema {last}, which this version of Vestibule does not know: its \
             newest is {newest}; fix: use the version that wrote it, or a newer one"
        ))),
        Some(_) => Ok(()),
    }
}

/// Refuses a database whose tables have not this version's shape.
fn check_shape(conn: &mut crate::Conn) -> Result<(), TransferError> {
    let newest = newest_known();
    let applied = sql::applied(conn)?;
    match applied.last() {
        Some(last) if last == newest => Ok(()),
        Some(last) if last.as_str() > newest => Err(TransferError::refused(format!(
            "the database is of the schema {last}, which this version of Vestibule does not know; \
             fix: use the version that runs on this database"
        ))),
        _ => Err(TransferError::refused(format!(
            "the database's tables are not of the schema {newest} yet; fix: run `vestibule migrate \
             up` first, or use the version of Vestibule that runs on this database"
        ))),
    }
}
