//! `POST /login/other`: "Not you?" Signs the known person out and comes back to the same request.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::OAuthError;
use vestibule_web::{
    AppState, FormParams, State, csrf, html,
    logout::{self, AfterLogout},
    page_error, urls, visitor,
};

use crate::sign_in::Destination;

/// `POST /login/other`.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    leave(&state, &http, form).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn leave(
    state: &AppState,
    http: &HttpRequest,
    form: FormParams,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let params = form.0?;
    let back = Destination::of(&params).behind(&state.settings.issuer, urls::LOGIN);
    if csrf::check(state, http, &params).is_err() {
        return Ok(html::stale(state, http, &state.settings.display_name, &back));
    }
    let told = match visitor::load(state, http, now).await? {
        Some(found) => logout::end(state, found.who.session, logout::line(http, now)).await?,
        None => Vec::new(),
    };
    let response = AfterLogout::onward(state, &back).telling(told, now).leave(state, http)?;
    Ok(logout::signed_out(state, http, response))
}
