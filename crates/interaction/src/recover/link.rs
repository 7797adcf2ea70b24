//! `/recover/{token}`: the link of the mail. Looking at it uses nothing up.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{OAuthError, Secret, Timestamp};
use vestibule_pages::{NoticeKind, Way as Onto};
use vestibule_policy::params::Params;
use vestibule_web::{AppState, FormParams, State, csrf, html, page_error, urls};

use super::{
    code::KINDS,
    reset::{Open, Way},
};
use crate::{
    notice::{Say, own},
    verification::{self, Found, data},
};

/// `GET /recover/{token}`.
pub async fn get(state: State, http: HttpRequest, token: Path<String>) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    show(&state, &http, token).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(
    state: &AppState,
    http: &HttpRequest,
    token: Secret,
) -> Result<HttpResponse, OAuthError> {
    match find(state, http, token, state.now()).await? {
        Ok(open) => open.ask(state, http).await,
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /recover/{token}`.
pub async fn post(
    state: State,
    http: HttpRequest,
    token: Path<String>,
    form: FormParams,
) -> HttpResponse {
    let token = Secret::new(token.into_inner());
    let outcome = set(&state, &http, token, form.0).await;
    outcome.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn set(
    state: &AppState,
    http: &HttpRequest,
    token: Secret,
    form: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form?;
    let open = match find(state, http, token, now).await? {
        Ok(open) => open,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if csrf::check(state, http, &params).is_err() {
        let again = own(state, &open.way.path());
        return Ok(html::stale(state, http, &state.settings.display_name, &again));
    }
    let password = Secret::new(params.get("new_password").unwrap_or_default());
    open.set(state, http, password, now).await
}

async fn find(
    state: &AppState,
    http: &HttpRequest,
    token: Secret,
    now: Timestamp,
) -> Result<Result<Open, HttpResponse>, OAuthError> {
    match verification::by_link(state, &token, KINDS, now).await? {
        Found::Good(row) => {
            let request = data(state, &row).await?;
            Ok(Ok(Open { row: *row, request, way: Way::Link(token) }))
        }
        Found::Over(kind) => Ok(Err(over(state, http, kind)?)),
    }
}

/// A link or a code that works no longer, and the next step.
pub(super) fn over(
    state: &AppState,
    http: &HttpRequest,
    kind: NoticeKind,
) -> Result<HttpResponse, OAuthError> {
    let ways =
        [(Onto::AnotherMail, own(state, urls::RECOVER)), (Onto::SignIn, own(state, urls::LOGIN))];
    Say::new(kind, &ways).page(state, http)
}
