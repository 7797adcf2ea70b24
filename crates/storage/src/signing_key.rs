//! Signing keys at rest.

use diesel::prelude::*;
use vestibule_model::{Timestamp, client::SigningAlg, signing_key::StoredKey};

use crate::{Conn, StorageError, dialect, schema::signing_keys};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
struct Row {
    kid: String,
    alg: String,
    public_jwk: String,
    sealed_private_jwk: String,
    published_at: i64,
    active_at: Option<i64>,
    retired_at: Option<i64>,
    expires_at: Option<i64>,
}

impl TryFrom<Row> for StoredKey {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let alg = SigningAlg::from_wire(&row.alg).ok_or_else(|| {
            StorageError::Inconsistent(format!("the key {} has no known alg", row.kid))
        })?;
        Ok(Self {
            kid: row.kid,
            alg,
            public_jwk: row.public_jwk,
            sealed_private_jwk: row.sealed_private_jwk,
            published_at: Timestamp(row.published_at),
            active_at: row.active_at.map(Timestamp),
            retired_at: row.retired_at.map(Timestamp),
            expires_at: row.expires_at.map(Timestamp),
        })
    }
}

/// Every key that ever was, oldest first.
pub fn list(conn: &mut Conn) -> Result<Vec<StoredKey>, StorageError> {
    let rows: Vec<Row> = signing_keys::table
        .order((signing_keys::published_at, signing_keys::kid))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(StoredKey::try_from).collect()
}

/// Keeps a key. `Duplicate` names `kid`.
pub fn insert(conn: &mut Conn, key: &StoredKey) -> Result<(), StorageError> {
    let row = Row {
        kid: key.kid.clone(),
        alg: key.alg.as_str().to_owned(),
        public_jwk: key.public_jwk.clone(),
        sealed_private_jwk: key.sealed_private_jwk.clone(),
        published_at: key.published_at.0,
        active_at: key.active_at.map(|at| at.0),
        retired_at: key.retired_at.map(|at| at.0),
        expires_at: key.expires_at.map(|at| at.0),
    };
    diesel::insert_into(signing_keys::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["kid"]))?;
    Ok(())
}

/// Lets a key that stands by sign from `at`. `false` if it stands by no longer.
pub fn activate(conn: &mut Conn, kid: &str, at: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(signing_keys::table.find(kid))
        .filter(signing_keys::active_at.is_null())
        .filter(signing_keys::retired_at.is_null())
        .set(signing_keys::active_at.eq(at.0))
        .execute(conn)?;
    Ok(count == 1)
}

/// Lets a key sign no more from `at`; it leaves the JWKS at `expires_at`. `false` if it was retired
/// before.
pub fn retire(
    conn: &mut Conn,
    kid: &str,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StorageError> {
    let count = diesel::update(signing_keys::table.find(kid))
        .filter(signing_keys::retired_at.is_null())
        .set((signing_keys::retired_at.eq(at.0), signing_keys::expires_at.eq(expires_at.0)))
        .execute(conn)?;
    Ok(count == 1)
}

/// Erases the private part of a retired key; its public part stays. `false` if there was nothing to
/// erase, or the key is not retired.
pub fn forget(conn: &mut Conn, kid: &str) -> Result<bool, StorageError> {
    let count = diesel::update(signing_keys::table.find(kid))
        .filter(signing_keys::retired_at.is_not_null())
        .filter(signing_keys::sealed_private_jwk.ne(""))
        .set(signing_keys::sealed_private_jwk.eq(""))
        .execute(conn)?;
    Ok(count == 1)
}

/// Keeps every other instance from changing keys until this transaction ends. Call it in a `write`,
/// before [`list`], so that two instances never rotate twice.
pub fn lock(conn: &mut Conn) -> Result<(), StorageError> {
    Ok(dialect::lock_signing_keys(conn)?)
}
