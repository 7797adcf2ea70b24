//! `vestibule restore`: everything is made ready beside the database, and takes its place at once or
//! not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use vestibule_model::audit::AuditEvent;
use vestibule_model::{Clock, Timestamp};
use vestibule_storage::backup::{self as copies, Vacant};
use vestibule_storage::transfer::{
    self, Counts, Ended, Place, Source, Stamp, TransferError, end_everything,
};
use vestibule_storage::{Conn, DatabaseSettings, DatabaseUrl, StorageError};

use super::super::drafts;
use super::super::new_file::folder_of;
use super::super::output::Output;
use super::super::progress::Progress;
use super::super::{held_keys, transfer as lines};
use super::Restore;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::fault::Fault;
use crate::premises;

/// What every SQLite file begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// What the new file is called until it has its place.
const NEW_NAME: &str = "vestibule.db";

/// What a restore did.
struct Restored {
    /// In words, where the rows came from.
    from: &'static str,
    rows: Option<Counts>,
    ended: Option<Ended>,
    /// Where the file is that was there before.
    kept: Option<PathBuf>,
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its configuration over")]
pub(in crate::cli) fn restore(
    arguments: &Restore,
    config: Config,
    output: &mut Output,
) -> Result<(), Fault> {
    let is_copy = is_sqlite(&arguments.file)?;
    let mut job = Job {
        arguments,
        config: &config,
        progress: Progress::new(output),
        output,
        now: SystemClock.now(),
    };
    let restored = match (&config.database.url, is_copy) {
        (DatabaseUrl::Sqlite { path }, is_copy) => job.fill_sqlite(path, is_copy),
        (DatabaseUrl::Postgres { .. }, true) => job.copy_into_postgres(),
        (DatabaseUrl::Postgres { .. }, false) => job.export_into_postgres(),
    };
    let Job { progress, output, .. } = job;
    progress.end(output);
    let restored = restored?;
    output.answer(&answer(arguments, &restored), &words(arguments, &restored))
}

fn is_sqlite(path: &Path) -> Result<bool, Fault> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SQLITE.len() as u64).read_to_end(&mut start))
        .map_err(Fault::io(format!("cannot read {}", path.display())))?;
    Ok(start == SQLITE)
}

fn answer(arguments: &Restore, restored: &Restored) -> Value {
    json!({
        "file": arguments.file,
        "from": restored.from,
        "rows": restored.rows,
        "kept": restored.kept,
        "sessions_ended": restored.ended.map(|ended| ended.sessions),
        "grants_revoked": restored.ended.map(|ended| ended.grants),
    })
}

fn words(arguments: &Restore, restored: &Restored) -> String {
    let mut said = vec![format!("Restored {}, {}.", arguments.file.display(), restored.from)];
    if let Some(rows) = &restored.rows {
        said.push(format!("It has {} rows.", lines::total(rows)));
    }
    if let Some(kept) = &restored.kept {
        let kept = kept.display();
        said.push(format!("What was there is in {kept}; remove it when you no longer need it."));
    }
    said.push(match restored.ended {
        Some(ended) => format!(
            "Ended {} sessions and revoked {} grants: everybody signs in again.",
            ended.sessions, ended.grants
        ),
        None => "Sessions and tokens are what they were when the backup was made, also those that \
                 were ended or revoked since; `--end-sessions` ends them all."
            .to_owned(),
    });
    said.join("\n")
}

/// A restore at work.
struct Job<'a> {
    arguments: &'a Restore,
    config: &'a Config,
    progress: Progress,
    output: &'a mut Output,
    now: Timestamp,
}

