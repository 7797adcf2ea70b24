//! One-time links that make the first administrator.

use diesel::prelude::*;
use vestibule_model::{Timestamp, TokenHash};

use crate::{Conn, StorageError, schema::setup_links};

#[derive(Insertable)]
#[diesel(table_name = setup_links)]
struct Row {
    hash: String,
    expires_at: i64,
}

/// Keeps a link.
pub fn insert(
    conn: &mut Conn,
    hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    let row = Row { hash: hash.as_str().to_owned(), expires_at: expires_at.0 };
    diesel::insert_into(setup_links::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["setup link"]))?;
    Ok(())
}

/// Uses the link up. Of any number who try before its end, exactly one gets `true`.
pub fn consume(conn: &mut Conn, hash: &TokenHash, now: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(setup_links::table.find(hash.as_str()))
        .filter(setup_links::consumed_at.is_null())
        .filter(setup_links::expires_at.gt(now.0))
        .set(setup_links::consumed_at.eq(now.0))
        .execute(conn)?;
    Ok(count == 1)
}

/// Whether the link would still work.
pub fn is_open(conn: &mut Conn, hash: &TokenHash, now: Timestamp) -> Result<bool, StorageError> {
    let one = setup_links::table
        .find(hash.as_str())
        .filter(setup_links::consumed_at.is_null())
        .filter(setup_links::expires_at.gt(now.0))
        .select(setup_links::hash)
        .first::<String>(conn)
        .optional()?;
    Ok(one.is_some())
}
