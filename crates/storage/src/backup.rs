//! Copies of the SQLite file, made while others use it, and one of them put in its place while
//! nobody does.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{SimpleConnection, TransactionManager},
    sql_query,
    sql_types::{Integer, Text},
};

use crate::{
    Conn, DatabaseSettings, DatabaseUrl, StorageError,
    connection::{self, Purpose},
    dialect, migrate, owner,
    transfer::{self, SealedKeys, TransferError},
};

/// Says that a database is in use, for as long as it lives: the kernel forgets it with the process.
/// It rests on a file of its own, which is never renamed, so that nobody who waits for it wakes up
/// with the wrong one.
#[derive(Debug)]
pub(crate) struct InUse {
    _file: File,
}

impl InUse {
    /// Says so of the file that these settings name; refused while a restore replaces it. A server
    /// keeps its own books.
    pub(crate) fn of(settings: &DatabaseSettings) -> Result<Option<Self>, StorageError> {
        let DatabaseUrl::Sqlite { path } = &settings.url else { return Ok(None) };
        let failed =
            |why: &str| StorageError::Database(format!("cannot open `{}`: {why}", path.display()));
        let file = lock_file(path).map_err(|error| failed(&error.to_string()))?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => {
                Err(failed("`vestibule restore` is replacing it; fix: wait until it is done"))
            }
            Err(TryLockError::Error(error)) => Err(failed(&error.to_string())),
        }
    }
}

