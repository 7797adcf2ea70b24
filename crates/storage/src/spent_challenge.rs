//! WebAuthn challenges that were used (Web Authentication §13.4.3): each counts once.

use diesel::prelude::*;
use vestibule_model::{Timestamp, TokenHash};

use crate::{Conn, StorageError, dialect, schema::spent_challenges};

#[derive(Insertable)]
#[diesel(table_name = spent_challenges)]
pub(crate) struct Row {
    hash: String,
    expires_at: i64,
}

/// Spends the challenge of that hash. `false` if it was spent before: of any number who try, exactly
/// one gets `true`. The mark is needed until the challenge is too old by itself.
pub fn spend(
    conn: &mut Conn,
    hash: &TokenHash,
    expires_at: Timestamp,
) -> Result<bool, StorageError> {
    let row = Row { hash: hash.as_str().to_owned(), expires_at: expires_at.0 };
    Ok(dialect::insert_spent_challenge(conn, &row)? == 1)
}
