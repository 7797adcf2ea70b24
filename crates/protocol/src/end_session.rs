//! End-session endpoint (OIDC RP-Initiated Logout 1.0 §2).

use actix_web::{HttpRequest, HttpResponse};
use vestibule_keys::Expected;
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, SessionId, Timestamp, UserId, client::Client,
};
use vestibule_policy::{params::Params, redirect_uri::SafeRedirect};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::{self, SignedIn},
    html,
    logout::{self, AfterLogout},
    page_error, urls,
};

/// `GET /end_session`.
pub async fn get(state: State, http: HttpRequest, query: QueryParams) -> HttpResponse {
    answer(&state, &http, query.0).await
}

/// `POST /end_session`. A form sent from the client's own site arrives without our `SameSite=Lax`
/// cookie; the redirect to ourselves brings it, and with it whom to sign out.
pub async fn post(state: State, http: HttpRequest, form: FormParams) -> HttpResponse {
    match form.0 {
        Ok(params) if browser::session_hash(&http).is_none() => {
            html::see_other(&urls::with_query(&state.settings.issuer, urls::END_SESSION, &params))
        }
        params => answer(&state, &http, params).await,
    }
}

async fn answer(
    state: &AppState,
    http: &HttpRequest,
    params: Result<Params, OAuthError>,
) -> HttpResponse {
    let outcome = match params {
        Ok(params) => end_session(state, http, &params).await,
        Err(error) => Err(error),
    };
    outcome.unwrap_or_else(|error| page_error(state, http, &error))
}

/// The longest `state` that still fits the confirmation page's sealed field, in bytes.
const MAX_STATE: usize = 4 * 1024;

/// What a verified `id_token_hint` says.
struct Hint {
    client_id: ClientId,
    sub: UserId,
    sid: Option<SessionId>,
}

/// With a hint that names the session's person: sign out at once. Without one, or with another
/// person's: ask first, for anyone can send a browser here (§6). With nobody signed in: nothing to
/// do but to go back.
async fn end_session(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let hint = params.get("id_token_hint").map(|token| verify(state, token)).transpose()?;
    let client_id = client_id(params, hint.as_ref())?;
    let (client, who) = read(state, http, client_id, now).await?;
    let after = after(params, client.as_ref())?;
    let Some(who) = who else { return Ok(after.leave(state, http)) };
    let same_person = hint.is_some_and(|hint| {
        hint.sub == who.user.id && hint.sid.is_none_or(|sid| sid == who.session.id)
    });
    if !same_person {
        return html::logout_confirm(state, http, &who.user, client.as_ref(), &after);
    }
    logout::end(state, who.session.id, now).await?;
    Ok(logout::signed_out(after.leave(state, http)))
}

/// The signature counts, the expiry does not (§2: "even if expired").
fn verify(state: &AppState, token: &str) -> Result<Hint, OAuthError> {
    let refused = |why: String| OAuthError::new(ErrorCode::LogoutHintInvalid).because(why);
    let claims = state
        .ring()
        .verify(token, Expected::IdToken)
        .map_err(|fault| refused(fault.to_string()))?;
    let text = |name: &str| claims.get(name).and_then(|value| value.as_str());
    if text("iss") != Some(state.settings.issuer.as_str()) {
        return Err(refused("iss is another issuer".to_owned()));
    }
    let required = |name: &str| text(name).ok_or_else(|| refused(format!("no {name}")));
    Ok(Hint {
        client_id: ClientId::new(required("aud")?),
        sub: UserId::new(required("sub")?),
        sid: text("sid").map(SessionId::new),
    })
}

/// §2: with both, `client_id` must be the hint's audience.
fn client_id(params: &Params, hint: Option<&Hint>) -> Result<Option<ClientId>, OAuthError> {
    let named = params.get("client_id").map(ClientId::new);
    match (named, hint) {
        (Some(named), Some(hint)) if named != hint.client_id => {
            Err(ErrorCode::LogoutClientMismatch.into())
        }
        (named, hint) => Ok(named.or_else(|| hint.map(|hint| hint.client_id.clone()))),
    }
}

/// §3: only a registered URI of a known client is gone to.
fn after(params: &Params, client: Option<&Client>) -> Result<AfterLogout, OAuthError> {
    let Some(uri) = params.get("post_logout_redirect_uri") else {
        return Ok(AfterLogout::here());
    };
    let client = client.ok_or_else(|| {
        OAuthError::new(ErrorCode::PostLogoutRedirectUriMismatch)
            .because("neither id_token_hint nor client_id names a registered client")
    })?;
    let to = SafeRedirect::post_logout(client, uri)?;
    if params.get("state").is_some_and(|state| state.len() > MAX_STATE) {
        return Err(ErrorCode::ParameterTooLong.into());
    }
    Ok(AfterLogout::at(&to, params.get("state"), client.display_name()))
}

async fn read(
    state: &AppState,
    http: &HttpRequest,
    client_id: Option<ClientId>,
    now: Timestamp,
) -> Result<(Option<Client>, Option<SignedIn>), OAuthError> {
    let session = browser::session_hash(http);
    let lifetimes = state.settings.lifetimes.clone();
    state
        .read(move |conn| {
            let client = match client_id {
                Some(id) => vestibule_storage::client::find(conn, &id)?,
                None => None,
            };
            let who = browser::signed_in(conn, session.as_ref(), &lifetimes, now)?;
            Ok((client.filter(|client| client.disabled_at.is_none()), who))
        })
        .await
}
