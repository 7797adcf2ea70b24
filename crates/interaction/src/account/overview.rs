//! `/account`: the account at a glance.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::OAuthError;
use vestibule_pages::{AccountPage, WaysIn};
use vestibule_policy::{params::Params, session};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    html::{self, FormFrame},
    page_error, urls,
    visitor::{Visitor, visitor},
};

use super::{data::apps, done, event, frame, stranger, told};

/// `GET /account`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    show(&state, &http, query.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let query = query?;
    let Visitor { who, factors } = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (id, lifetimes) = (who.user.id.clone(), state.settings.lifetimes.clone());
    let (sessions, apps) = state
        .read(move |conn| {
            let sessions = vestibule_storage::browser_session::list_of_user(conn, &id)?;
            let live = sessions.iter().filter(|row| session::is_live(row, &lifetimes, now));
            Ok((live.count(), apps(conn, &id, now)?))
        })
        .await?;
    let done = told(&query, &[("kept", "account-kept")]);
    let own = frame(state, http, &who);
    // The form for signing out is anybody's who is signed in with this browser.
    let frame = FormFrame::new(state, http).account_language(who.user.language.as_deref());
    let view = AccountPage {
        shell: frame.shell(),
        section: "overview",
        csrf_token: &frame.csrf_token,
        own_csrf_token: &own.csrf_token,
        logout: "",
        done: done.as_ref(),
        person: html::person(&who.user),
        signed_in_since: who.session.auth_time,
        email_verified: who.user.email_verified,
        ways_in: WaysIn {
            has_password: !who.user.password_hash.is_empty(),
            password_changed_at: who.user.password_changed_at,
            authenticators: factors.totp.len(),
            passkeys: factors.passkeys.len(),
            recovery_codes_left: factors.recovery_codes_left,
        },
        sessions,
        apps,
        deletion_at: who.user.deletion_at,
    };
    frame.page(StatusCode::OK, &view)
}

/// `POST /account`: keeps an account that was to be deleted. Taking a wish back needs no fresh
/// sign-in.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    keep(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn keep(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let Visitor { who, .. } = match visitor(state, http, now).await? {
        Ok(found) => found,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if let Some(stale) = stranger(state, http, &params, &who, urls::ACCOUNT) {
        return Ok(stale);
    }
    if params.get("decision") != Some("keep") || who.user.deletion_at.is_none() {
        return Ok(html::see_other(&crate::notice::own(state, urls::ACCOUNT)));
    }
    let line = event(http, "deletion.undone", &who.user, now);
    let id = who.user.id;
    let kept = state
        .write(move |conn| {
            if !vestibule_storage::user::set_deletion(conn, &id, None)? {
                return Ok(false);
            }
            vestibule_storage::audit::insert(conn, &line)?;
            Ok(true)
        })
        .await?;
    if !kept {
        // It was erased meanwhile, and the session with it: the page asks to sign in.
        return Ok(html::see_other(&crate::notice::own(state, urls::ACCOUNT)));
    }
    Ok(done(state, urls::ACCOUNT, "kept"))
}
