//! `sub` and `sid`: who a person is to a client (OIDC Core §8), and which session.

use vestibule_model::{SessionId, Subject, UserId, client::Client};
use vestibule_policy::subject::sector;

use crate::state::AppState;

/// The person as `client` sees them: under the same name as everybody, or under one that other
/// sectors cannot join with theirs.
#[must_use]
pub fn of(state: &AppState, client: &Client, user: &UserId) -> Subject {
    match sector(client) {
        None => Subject::new(user.as_str()),
        Some(sector) => Subject::new(state.digester.pairwise_subject(&sector, user.as_str())),
    }
}

/// The browser session as `client` hears of it: `sid`. For pairwise subjects it has a name of the
/// sector's own too, or it would join what the subjects keep apart (OIDC Core §8.1).
#[must_use]
pub fn sid(state: &AppState, client: &Client, session: &SessionId) -> SessionId {
    match sector(client) {
        None => session.clone(),
        Some(sector) => {
            // No account's identifier has a colon.
            let named = format!("sid:{session}");
            SessionId::new(state.digester.pairwise_subject(&sector, &named))
        }
    }
}
