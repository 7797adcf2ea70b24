//! `GET /authorize/resume/{id}`: where every page of a request returns to. The one loop point.

use actix_web::{HttpRequest, HttpResponse, web::Path};
use vestibule_model::{ErrorCode, InteractionId, OAuthError, settings::Issuer};
use vestibule_policy::prompt::{LoginReason, Step};
use vestibule_web::{AppState, State, asked::Asked, html, page_error, urls};

use super::{
    issue,
    respond::{self, Answer, Leaving},
};

/// Asks what the request still needs, and goes there: a page, or the client. A request that was
/// answered already is answered again, with a fresh code, so that the back button and a double
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
    let asked = Asked::read(state, http, id.clone(), now).await?;
    if asked.is_stale(now) {
        return Ok(html::stale_interaction(state, http, &asked));
    }
    let request = &asked.interaction.request;
    // We may have come here from a form, and Chromium applies `form-action` to everything that a
    // form's answer redirects to.
    let client_name = html::client_name(state, http, &asked.situation.client);
    let leaving = Leaving::AfterForm { client_name };
    match asked.next(state, now) {
        Step::Issue => {
            let answer = issue(state, &asked.situation, request, Some(id), now).await?;
            Ok(answer.send(state, http, leaving))
        }
        Step::Deny(error) => {
            respond::log_refusal(http, &error);
            let answer = Answer::refusal(state, request, &asked.situation, &error);
            Ok(answer.send(state, http, leaving))
        }
        step => {
            let to = page_of(&state.settings.issuer, id, &step);
            to.map(|to| html::see_other(&to)).ok_or_else(|| ErrorCode::Internal.into())
        }
    }
}

/// The page a step needs; `None` for the steps that end the request.
pub(super) fn page_of(issuer: &Issuer, id: &InteractionId, step: &Step) -> Option<String> {
    let path = match step {
        Step::Login { reason: LoginReason::NewAccount } => urls::REGISTER,
        Step::Login { .. } => urls::LOGIN,
        Step::SelectAccount => urls::SELECT_ACCOUNT,
        Step::StepUp { .. } => urls::VERIFY,
        Step::Terms => urls::TERMS,
        Step::Consent { .. } => urls::CONSENT,
        Step::Deny(_) | Step::Issue => return None,
    };
    Some(urls::page(issuer, path, id))
}
