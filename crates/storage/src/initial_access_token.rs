//! Initial access tokens (RFC 7591 §3).

use diesel::prelude::*;
use vestibule_model::{Timestamp, TokenHash, initial_access_token::InitialAccessToken};

use crate::{Conn, StorageError, json_text::can_be_key, schema::initial_access_tokens};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = initial_access_tokens, treat_none_as_default_value = false)]
struct Row {
    id: String,
    hash: String,
    label: String,
    created_at: i64,
    expires_at: i64,
    uses_left: Option<i64>,
}

impl From<Row> for InitialAccessToken {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            hash: TokenHash::new(row.hash),
            label: row.label,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            uses_left: row.uses_left,
        }
    }
}

/// Keeps a token.
pub fn insert(conn: &mut Conn, token: &InitialAccessToken) -> Result<(), StorageError> {
    let row = Row {
        id: token.id.clone(),
        hash: token.hash.as_str().to_owned(),
        label: token.label.clone(),
        created_at: token.created_at.0,
        expires_at: token.expires_at.0,
        uses_left: token.uses_left,
    };
    diesel::insert_into(initial_access_tokens::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["initial access token"]))?;
    Ok(())
}

/// The token of that hash, used up and expired ones too.
pub fn find(conn: &mut Conn, hash: &TokenHash) -> Result<Option<InitialAccessToken>, StorageError> {
    let row = initial_access_tokens::table
        .filter(initial_access_tokens::hash.eq(hash.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(InitialAccessToken::from))
}

/// Takes one use of the token. `false` if it has none left, is over or was deleted: of any number
/// who try for the last one, exactly one gets it.
pub fn use_one(conn: &mut Conn, hash: &TokenHash, now: Timestamp) -> Result<bool, StorageError> {
    let is_left = initial_access_tokens::uses_left
        .is_null()
        .or(initial_access_tokens::uses_left.gt(0).assume_not_null());
    let count = diesel::update(initial_access_tokens::table)
        .filter(initial_access_tokens::hash.eq(hash.as_str()))
        .filter(initial_access_tokens::expires_at.gt(now.0))
        .filter(is_left)
        // One without bound stays so: nothing less one is nothing.
        .set(initial_access_tokens::uses_left.eq(initial_access_tokens::uses_left - 1))
        .execute(conn)?;
    Ok(count == 1)
}

/// Every token, oldest first.
pub fn list(conn: &mut Conn) -> Result<Vec<InitialAccessToken>, StorageError> {
    let rows: Vec<Row> = initial_access_tokens::table
        .order((initial_access_tokens::created_at, initial_access_tokens::id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(InitialAccessToken::from).collect())
}

/// Deletes a token; the clients that came with it stay. `false` if there is no such token.
pub fn delete(conn: &mut Conn, id: &str) -> Result<bool, StorageError> {
    if !can_be_key(id) {
        return Ok(false);
    }
    Ok(diesel::delete(initial_access_tokens::table.find(id)).execute(conn)? == 1)
}
