//! What is remembered between a challenge and its answer.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use vestibule_model::Timestamp;

use super::{PasskeyError, TIMEOUT};

/// What a challenge may be answered for. A state for one is worth nothing for another: an answer
/// to a second factor's challenge, which may do without user verification, must not sign in alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Registration,
    Authentication,
    Discoverable,
}

/// The library's state with our conditions around it.
#[derive(Serialize, Deserialize)]
pub(super) struct Ceremony<S> {
    kind: Kind,
    expires_at: Timestamp,
    /// Whose ceremony it is, if that is known from the beginning.
    pub(super) user_handle: Option<String>,
    pub(super) state: S,
}

pub(super) fn write<S: Serialize>(
    kind: Kind,
    user_handle: Option<String>,
    state: S,
    now: Timestamp,
) -> Result<String, PasskeyError> {
    let ceremony = Ceremony { kind, expires_at: now.plus(TIMEOUT), user_handle, state };
    serde_json::to_string(&ceremony).map_err(|_| PasskeyError::State)
}

pub(super) fn read<S: DeserializeOwned>(
    kind: Kind,
    text: &str,
    now: Timestamp,
) -> Result<Ceremony<S>, PasskeyError> {
    let ceremony: Ceremony<Value> = serde_json::from_str(text).map_err(|_| PasskeyError::State)?;
    if ceremony.kind != kind {
        return Err(PasskeyError::OtherCeremony);
    }
    if now >= ceremony.expires_at {
        return Err(PasskeyError::Expired);
    }
    let Ceremony { kind, expires_at, user_handle, state } = ceremony;
    let state = serde_json::from_value(state).map_err(|_| PasskeyError::State)?;
    Ok(Ceremony { kind, expires_at, user_handle, state })
}
