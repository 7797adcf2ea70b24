//! What users authorized.

use diesel::prelude::*;
use vestibule_model::{
    ClientId, GrantId, SessionId, Timestamp, UserId, grant::Grant, scope::OFFLINE_ACCESS,
};

use crate::{
    Conn, StorageError,
    changes::{Kind, note},
    json_text,
    schema::grants,
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = grants, treat_none_as_default_value = false)]
struct Row {
    id: String,
    client_id: String,
    user_id: String,
    session_id: String,
    scope: String,
    is_offline: bool,
    claims: String,
    auth_time: i64,
    acr: String,
    amr: String,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    session_ended_at: Option<i64>,
}

impl Row {
    fn of(grant: &Grant) -> Result<Self, StorageError> {
        Ok(Self {
            id: grant.id.as_str().to_owned(),
            client_id: grant.client_id.as_str().to_owned(),
            user_id: grant.user_id.as_str().to_owned(),
            session_id: grant.session_id.as_str().to_owned(),
            scope: grant.scope.to_string(),
            is_offline: grant.scope.contains(OFFLINE_ACCESS),
            claims: json_text::write(&grant.claims)?,
            auth_time: grant.auth_time.0,
            acr: grant.acr.clone(),
            amr: json_text::write(&grant.amr)?,
            created_at: grant.created_at.0,
            expires_at: grant.expires_at.0,
            revoked_at: grant.revoked_at.map(|at| at.0),
            session_ended_at: grant.session_ended_at.map(|at| at.0),
        })
    }
}

impl TryFrom<Row> for Grant {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: GrantId::new(row.id),
            client_id: ClientId::new(row.client_id),
            user_id: UserId::new(row.user_id),
            session_id: SessionId::new(row.session_id),
            scope: json_text::read_scope("grants.scope", &row.scope)?,
            claims: json_text::read("grants.claims", &row.claims)?,
            auth_time: Timestamp(row.auth_time),
            acr: row.acr,
            amr: json_text::read("grants.amr", &row.amr)?,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            revoked_at: row.revoked_at.map(Timestamp),
            session_ended_at: row.session_ended_at.map(Timestamp),
        })
    }
}

/// Keeps what was authorized.
pub fn insert(conn: &mut Conn, grant: &Grant) -> Result<(), StorageError> {
    diesel::insert_into(grants::table)
        .values(&Row::of(grant)?)
        .execute(conn)
        .map_err(|error| StorageError::of_insert(error, &["grant"]))?;
    Ok(())
}

