//! Who may see a page of the account: the one gate before all of them.

use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded;
use vestibule_model::{OAuthError, Timestamp, factor::Factors, settings::Settings};
use vestibule_policy::{acr::Level, mfa};

use crate::{
    browser::{self, SignedIn},
    html,
    state::AppState,
    urls,
};

/// Somebody who may see the page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The session and its owner.
    pub who: SignedIn,
    /// What the owner enrolled.
    pub factors: Factors,
}

/// What is missing before somebody may see an account page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A sign-in, or one that is recent enough.
    SignIn,
    /// A second factor: policy demands it, or the person enrolled one and did not use it.
    SecondFactor,
}

/// The visitor, or the answer that sends them to what is missing and back to this part of the
/// account.
pub async fn visitor(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Result<Visitor, HttpResponse>, OAuthError> {
    // The pattern that was matched, and not the path as it was written: that may be percent-encoded
    // so that it names a page which we would not recognise.
    let pattern = http.match_pattern().unwrap_or_default();
    let page = pattern.strip_prefix(state.settings.issuer.path()).unwrap_or_default();
    let next = urls::section(page);
    let Some(found) = load(state, http, now).await? else {
        return Ok(Err(go(state, urls::LOGIN, next)));
    };
    Ok(match missing(&found, page, &state.settings, now) {
        None => Ok(found),
        Some(Missing::SignIn) => Err(go(state, urls::LOGIN, next)),
        Some(Missing::SecondFactor) => Err(go(state, urls::VERIFY, next)),
    })
}

/// Whoever is signed in, with their factors.
pub async fn load(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Option<Visitor>, OAuthError> {
    let session = browser::session_hash(http);
    let lifetimes = state.settings.lifetimes.clone();
    state
        .read(move |conn| {
            let Some(who) = browser::signed_in(conn, session.as_ref(), &lifetimes, now)? else {
                return Ok(None);
            };
            let factors = vestibule_storage::factor::of_user(conn, &who.user.id)?;
            Ok(Some(Visitor { who, factors }))
        })
        .await
}

/// What this visitor lacks for our page `path`.
#[must_use]
pub fn missing(
    visitor: &Visitor,
    path: &str,
    settings: &Settings,
    now: Timestamp,
) -> Option<Missing> {
    let Visitor { who, factors } = visitor;
    let reached = Level::of_acr(&who.session.acr).unwrap_or(Level::Password);
    let sensitive = urls::changes_sign_in(path);
    if sensitive && now.since(who.session.auth_time) > settings.accounts.fresh_sign_in {
        return Some(Missing::SignIn);
    }
    // A remembered device spares the second factor when signing in, and not when changing it.
    let own = if sensitive && factors.any() { Level::Mfa } else { Level::Password };
    let needed = mfa::required(&who.user, None, &settings.mfa).max(own);
    (reached < needed).then_some(Missing::SecondFactor)
}

/// To `page`, and from there to `next`.
fn go(state: &AppState, page: &str, next: &str) -> HttpResponse {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("next", next);
    html::see_other(&format!("{}{page}?{}", state.settings.issuer.path(), query.finish()))
}
