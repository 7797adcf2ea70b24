//! Who is signed in with this browser.

use actix_web::HttpRequest;
use vestibule_model::{
    OAuthError, Timestamp, TokenHash, browser_session::BrowserSession, settings::Lifetimes,
    user::User,
};
use vestibule_storage::Conn;

use crate::cookies;

/// `last_seen_at` is written again only when it is this old, in seconds: a read stays a read.
pub const TOUCH_AFTER: i64 = 60;

/// A live session and its user.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: BrowserSession,
    /// Whose it is.
    pub user: User,
}

/// The hash under which the request's session would be stored.
#[must_use]
pub fn session_hash(request: &HttpRequest) -> Option<TokenHash> {
    cookies::session(request).map(|value| value.token_hash())
}

/// The live session of that cookie hash, with a user who may use it.
pub fn signed_in(
    conn: &mut Conn,
    hash: Option<&TokenHash>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Result<Option<SignedIn>, OAuthError> {
    let Some(hash) = hash else { return Ok(None) };
    let Some(session) = vestibule_storage::browser_session::find(conn, hash)? else {
        return Ok(None);
    };
    if !vestibule_policy::session::is_live(&session, lifetimes, now) {
        return Ok(None);
    }
    let user = vestibule_storage::user::find(conn, &session.user_id)?;
    Ok(user.filter(|user| user.disabled_at.is_none()).map(|user| SignedIn { session, user }))
}

/// The live ones of several sessions, each with its user; in the order of `hashes`.
pub fn all_signed_in(
    conn: &mut Conn,
    hashes: &[TokenHash],
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> Result<Vec<SignedIn>, OAuthError> {
    let sessions = vestibule_storage::browser_session::find_many(conn, hashes)?;
    let live =
        |session: &&BrowserSession| vestibule_policy::session::is_live(session, lifetimes, now);
    let live: Vec<&BrowserSession> = sessions.iter().filter(live).collect();
    let owners: Vec<_> = live.iter().map(|session| session.user_id.clone()).collect();
    let users = vestibule_storage::user::find_many(conn, &owners)?;
    let found = hashes.iter().filter_map(|hash| {
        let session = live.iter().find(|session| session.token_hash == *hash)?;
        let user = users.iter().find(|user| user.id == session.user_id)?;
        let usable = user.disabled_at.is_none();
        usable.then(|| SignedIn { session: (*session).clone(), user: user.clone() })
    });
    Ok(found.collect())
}
