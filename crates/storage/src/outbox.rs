//! Mails on their way out. They stay until their end, sent or not, as the record of what was sent.

use diesel::prelude::*;
use vestibule_model::{Timestamp, UserId, mail::OutboxMail};

use crate::{Conn, StorageError, dialect, json_text::printable, schema::outbox};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: String,
    user_id: Option<String>,
    sealed_message: String,
    created_at: i64,
    next_attempt_at: Option<i64>,
    attempts: i64,
    last_error: Option<String>,
    leased_until: Option<i64>,
    sent_at: Option<i64>,
    expires_at: i64,
}

impl From<Row> for OutboxMail {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            user_id: row.user_id.map(UserId::new),
            sealed_message: row.sealed_message,
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

/// Puts a mail in the outbox. In the transaction of what it tells about: both happen, or neither.
pub fn insert(conn: &mut Conn, mail: &OutboxMail) -> Result<(), StorageError> {
    let row = Row {
        id: mail.id.clone(),
        kind: mail.kind.clone(),
        user_id: mail.user_id.as_ref().map(|id| id.as_str().to_owned()),
        sealed_message: mail.sealed_message.clone(),
        created_at: mail.created_at.0,
        next_attempt_at: mail.next_attempt_at.map(|at| at.0),
        attempts: mail.attempts,
        last_error: mail.last_error.as_deref().map(printable),
        leased_until: mail.leased_until.map(|at| at.0),
        sent_at: mail.sent_at.map(|at| at.0),
        expires_at: mail.expires_at.0,
    };
    diesel::insert_into(outbox::table)
        .values(&row)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["mail"]))?;
    Ok(())
}

/// At most `limit` mails that are due and that nobody else is sending, the longest due first. They
/// are the caller's until `lease_until`; then the next may have them, should the caller have died.
/// Counts as an attempt, and `attempts` of what is returned includes it. Needs a `write`.
pub fn claim(
    conn: &mut Conn,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<OutboxMail>, StorageError> {
    let due = dialect::hold_due_mails(conn, now, limit)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<Row> = diesel::update(outbox::table.filter(outbox::id.eq_any(due)))
        .set((outbox::leased_until.eq(lease_until.0), outbox::attempts.eq(outbox::attempts + 1)))
        .returning(outbox::all_columns)
        .get_results(conn)?;
    rows.sort_by(|one, other| {
        (one.next_attempt_at, &one.id).cmp(&(other.next_attempt_at, &other.id))
    });
    Ok(rows.into_iter().map(OutboxMail::from).collect())
}

/// Keeps mails that are claimed, and neither sent nor given up, until `lease_until`: they are still
/// being sent. Needs a `write`.
pub fn keep(conn: &mut Conn, ids: &[String], lease_until: Timestamp) -> Result<(), StorageError> {
    let claimed = outbox::table
        .filter(outbox::id.eq_any(ids))
        .filter(outbox::next_attempt_at.is_not_null())
        .filter(outbox::leased_until.is_not_null());
    diesel::update(claimed).set(outbox::leased_until.eq(lease_until.0)).execute(conn)?;
    Ok(())
}

/// Notes that the mail left.
pub fn sent(conn: &mut Conn, id: &str, now: Timestamp) -> Result<(), StorageError> {
    let (no_time, no_error): (Option<i64>, Option<String>) = (None, None);
    diesel::update(outbox::table.find(id))
        .set((
            outbox::sent_at.eq(now.0),
            outbox::next_attempt_at.eq(no_time),
            outbox::leased_until.eq(no_time),
            outbox::last_error.eq(no_error),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that sending failed, why, and when to try again: `None` gives up. A mail that left all the
/// same, through somebody else, stays as it is.
pub fn failed(
    conn: &mut Conn,
    id: &str,
    next: Option<Timestamp>,
    error: &str,
) -> Result<(), StorageError> {
    let no_time: Option<i64> = None;
    diesel::update(outbox::table.find(id))
        .filter(outbox::sent_at.is_null())
        .set((
            outbox::next_attempt_at.eq(next.map(|at| at.0)),
            outbox::leased_until.eq(no_time),
            outbox::last_error.eq(printable(error)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The newest `limit` mails to the user, newest first.
pub fn list_of_user(
    conn: &mut Conn,
    user: &UserId,
    limit: i64,
) -> Result<Vec<OutboxMail>, StorageError> {
    let rows: Vec<Row> = outbox::table
        .filter(outbox::user_id.eq(user.as_str()))
        .order((outbox::created_at.desc(), outbox::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(OutboxMail::from).collect())
}

/// The newest `limit` mails, newest first.
pub fn list_recent(conn: &mut Conn, limit: i64) -> Result<Vec<OutboxMail>, StorageError> {
    let rows: Vec<Row> = outbox::table
        .order((outbox::created_at.desc(), outbox::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(OutboxMail::from).collect())
}

/// How many mails were neither sent nor given up.
pub fn waiting(conn: &mut Conn) -> Result<i64, StorageError> {
    let waiting = outbox::table.filter(outbox::next_attempt_at.gt(i64::MIN));
    Ok(waiting.count().get_result(conn)?)
}

/// When the next mail is due, which may be past; that somebody is sending it does not matter.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, StorageError> {
    let due: Option<Option<i64>> = outbox::table
        // Every time is later: leaves out only what is not due at all.
        .filter(outbox::next_attempt_at.gt(i64::MIN))
        .order(outbox::next_attempt_at)
        .select(outbox::next_attempt_at)
        .first(conn)
        .optional()?;
    Ok(due.flatten().map(Timestamp))
}
