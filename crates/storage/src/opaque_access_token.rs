//! Access tokens that are references (RFC 6749 §1.4).

use diesel::prelude::*;
use vestibule_model::{TokenHash, grant::OpaqueAccessToken};

use crate::{Conn, StorageError, json_text, schema::opaque_access_tokens};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = opaque_access_tokens, treat_none_as_default_value = false)]
struct Row {
    hash: String,
    client_id: String,
    grant_id: Option<String>,
    claims: String,
    expires_at: i64,
}

impl TryFrom<Row> for OpaqueAccessToken {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            hash: TokenHash::new(row.hash),
            claims: json_text::read("opaque_access_tokens.claims", &row.claims)?,
        })
    }
}

/// Keeps a token. Its client must be there, and its grant if its `jti` names one.
pub fn insert(conn: &mut Conn, token: &OpaqueAccessToken) -> Result<(), StorageError> {
    let row = Row {
        hash: token.hash.as_str().to_owned(),
        client_id: token.claims.client_id.as_str().to_owned(),
        grant_id: token.claims.grant_id().map(|id| id.as_str().to_owned()),
        claims: json_text::write(&token.claims)?,
        expires_at: token.claims.exp.0,
    };
    diesel::insert_into(opaque_access_tokens::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["access token"]))?;
    Ok(())
}

/// The token of that hash. It may have expired or been revoked.
pub fn find(conn: &mut Conn, hash: &TokenHash) -> Result<Option<OpaqueAccessToken>, StorageError> {
    let row = opaque_access_tokens::table
        .find(hash.as_str())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(OpaqueAccessToken::try_from).transpose()
}