/// The grant of that name, revoked or not.
pub fn find(conn: &mut Conn, id: &GrantId) -> Result<Option<Grant>, StorageError> {
    if !json_text::can_be_key(id.as_str()) {
        return Ok(None);
    }
    let row = grants::table.find(id.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(Grant::try_from).transpose()
}

/// Kills everything issued from the grant. `false` if it was dead before.
pub fn revoke(conn: &mut Conn, id: &GrantId, now: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(grants::table.find(id.as_str()))
        .filter(grants::revoked_at.is_null())
        .set(grants::revoked_at.eq(now.0))
        .execute(conn)?;
    note(Kind::Grant, [id.as_str()]);
    Ok(count == 1)
}

/// The sessions are over: kills their grants that lack `offline_access` (OIDC Core §11), and those
/// with it go on without them, for they are meant to work while the user is not there.
pub(crate) fn end_sessions(
    conn: &mut Conn,
    sessions: &[SessionId],
    now: Timestamp,
) -> Result<(), StorageError> {
    let ids = || sessions.iter().map(SessionId::as_str);
    let online = grants::table
        .filter(grants::session_id.eq_any(ids()))
        .filter(grants::is_offline.eq(false))
        .filter(grants::revoked_at.is_null());
    let ended: Vec<String> = diesel::update(online)
        .set(grants::revoked_at.eq(now.0))
        .returning(grants::id)
        .get_results(conn)?;
    note(Kind::Grant, ended);
    let offline = grants::table
        .filter(grants::session_id.eq_any(ids()))
        .filter(grants::is_offline.eq(true))
        .filter(grants::session_ended_at.is_null());
    let ended: Vec<String> = diesel::update(offline)
        .set(grants::session_ended_at.eq(now.0))
        .returning(grants::id)
        .get_results(conn)?;
    note(Kind::Grant, ended);
    Ok(())
}

/// The same for every session that the user ever had, all but `keep`.
pub(crate) fn end_sessions_of_user(
    conn: &mut Conn,
    user: &UserId,
    keep: Option<&SessionId>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let keep = keep.map_or("", SessionId::as_str);
    let online = grants::table
        .filter(grants::user_id.eq(user.as_str()))
        .filter(grants::session_id.ne(keep))
        .filter(grants::is_offline.eq(false))
        .filter(grants::revoked_at.is_null());
    let ended: Vec<String> = diesel::update(online)
        .set(grants::revoked_at.eq(now.0))
        .returning(grants::id)
        .get_results(conn)?;
    note(Kind::Grant, ended);
    let offline = grants::table
        .filter(grants::user_id.eq(user.as_str()))
        .filter(grants::session_id.ne(keep))
        .filter(grants::is_offline.eq(true))
        .filter(grants::session_ended_at.is_null());
    let ended: Vec<String> = diesel::update(offline)
        .set(grants::session_ended_at.eq(now.0))
        .returning(grants::id)
        .get_results(conn)?;
    note(Kind::Grant, ended);
    Ok(())
}

/// Lets the grant live until `expires_at`, if that is later than its end so far.
pub fn extend(conn: &mut Conn, id: &GrantId, expires_at: Timestamp) -> Result<bool, StorageError> {
    let count = diesel::update(grants::table.find(id.as_str()))
        .filter(grants::expires_at.lt(expires_at.0))
        .set(grants::expires_at.eq(expires_at.0))
        .execute(conn)?;
    Ok(count == 1)
}

/// The user's grants that are neither revoked nor over, newest first.
pub fn list_of_user(
    conn: &mut Conn,
    user: &UserId,
    now: Timestamp,
) -> Result<Vec<Grant>, StorageError> {
    let rows: Vec<Row> = grants::table
        .filter(grants::user_id.eq(user.as_str()))
        .filter(grants::revoked_at.is_null())
        .filter(grants::expires_at.gt(now.0))
        .order((grants::created_at.desc(), grants::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Grant::try_from).collect()
}

/// Kills the user's grants, those with `offline_access` too, all but the grants of `keep_session`.
/// Returns how many.
pub fn revoke_all_of_user(
    conn: &mut Conn,
    user: &UserId,
    keep_session: Option<&SessionId>,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let others = grants::table
        .filter(grants::user_id.eq(user.as_str()))
        .filter(grants::session_id.ne(keep_session.map_or("", SessionId::as_str)))
        .filter(grants::revoked_at.is_null());
    let revoked: Vec<String> = diesel::update(others)
        .set(grants::revoked_at.eq(now.0))
        .returning(grants::id)
        .get_results(conn)?;
    let count = revoked.len();
    note(Kind::Grant, revoked);
    Ok(count)
}

/// Kills what the user granted the client. Returns how many grants.
pub fn revoke_of_client(
    conn: &mut Conn,
    user: &UserId,
    client: &ClientId,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let theirs = grants::table
        .filter(grants::user_id.eq(user.as_str()))
        .filter(grants::client_id.eq(client.as_str()))
        .filter(grants::revoked_at.is_null());
    let revoked: Vec<String> = diesel::update(theirs)
        .set(grants::revoked_at.eq(now.0))
        .returning(grants::id)
        .get_results(conn)?;
    let count = revoked.len();
    note(Kind::Grant, revoked);
    Ok(count)
}
