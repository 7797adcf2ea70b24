//! Signed-in browsers.
//!
//! Whoever ends a session does so here, and with it goes what hangs on it (OIDC Core §11, OIDC
//! Back-Channel Logout §2.7): its grants without `offline_access` are dead, the access tokens of those
//! with it too, and each client that it led to will be told. A session that is only over, by age or
//! because nobody used it, is swept without a word: the tokens of its clients are as old, and whether
//! somebody signed out is all that clients are told.

use diesel::prelude::*;
use vestibule_model::{
    DeviceId, SessionId, Timestamp, TokenHash, UserId, browser_session::BrowserSession,
};

use crate::{
    Conn, StorageError, dialect, grant, json_text, logout_delivery, schema::browser_sessions,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = browser_sessions, treat_none_as_default_value = false)]
struct Row {
    id: String,
    token_hash: String,
    user_id: String,
    auth_time: i64,
    amr: String,
    acr: String,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    device_id: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
}

impl Row {
    fn of(session: &BrowserSession) -> Result<Self, StorageError> {
        Ok(Self {
            id: session.id.as_str().to_owned(),
            token_hash: session.token_hash.as_str().to_owned(),
            user_id: session.user_id.as_str().to_owned(),
            auth_time: session.auth_time.0,
            amr: json_text::write(&session.amr)?,
            acr: session.acr.clone(),
            created_at: session.created_at.0,
            last_seen_at: session.last_seen_at.0,
            expires_at: session.expires_at.0,
            device_id: session.device_id.as_ref().map(|id| id.as_str().to_owned()),
            ip: session.ip.clone(),
            user_agent: session.user_agent.as_deref().map(json_text::printable),
        })
    }
}

impl TryFrom<Row> for BrowserSession {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: SessionId::new(row.id),
            token_hash: TokenHash::new(row.token_hash),
            user_id: UserId::new(row.user_id),
            auth_time: Timestamp(row.auth_time),
            amr: json_text::read("browser_sessions.amr", &row.amr)?,
            acr: row.acr,
            created_at: Timestamp(row.created_at),
            last_seen_at: Timestamp(row.last_seen_at),
            expires_at: Timestamp(row.expires_at),
            device_id: row.device_id.map(DeviceId::new),
            ip: row.ip,
            user_agent: row.user_agent,
        })
    }
}

/// The session whose cookie hashes to `token`. It may be over: `policy::session` judges that.
pub fn find(conn: &mut Conn, token: &TokenHash) -> Result<Option<BrowserSession>, StorageError> {
    let row = browser_sessions::table
        .filter(browser_sessions::token_hash.eq(token.as_str()))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(BrowserSession::try_from).transpose()
}

/// The session of that public name. It may be over: `policy::session` judges that.
pub fn find_by_id(conn: &mut Conn, id: &SessionId) -> Result<Option<BrowserSession>, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(None);
    }
    let row = browser_sessions::table
        .find(id.as_str())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(BrowserSession::try_from).transpose()
}

