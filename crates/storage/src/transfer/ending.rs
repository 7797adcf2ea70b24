//! After a restore: what was ended between the backup and now must not come back to life.

use diesel::prelude::*;
use vestibule_model::{SessionId, Timestamp};

use crate::{
    Conn, StorageError, browser_session,
    schema::{
        browser_sessions, devices, grants, interactions, opaque_access_tokens, sign_ins,
        verifications,
    },
};

/// Sessions that are ended at a time.
const PAGE: i64 = 500;

/// What ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions of browsers.
    pub sessions: usize,
    /// Grants, each with its codes, its access tokens and its family of refresh tokens.
    pub grants: usize,
}

/// Ends every session and revokes every grant, as if each person had signed out everywhere and each
/// app had been disconnected; clients that want to hear of it will. Half-done sign-ins, links that
/// were mailed, and the trust in devices go too. Factors and passwords stay. Needs a transaction.
pub fn end_everything(conn: &mut Conn, now: Timestamp) -> Result<Ended, StorageError> {
    let live: i64 = grants::table.filter(grants::revoked_at.is_null()).count().get_result(conn)?;
    let mut ended = Ended { sessions: 0, grants: usize::try_from(live).unwrap_or(usize::MAX) };
    loop {
        let ids: Vec<String> =
            browser_sessions::table.select(browser_sessions::id).limit(PAGE).load(conn)?;
        if ids.is_empty() {
            break;
        }
        let ids: Vec<SessionId> = ids.into_iter().map(SessionId::new).collect();
        let page = browser_session::end_many(conn, &ids, now)?.len();
        if page == 0 {
            let what = "a session that cannot be ended".to_owned();
            return Err(StorageError::Inconsistent(what));
        }
        ended.sessions += page;
    }
    diesel::update(grants::table.filter(grants::revoked_at.is_null()))
        .set(grants::revoked_at.eq(now.0))
        .execute(conn)?;
    diesel::delete(opaque_access_tokens::table).execute(conn)?;
    diesel::delete(interactions::table).execute(conn)?;
    diesel::delete(sign_ins::table).execute(conn)?;
    diesel::delete(verifications::table.filter(verifications::consumed_at.is_null()))
        .execute(conn)?;
    diesel::update(devices::table.filter(devices::trusted_until.is_not_null()))
        .set(devices::trusted_until.eq(None::<i64>))
        .execute(conn)?;
    Ok(ended)
}
