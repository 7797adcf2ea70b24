//! `/start/{client_id}`: a sign-in at an app that begins here (OIDC Core §4).

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{ClientId, ErrorCode, OAuthError};
use vestibule_policy::{initiate_login, params::Params};
use vestibule_web::{AppState, QueryParams, State, html, page_error};

/// `GET /start/{client_id}?target_link_uri=`. The app asks us for the sign-in then, by a request of
/// its own, so nothing of ours is handed over here.
pub async fn get(
    state: State,
    http: HttpRequest,
    id: Path<String>,
    query: QueryParams,
) -> HttpResponse {
    match start(&state, ClientId::new(id.into_inner()), query.0).await {
        Ok(response) => response,
        Err(error) => page_error(&state, &http, &error),
    }
}

async fn start(
    state: &AppState,
    id: ClientId,
    query: Result<Params, OAuthError>,
) -> Result<HttpResponse, OAuthError> {
    let query = query?;
    let client = state.client(&id).await?;
    let target = query.get("target_link_uri");
    let to =
        client.and_then(|client| initiate_login::start(&client, &state.settings.issuer, target));
    to.map(|to| html::see_other(&to)).ok_or_else(|| ErrorCode::NotFound.into())
}
