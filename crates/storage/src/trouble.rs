//! What befell a connection while it did a job, as its own statements tell it: by the time a closure
//! answers, the error has become one of the caller's.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    connection::{Connection, DebugQuery, InstrumentationEvent},
    result::{DatabaseErrorKind, Error as DieselError},
};
use parking_lot::Mutex;

use crate::Conn;

/// What keeps a database from doing what it could do a moment later. The worse the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// The server undid the transaction for the sake of another (`40001`, `40P01`).
    Conflict,
    /// The disk is full or does not work.
    Disk,
    /// The server takes no writes (`25006`): it is a replica by now.
    ReadOnly,
    /// The connection is dead.
    Gone,
}

impl Trouble {
    /// What `error` tells, if it tells of trouble.
    pub(crate) fn of(error: &DieselError) -> Option<Self> {
        let (kind, report) = match error {
            DieselError::DatabaseError(kind, report) => (kind, report),
            DieselError::BrokenTransactionManager => return Some(Self::Gone),
            DieselError::RollbackErrorOnCommit { commit_error, .. } => {
                return Self::of(commit_error);
            }
            _ => return None,
        };
        match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Some(Self::Gone)
            }
            DatabaseErrorKind::ReadOnlyTransaction => Some(Self::ReadOnly),
            DatabaseErrorKind::SerializationFailure => Some(Self::Conflict),
            DatabaseErrorKind::Unknown => Self::of_message(report.message()),
            _ => None,
        }
    }

    /// Those that have no error kind of their own in Diesel, which does not tell the SQLSTATE.
    fn of_message(message: &str) -> Option<Self> {
        if message == "deadlock detected" {
            return Some(Self::Conflict);
        }
        let is_dead =
            ["terminating connection", "server closed the connection", "the database system is"];
        if is_dead.iter().any(|start| message.starts_with(start)) {
            return Some(Self::Gone);
        }
        let disk = ["database or disk is full", "disk I/O error", "unable to open database file"];
        disk.contains(&message).then_some(Self::Disk)
    }
}

/// Watches a connection's statements, and logs the slow ones.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    trouble: Option<Trouble>,
    is_aborted: bool,
    began: Option<Instant>,
}

impl Witness {
    /// Begins to watch `conn`. Statements that take longer than `slow` are logged; zero: none.
    pub(crate) fn of(conn: &mut Conn, slow: Duration) -> Self {
        let witness = Self::default();
        let notes = Arc::clone(&witness.0);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => notes.lock().began = Some(Instant::now()),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                let mut notes = notes.lock();
                if let Some(error) = error {
                    notes.is_aborted = true;
                    notes.trouble = notes.trouble.max(Trouble::of(error));
                }
                let took = notes.began.take().map(|began| began.elapsed());
                drop(notes);
                if let Some(took) = took.filter(|took| !slow.is_zero() && *took >= slow) {
                    log_slow(query, took);
                }
            }
            InstrumentationEvent::RollbackTransaction { .. } => notes.lock().forget_undone(),
            _ => {}
        });
        witness
    }

    /// Forgets everything: the next job begins.
    pub(crate) fn clear(&self) {
        *self.0.lock() = Notes::default();
    }

    /// How long the statement has been running that runs now; nothing if none does.
    pub(crate) fn running_for(&self) -> Duration {
        self.0.lock().began.map(|began| began.elapsed()).unwrap_or_default()
    }

    /// The worst that was seen since.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.0.lock().trouble
    }

    /// Whether a statement failed that no savepoint took back. PostgreSQL answers the `COMMIT` of
    /// such a transaction by undoing it, without an error.
    pub(crate) fn is_aborted(&self) -> bool {
        self.0.lock().is_aborted
    }
}

impl Notes {
    /// A savepoint takes back what failed inside it, except that a dead connection stays dead.
    fn forget_undone(&mut self) {
        self.is_aborted = false;
        self.trouble = self.trouble.filter(|trouble| *trouble > Trouble::Conflict);
    }
}

fn log_slow(query: &dyn DebugQuery, took: Duration) {
    let text = query.to_string();
    // The values may be secret.
    let statement = text.split_once("-- binds").map_or(text.as_str(), |(sql, _)| sql);
    let statement: String = statement.trim_end().chars().take(1_000).collect();
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(event = "database.slow", milliseconds, statement, "a slow statement");
}