impl Job<'_> {
    /// Into an SQLite database: a whole new file is made beside it first.
    fn fill_sqlite(&mut self, path: &Path, is_copy: bool) -> Result<Restored, Fault> {
        premises::make_database_folder(&self.config.database)?;
        let place = Vacant::take(path)?;
        self.refuse_rows()?;
        let folder = beside(folder_of(path))?;
        let new = folder.path().join(NEW_NAME);
        let (from, rows, event) = if is_copy {
            self.take_copy(&new)?;
            ("a copy of an SQLite database", None, self.event("from a copy"))
        } else {
            let mut source = self.open_export()?;
            let event = self.event(&lines::told(&source));
            let settings = sqlite(&new);
            let counts = self.import(&settings, &mut source, Place::Empty, &mut |_| Ok(()))?;
            ("an export", Some(counts), event)
        };
        let mut ended = None;
        copies::prepare(&new, &mut |conn| {
            ended = self.finish(conn, &event)?;
            Ok(())
        })?;
        let kept = place.fill(&new)?;
        Ok(Restored { from, rows, ended, kept })
    }

    /// Copies the file to `new` and judges the copy: the file itself is only read.
    fn take_copy(&mut self, new: &Path) -> Result<(), Fault> {
        let file = &self.arguments.file;
        self.progress.doing(&format!("copying {}", file.display()), self.output);
        let copied = self.copy(file, new).and_then(|()| {
            // A file that was copied from a stopped server may have a log beside it.
            let log = with_suffix(file, "-wal");
            if log.exists() { self.copy(&log, &with_suffix(new, "-wal")) } else { Ok(()) }
        });
        copied.map_err(Fault::io(format!("cannot copy {}", file.display())))?;
        self.progress.doing("checking the copy", self.output);
        copies::check(new)?;
        held_keys::check(self.config, &copies::keys(new)?)
    }

    /// Copies a file to a new one, which only its owner can read.
    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut new = options.write(true).create_new(true).mode(0o600).open(to)?;
        self.progress.copy(File::open(from)?, &mut new).map(drop)
    }

    fn open_export(&mut self) -> Result<Source<BufReader<Box<dyn Read>>>, Fault> {
        let source = Source::open(lines::reader(&self.arguments.file, &mut self.progress)?)?;
        held_keys::check(self.config, source.keys())?;
        Ok(source)
    }

    fn export_into_postgres(&mut self) -> Result<Restored, Fault> {
        self.refuse_rows()?;
        let mut source = self.open_export()?;
        let event = self.event(&lines::told(&source));
        let (counts, ended) = self.replace(&mut source, &event)?;
        Ok(Restored { from: "an export", rows: Some(counts), ended, kept: None })
    }

    /// An SQLite file into PostgreSQL: what would be exported from it goes through a pipe.
    fn copy_into_postgres(&mut self) -> Result<Restored, Fault> {
        self.refuse_rows()?;
        let folder = beside(&std::env::temp_dir())?;
        let new = folder.path().join(NEW_NAME);
        self.take_copy(&new)?;
        copies::prepare(&new, &mut |_| Ok(()))?;
        let stamp =
            Stamp { version: env!("CARGO_PKG_VERSION"), now: self.now, counts_first: false };
        let (receiver, sender) = io::pipe().map_err(Fault::io("cannot make a pipe"))?;
        let settings = sqlite(&new);
        let event = self.event("from a copy of an SQLite database");
        let (sent, taken) = thread::scope(|scope| {
            let sending = scope.spawn(move || {
                let mut out = BufWriter::new(sender);
                transfer::export(&settings, &stamp, &mut out, &mut |_| ())
            });
            let taken = Source::open(BufReader::new(receiver))
                .map_err(Fault::from)
                .and_then(|mut source| self.replace(&mut source, &event));
            (sending.join(), taken)
        });
        // Whoever stopped first has the reason.
        let (counts, ended) = match (sent, taken) {
            (Ok(Err(why)), _) if !matches!(why, TransferError::Io(_)) => return Err(why.into()),
            (_, taken) => taken?,
        };
        let from = "a copy of an SQLite database";
        Ok(Restored { from, rows: Some(counts), ended, kept: None })
    }

    /// Puts the rows of `source` in the place of all there are, in one transaction.
    fn replace<R: io::BufRead>(
        &mut self,
        source: &mut Source<R>,
        event: &AuditEvent,
    ) -> Result<(Counts, Option<Ended>), Fault> {
        let (end, now) = (self.arguments.end_sessions, self.now);
        let mut ended = None;
        let counts = self.import(&self.config.database, source, Place::Replaced, &mut |conn| {
            ended = finish(conn, event, end.then_some(now))?;
            Ok(())
        })?;
        Ok((counts, ended))
    }

    fn import<R: io::BufRead>(
        &mut self,
        settings: &DatabaseSettings,
        source: &mut Source<R>,
        place: Place,
        at_end: &mut dyn FnMut(&mut Conn) -> Result<(), StorageError>,
    ) -> Result<Counts, Fault> {
        let (progress, output) = (&mut self.progress, &mut *self.output);
        let mut watch = |step| progress.step(step, output);
        Ok(transfer::import(settings, source, place, at_end, &mut watch)?)
    }

    fn finish(&self, conn: &mut Conn, event: &AuditEvent) -> Result<Option<Ended>, StorageError> {
        finish(conn, event, self.arguments.end_sessions.then_some(self.now))
    }

    fn event(&self, from: &str) -> AuditEvent {
        let sessions = if self.arguments.end_sessions { "; every session ended" } else { "" };
        let detail = format!("{from}{sessions}");
        AuditEvent::new(self.now, "database.restored", "command-line").detail(detail)
    }

    /// Unless it was said that what is there may go.
    fn refuse_rows(&self) -> Result<(), Fault> {
        if self.arguments.yes {
            return Ok(());
        }
        let there = match transfer::occupied(&self.config.database) {
            Ok(there) if there.is_empty() => return Ok(()),
            Ok(there) => there,
            Err(why) => {
                return Err(Fault::refused(format!(
                    "the database that is there cannot be read ({why}); fix: add --yes to put the \
                     backup in its place"
                )));
            }
        };
        let listed: Vec<_> =
            there.iter().map(|(table, count)| format!("{table} {count}")).collect();
        Err(Fault::refused(format!(
            "the database has rows ({}), which a restore replaces; fix: add --yes if you want that",
            listed.join(", ")
        )))
    }
}

/// What is done to the rows once they are there: `end` says since when nobody is signed in.
fn finish(
    conn: &mut Conn,
    event: &AuditEvent,
    end: Option<Timestamp>,
) -> Result<Option<Ended>, StorageError> {
    let ended = end.map(|now| end_everything(conn, now)).transpose()?;
    vestibule_storage::audit::insert(conn, event)?;
    Ok(ended)
}

fn sqlite(path: &Path) -> DatabaseSettings {
    DatabaseSettings::new(DatabaseUrl::Sqlite { path: path.to_owned() })
}

/// A folder to make the new database in.
fn beside(folder: &Path) -> Result<drafts::Folder, Fault> {
    let made = drafts::Folder::in_folder(folder);
    made.map_err(Fault::io(format!("cannot write to {}", folder.display())))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
