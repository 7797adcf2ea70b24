//! `/account`: who is signed in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::OAuthError;
use vestibule_pages::AccountPage;
use vestibule_web::{
    AppState, State, browser,
    html::{self, FormFrame},
    page_error, urls,
};

/// `GET /account`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    show(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let session = browser::session_hash(http);
    let lifetimes = state.settings.lifetimes.clone();
    let who =
        state.read(move |conn| browser::signed_in(conn, session.as_ref(), &lifetimes, now)).await?;
    let Some(who) = who else {
        let path = state.settings.issuer.path();
        return Ok(html::see_other(&format!("{path}{}", urls::LOGIN)));
    };
    let frame = FormFrame::new(state, http);
    let view = AccountPage {
        shell: frame.shell(),
        csrf_token: &frame.csrf_token,
        logout: "",
        person: html::person(&who.user),
        signed_in_since: who.session.auth_time,
    };
    frame.page(StatusCode::OK, &view)
}
