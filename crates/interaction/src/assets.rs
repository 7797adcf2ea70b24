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
    match assets::find(&name) {
        Some(asset) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, asset.content_type))
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .insert_header((ETAG, asset.etag))
            .body(asset.bytes),
        None => page_error(&state, &http, &OAuthError::new(ErrorCode::NotFound)),
    }
}
