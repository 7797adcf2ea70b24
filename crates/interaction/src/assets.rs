//! `/static/{name}`: style, script and images, under names that change with their content.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG},
    web::Path,
};
use vestibule_model::{ErrorCode, OAuthError};
use vestibule_pages::assets;
use vestibule_web::{State, page_error};

/// `GET /static/{name}`.
pub async fn get(state: State, http: HttpRequest, name: Path<String>) -> HttpResponse {
    let missing = || page_error(&state, &http, &OAuthError::new(ErrorCode::NotFound));
    found(&name).unwrap_or_else(missing)
}

/// The asset of that name.
#[must_use]
pub fn found(name: &str) -> Option<HttpResponse> {
    let asset = assets::find(name)?;
    let answer = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, asset.content_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, asset.etag))
        .body(asset.bytes);
    Some(answer)
}
