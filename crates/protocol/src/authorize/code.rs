//! The step that ends a request: the code.

use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, Secret, Timestamp, interaction::AuthorizationRequest,
};
use vestibule_policy::consent;
use vestibule_web::{AppState, asked::Situation, browser::TOUCH_AFTER};

use crate::issue::Mint;

/// Issues the code. `interaction` is the request's row, if it has one.
pub async fn issue_code(
    state: &AppState,
    situation: &Situation,
    request: &AuthorizationRequest,
    interaction: Option<&InteractionId>,
    now: Timestamp,
) -> Result<Secret, OAuthError> {
    let Some(who) = &situation.who else {
        return Err(ErrorCode::LoginRequired.into());
    };
    let ring = state.ring();
    let mint =
        Mint { ring: &ring, settings: &state.settings, entropy: state.entropy.as_ref(), now };
    let granted = consent::granted(request, &situation.client, situation.consent.as_ref());
    let minted = mint.authorization_code(request, granted, who);
    let idle = now.since(who.session.last_seen_at) >= TOUCH_AFTER;
    let session_id = who.session.id.clone();
    tracing::info!(
        event = "authorization_code.issued",
        client_id = request.client_id.as_str(),
        user_id = who.user.id.as_str(),
        interaction = interaction.map(InteractionId::as_str),
    );
    state
        .write(move |conn| {
            vestibule_storage::grant::insert(conn, &minted.grant)?;
            vestibule_storage::authorization_code::insert(conn, &minted.row)?;
            if idle {
                vestibule_storage::browser_session::touch(conn, &session_id, now)?;
            }
            Ok(minted.code)
        })
        .await
}
