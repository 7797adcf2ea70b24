//! A look at an SQLite file.

use std::{path::Path, time::Duration};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

use crate::StorageError;

/// What can be said of an SQLite database.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SqliteFacts {
    /// The library's version.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// Such as `wal`; not known of a file that nobody works on.
    #[diesel(sql_type = Nullable<Text>)]
    pub journal_mode: Option<String>,
    /// Bytes of the file.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
    /// Of these, bytes that nothing is in.
    #[diesel(sql_type = BigInt)]
    pub free_bytes: i64,
}

/// Opens the file so that nothing can be written; `true` if nobody works on it.
///
/// Even who only reads a database with a write-ahead log makes the files `-wal` and `-shm` beside it
/// if they are not there, and leaves them. They are there while a server runs; otherwise the file is
/// opened as one that nobody changes.
pub(super) fn open(
    path: &Path,
    patience: Duration,
) -> Result<(SqliteConnection, bool), StorageError> {
    let failed = |reason: String| {
        StorageError::Database(format!("cannot open `{}`: {reason}", path.display()))
    };
    let text = path.to_str().ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
    let metadata = path.metadata().map_err(|error| failed(error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is no file".to_owned()));
    }
    let at_rest = !Path::new(&format!("{text}-wal")).exists();
    let url =
        format!("file:{}?mode=ro{}", escaped(text), if at_rest { "&immutable=1" } else { "" });
    let mut conn = SqliteConnection::establish(&url).map_err(|error| failed(error.to_string()))?;
    let settings =
        format!("PRAGMA busy_timeout = {}; PRAGMA query_only = 1;", patience.as_millis());
    conn.batch_execute(&settings).map_err(|error| failed(error.to_string()))?;
    // Opening reads nothing yet.
    conn.batch_execute("SELECT 1 FROM sqlite_schema LIMIT 1")
        .map_err(|error| failed(error.to_string()))?;
    Ok((conn, at_rest))
}

/// The path as a URI has it (SQLite, "Uniform Resource Identifiers").
fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

pub(super) fn facts(
    conn: &mut SqliteConnection,
    at_rest: bool,
) -> Result<SqliteFacts, StorageError> {
    let facts: SqliteFacts = sql_query(
        "SELECT sqlite_version() AS version, journal_mode, page_count * page_size AS bytes,
                freelist_count * page_size AS free_bytes
         FROM pragma_journal_mode, pragma_page_count, pragma_page_size, pragma_freelist_count",
    )
    .get_result(conn)?;
    // A file that is opened as one that nobody changes has no journal.
    Ok(SqliteFacts { journal_mode: facts.journal_mode.filter(|_| !at_rest), ..facts })
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

pub(super) fn damage(conn: &mut SqliteConnection) -> Result<Vec<String>, StorageError> {
    let lines: Vec<Line> = sql_query("PRAGMA quick_check(5)").load(conn)?;
    Ok(lines.into_iter().map(|line| line.quick_check).filter(|line| line != "ok").collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn looking_leaves_no_file_and_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd #%41 name.db");
        let second = Duration::from_secs(1);
        assert!(open(&path, second).is_err(), "there is nothing to look at");
        assert!(names(folder.path()).is_empty());
        let mut owner = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        owner.batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE a (b)").unwrap();
        let (mut busy, at_rest) = open(&path, second).unwrap();
        let during = facts(&mut busy, at_rest).unwrap();
        assert_eq!((during.journal_mode.as_deref(), at_rest), (Some("wal"), false));
        assert!(damage(&mut busy).unwrap().is_empty());
        assert!(busy.batch_execute("DROP TABLE a").is_err());
        drop(busy);
        drop(owner);
        let before = names(folder.path());
        assert_eq!(before.len(), 1, "{before:?}");
        let (mut left, at_rest) = open(&path, second).unwrap();
        let after = facts(&mut left, at_rest).unwrap();
        assert!(at_rest && after.bytes > 0 && after.journal_mode.is_none());
        assert!(left.batch_execute("DROP TABLE a").is_err());
        drop(left);
        assert_eq!(names(folder.path()), before);
    }

    #[test]
    fn what_is_no_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vestibule.db");
        fs::write(&path, "something else altogether, and long enough to have a header").unwrap();
        assert!(open(&path, Duration::from_secs(1)).is_err());
    }
}
