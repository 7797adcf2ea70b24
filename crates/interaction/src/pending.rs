//! The pending request that a page belongs to.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{ErrorCode, InteractionId, OAuthError, Timestamp};
use vestibule_policy::params::Params;
use vestibule_web::{AppState, asked::Asked, html};

/// The interaction that a query or a form names.
#[must_use]
pub fn id(params: &Params) -> Option<InteractionId> {
    params.get("interaction").map(InteractionId::new)
}

/// Reads the request of a page; one that got too old is answered here, by its page with one button.
pub async fn read(
    state: &AppState,
    http: &HttpRequest,
    id: Option<InteractionId>,
    now: Timestamp,
) -> Result<Result<Asked, HttpResponse>, OAuthError> {
    let id = id.ok_or(ErrorCode::InteractionUnknown)?;
    let asked = Asked::read(state, http, id, now).await?;
    if asked.is_stale(now) {
        return Ok(Err(html::stale_interaction(state, http, &asked)));
    }
    Ok(Ok(asked))
}
