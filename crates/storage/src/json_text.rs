//! Lists and sub-documents as JSON text, and the rules for text that somebody else wrote.

use serde::{Serialize, de::DeserializeOwned};
use vestibule_model::ScopeSet;

use crate::StorageError;

/// `value` as JSON. Its `\u0000` stays an escape, so that PostgreSQL takes it.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value)
        .map_err(|error| StorageError::Inconsistent(format!("cannot be written as JSON: {error}")))
}

/// The value behind `text`; `column` is named in the complaint, the text is not.
pub(crate) fn read<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, StorageError> {
    serde_json::from_str(text)
        .map_err(|error| StorageError::Inconsistent(format!("{column} does not read: {error}")))
}

/// A scope column.
pub(crate) fn read_scope(column: &str, text: &str) -> Result<ScopeSet, StorageError> {
    ScopeSet::parse(text).map_err(|error| StorageError::Inconsistent(format!("{column}: {error}")))
}

/// Whether a key from outside could be in a table at all. PostgreSQL refuses a statement with
/// U+0000 in a text, and no row has one: the answer is "not found", not an error.
pub(crate) fn can_be_key(text: &str) -> bool {
    !text.contains('\0')
}

/// `text` as any database takes it, for columns that people read.
pub(crate) fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