/// The sessions whose cookies hash to one of `tokens`, oldest first: the accounts that one browser
/// is signed in to. Some may be over.
pub fn find_many(
    conn: &mut Conn,
    tokens: &[TokenHash],
) -> Result<Vec<BrowserSession>, StorageError> {
    let rows: Vec<Row> = browser_sessions::table
        .filter(browser_sessions::token_hash.eq_any(tokens.iter().map(TokenHash::as_str)))
        .order((browser_sessions::created_at, browser_sessions::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(BrowserSession::try_from).collect()
}

/// The user's sessions, the last used first. Some may be over.
pub fn list_of_user(conn: &mut Conn, user: &UserId) -> Result<Vec<BrowserSession>, StorageError> {
    let rows: Vec<Row> = browser_sessions::table
        .filter(browser_sessions::user_id.eq(user.as_str()))
        .order((browser_sessions::last_seen_at.desc(), browser_sessions::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(BrowserSession::try_from).collect()
}

/// Begins a session.
pub fn insert(conn: &mut Conn, session: &BrowserSession) -> Result<(), StorageError> {
    diesel::insert_into(browser_sessions::table)
        .values(&Row::of(session)?)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["session"]))?;
    Ok(())
}

/// Gives a session a new cookie and a new sign-in: all but its name, user and beginning. `false` if
/// it has ended.
pub fn renew(conn: &mut Conn, session: &BrowserSession) -> Result<bool, StorageError> {
    let row = Row::of(session)?;
    let count = diesel::update(browser_sessions::table.find(session.id.as_str()))
        .set((
            browser_sessions::token_hash.eq(row.token_hash),
            browser_sessions::auth_time.eq(row.auth_time),
            browser_sessions::amr.eq(row.amr),
            browser_sessions::acr.eq(row.acr),
            browser_sessions::last_seen_at.eq(row.last_seen_at),
            browser_sessions::expires_at.eq(row.expires_at),
            browser_sessions::device_id.eq(row.device_id),
            browser_sessions::ip.eq(row.ip),
            browser_sessions::user_agent.eq(row.user_agent),
        ))
        .execute(conn)?;
    Ok(count == 1)
}

/// Notes that the session was used.
pub fn touch(conn: &mut Conn, id: &SessionId, now: Timestamp) -> Result<(), StorageError> {
    diesel::update(browser_sessions::table.find(id.as_str()))
        .set(browser_sessions::last_seen_at.eq(now.0))
        .execute(conn)?;
    Ok(())
}

/// Ends the session and what hangs on it. `false` if it had ended before. Needs a `write`.
pub fn end(conn: &mut Conn, id: &SessionId, now: Timestamp) -> Result<bool, StorageError> {
    Ok(!end_many(conn, std::slice::from_ref(id), now)?.is_empty())
}

/// Ends the sessions and what hangs on them. Returns those that had not ended before, by id. Needs a
/// `write`.
pub fn end_many(
    conn: &mut Conn,
    ids: &[SessionId],
    now: Timestamp,
) -> Result<Vec<SessionId>, StorageError> {
    let ids: Vec<&str> =
        ids.iter().map(SessionId::as_str).filter(|id| json_text::can_be_key(id)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Held first: a client that is just being noted is told too.
    let ended: Vec<SessionId> =
        dialect::hold_sessions(conn, &ids)?.into_iter().map(SessionId::new).collect();
    if ended.is_empty() {
        return Ok(ended);
    }
    logout_delivery::enqueue(conn, &ended, now)?;
    grant::end_sessions(conn, &ended, now)?;
    let ids = ended.iter().map(SessionId::as_str);
    diesel::delete(browser_sessions::table.filter(browser_sessions::id.eq_any(ids)))
        .execute(conn)?;
    Ok(ended)
}

/// Ends the user's sessions, all but `keep`, and what hangs on them and on those that were over
/// already. Returns those that ended, by id. Needs a `write`.
pub fn end_all_of_user(
    conn: &mut Conn,
    user: &UserId,
    keep: Option<&SessionId>,
    now: Timestamp,
) -> Result<Vec<SessionId>, StorageError> {
    // No session is called "".
    let keep_id = keep.map_or("", SessionId::as_str);
    let others: Vec<String> = browser_sessions::table
        .filter(browser_sessions::user_id.eq(user.as_str()))
        .filter(browser_sessions::id.ne(keep_id))
        .select(browser_sessions::id)
        .load(conn)?;
    let others: Vec<SessionId> = others.into_iter().map(SessionId::new).collect();
    let ended = end_many(conn, &others, now)?;
    grant::end_sessions_of_user(conn, user, keep, now)?;
    Ok(ended)
}

/// Whether the session has a row whose absolute end has not come.
pub fn is_open(conn: &mut Conn, id: &SessionId, now: Timestamp) -> Result<bool, StorageError> {
    let end = browser_sessions::table
        .find(id.as_str())
        .select(browser_sessions::expires_at)
        .first::<i64>(conn)
        .optional()?;
    Ok(end.is_some_and(|end| now.0 < end))
}
