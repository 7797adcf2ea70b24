//! `/`: what this server is.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use vestibule_model::OAuthError;
use vestibule_pages::Home;
use vestibule_web::{
    AppState, State, browser,
    html::{self, Frame},
    page_error,
};

/// `GET /`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    show(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn show(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let who = match browser::session_hash(http) {
        None => None,
        Some(hash) => {
            let lifetimes = state.settings.lifetimes.clone();
            state.read(move |conn| browser::signed_in(conn, Some(&hash), &lifetimes, now)).await?
        }
    };
    let language = who.as_ref().and_then(|who| who.user.language.as_deref());
    let frame = Frame::new(state, http).account_language(language);
    let view = Home {
        shell: frame.shell(),
        issuer: state.settings.issuer.as_str(),
        person: who.as_ref().map(|who| html::person(&who.user)),
        playground: state.settings.playground,
    };
    frame.page(StatusCode::OK, &view)
}
