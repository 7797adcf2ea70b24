//! Authorization codes (RFC 6749 §4.1.2).

use diesel::prelude::*;
use vestibule_model::{ClientId, GrantId, Timestamp, TokenHash, grant::AuthorizationCode};

use crate::{Conn, StorageError, json_text, schema::authorization_codes};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = authorization_codes, treat_none_as_default_value = false)]
struct Row {
    hash: String,
    grant_id: String,
    client_id: String,
    redirect_uri: String,
    code_challenge: String,
    nonce: Option<String>,
    created_at: i64,
    expires_at: i64,
    consumed_at: Option<i64>,
}

impl TryFrom<Row> for AuthorizationCode {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let nonce = row.nonce.map(|text| json_text::read("authorization_codes.nonce", &text));
        Ok(Self {
            hash: TokenHash::new(row.hash),
            grant_id: GrantId::new(row.grant_id),
            client_id: ClientId::new(row.client_id),
            redirect_uri: row.redirect_uri,
            code_challenge: Some(row.code_challenge).filter(|text| !text.is_empty()),
            nonce: nonce.transpose()?,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            consumed_at: row.consumed_at.map(Timestamp),
        })
    }
}

/// Keeps a code. Its grant must be there.
pub fn insert(conn: &mut Conn, code: &AuthorizationCode) -> Result<(), StorageError> {
    let row = Row {
        hash: code.hash.as_str().to_owned(),
        grant_id: code.grant_id.as_str().to_owned(),
        client_id: code.client_id.as_str().to_owned(),
        redirect_uri: code.redirect_uri.clone(),
        // The column was made when there was no code without one.
        code_challenge: code.code_challenge.clone().unwrap_or_default(),
        nonce: code.nonce.as_ref().map(json_text::write).transpose()?,
        created_at: code.created_at.0,
        expires_at: code.expires_at.0,
        consumed_at: code.consumed_at.map(|at| at.0),
    };
    diesel::insert_into(authorization_codes::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["authorization code"]))?;
    Ok(())
}

/// The code of that hash, used and expired ones too.
pub fn find(conn: &mut Conn, hash: &TokenHash) -> Result<Option<AuthorizationCode>, StorageError> {
    let row = authorization_codes::table
        .find(hash.as_str())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(AuthorizationCode::try_from).transpose()
}

/// Uses the code up. Of any number who try, exactly one gets `true` (RFC 6749 §10.5).
pub fn consume(conn: &mut Conn, hash: &TokenHash, now: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(authorization_codes::table.find(hash.as_str()))
        .filter(authorization_codes::consumed_at.is_null())
        .set(authorization_codes::consumed_at.eq(now.0))
        .execute(conn)?;
    Ok(count == 1)
}
