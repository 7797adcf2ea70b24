//! Signing out, shared by the protocol's endpoint and our own page.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use vestibule_model::{ErrorCode, OAuthError, SessionId, Timestamp};
use vestibule_policy::redirect_uri::SafeRedirect;

use crate::{cookies, html, state::AppState, urls};

/// What the hidden field of the confirmation page is sealed for.
const SEALED: &str = "end_session.after";

/// Where to go after signing out. Travels through the confirmation page sealed, so that nobody
/// can make us redirect anywhere (open redirect).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterLogout {
    /// The checked address, with `state`; `None` for our own page.
    target: Option<String>,
    client_name: String,
}

impl AfterLogout {
    /// Stay on our own "signed out" page.
    #[must_use]
    pub const fn here() -> Self {
        Self { target: None, client_name: String::new() }
    }

    /// Go back to the client (OIDC RP-Initiated Logout §3), `state` as it came.
    #[must_use]
    pub fn at(to: &SafeRedirect, state: Option<&str>, client_name: &str) -> Self {
        let query: Vec<_> = state.map(|state| ("state", state)).into_iter().collect();
        Self { target: Some(to.with_query(&query)), client_name: client_name.to_owned() }
    }

    /// For the hidden field.
    pub fn seal(&self, state: &AppState) -> Result<String, OAuthError> {
        let plain = json!([self.target, self.client_name]).to_string();
        Ok(state.sealer.seal(SEALED, plain.as_bytes(), state.entropy.as_ref())?)
    }

    /// Back from the hidden field; empty is our own page.
    pub async fn open(state: &AppState, sealed: &str) -> Result<Self, OAuthError> {
        if sealed.is_empty() {
            return Ok(Self::here());
        }
        let unreadable = || OAuthError::new(ErrorCode::FormExpired).because("sealed logout field");
        let plain = state.open_sealed(SEALED, sealed).await.map_err(|_| unreadable())?;
        let (target, client_name) = serde_json::from_slice(&plain).map_err(|_| unreadable())?;
        Ok(Self { target, client_name })
    }

    /// At once, by redirect: for requests that did not come from a form of ours.
    #[must_use]
    pub fn leave(&self, state: &AppState, http: &HttpRequest) -> HttpResponse {
        match &self.target {
            Some(target) => html::see_other(target),
            None => html::signed_out(state, http),
        }
    }

    /// By way of a page of ours, which ends the form's chain of redirects.
    pub fn leave_form(&self, state: &AppState) -> Result<HttpResponse, OAuthError> {
        let path = state.settings.issuer.path();
        let to = match &self.target {
            Some(_) => format!("{path}{}?after={}", urls::SIGNED_OUT, self.seal(state)?),
            None => format!("{path}{}", urls::SIGNED_OUT),
        };
        Ok(html::see_other(&to))
    }

    /// The page that [`leave_form`](Self::leave_form) leads to.
    #[must_use]
    pub fn page(&self, state: &AppState, http: &HttpRequest) -> HttpResponse {
        match &self.target {
            Some(target) => html::returning(state, http, target, &self.client_name),
            None => html::signed_out(state, http),
        }
    }
}

/// Ends a session, and with it the refresh tokens that were not granted `offline_access`.
pub async fn end(state: &AppState, id: SessionId, now: Timestamp) -> Result<(), OAuthError> {
    tracing::info!(event = "session.ended", session_id = id.as_str());
    state
        .write(move |conn| {
            vestibule_storage::grant::revoke_online_of_session(conn, &id, now)?;
            vestibule_storage::browser_session::end(conn, &id)?;
            Ok(())
        })
        .await
}

/// Ends every session of this browser: whoever signs out at a shared computer means all of it.
pub async fn end_everybody(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<(), OAuthError> {
    let secrets = cookies::session(http).into_iter().chain(cookies::others(http));
    let hashes: Vec<_> = secrets.map(|secret| secret.token_hash()).collect();
    state
        .write(move |conn| {
            for session in vestibule_storage::browser_session::find_many(conn, &hashes)? {
                tracing::info!(event = "session.ended", session_id = session.id.as_str());
                vestibule_storage::grant::revoke_online_of_session(conn, &session.id, now)?;
                vestibule_storage::browser_session::end(conn, &session.id)?;
            }
            Ok(())
        })
        .await
}

/// Takes the cookies of everybody who was signed in away.
#[must_use]
pub fn everybody_signed_out(response: HttpResponse) -> HttpResponse {
    let mut response = signed_out(response);
    // Of fixed name and empty value, as above.
    let _ = response.add_cookie(&cookies::clear(cookies::OTHERS));
    response
}

/// Takes the session's cookie away.
#[must_use]
pub fn signed_out(mut response: HttpResponse) -> HttpResponse {
    let cookie = cookies::clear_session();
    // A cookie of fixed name and empty value always fits a header.
    let _ = response.add_cookie(&cookie);
    response
}
