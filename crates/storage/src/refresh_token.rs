//! Refresh tokens, rotated by single successor.

use diesel::prelude::*;
use vestibule_model::{
    GrantId, Timestamp, TokenHash,
    grant::{RefreshToken, RefreshUse},
};

use crate::{Conn, StorageError, schema::refresh_tokens};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
struct Row {
    hash: String,
    grant_id: String,
    generation: i64,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
    successor_hash: Option<String>,
    sealed_reply: Option<String>,
}

impl TryFrom<Row> for RefreshToken {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let used = match (row.used_at, row.successor_hash) {
            (None, None) => None,
            (Some(at), Some(successor)) => Some(RefreshUse {
                at: Timestamp(at),
                successor: TokenHash::new(successor),
                sealed_reply: row.sealed_reply.unwrap_or_default(),
            }),
            _ => {
                return Err(StorageError::Inconsistent(format!(
                    "generation {} of the grant {} is half used",
                    row.generation, row.grant_id
                )));
            }
        };
        Ok(Self {
            hash: TokenHash::new(row.hash),
            grant_id: GrantId::new(row.grant_id),
            generation: row.generation,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            used,
        })
    }
}

/// Keeps a token. Its grant must be there, and its generation must be new: `Duplicate` names
/// `generation` if the family has it already.
pub fn insert(conn: &mut Conn, token: &RefreshToken) -> Result<(), StorageError> {
    let used = token.used.as_ref();
    let row = Row {
        hash: token.hash.as_str().to_owned(),
        grant_id: token.grant_id.as_str().to_owned(),
        generation: token.generation,
        created_at: token.created_at.0,
        expires_at: token.expires_at.0,
        used_at: used.map(|used| used.at.0),
        successor_hash: used.map(|used| used.successor.as_str().to_owned()),
        sealed_reply: used.map(|used| used.sealed_reply.clone()),
    };
    diesel::insert_into(refresh_tokens::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["generation", "refresh token"]))?;
    Ok(())
}

/// The token of that hash, used and expired ones too. The sealed reply of a use is kept for
/// [`SEALED_REPLY_KEPT`](crate::expiry::SEALED_REPLY_KEPT) seconds at least and is empty later.
pub fn find(conn: &mut Conn, hash: &TokenHash) -> Result<Option<RefreshToken>, StorageError> {
    let row = refresh_tokens::table
        .find(hash.as_str())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(RefreshToken::try_from).transpose()
}

/// When the clients of `grants` last got a refresh token, which is when they last used what they were
/// granted. Grants without an unused token are left out.
pub fn last_issued(
    conn: &mut Conn,
    grants: &[GrantId],
) -> Result<Vec<(GrantId, Timestamp)>, StorageError> {
    let rows: Vec<(String, i64)> = refresh_tokens::table
        .filter(refresh_tokens::grant_id.eq_any(grants.iter().map(GrantId::as_str)))
        .filter(refresh_tokens::used_at.is_null())
        .select((refresh_tokens::grant_id, refresh_tokens::created_at))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, at)| (GrantId::new(id), Timestamp(at))).collect())
}

/// Writes the token's one use. Of any number who try, exactly one gets `true`; the others' use is
/// a replay or a theft (RFC 9700 §4.14.2).
pub fn rotate(conn: &mut Conn, hash: &TokenHash, used: &RefreshUse) -> Result<bool, StorageError> {
    let count = diesel::update(refresh_tokens::table.find(hash.as_str()))
        .filter(refresh_tokens::used_at.is_null())
        .set((
            refresh_tokens::used_at.eq(used.at.0),
            refresh_tokens::successor_hash.eq(used.successor.as_str()),
            refresh_tokens::sealed_reply.eq(used.sealed_reply.as_str()),
        ))
        .execute(conn)?;
    Ok(count == 1)
}
