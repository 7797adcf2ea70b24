//! Data keys at rest.

use diesel::prelude::*;
use vestibule_model::{Timestamp, sealed::StoredDataKey};

use crate::{Conn, StorageError, dialect, schema::data_keys};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = data_keys, treat_none_as_default_value = false)]
struct Row {
    id: String,
    sealed_key: String,
    created_at: i64,
    retired_at: Option<i64>,
}

impl From<Row> for StoredDataKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            sealed_key: row.sealed_key,
            created_at: Timestamp(row.created_at),
            retired_at: row.retired_at.map(Timestamp),
        }
    }
}

/// Every key, oldest first.
pub fn list(conn: &mut Conn) -> Result<Vec<StoredDataKey>, StorageError> {
    let rows: Vec<Row> = data_keys::table
        .order((data_keys::created_at, data_keys::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(StoredDataKey::from).collect())
}

/// Keeps a key. `Duplicate` names `data key`.
pub fn insert(conn: &mut Conn, key: &StoredDataKey) -> Result<(), StorageError> {
    let row = Row {
        id: key.id.clone(),
        sealed_key: key.sealed_key.clone(),
        created_at: key.created_at.0,
        retired_at: key.retired_at.map(|at| at.0),
    };
    diesel::insert_into(data_keys::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["data key"]))?;
    Ok(())
}

/// Notes that from `at` on nothing that lasts is sealed under the key. `false` if that was noted
/// before.
pub fn retire(conn: &mut Conn, id: &str, at: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(data_keys::table.find(id))
        .filter(data_keys::retired_at.is_null())
        .set(data_keys::retired_at.eq(at.0))
        .execute(conn)?;
    Ok(count == 1)
}

/// Deletes a key that was retired at `until` or before. `false` if it was not, or is gone.
pub fn erase(conn: &mut Conn, id: &str, until: Timestamp) -> Result<bool, StorageError> {
    let retired = data_keys::table.find(id).filter(data_keys::retired_at.le(until.0));
    Ok(diesel::delete(retired).execute(conn)? == 1)
}

/// Keeps every other instance from changing keys until this transaction ends. Call it in a `write`,
/// before [`list`], so that two instances never make a key for the same reason.
pub fn lock(conn: &mut Conn) -> Result<(), StorageError> {
    Ok(dialect::lock_data_keys(conn)?)
}
