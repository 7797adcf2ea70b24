//! Which clients a session led to, and as whom: who hears of its end (OIDC Back-Channel Logout
//! §2.1, OIDC Front-Channel Logout §2). A row goes with its session.

use diesel::prelude::*;
use vestibule_model::{ClientId, SessionId, Subject, Timestamp, logout::SessionClient};

use crate::{Conn, StorageError, dialect, json_text, schema::session_clients};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = session_clients)]
pub(crate) struct Row {
    session_id: String,
    client_id: String,
    sub: String,
    first_at: i64,
}

impl From<Row> for SessionClient {
    fn from(row: Row) -> Self {
        Self {
            session_id: SessionId::new(row.session_id),
            client_id: ClientId::new(row.client_id),
            sub: Subject::new(row.sub),
            first_at: Timestamp(row.first_at),
        }
    }
}

/// Notes that the session led to the client, which knows its person as `sub`; what was noted before
/// stays. Belongs into the transaction that stores what the client gets, for from then on nobody can
/// end the session without that client among those who hear of it. `false` if the session has ended:
/// nothing may be issued from it. Needs a `write`.
pub fn note(
    conn: &mut Conn,
    session: &SessionId,
    client: &ClientId,
    sub: &str,
    now: Timestamp,
) -> Result<bool, StorageError> {
    if !json_text::can_be_key(session.as_str()) || !dialect::keep_session(conn, session.as_str())? {
        return Ok(false);
    }
    let row = Row {
        session_id: session.as_str().to_owned(),
        client_id: client.as_str().to_owned(),
        sub: sub.to_owned(),
        first_at: now.0,
    };
    dialect::insert_session_client(conn, &row)?;
    Ok(true)
}

/// The clients that the sessions led to, by session, the first that was gone to first.
pub fn of_sessions(
    conn: &mut Conn,
    sessions: &[SessionId],
) -> Result<Vec<SessionClient>, StorageError> {
    let ids = sessions.iter().map(SessionId::as_str).filter(|id| json_text::can_be_key(id));
    let rows: Vec<Row> = session_clients::table
        .filter(session_clients::session_id.eq_any(ids))
        .order((session_clients::session_id, session_clients::first_at, session_clients::client_id))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(SessionClient::from).collect())
}
