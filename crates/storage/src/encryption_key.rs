//! Encryption keys at rest. Whoever changes them holds [`signing_key::lock`](crate::signing_key::lock):
//! both kinds are looked after together.

use diesel::prelude::*;
use vestibule_model::{
    Timestamp,
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
};

use crate::{Conn, StorageError, schema::encryption_keys};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = encryption_keys, treat_none_as_default_value = false)]
struct Row {
    kid: String,
    key_type: String,
    public_jwk: String,
    sealed_private_jwk: String,
    created_at: i64,
    retired_at: Option<i64>,
    expires_at: Option<i64>,
}

impl TryFrom<Row> for StoredEncryptionKey {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let key_type = EncryptionKeyType::from_name(&row.key_type).ok_or_else(|| {
            StorageError::Inconsistent(format!("the encryption key {} has no known type", row.kid))
        })?;
        Ok(Self {
            kid: row.kid,
            key_type,
            public_jwk: row.public_jwk,
            sealed_private_jwk: row.sealed_private_jwk,
            created_at: Timestamp(row.created_at),
            retired_at: row.retired_at.map(Timestamp),
            expires_at: row.expires_at.map(Timestamp),
        })
    }
}

/// Every key that ever was, oldest first.
pub fn list(conn: &mut Conn) -> Result<Vec<StoredEncryptionKey>, StorageError> {
    let rows: Vec<Row> = encryption_keys::table
        .order((encryption_keys::created_at, encryption_keys::kid))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(StoredEncryptionKey::try_from).collect()
}

/// Keeps a key. `Duplicate` names `kid`.
pub fn insert(conn: &mut Conn, key: &StoredEncryptionKey) -> Result<(), StorageError> {
    let row = Row {
        kid: key.kid.clone(),
        key_type: key.key_type.as_str().to_owned(),
        public_jwk: key.public_jwk.clone(),
        sealed_private_jwk: key.sealed_private_jwk.clone(),
        created_at: key.created_at.0,
        retired_at: key.retired_at.map(|at| at.0),
        expires_at: key.expires_at.map(|at| at.0),
    };
    diesel::insert_into(encryption_keys::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["kid"]))?;
    Ok(())
}

/// Takes a key out of the JWKS from `at`; it opens until `expires_at`. `false` if it was retired
/// before.
pub fn retire(
    conn: &mut Conn,
    kid: &str,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StorageError> {
    let count = diesel::update(encryption_keys::table.find(kid))
        .filter(encryption_keys::retired_at.is_null())
        .set((encryption_keys::retired_at.eq(at.0), encryption_keys::expires_at.eq(expires_at.0)))
        .execute(conn)?;
    Ok(count == 1)
}

/// Erases the private part of a retired key; its public part stays. `false` if there was nothing to
/// erase, or the key is not retired.
pub fn forget(conn: &mut Conn, kid: &str) -> Result<bool, StorageError> {
    let count = diesel::update(encryption_keys::table.find(kid))
        .filter(encryption_keys::retired_at.is_not_null())
        .filter(encryption_keys::sealed_private_jwk.ne(""))
        .set(encryption_keys::sealed_private_jwk.eq(""))
        .execute(conn)?;
    Ok(count == 1)
}
