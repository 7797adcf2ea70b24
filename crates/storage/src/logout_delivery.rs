//! Logout tokens on their way (OIDC Back-Channel Logout §2.5). The rows are made where sessions end
//! ([`browser_session`](crate::browser_session)), and stay until their end, delivered or not, as the
//! record of who was told.

use diesel::prelude::*;
use vestibule_model::{ClientId, SessionId, Subject, Timestamp, logout::LogoutDelivery};

use crate::{
    Conn, StorageError, client, dialect, json_text::printable, schema::logout_deliveries,
    session_client,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = logout_deliveries, treat_none_as_default_value = false)]
pub(crate) struct Row {
    id: String,
    client_id: String,
    session_id: String,
    sub: String,
    created_at: i64,
    next_attempt_at: Option<i64>,
    attempts: i64,
    last_error: Option<String>,
    leased_until: Option<i64>,
    sent_at: Option<i64>,
    expires_at: i64,
}

impl From<LogoutDelivery> for Row {
    fn from(delivery: LogoutDelivery) -> Self {
        Self {
            id: delivery.id,
            client_id: delivery.client_id.as_str().to_owned(),
            session_id: delivery.session_id.as_str().to_owned(),
            sub: delivery.sub.as_str().to_owned(),
            created_at: delivery.created_at.0,
            next_attempt_at: delivery.next_attempt_at.map(|at| at.0),
            attempts: delivery.attempts,
            last_error: delivery.last_error.as_deref().map(printable),
            leased_until: delivery.leased_until.map(|at| at.0),
            sent_at: delivery.sent_at.map(|at| at.0),
            expires_at: delivery.expires_at.0,
        }
    }
}

impl From<Row> for LogoutDelivery {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            client_id: ClientId::new(row.client_id),
            session_id: SessionId::new(row.session_id),
            sub: Subject::new(row.sub),
            created_at: Timestamp(row.created_at),
            next_attempt_at: row.next_attempt_at.map(Timestamp),
            attempts: row.attempts,
            last_error: row.last_error,
            leased_until: row.leased_until.map(Timestamp),
            sent_at: row.sent_at.map(Timestamp),
            expires_at: Timestamp(row.expires_at),
        }
    }
}

/// Puts a token on its way for each client of the sessions that wants to be told. Before the sessions
/// are deleted, in the same transaction; the sessions are held.
pub(crate) fn enqueue(
    conn: &mut Conn,
    sessions: &[SessionId],
    now: Timestamp,
) -> Result<(), StorageError> {
    let told = session_client::of_sessions(conn, sessions)?;
    if told.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<ClientId> = told.iter().map(|one| one.client_id.clone()).collect();
    ids.sort();
    ids.dedup();
    let listens: Vec<ClientId> = client::find_many(conn, &ids)?
        .into_iter()
        .filter(|client| {
            client.disabled_at.is_none() && client.metadata.backchannel_logout_uri.is_some()
        })
        .map(|client| client.id)
        .collect();
    let due = told.iter().filter(|one| listens.contains(&one.client_id));
    let rows: Vec<Row> = due.map(|one| LogoutDelivery::of(one, now).into()).collect();
    dialect::insert_logout_deliveries(conn, &rows)?;
    Ok(())
}

/// At most `limit` tokens that are due, to clients other than `busy`, and that nobody else is
/// sending; the longest due first. They are the caller's until `lease_until`; then the next may have
/// them, should the caller have died. Counts as an attempt, and `attempts` of what is returned
/// includes it. Needs a `write`.
pub fn claim(
    conn: &mut Conn,
    now: Timestamp,
    lease_until: Timestamp,
    busy: &[ClientId],
    limit: i64,
) -> Result<Vec<LogoutDelivery>, StorageError> {
    let busy: Vec<&str> = busy.iter().map(ClientId::as_str).collect();
    let due = dialect::hold_due_logouts(conn, now, &busy, limit)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<Row> =
        diesel::update(logout_deliveries::table.filter(logout_deliveries::id.eq_any(due)))
            .set((
                logout_deliveries::leased_until.eq(lease_until.0),
                logout_deliveries::attempts.eq(logout_deliveries::attempts + 1),
            ))
            .returning(logout_deliveries::all_columns)
            .get_results(conn)?;
    rows.sort_by(|one, other| {
        (one.next_attempt_at, &one.id).cmp(&(other.next_attempt_at, &other.id))
    });
    Ok(rows.into_iter().map(LogoutDelivery::from).collect())
}

/// Keeps tokens that are claimed, and neither delivered nor given up, until `lease_until`: they are
/// still being sent. Needs a `write`.
pub fn keep(conn: &mut Conn, ids: &[String], lease_until: Timestamp) -> Result<(), StorageError> {
    let claimed = logout_deliveries::table
        .filter(logout_deliveries::id.eq_any(ids))
        .filter(logout_deliveries::next_attempt_at.is_not_null())
        .filter(logout_deliveries::leased_until.is_not_null());
    diesel::update(claimed).set(logout_deliveries::leased_until.eq(lease_until.0)).execute(conn)?;
    Ok(())
}

/// Notes that the client took the token.
pub fn sent(conn: &mut Conn, id: &str, now: Timestamp) -> Result<(), StorageError> {
    let (no_time, no_error): (Option<i64>, Option<String>) = (None, None);
    diesel::update(logout_deliveries::table.find(id))
        .set((
            logout_deliveries::sent_at.eq(now.0),
            logout_deliveries::next_attempt_at.eq(no_time),
            logout_deliveries::leased_until.eq(no_time),
            logout_deliveries::last_error.eq(no_error),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that it did not, why, and when to try again: `None` gives up. One that was delivered all the
/// same, through somebody else, stays as it is.
pub fn failed(
    conn: &mut Conn,
    id: &str,
    next: Option<Timestamp>,
    error: &str,
) -> Result<(), StorageError> {
    let no_time: Option<i64> = None;
    diesel::update(logout_deliveries::table.find(id))
        .filter(logout_deliveries::sent_at.is_null())
        .set((
            logout_deliveries::next_attempt_at.eq(next.map(|at| at.0)),
            logout_deliveries::leased_until.eq(no_time),
            logout_deliveries::last_error.eq(printable(error)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Those to the client, the newest first; at most `limit`.
pub fn list_of_client(
    conn: &mut Conn,
    client: &ClientId,
    limit: i64,
) -> Result<Vec<LogoutDelivery>, StorageError> {
    let rows: Vec<Row> = logout_deliveries::table
        .filter(logout_deliveries::client_id.eq(client.as_str()))
        .order((logout_deliveries::created_at.desc(), logout_deliveries::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(LogoutDelivery::from).collect())
}

/// How many were neither delivered nor given up.
pub fn waiting(conn: &mut Conn) -> Result<i64, StorageError> {
    let waiting = logout_deliveries::table.filter(logout_deliveries::next_attempt_at.gt(i64::MIN));
    Ok(waiting.count().get_result(conn)?)
}

/// When the next is due, which may be past; that somebody is sending it does not matter.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, StorageError> {
    let due: Option<Option<i64>> = logout_deliveries::table
        // Every time is later: leaves out only what is not due at all.
        .filter(logout_deliveries::next_attempt_at.gt(i64::MIN))
        .order(logout_deliveries::next_attempt_at)
        .select(logout_deliveries::next_attempt_at)
        .first(conn)
        .optional()?;
    Ok(due.flatten().map(Timestamp))
}
