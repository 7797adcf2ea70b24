//! A browser that someone signed in with.

use crate::{DeviceId, SessionId, Timestamp, TokenHash, UserId};

/// A signed-in browser. The cookie holds a secret; the row holds its hash.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// The public name, sent as `sid`; stays when the cookie is renewed.
    pub id: SessionId,
    /// SHA-256 of the cookie's value; renewed at every sign-in.
    pub token_hash: TokenHash,
    /// Who signed in.
    pub user_id: UserId,
    /// When the person last proved who they are; sent as `auth_time`.
    pub auth_time: Timestamp,
    /// How (RFC 8176), for example `pwd`.
    pub amr: Vec<String>,
    /// The authentication context class reached; sent as `acr`.
    pub acr: String,
    /// When the session began.
    pub created_at: Timestamp,
    /// Last use, for the idle timeout; written at most once a minute.
    pub last_seen_at: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    /// The device it belongs to.
    pub device_id: Option<DeviceId>,
    /// Where the last sign-in came from.
    pub ip: Option<String>,
    /// The browser in a few words, such as `Firefox on Linux`.
    pub user_agent: Option<String>,
}
