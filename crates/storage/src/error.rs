//! The one error type of the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use vestibule_model::{ErrorCode, OAuthError};

/// Why a database job came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// More work is waiting than the settings allow, or no connection or lock came free in time.
    /// Nothing was written; the same call may succeed a little later.
    #[error("the database is overloaded")]
    Overloaded,
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
        let DieselError::DatabaseError(kind, report) = &error else {
            return Self::Database(error.to_string());
        };
        let message = report.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Duplicate { what: "row" },
            DatabaseErrorKind::ForeignKeyViolation => Self::Inconsistent(message.to_owned()),
            _ if is_contention(message) => Self::Overloaded,
            _ => Self::Database(message.to_owned()),
        }
    }
}

/// Whether the message says that somebody else holds the lock: SQLite's `SQLITE_BUSY`, and
/// PostgreSQL's `lock_timeout`. Neither has an error kind of its own in Diesel.
fn is_contention(message: &str) -> bool {
    message == "database is locked" || message.contains("due to lock timeout")
}

impl StorageError {
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
            StorageError::Overloaded => ErrorCode::Overloaded,
            _ => ErrorCode::Internal,
        };
        Self::new(code).because(error.to_string())
    }
}
