//! `GET /authorize/restart/{id}`: the one button of a page that got too old.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{ErrorCode, InteractionId, OAuthError, interaction::Progress};
use vestibule_web::{AppState, State, html, page_error, urls};

/// Starts the stored request anew, under a new id and with nothing done.
pub async fn get(state: State, http: HttpRequest, id: Path<String>) -> HttpResponse {
    match restart(&state, InteractionId::new(id.into_inner())).await {
        Ok(response) => response,
        Err(error) => page_error(&state, &http, &error),
    }
}

async fn restart(state: &AppState, id: InteractionId) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let old = state
        .read(move |conn| {
            let found = vestibule_storage::interaction::find(conn, &id)?;
            found.ok_or_else(|| ErrorCode::InteractionUnknown.into())
        })
        .await?;
    let fresh = super::store(state, old.request, Progress::default(), now).await?;
    Ok(html::see_other(&urls::resume(&state.settings.issuer, &fresh)))
}
