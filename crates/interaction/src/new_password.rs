//! A new password: what it must be, and whether it is.

use vestibule_identity::password::PasswordError;
use vestibule_model::{ErrorCode, Message, OAuthError, Secret};
use vestibule_pages::RulesShown;
use vestibule_policy::password::{self, Person};
use vestibule_web::AppState;

/// Everything that keeps `password` from being taken, `former` hashes among it. Nothing if it is
/// fine.
///
/// # Errors
/// [`PasswordError::Busy`] if too many passwords are waiting.
pub(crate) async fn judge(
    state: &AppState,
    password: &Secret,
    person: &Person<'_>,
    former: Vec<String>,
) -> Result<Vec<Message>, PasswordError> {
    let mut reasons = password::check(password.expose(), person, &state.password_rules);
    // Only a password that might be taken is worth the work.
    if reasons.is_empty() && state.passwords.matches_any(password.clone(), former).await? {
        reasons.push(password::reused(state.settings.accounts.password_history));
    }
    Ok(reasons)
}

/// The rules in sentences; with the one about former passwords if there are some.
pub(crate) fn rules(state: &AppState, has_former: bool) -> Vec<Message> {
    let last = state.settings.accounts.password_history;
    let reuse = (has_former && last > 0).then(|| password::reuse_rule_shown(last));
    password::rules_shown(&state.password_rules).into_iter().chain(reuse).collect()
}

/// The rules as pages show them.
pub(crate) fn shown<'a>(state: &AppState, rules: &'a [Message]) -> RulesShown<'a> {
    let password::Rules { min, max, .. } = state.password_rules;
    RulesShown { min, max, shown: rules.iter().collect() }
}

/// The fault of the hashing threads, for whom there is no better answer.
pub(crate) fn fault(error: &PasswordError) -> OAuthError {
    let code = match error {
        PasswordError::Busy => ErrorCode::Overloaded,
        _ => ErrorCode::Internal,
    };
    OAuthError::new(code).because(error.to_string())
}