/// Opens the file of the lock, or makes it. The folder's owner may have put anything there, which a
/// command of root must neither follow nor give away: given away is only what was made here.
fn lock_file(path: &Path) -> io::Result<File> {
    let lock = beside(path, ".lock");
    let mut options = owner::wary();
    options.read(true).write(true).mode(0o600);
    let opened = match options.clone().create_new(true).open(&lock) {
        Ok(made) => {
            // Whoever may not give it away can use it himself.
            let _ = owner::of_place(path).and_then(|owner| owner::hand_over(&made, &owner));
            Ok(made)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(&lock),
        Err(error) => Err(error),
    };
    opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", lock.display())))
}

/// `path` with something behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    verdict: String,
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

fn settings_of(path: &Path) -> DatabaseSettings {
    DatabaseSettings::new(DatabaseUrl::Sqlite { path: path.to_owned() })
}

/// Writes one moment of the database at `path` to the empty file `to`, while others read and write,
/// and reads it back to see that it is whole.
///
/// # Errors
/// See [`TransferError`]; what is in `to` is worth nothing then.
pub fn copy(path: &Path, to: &Path) -> Result<(), TransferError> {
    if !path.exists() {
        return Err(no_database(path));
    }
    let text = to.to_str().ok_or_else(|| TransferError::Refused("the path is no UTF-8".into()))?;
    let settings = settings_of(path);
    let _in_use = InUse::of(&settings)?;
    let mut conn = connection::open(&settings, Purpose::Migrate)?;
    if let Conn::Sqlite(inner) = &mut conn {
        sql_query("VACUUM INTO ?").bind::<Text, _>(text).execute(inner)?;
    }
    drop(conn);
    check(to)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

pub(crate) fn no_database(path: &Path) -> TransferError {
    TransferError::Refused(format!(
        "there is no database at {}; fix: name the right one in database.url or data_dir",
        path.display()
    ))
}

/// Checks that the file is a whole database of ours, of a schema that this version knows. Nobody
/// else may have it open.
///
/// # Errors
/// [`TransferError::Refused`] says what it is instead.
pub fn check(path: &Path) -> Result<(), TransferError> {
    let damaged = |why: &str| {
        TransferError::Refused(format!(
            "the SQLite database is damaged: {why}; fix: take another copy of the backup"
        ))
    };
    let text =
        path.to_str().ok_or_else(|| TransferError::Refused("the path is no UTF-8".into()))?;
    let mut inner =
        SqliteConnection::establish(text).map_err(|error| damaged(&error.to_string()))?;
    let lines: Vec<Verdict> =
        sql_query("SELECT integrity_check AS verdict FROM pragma_integrity_check")
            .load(&mut inner)
            .map_err(|error| damaged(&error.to_string()))?;
    match lines.first() {
        Some(line) if line.verdict == "ok" => {}
        Some(line) => return Err(damaged(&line.verdict)),
        None => return Err(damaged("it cannot be checked")),
    }
    let orphans: Vec<Verdict> =
        sql_query("SELECT \"table\" AS verdict FROM pragma_foreign_key_check LIMIT 1")
            .load(&mut inner)?;
    if let Some(orphan) = orphans.first() {
        return Err(damaged(&format!("a row of {} belongs to none", orphan.verdict)));
    }
    transfer::check_known(&mut Conn::Sqlite(inner))
}

/// Makes a database of this version's shape ready to take another's place: runs `finish` in a
/// transaction, and leaves all of it in the one file, on disk.
///
/// # Errors
/// See [`TransferError`].
pub fn prepare(
    path: &Path,
    finish: &mut dyn FnMut(&mut Conn) -> Result<(), StorageError>,
) -> Result<(), TransferError> {
    let mut conn = connection::open(&settings_of(path), Purpose::Migrate)?;
    dialect::begin_write(&mut conn)?;
    match finish(&mut conn) {
        Ok(()) => <Conn as TransactionManager<Conn>>::commit_transaction(&mut conn)?,
        Err(error) => {
            let _ = <Conn as TransactionManager<Conn>>::rollback_transaction(&mut conn);
            return Err(error.into());
        }
    }
    settle(conn, path)
}

/// Closes a database that nobody else uses, with nothing of it left in a log beside it.
pub fn settle(mut conn: Conn, path: &Path) -> Result<(), TransferError> {
    if let Conn::Sqlite(inner) = &mut conn {
        let done: Checkpoint = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(inner)?;
        if done.busy != 0 {
            return Err(in_use(path));
        }
    }
    drop(conn);
    File::open(path)?.sync_all()?;
    Ok(())
}

/// What is sealed in a checked copy, whose tables are brought to this version's shape first.
///
/// # Errors
/// See [`StorageError`].
pub fn keys(path: &Path) -> Result<SealedKeys, StorageError> {
    let settings = settings_of(path);
    migrate::up(&settings)?;
    SealedKeys::of(&mut connection::open(&settings, Purpose::Migrate)?)
}

fn in_use(path: &Path) -> TransferError {
    TransferError::Refused(format!(
        "{} is in use: a server or another program has it open; fix: stop the server, then restore",
        path.display()
    ))
}

/// The place of a database that nobody uses, and nobody can begin to use while this lives.
#[derive(Debug)]
pub struct Vacant {
    path: PathBuf,
    _lock: File,
}

impl Vacant {
    /// Takes the place, whatever is there: a broken database too, or none.
    ///
    /// # Errors
    /// [`TransferError::Refused`] while somebody uses it.
    pub fn take(path: &Path) -> Result<Self, TransferError> {
        let lock = lock_file(path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Programs that know nothing of the lock file, such as an earlier version of this one.
        if path.exists() && is_open_elsewhere(path) {
            return Err(in_use(path));
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Puts the file `new` there, at once and for good, as its owner's who had what was there, or else
    /// has the folder. What was there is kept under another name, which is returned.
    ///
    /// # Errors
    /// What the system said; then what was there is still there.
    pub fn fill(self, new: &Path) -> Result<Option<PathBuf>, TransferError> {
        hand_over(new, &self.path)?;
        let aside = if self.path.exists() { Some(self.keep_aside()?) } else { None };
        // A log left beside would be taken for the new file's own.
        for suffix in ["-wal", "-shm"] {
            let log = beside(&self.path, suffix);
            if log.exists() {
                match &aside {
                    Some(aside) => fs::rename(&log, beside(aside, suffix))?,
                    None => fs::remove_file(&log)?,
                }
            }
        }
        fs::rename(new, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(aside)
    }

    /// Gives the file a second name: there is no moment at which it has none.
    fn keep_aside(&self) -> Result<PathBuf, TransferError> {
        for number in 1..10_000 {
            let aside = beside(&self.path, &format!(".before-restore-{number}"));
            match fs::hard_link(&self.path, &aside) {
                Ok(()) => return Ok(aside),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                // A file system without second names.
                Err(_) => {
                    fs::copy(&self.path, &aside)?;
                    return Ok(aside);
                }
            }
        }
        Err(TransferError::Refused("there are too many .before-restore- files".to_owned()))
    }
}

fn hand_over(new: &Path, place: &Path) -> Result<(), TransferError> {
    let given = owner::wary()
        .read(true)
        .open(new)
        .and_then(|new| owner::hand_over(&new, &owner::of_place(place)?));
    given.map_err(|error| {
        TransferError::Refused(format!(
            "cannot give the new file to the owner of {}: {error}; fix: run this command as the \
             server's user",
            place.display()
        ))
    })
}

/// Whether another connection is open. If none is, what was in the log is in the file afterwards.
fn is_open_elsewhere(path: &Path) -> bool {
    let Some(mut inner) = path.to_str().and_then(|path| SqliteConnection::establish(path).ok())
    else {
        return false;
    };
    // Everybody who has it open holds a lock that this needs alone.
    let prepared = inner.batch_execute("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE;");
    if prepared.is_err() {
        return false;
    }
    let mode = sql_query("PRAGMA journal_mode = DELETE").get_result::<JournalMode>(&mut inner);
    match mode {
        Ok(mode) => mode.journal_mode != "delete",
        // Any other fault is the file's, and no reason to keep it.
        Err(error) => error.to_string().contains("locked"),
    }
}
