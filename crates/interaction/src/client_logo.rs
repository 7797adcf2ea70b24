//! `/client-logo/{client_id}`: the client's logo, from us and as a picture only.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    web::Path,
};
use vestibule_model::{ClientId, OAuthError, Timestamp};
use vestibule_text::Lang;
use vestibule_web::{
    AppState, QueryParams, State,
    client_logos::{self, Logo},
    client_shown::Text,
    page_error,
};

/// `GET /client-logo/{client_id}?lang=`, in the language of the page that shows it. Anything that
/// is not a picture is not found.
pub async fn get(
    state: State,
    http: HttpRequest,
    id: Path<String>,
    query: QueryParams,
) -> HttpResponse {
    let lang = query.0.ok().and_then(|params| params.get("lang").and_then(Lang::parse));
    match find(&state, ClientId::new(id.into_inner()), lang, state.now()).await {
        Ok(Some(logo)) => picture(logo),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(error) => page_error(&state, &http, &error),
    }
}

/// Fetches only what a client registered, so that a stranger has us ask nobody else.
async fn find(
    state: &AppState,
    id: ClientId,
    lang: Option<Lang>,
    now: Timestamp,
) -> Result<Option<Logo>, OAuthError> {
    let client = state.client(&id).await?;
    let client = client.filter(|client| client.disabled_at.is_none());
    let Some(client) = client else { return Ok(None) };
    let tags: Vec<&str> = lang.iter().map(|lang| lang.tag()).collect();
    let Some(address) = Text::Logo.of(&client.metadata, &tags) else { return Ok(None) };
    Ok(state.client_logos.get(address, now).await)
}

/// The picture, and nothing but that should anybody open it by its address.
fn picture(logo: Logo) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(logo.media_type)
        .insert_header((CACHE_CONTROL, format!("public, max-age={}", client_logos::AGE)))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(logo.content)
}
