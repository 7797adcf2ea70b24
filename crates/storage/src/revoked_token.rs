//! Access tokens revoked one by one, by `jti` (RFC 7009 §2.1). Those of a revoked grant are not
//! here: the grant tells.

use diesel::prelude::*;
use vestibule_model::Timestamp;

use crate::{
    Conn, StorageError,
    changes::{Kind, note},
    dialect, json_text,
    schema::revoked_tokens,
};

#[derive(Insertable)]
#[diesel(table_name = revoked_tokens)]
pub(crate) struct Row {
    jti: String,
    expires_at: i64,
}

/// Revokes a token. `expires_at` is the token's own end, after which nobody needs to ask. Doing it
/// twice is doing it once: `false` if it was revoked before.
pub fn insert(conn: &mut Conn, jti: &str, expires_at: Timestamp) -> Result<bool, StorageError> {
    let row = Row { jti: jti.to_owned(), expires_at: expires_at.0 };
    let count = dialect::insert_revoked_token(conn, &row)?;
    note(Kind::Token, [jti]);
    Ok(count == 1)
}

/// Whether that token was revoked.
pub fn contains(conn: &mut Conn, jti: &str) -> Result<bool, StorageError> {
    if !json_text::can_be_key(jti) {
        return Ok(false);
    }
    let one = revoked_tokens::table
        .find(jti)
        .select(revoked_tokens::expires_at)
        .first::<i64>(conn)
        .optional()?;
    Ok(one.is_some())
}
