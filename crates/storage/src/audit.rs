//! The audit log.

use diesel::prelude::*;
use vestibule_model::{ClientId, Timestamp, UserId, audit::AuditEvent};

use crate::{
    Conn, MayLag, StorageError, dialect, json_text::printable, replica::lagging,
    schema::audit_events,
};

#[derive(Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub(crate) struct NewRow {
    at: i64,
    event: &'static str,
    user_id: Option<String>,
    client_id: Option<String>,
    request_id: String,
    detail: String,
    ip: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events)]
struct Row {
    id: i64,
    at: i64,
    event: String,
    user_id: Option<String>,
    client_id: Option<String>,
    request_id: String,
    detail: String,
    ip: Option<String>,
}

impl From<Row> for RecordedEvent {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: Timestamp(row.at),
            event: row.event,
            user_id: row.user_id.map(UserId::new),
            client_id: row.client_id.map(ClientId::new),
            request_id: row.request_id,
            detail: row.detail,
            ip: row.ip,
        }
    }
}

/// An [`AuditEvent`] as it was read back: its name may come from another version's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number: later lines have greater ones.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The event's stable name.
    pub event: String,
    /// The user concerned.
    pub user_id: Option<UserId>,
    /// The client concerned.
    pub client_id: Option<ClientId>,
    /// The request that caused it.
    pub request_id: String,
    /// What else there is to know.
    pub detail: String,
    /// Where the request came from; `None` if it is not known, or no longer (`user::erase`).
    pub ip: Option<String>,
}

impl From<&AuditEvent> for NewRow {
    fn from(event: &AuditEvent) -> Self {
        Self {
            at: event.at.0,
            event: event.event,
            user_id: event.user_id.as_ref().map(|id| printable(id.as_str())),
            client_id: event.client_id.as_ref().map(|id| printable(id.as_str())),
            request_id: printable(&event.request_id),
            detail: printable(&event.detail),
            ip: event.ip.as_deref().map(printable),
        }
    }
}

/// Writes one line.
pub fn insert(conn: &mut Conn, event: &AuditEvent) -> Result<(), StorageError> {
    diesel::insert_into(audit_events::table).values(&NewRow::from(event)).execute(conn)?;
    Ok(())
}

/// Writes several lines, in this order.
pub fn insert_many(conn: &mut Conn, events: &[AuditEvent]) -> Result<(), StorageError> {
    let rows: Vec<NewRow> = events.iter().map(NewRow::from).collect();
    dialect::insert_audit_events(conn, &rows)?;
    Ok(())
}

/// The newest `limit` lines, newest first.
pub fn list_recent(conn: &mut impl MayLag, limit: i64) -> Result<Vec<RecordedEvent>, StorageError> {
    let rows: Vec<Row> = audit_events::table
        .order(audit_events::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(lagging(conn))?;
    Ok(rows.into_iter().map(RecordedEvent::from).collect())
}

/// The newest `limit` lines about the user, newest first; with `before_id` only those older than
/// that line, for the next page.
pub fn list_of_user(
    conn: &mut impl MayLag,
    user: &UserId,
    limit: i64,
    before_id: Option<i64>,
) -> Result<Vec<RecordedEvent>, StorageError> {
    let rows: Vec<Row> = audit_events::table
        .filter(audit_events::user_id.eq(user.as_str()))
        .filter(audit_events::id.lt(before_id.unwrap_or(i64::MAX)))
        .order(audit_events::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(lagging(conn))?;
    Ok(rows.into_iter().map(RecordedEvent::from).collect())
}
