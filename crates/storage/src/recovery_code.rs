//! Recovery codes at rest.

use diesel::prelude::*;
use vestibule_model::{Timestamp, TokenHash, UserId};

use crate::{Conn, StorageError, schema::recovery_codes};

/// Puts new codes in the place of all that the user had.
pub fn replace_all(
    conn: &mut Conn,
    user: &UserId,
    hashes: &[TokenHash],
    now: Timestamp,
) -> Result<(), StorageError> {
    delete_all(conn, user)?;
    let rows: Vec<_> = hashes
        .iter()
        .map(|hash| {
            (
                recovery_codes::hash.eq(hash.as_str()),
                recovery_codes::user_id.eq(user.as_str()),
                recovery_codes::created_at.eq(now.0),
            )
        })
        .collect();
    for row in rows {
        diesel::insert_into(recovery_codes::table)
            .values(row)
            .execute(conn)
            .map_err(|error| StorageError::of_insert(error, &["recovery code"]))?;
    }
    Ok(())
}

/// Uses the code up. Of any number who try, exactly one gets `true`.
pub fn use_one(
    conn: &mut Conn,
    user: &UserId,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let count = diesel::update(recovery_codes::table.find(hash.as_str()))
        .filter(recovery_codes::user_id.eq(user.as_str()))
        .filter(recovery_codes::used_at.is_null())
        .set(recovery_codes::used_at.eq(now.0))
        .execute(conn)?;
    Ok(count == 1)
}

/// How many of the user's codes were not used yet.
pub fn left(conn: &mut Conn, user: &UserId) -> Result<i64, StorageError> {
    Ok(recovery_codes::table
        .filter(recovery_codes::user_id.eq(user.as_str()))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(conn)?)
}

/// Takes the user's codes away.
pub fn delete_all(conn: &mut Conn, user: &UserId) -> Result<(), StorageError> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user.as_str())))
        .execute(conn)?;
    Ok(())
}
