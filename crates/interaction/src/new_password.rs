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
    let mut reasons = weaknesses(state, password, person).await?;
    // Only a password that might be taken is worth the work.
    if reasons.is_empty() && state.passwords.matches_any(password.clone(), former).await? {
        reasons.push(password::reused(state.settings.accounts.password_history));
    }
    Ok(reasons)
}

/// Everything that keeps `password` from being taken, former ones aside.
///
/// # Errors
/// [`PasswordError::Busy`] if too many passwords are waiting: a strength takes milliseconds to
/// estimate, so the threads that hash do it.
pub(crate) async fn weaknesses(
    state: &AppState,
    password: &Secret,
    person: &Person<'_>,
) -> Result<Vec<Message>, PasswordError> {
    let (password, rules) = (password.clone(), state.password_rules);
    let (username, email) = (person.username.to_owned(), person.email.to_owned());
    let name = person.name.map(str::to_owned);
    let check = move || {
        let person = Person { username: &username, email: &email, name: name.as_deref() };
        password::check(password.expose(), &person, &rules)
    };
    state.passwords.run(check).await
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
