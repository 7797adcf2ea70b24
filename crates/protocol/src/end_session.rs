//! End-session endpoint (OIDC RP-Initiated Logout 1.0 §2).

use actix_web::{HttpRequest, HttpResponse};
use vestibule_keys::{Expected, client_signature};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, SessionId, Subject, Timestamp, client::Client, user::User,
};
use vestibule_policy::{params::Params, redirect_uri::SafeRedirect};
use vestibule_web::{
    AppState, FormParams, QueryParams, State,
    browser::{self, SignedIn},
    cookies, html, language,
    logout::{self, AfterLogout},
    page_error, subject, urls,
};

use crate::authorize::hint;

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
        Ok(params) => {
            language::note_locales(http, params.get("ui_locales"));
            end_session(state, http, &params).await
        }
        Err(error) => Err(error),
    };
    outcome.unwrap_or_else(|error| page_error(state, http, &error))
}

/// The longest `state` that still fits the confirmation page's sealed field, in bytes.
const MAX_STATE: usize = 4 * 1024;

/// What a verified `id_token_hint` says.
struct Hint {
    /// `aud`.
    clients: Vec<ClientId>,
    sub: Subject,
    sid: Option<SessionId>,
}

impl Hint {
    /// Whether it speaks of this session, as `client` knows its person.
    fn is_of(&self, state: &AppState, client: &Client, who: &SignedIn) -> bool {
        self.sub == subject::of(state, client, &who.user.id)
            && self
                .sid
                .as_ref()
                .is_none_or(|sid| *sid == subject::sid(state, client, &who.session.id))
    }
}

/// With a hint that names the session's person: sign out at once. Without one, or with another
/// person's: ask first, for anyone can send a browser here (§2, §6). With nobody signed in: nothing to
/// do but to go back.
async fn end_session(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
) -> Result<HttpResponse, OAuthError> {
    let now = state.now();
    let hint = match params.get("id_token_hint") {
        Some(given) => read_hint(state, given, params.get("client_id")).await?,
        None => None,
    };
    let client_id = client_id(params, hint.as_ref())?;
    let (client, people) = read(state, http, client_id, now).await?;
    let after = after(state, http, params, client.as_ref())?;
    let present = browser::session_hash(http);
    let is_present = |who: &&SignedIn| present.as_ref() == Some(&who.session.token_hash);
    let Some(who) = people.iter().find(is_present) else { return after.leave(state, http) };
    let named = |client: &&Client| hint.as_ref().is_some_and(|hint| hint.is_of(state, client, who));
    let Some(asking) = client.as_ref().filter(named) else {
        let hinted = params
            .get("logout_hint")
            .and_then(|hint| people.iter().find(|who| is_meant(state, client.as_ref(), who, hint)));
        let user = &hinted.unwrap_or(who).user;
        return html::logout_confirm(state, http, user, client.as_ref(), &after);
    };
    let line = logout::line(http, now).of_client(&asking.id);
    let told = logout::end(state, who.session.clone(), line).await?;
    let response = after.telling(told, now).leave(state, http)?;
    Ok(logout::signed_out(state, http, response))
}

/// `logout_hint` (§2): a name of the person, as they or the client know it, or of the session. It
/// decides only whom the question speaks of.
fn is_meant(state: &AppState, client: Option<&Client>, who: &SignedIn, hint: &str) -> bool {
    let User { id, username, email, .. } = &who.user;
    let known = client.is_some_and(|client| subject::of(state, client, id).as_str() == hint);
    known
        || who.session.id.as_str() == hint
        || [username, email].iter().any(|name| name.to_lowercase() == hint.to_lowercase())
}

/// What the hint says; `None` if it is an ID token that only its client can read or vouch for: an
/// encrypted one, which the client may open and encrypt for us (§2), and one without a signature, of
/// a client that registered for that. Then `client_id` alone tells who asks.
async fn read_hint(
    state: &AppState,
    given: &str,
    client_id: Option<&str>,
) -> Result<Option<Hint>, OAuthError> {
    let verified = || verify(state, given).map(Some);
    let Some(seen) = client_signature::peek(given) else { return verified() };
    if !seen.is_encrypted && seen.alg != "none" {
        return verified();
    }
    let client = match client_id.map(ClientId::new) {
        Some(id) => state.client(&id).await?,
        None => None,
    };
    match client {
        Some(client) if seen.is_encrypted => {
            let opened = hint::opened(state, &client, given).await?;
            opened.map(|id_token| verify(state, &id_token)).transpose()
        }
        Some(client) if client.metadata.id_token_unsigned => Ok(None),
        None if seen.is_encrypted => Ok(None),
        _ => verified(),
    }
}

/// The signature counts, the expiry does not (§2: "even when the `exp` time has passed").
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
    let aud = claims.get("aud");
    let listed = aud.and_then(|aud| aud.as_array()).into_iter().flatten();
    let clients: Vec<ClientId> = aud
        .into_iter()
        .chain(listed)
        .filter_map(|entry| entry.as_str())
        .map(ClientId::new)
        .collect();
    if clients.is_empty() {
        return Err(refused("no aud".to_owned()));
    }
    let sub = text("sub").ok_or_else(|| refused("no sub".to_owned()))?;
    Ok(Hint { clients, sub: Subject::new(sub), sid: text("sid").map(SessionId::new) })
}

/// §2: with both, `client_id` must be among the hint's audience.
fn client_id(params: &Params, hint: Option<&Hint>) -> Result<Option<ClientId>, OAuthError> {
    let named = params.get("client_id").map(ClientId::new);
    match (named, hint) {
        (Some(named), Some(hint)) if !hint.clients.contains(&named) => {
            Err(ErrorCode::LogoutClientMismatch.into())
        }
        (named, hint) => Ok(named.or_else(|| hint.and_then(|hint| hint.clients.first().cloned()))),
    }
}

/// §3: only a registered URI of a known client is gone to.
fn after(
    state: &AppState,
    http: &HttpRequest,
    params: &Params,
    client: Option<&Client>,
) -> Result<AfterLogout, OAuthError> {
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
    Ok(AfterLogout::at(&to, params.get("state"), &html::client_name(state, http, client)))
}

/// The client, and everybody who is signed in with this browser.
async fn read(
    state: &AppState,
    http: &HttpRequest,
    client_id: Option<ClientId>,
    now: Timestamp,
) -> Result<(Option<Client>, Vec<SignedIn>), OAuthError> {
    let secrets = cookies::session(http).into_iter().chain(cookies::others(http));
    let hashes: Vec<_> = secrets.map(|secret| secret.token_hash()).collect();
    let lifetimes = state.settings.lifetimes.clone();
    state
        .read(move |conn| {
            let client = match client_id {
                Some(id) => vestibule_storage::client::find(conn, &id)?,
                None => None,
            };
            let people = browser::all_signed_in(conn, &hashes, &lifetimes, now)?;
            Ok((client.filter(|client| client.disabled_at.is_none()), people))
        })
        .await
}
