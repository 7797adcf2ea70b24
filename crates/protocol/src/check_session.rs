//! `check_session_iframe` (OIDC Session Management §3.3).

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{ErrorCode, OAuthError, settings::Profile};
use vestibule_web::{State, page_error, session_state};

/// `GET /check_session`: the page that a client's page asks, in a frame, whether who is signed in has
/// changed. There is none outside the profile `oidc`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    if state.settings.profile == Profile::Oidc {
        session_state::page(&state)
    } else {
        page_error(&state, &http, &OAuthError::new(ErrorCode::NotFound))
    }
}
