//! Remembered consent, and the record of every answer.

use diesel::prelude::*;
use vestibule_model::{
    ClientId, Timestamp, UserId,
    grant::{Consent, ConsentDecision, ConsentRecord},
};

use crate::{
    Conn, StorageError, dialect, json_text,
    schema::{consent_records, consents},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consents)]
pub(crate) struct Row {
    user_id: String,
    client_id: String,
    scope: String,
    claims: String,
    granted_at: i64,
    declined: String,
    wording: String,
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
            declined: json_text::read_scope("consents.declined", &row.declined)?,
            wording: row.wording,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = consent_records)]
struct RecordRow {
    id: String,
    user_id: String,
    client_id: String,
    decision: String,
    scope: String,
    claims: String,
    wording: String,
    at: i64,
}

impl TryFrom<RecordRow> for ConsentRecord {
    type Error = StorageError;

    fn try_from(row: RecordRow) -> Result<Self, StorageError> {
        let decision = ConsentDecision::ALL.into_iter().find(|one| one.as_str() == row.decision);
        let decision = decision.ok_or_else(|| {
            StorageError::Inconsistent(format!("the consent {} has no known decision", row.id))
        })?;
        Ok(Self {
            id: row.id,
            user_id: UserId::new(row.user_id),
            client_id: ClientId::new(row.client_id),
            decision,
            scope: json_text::read_scope("consent_records.scope", &row.scope)?,
            claims: json_text::read("consent_records.claims", &row.claims)?,
            wording: row.wording,
            at: Timestamp(row.at),
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

/// Whether the user's consent is remembered still. Belongs into the transaction that stores what the
/// client gets for it, for from then on nobody can take the consent back without finding that. Needs a
/// `write`.
pub fn keep(conn: &mut Conn, user: &UserId, client: &ClientId) -> Result<bool, StorageError> {
    Ok(dialect::keep_consent(conn, user.as_str(), client.as_str())?)
}

/// What the user allows, the newest first.
pub fn list_of_user(conn: &mut Conn, user: &UserId) -> Result<Vec<Consent>, StorageError> {
    let rows: Vec<Row> = consents::table
        .filter(consents::user_id.eq(user.as_str()))
        .order((consents::granted_at.desc(), consents::client_id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Consent::try_from).collect()
}

/// Remembers a consent in the place of what was remembered for that user and client.
pub fn save(conn: &mut Conn, consent: &Consent) -> Result<(), StorageError> {
    let row = Row {
        user_id: consent.user_id.as_str().to_owned(),
        client_id: consent.client_id.as_str().to_owned(),
        scope: consent.scope.to_string(),
        claims: json_text::write(&consent.claims)?,
        granted_at: consent.granted_at.0,
        declined: consent.declined.to_string(),
        wording: consent.wording.clone(),
    };
    dialect::upsert_consent(conn, &row)?;
    Ok(())
}

/// Forgets a consent. `false` if there was none.
pub fn delete(conn: &mut Conn, user: &UserId, client: &ClientId) -> Result<bool, StorageError> {
    let one = consents::table.find((user.as_str(), client.as_str()));
    Ok(diesel::delete(one).execute(conn)? == 1)
}

/// Writes an answer down for good. It stays as long as the account.
pub fn record(conn: &mut Conn, record: &ConsentRecord) -> Result<(), StorageError> {
    let row = RecordRow {
        id: record.id.clone(),
        user_id: record.user_id.as_str().to_owned(),
        client_id: record.client_id.as_str().to_owned(),
        decision: record.decision.as_str().to_owned(),
        scope: record.scope.to_string(),
        claims: json_text::write(&record.claims)?,
        wording: record.wording.clone(),
        at: record.at.0,
    };
    diesel::insert_into(consent_records::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["consent record"]))?;
    Ok(())
}

/// The user's newest `limit` answers, newest first.
pub fn records_of_user(
    conn: &mut Conn,
    user: &UserId,
    limit: i64,
) -> Result<Vec<ConsentRecord>, StorageError> {
    let rows: Vec<RecordRow> = consent_records::table
        .filter(consent_records::user_id.eq(user.as_str()))
        .order((consent_records::at.desc(), consent_records::id.desc()))
        .limit(limit)
        .select(RecordRow::as_select())
        .load(conn)?;
    rows.into_iter().map(ConsentRecord::try_from).collect()
}
