//! `sub`: who a person is to a client (OIDC Core §8).

use vestibule_model::{Subject, UserId, client::Client};
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
