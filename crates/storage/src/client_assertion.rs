//! Client assertions that were used (RFC 7523 §3, item 7): each `jti` counts once.

use diesel::prelude::*;
use vestibule_model::{ClientId, Secret, Timestamp};

use crate::{Conn, StorageError, dialect, schema::client_assertions};

#[derive(Insertable)]
#[diesel(table_name = client_assertions)]
pub(crate) struct Row {
    jti_hash: String,
    client_id: String,
    expires_at: i64,
}

/// Uses an assertion up. `false` if this client used that `jti` before: a replay. Of any number who
/// try, exactly one gets `true`. The client must be there.
pub fn claim(
    conn: &mut Conn,
    client: &ClientId,
    jti: &str,
    expires_at: Timestamp,
) -> Result<bool, StorageError> {
    let row = Row {
        jti_hash: Secret::new(jti).digest().as_str().to_owned(),
        client_id: client.as_str().to_owned(),
        expires_at: expires_at.0,
    };
    Ok(dialect::insert_client_assertion(conn, &row)? == 1)
}
