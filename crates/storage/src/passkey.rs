//! Passkeys (Web Authentication).

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId, factor::Passkey};

use crate::{
    Conn, StorageError,
    json_text::{can_be_key, printable},
    schema::passkeys,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = passkeys, treat_none_as_default_value = false)]
struct Row {
    id: String,
    user_id: String,
    name: String,
    credential: String,
    aaguid: Option<String>,
    backed_up: bool,
    created_at: i64,
    last_used_at: Option<i64>,
}

impl From<Row> for Passkey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: UserId::new(row.user_id),
            name: row.name,
            credential: row.credential,
            aaguid: row.aaguid,
            backed_up: row.backed_up,
            created_at: Timestamp(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp),
        }
    }
}

/// Keeps a passkey. `Duplicate` names `passkey` if somebody has it already.
pub fn insert(conn: &mut Conn, passkey: &Passkey) -> Result<(), StorageError> {
    let row = Row {
        id: passkey.id.clone(),
        user_id: passkey.user_id.as_str().to_owned(),
        name: printable(&passkey.name),
        credential: passkey.credential.clone(),
        aaguid: passkey.aaguid.clone(),
        backed_up: passkey.backed_up,
        created_at: passkey.created_at.0,
        last_used_at: passkey.last_used_at.map(|at| at.0),
    };
    diesel::insert_into(passkeys::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["passkey"]))?;
    Ok(())
}

/// The passkey of that credential id.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Passkey>, StorageError> {
    if !can_be_key(id) {
        return Ok(None);
    }
    let row: Option<Row> =
        passkeys::table.find(id).select(Row::as_select()).first(conn).optional()?;
    Ok(row.map(Passkey::from))
}

/// The user's passkeys, oldest first.
pub fn list_of_user(conn: &mut Conn, user: &UserId) -> Result<Vec<Passkey>, StorageError> {
    let rows: Vec<Row> = passkeys::table
        .filter(passkeys::user_id.eq(user.as_str()))
        .order((passkeys::created_at, passkeys::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Passkey::from).collect())
}

/// Notes a use: `credential` with its new counter, and whether it is now synchronised. `false` if it
/// was removed meanwhile.
pub fn used(
    conn: &mut Conn,
    id: &str,
    credential: &str,
    backed_up: bool,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let count = diesel::update(passkeys::table.find(id))
        .set((
            passkeys::credential.eq(credential),
            passkeys::backed_up.eq(backed_up),
            passkeys::last_used_at.eq(now.0),
        ))
        .execute(conn)?;
    Ok(count == 1)
}

/// Gives the passkey another name. `false` if the user has no such passkey.
pub fn rename(conn: &mut Conn, id: &str, user: &UserId, name: &str) -> Result<bool, StorageError> {
    if !can_be_key(id) {
        return Ok(false);
    }
    let count = diesel::update(passkeys::table.find(id))
        .filter(passkeys::user_id.eq(user.as_str()))
        .set(passkeys::name.eq(printable(name)))
        .execute(conn)?;
    Ok(count == 1)
}

/// Removes the passkey. `false` if the user has no such passkey.
pub fn delete(conn: &mut Conn, id: &str, user: &UserId) -> Result<bool, StorageError> {
    if !can_be_key(id) {
        return Ok(false);
    }
    let one = passkeys::table.find(id).filter(passkeys::user_id.eq(user.as_str()));
    Ok(diesel::delete(one).execute(conn)? == 1)
}
