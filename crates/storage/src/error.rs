//! The one error type of the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use vestibule_model::{ErrorCode, OAuthError};

use crate::{connection, trouble::Trouble};

/// Why a database job came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// More work is waiting than the settings allow, or no connection or lock came free in time.
    /// Nothing was written; the same call may succeed a little later.
    #[error("the database is overloaded")]
    Overloaded,
    /// The database cannot be reached, or cannot do it now: it restarts, another server takes over, a
    /// statement took too long, its disk is full. Nothing is acknowledged; unless the message says
    /// otherwise, nothing was written, and the same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Another row already holds a value that must be unique. Ends the transaction.
    #[error("{what} is already taken")]
    Duplicate {
        /// Which value.
        what: &'static str,
    },
    /// A row that fits no variant of its type, or work that was lost half way.
    #[error("the database holds something that cannot be: {0}")]
    Inconsistent(String),
    /// Any other fault of the database.
    #[error("database: {0}")]
    Database(String),
    /// The tables could not be brought to this version's shape.
    #[error("migration: {0}")]
    Migration(String),
}

impl From<DieselError> for StorageError {
    fn from(error: DieselError) -> Self {
        match Trouble::of(&error) {
            Some(Trouble::Conflict) => return Self::Overloaded,
            Some(Trouble::Disk) => return Self::disk(&error.to_string()),
            Some(Trouble::ReadOnly | Trouble::Gone) => return Self::Unavailable(error.to_string()),
            None => {}
        }
        let DieselError::DatabaseError(kind, report) = &error else {
            return Self::Database(error.to_string());
        };
        let message = report.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Duplicate { what: "row" },
            DatabaseErrorKind::ForeignKeyViolation => Self::Inconsistent(message.to_owned()),
            _ if is_contention(message) => Self::Overloaded,
            _ if message.contains("due to statement timeout") => {
                Self::Unavailable(message.to_owned())
            }
            _ if is_denied(message) => Self::Database(format!(
                "{message}; fix: use a database.url of the role that owns the tables, or give the \
                 server's role its rights (docs/operations/postgresql.md)"
            )),
            _ => Self::Database(message.to_owned()),
        }
    }
}

/// Whether PostgreSQL says that the role may not (`42501`), which Diesel does not tell either.
fn is_denied(message: &str) -> bool {
    ["permission denied for ", "must be owner of "].iter().any(|start| message.starts_with(start))
}

/// Whether the message says that somebody else holds the lock: SQLite's `SQLITE_BUSY`, and
/// PostgreSQL's `lock_timeout`. Neither has an error kind of its own in Diesel.
fn is_contention(message: &str) -> bool {
    message == "database is locked" || message.contains("due to lock timeout")
}

impl StorageError {
    /// Whether it may be over by itself a little later, so that waiting helps: the database cannot be
    /// reached. One that is reached and does not let us in has to be mended first.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(why) if !connection::is_refused_for_good(why))
    }

    /// SQLite's disk is full or broken.
    pub(crate) fn disk(message: &str) -> Self {
        Self::Unavailable(format!(
            "{message}; fix: make room on the disk of database.url (data_dir), or see what is wrong \
             with it; reading goes on, and writing by itself once there is room"
        ))
    }

    /// The connection ended while it carried out the `COMMIT`.
    pub(crate) fn unsettled(message: &str) -> Self {
        Self::Unavailable(format!(
            "the connection ended during a commit, which may have happened or not ({message})"
        ))
    }

    /// The server takes what it is sent and answers nothing.
    pub(crate) fn silent() -> Self {
        Self::Unavailable(
            "the server keeps the connection open and answers nothing; what it was asked may have \
             happened or not"
                .to_owned(),
        )
    }

    /// What a failed insert means. A unique violation is named after the first of `names` that
    /// occurs in the violated constraint, else after the last, which stands for the row's key.
    pub(crate) fn of_insert(error: DieselError, names: &[&'static str]) -> Self {
        let DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, report) = &error else {
            return error.into();
        };
        let constraint = report.constraint_name().unwrap_or_else(|| report.message());
        let violated = names.iter().find(|name| constraint.contains(**name));
        Self::Duplicate { what: violated.or(names.last()).copied().unwrap_or("row") }
    }
}

impl From<StorageError> for OAuthError {
    fn from(error: StorageError) -> Self {
        let code = match error {
            StorageError::Overloaded | StorageError::Unavailable(_) => ErrorCode::Overloaded,
            _ => ErrorCode::Internal,
        };
        Self::new(code).because(error.to_string())
    }
}
