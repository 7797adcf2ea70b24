//! Authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2, §3.2.2, §3.3.2).
//!
//! A request is checked once, then asked again and again what it still needs, until it can be
//! answered: here for a person who is signed in already, on [`resume`] after each page.

mod answer;
pub(crate) mod hint;
mod request_object;
pub mod respond;
pub mod restart;
pub mod resume;

use actix_web::{HttpRequest, HttpResponse, http::Method};
use vestibule_model::{
    ClientId, ErrorCode, InteractionId, OAuthError, Timestamp,
    entropy::random_id,
    interaction::{AuthorizationRequest, Interaction, Progress},
};
use vestibule_policy::{
    authorize::{Rejection, refuse, validate},
    params::Params,
    prompt::Step,
};
use vestibule_web::{
    AppState, RequestId, State, asked::Situation, browser, form::FormBytes, page_error,
};

use respond::{Answer, Leaving};

/// `GET /authorize`.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    begin(&state, &http, http.query_string().as_bytes()).await
}

/// `POST /authorize` (OIDC Core §3.1.2.1: the same parameters in a form).
pub async fn post(state: State, http: HttpRequest, form: FormBytes) -> HttpResponse {
    match form.0 {
        Ok(bytes) => begin(&state, &http, &bytes).await,
        Err(error) => page_error(&state, &http, &error),
    }
}

async fn begin(state: &AppState, http: &HttpRequest, bytes: &[u8]) -> HttpResponse {
    let now = state.now();
    let (params, fault) = Params::salvage(bytes);
    match respond_to(state, http, params, fault, now).await {
        Ok(response) => response,
        Err(Rejection::Page(error)) => page_error(state, http, &error),
        Err(Rejection::Redirect { to, response_mode, state: client_state, error }) => {
            respond::log_refusal(http, &error);
            Answer::error(state, to, response_mode, client_state, &error).send(
                state,
                http,
                Leaving::Directly,
            )
        }
    }
}

/// `fault` is what makes the request unreadable but for `params` (RFC 6749 §3.1).
async fn respond_to(
    state: &AppState,
    http: &HttpRequest,
    params: Params,
    fault: Option<OAuthError>,
    now: Timestamp,
) -> Result<HttpResponse, Rejection> {
    let client_id = ClientId::new(params.get("client_id").unwrap_or_default());
    let session = browser::session_hash(http);
    let has_session = session.is_some();
    let settings = state.settings.clone();
    let situation = state
        .read(move |conn| Situation::load(conn, &client_id, session.as_ref(), &settings, now))
        .await
        .map_err(Rejection::Page)?;
    let client = situation.as_ref().map(|situation| &situation.client);
    if let Some(fault) = fault {
        return Err(refuse(&params, client, &state.settings, fault));
    }
    let Some(situation) = situation else {
        return Err(unknown_client(state, &params));
    };
    let request = checked(state, &situation, &params, now).await?;
    // A form sent from the client's own site arrives without our `SameSite=Lax` cookie. The
    // redirect to `resume` brings the cookie, so who is signed in is asked there.
    let progress = Progress::default();
    if http.method() == Method::POST && !has_session {
        return park(state, request, progress, now, None).await;
    }
    match situation.next(state, &request, &progress, now) {
        Step::Issue => {
            let answer = issue(state, &situation, &request, None, now).await;
            let answer = answer.map_err(Rejection::Page)?;
            Ok(answer.send(state, http, Leaving::Directly))
        }
        Step::Deny(error) => {
            respond::log_refusal(http, &error);
            let answer = Answer::refusal(state, &request, &situation, &error);
            Ok(answer.send(state, http, Leaving::Directly))
        }
        step => park(state, request, progress, now, Some(&step)).await,
    }
}

/// The refusal of a request whose `client_id` is missing or nobody's.
fn unknown_client(state: &AppState, params: &Params) -> Rejection {
    let judged = validate(params, None, |_| None, &state.settings);
    judged.err().unwrap_or_else(|| Rejection::Page(ErrorCode::ClientUnknown.into()))
}

/// The request with its request object resolved and every parameter checked.
async fn checked(
    state: &AppState,
    situation: &Situation,
    params: &Params,
    now: Timestamp,
) -> Result<AuthorizationRequest, Rejection> {
    let client = &situation.client;
    let params = request_object::resolve(state, client, params, now).await?;
    let inside = match params.get("id_token_hint") {
        Some(hint) => hint::opened(state, client, hint).await.map_err(Rejection::Page)?,
        None => None,
    };
    let hinted = |hint: &str| hint::subject(state, inside.as_deref().unwrap_or(hint));
    validate(&params, Some(client), hinted, &state.settings)
}

/// The answer that carries what `response_type` asks for. The client is told if its key for
/// encrypted ID tokens cannot be had, and if the person signed out or took the consent back at this
/// very moment.
async fn issue(
    state: &AppState,
    situation: &Situation,
    request: &AuthorizationRequest,
    interaction: Option<&InteractionId>,
    now: Timestamp,
) -> Result<Answer, OAuthError> {
    match answer::issue(state, situation, request, interaction, now).await {
        Ok(given) => Ok(Answer::success(state, request, situation, given)),
        Err(error)
            if matches!(
                error.code,
                ErrorCode::ResponseKeyMissing
                    | ErrorCode::LoginRequired
                    | ErrorCode::ConsentRequired
            ) =>
        {
            Ok(Answer::refusal(state, request, situation, &error))
        }
        Err(error) => Err(error),
    }
}

/// Stores the request under a fresh id and goes to the page it needs, or to `resume`.
async fn park(
    state: &AppState,
    request: AuthorizationRequest,
    progress: Progress,
    now: Timestamp,
    step: Option<&Step>,
) -> Result<HttpResponse, Rejection> {
    let id = store(state, request, progress, now).await.map_err(Rejection::Page)?;
    let issuer = &state.settings.issuer;
    let next = step.and_then(|step| resume::page_of(issuer, &id, step));
    let to = next.unwrap_or_else(|| vestibule_web::urls::resume(issuer, &id));
    Ok(vestibule_web::html::see_other(&to))
}

/// Stores a request as an interaction.
async fn store(
    state: &AppState,
    request: AuthorizationRequest,
    progress: Progress,
    now: Timestamp,
) -> Result<InteractionId, OAuthError> {
    let id = InteractionId::new(random_id(state.entropy.as_ref()));
    let interaction = Interaction {
        id: id.clone(),
        request,
        progress,
        created_at: now,
        expires_at: now.plus(state.settings.lifetimes.interaction),
    };
    state
        .write(move |conn| Ok(vestibule_storage::interaction::insert(conn, &interaction)?))
        .await?;
    Ok(id)
}

/// The request id for the audit log.
fn request_id(http: &HttpRequest) -> String {
    RequestId::of(http).0
}
