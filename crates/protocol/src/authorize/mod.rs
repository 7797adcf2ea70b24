//! Authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2).
//!
//! A request is checked once, then asked again and again what it still needs, until it can be
//! answered: here for a person who is signed in already, on [`resume`] after each page.

mod code;
pub mod respond;
pub mod restart;
pub mod resume;

use actix_web::{HttpRequest, HttpResponse};
use vestibule_keys::Expected;
use vestibule_model::{
    ClientId, ErrorCode, InteractionId, OAuthError, Timestamp, UserId,
    entropy::random_id,
    interaction::{AuthorizationRequest, Interaction, Progress},
};
use vestibule_policy::{
    authorize::{HintedSubject, Rejection, validate},
    params::Params,
    prompt::Step,
};
use vestibule_web::{
    AppState, FormParams, QueryParams, RequestId, State, asked::Situation, browser, page_error,
};

use code::issue_code;
use respond::{Answer, Leaving};

/// `GET /authorize`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    match query.0 {
        Ok(params) => begin(&state, &http, &params).await,
        Err(error) => page_error(&state, &http, &error),
    }
}

/// `POST /authorize` (OIDC Core §3.1.2.1: the same parameters in a form).
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    match form.0 {
        Ok(params) => begin(&state, &http, &params).await,
        Err(error) => page_error(&state, &http, &error),
    }
}

async fn begin(state: &AppState, http: &HttpRequest, params: &Params) -> HttpResponse {
    let now = state.now();
    match respond_to(state, http, params, now).await {
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

async fn respond_to(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
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
    let request = validate(params, client, |hint| hinted(state, hint), &state.settings)?;
    let Some(situation) = situation else {
        return Err(Rejection::Page(ErrorCode::ClientUnknown.into()));
    };
    // A form sent from the client's own site arrives without our `SameSite=Lax` cookie. The
    // redirect to `resume` brings the cookie, so who is signed in is asked there.
    let blind_post = http.method() == actix_web::http::Method::POST && !has_session;
    let progress = Progress::default();
    if blind_post {
        return park(state, request, progress, now, None).await;
    }
    match situation.next(&request, &progress, &state.settings, now) {
        Step::Issue => {
            let code = issue_code(state, &situation, &request, None, now).await;
            let code = code.map_err(Rejection::Page)?;
            let answer = Answer::code(state, &request, &code);
            Ok(answer.send(state, http, Leaving::Directly))
        }
        Step::Deny(error) => {
            respond::log_refusal(http, &error);
            Ok(Answer::refusal(state, &request, &error).send(state, http, Leaving::Directly))
        }
        step => park(state, request, progress, now, Some(&step)).await,
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

/// Whom an `id_token_hint` names. Its expiry does not matter (OIDC Core §3.1.2.1), its signature
/// does.
fn hinted(state: &AppState, hint: &str) -> Option<HintedSubject> {
    let claims = state.ring().verify(hint, Expected::IdToken).ok()?;
    let text = |name: &str| claims.get(name).and_then(|value| value.as_str());
    if text("iss") != Some(state.settings.issuer.as_str()) {
        return None;
    }
    Some(HintedSubject {
        sub: UserId::new(text("sub")?),
        client_ids: text("aud").map(str::to_owned).into_iter().collect(),
    })
}

/// The request id for the audit log.
fn request_id(http: &HttpRequest) -> String {
    RequestId::of(http).0
}
