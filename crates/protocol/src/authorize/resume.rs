//! `GET /authorize/resume/{id}`: where every page of a request returns to. The one loop point.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{
    ErrorCode, InteractionId, OAuthError, Timestamp, interaction::Interaction, settings::Issuer,
};
use vestibule_policy::prompt::Step;
use vestibule_web::{AppState, State, browser, html, page_error, urls};

use super::{
    respond::{self, Answer, Leaving},
    step::{Situation, issue_code, load},
};

/// Asks what the request still needs, and goes there: a page, or the client. A request that was
/// answered already is answered again with a fresh code, so that the back button and a double
/// submit end at the client too.
pub async fn get(state: State, http: HttpRequest, id: Path<String>) -> HttpResponse {
    let id = InteractionId::new(id.into_inner());
    match resume(&state, &http, &id).await {
        Ok(response) => response,
        Err(error) => page_error(&state, &http, &error),
    }
}

async fn resume(
    state: &AppState,
    http: &HttpRequest,
    id: &InteractionId,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let (interaction, situation) = read(state, http, id, now).await?;
    if now >= interaction.expires_at {
        return Ok(html::stale_interaction(state, http, &interaction, situation.client.as_ref()));
    }
    let request = &interaction.request;
    match situation.next(request, &interaction.progress, &state.settings, now) {
        Step::Issue => {
            let code = issue_code(state, &situation, request, Some(id), now).await?;
            let answer = Answer::code(state, request, &code);
            Ok(answer.send(state, http, leaving(&situation)))
        }
        Step::Deny(error) => {
            respond::log_refusal(http, &error);
            super::known(situation.client.as_ref())?;
            Ok(Answer::refusal(state, request, &error).send(state, http, leaving(&situation)))
        }
        step => {
            let to = page_of(&state.settings.issuer, id, &step);
            to.map(|to| html::see_other(&to)).ok_or_else(|| ErrorCode::Internal.into())
        }
    }
}

/// We may have come here from a form, and Chromium applies `form-action` to everything a form's
/// answer redirects to.
fn leaving(situation: &Situation) -> Leaving {
    let name = situation.client.as_ref().map(|client| client.display_name().to_owned());
    Leaving::AfterForm { client_name: name.unwrap_or_default() }
}

async fn read(
    state: &AppState,
    http: &HttpRequest,
    id: &InteractionId,
    now: Timestamp,
) -> Result<(Interaction, Situation), OAuthError> {
    let id = id.clone();
    let session = browser::session_hash(http);
    let lifetimes = state.settings.lifetimes.clone();
    state
        .read(move |conn| {
            let interaction = vestibule_storage::interaction::find(conn, &id)?
                .ok_or(ErrorCode::InteractionUnknown)?;
            let client_id = &interaction.request.client_id;
            let situation = load(conn, client_id, session.as_ref(), &lifetimes, now)?;
            Ok((interaction, situation))
        })
        .await
}

/// The page a step needs; `None` for the steps that end the request.
pub(super) fn page_of(issuer: &Issuer, id: &InteractionId, step: &Step) -> Option<String> {
    let path = match step {
        Step::Login { .. } => urls::LOGIN,
        Step::SelectAccount => urls::SELECT_ACCOUNT,
        Step::Consent { .. } => urls::CONSENT,
        Step::Deny(_) | Step::Issue => return None,
    };
    Some(urls::page(issuer, path, id))
}
