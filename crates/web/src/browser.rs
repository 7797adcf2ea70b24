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
