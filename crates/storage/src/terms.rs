//! Which terms of service people accepted.

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId};

use crate::{Conn, StorageError, dialect, json_text::can_be_key, schema::terms_acceptances};

#[derive(Insertable)]
#[diesel(table_name = terms_acceptances)]
pub(crate) struct Row {
    user_id: String,
    version: String,
    accepted_at: i64,
}

/// One acceptance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Which version of the terms.
    pub version: String,
    /// When it was first accepted.
    pub at: Timestamp,
}

/// Notes that the user accepted that version. Once it is noted, it stays as it is.
pub fn accept(
    conn: &mut Conn,
    user: &UserId,
    version: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    let row =
        Row { user_id: user.as_str().to_owned(), version: version.to_owned(), accepted_at: now.0 };
    dialect::insert_acceptance(conn, &row)?;
    Ok(())
}

/// Whether the user accepted that version.
pub fn accepted(conn: &mut Conn, user: &UserId, version: &str) -> Result<bool, StorageError> {
    if !can_be_key(version) {
        return Ok(false);
    }
    let one = terms_acceptances::table
        .find((user.as_str(), version))
        .select(terms_acceptances::accepted_at)
        .first::<i64>(conn)
        .optional()?;
    Ok(one.is_some())
}

/// What the user accepted, the newest first.
pub fn list_of_user(conn: &mut Conn, user: &UserId) -> Result<Vec<Acceptance>, StorageError> {
    let rows: Vec<(String, i64)> = terms_acceptances::table
        .filter(terms_acceptances::user_id.eq(user.as_str()))
        .order((terms_acceptances::accepted_at.desc(), terms_acceptances::version.desc()))
        .select((terms_acceptances::version, terms_acceptances::accepted_at))
        .load(conn)?;
    let acceptance = |(version, at)| Acceptance { version, at: Timestamp(at) };
    Ok(rows.into_iter().map(acceptance).collect())
}
