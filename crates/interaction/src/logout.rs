//! `/logout`: the confirmation's answer, and signing out from our own pages.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{OAuthError, Timestamp};
use vestibule_policy::params::Params;
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::{self, SignedIn},
    csrf, html,
    logout::{self, AfterLogout},
    page_error, urls,
};

/// `GET /logout`: asks.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    ask(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn ask(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    match signed_in(state, http, state.now()).await? {
        Some(who) => html::logout_confirm(state, http, &who.user, None, &AfterLogout::here()),
        None => Ok(html::signed_out(state, http, &[], None)),
    }
}

/// `POST /logout`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    sign_out(&state, &http, form.0).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn sign_out(
    state: &AppState,
    http: &HttpRequest,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let params = form?;
    let base = state.settings.issuer.path();
    let opened = match csrf::check(state, http, &params) {
        Ok(()) => AfterLogout::open(state, params.get("logout").unwrap_or_default()).await,
        Err(error) => Err(error),
    };
    let Ok(after) = opened else {
        let again = format!("{base}{}", urls::LOGOUT);
        return Ok(html::stale(state, http, &state.settings.display_name, &again));
    };
    if params.get("decision") != Some("allow") {
        return Ok(html::see_other(&format!("{base}{}", urls::ACCOUNT)));
    }
    let now = state.now();
    let told = logout::end_everybody(state, http, now).await?;
    let response = after.telling(told, now).leave_form(state)?;
    Ok(logout::everybody_signed_out(state, http, response))
}

/// `GET /signed-out`: the last page, where clients hear of it, or the way back to one.
pub async fn signed_out(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    let sealed = query.0.ok().and_then(|params| params.get("after").map(str::to_owned));
    let shown = match AfterLogout::open(&state, sealed.as_deref().unwrap_or_default()).await {
        Ok(after) => after.page(&state, &http).await,
        Err(_) => Ok(html::signed_out(&state, &http, &[], None)),
    };
    shown.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn signed_in(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Option<SignedIn>, OAuthError> {
    let session = browser::session_hash(http);
    let lifetimes = state.settings.lifetimes.clone();
    state.read(move |conn| browser::signed_in(conn, session.as_ref(), &lifetimes, now)).await
}
