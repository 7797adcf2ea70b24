//! Remembered consent.

use diesel::prelude::*;
use vestibule_model::{ClientId, Timestamp, UserId, grant::Consent};

use crate::{Conn, StorageError, dialect, json_text, schema::consents};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consents)]
pub(crate) struct Row {
    user_id: String,
    client_id: String,
    scope: String,
    claims: String,
    granted_at: i64,
}

impl TryFrom<Row> for Consent {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            user_id: UserId::new(row.user_id),
            client_id: ClientId::new(row.client_id),
            scope: json_text::read_scope("consents.scope", &row.scope)?,
            claims: json_text::read("consents.claims", &row.claims)?,
            granted_at: Timestamp(row.granted_at),
        })
    }
}

/// What the user allowed the client.
pub fn find(
    conn: &mut Conn,
    user: &UserId,
    client: &ClientId,
) -> Result<Option<Consent>, StorageError> {
    let row = consents::table
        .find((user.as_str(), client.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Consent::try_from).transpose()
}

/// Remembers a consent in the place of what was remembered for that user and client.
pub fn save(conn: &mut Conn, consent: &Consent) -> Result<(), StorageError> {
    let row = Row {
        user_id: consent.user_id.as_str().to_owned(),
        client_id: consent.client_id.as_str().to_owned(),
        scope: consent.scope.to_string(),
        claims: json_text::write(&consent.claims)?,
        granted_at: consent.granted_at.0,
    };
    dialect::upsert_consent(conn, &row)?;
    Ok(())
}

/// Forgets a consent. `false` if there was none.
pub fn delete(conn: &mut Conn, user: &UserId, client: &ClientId) -> Result<bool, StorageError> {
    let one = consents::table.find((user.as_str(), client.as_str()));
    Ok(diesel::delete(one).execute(conn)? == 1)
}
