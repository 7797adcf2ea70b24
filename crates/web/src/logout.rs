//! Signing out, shared by the protocol's endpoint and our own pages.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, SessionId, Timestamp, audit::AuditEvent,
    browser_session::BrowserSession, client::Client, logout::SessionClient, settings::Lifetimes,
};
use vestibule_policy::{
    logout::{LogoutFrame, frame},
    redirect_uri::SafeRedirect,
    session::is_live,
};
use vestibule_storage::Conn;

use crate::{
    RequestId, cookies, html, request::visitor_ip, session_state, state::AppState, subject, urls,
};

/// The audit event of a session that ended in its own browser.
const SESSION_SIGNED_OUT: &str = "session.signed_out";

/// What the hidden field of the confirmation page is sealed for.
const SEALED: &str = "end_session.after";

/// For how long a link to the last page still tells clients that somebody signed out, in seconds.
const TELLING: i64 = 600;

/// Where to go after signing out, and whom to tell on the way. Travels through pages of ours sealed,
/// so that nobody can make us redirect anywhere (open redirect), or sign somebody else out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterLogout {
    /// The checked address, with `state`; `None` for our own page.
    target: Option<String>,
    client_name: String,
    told: Vec<Told>,
    /// When the sessions ended.
    at: i64,
}

/// A client that is told through the browser (OIDC Front-Channel Logout §3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told(SessionId, ClientId);

impl AfterLogout {
    /// Stay on our own "signed out" page.
    #[must_use]
    pub const fn here() -> Self {
        Self { target: None, client_name: String::new(), told: Vec::new(), at: 0 }
    }

    /// Go back to the client (OIDC RP-Initiated Logout §3), `state` as it came.
    #[must_use]
    pub fn at(to: &SafeRedirect, state: Option<&str>, client_name: &str) -> Self {
        let query: Vec<_> = state.map(|state| ("state", state)).into_iter().collect();
        let target = Some(to.with_query(&query));
        Self { target, client_name: client_name.to_owned(), ..Self::here() }
    }

    /// Go on at `path` of our own.
    #[must_use]
    pub fn onward(state: &AppState, path: &str) -> Self {
        let client_name = state.settings.display_name.clone();
        Self { target: Some(path.to_owned()), client_name, ..Self::here() }
    }

    /// The same, telling those of whom [`end`] or [`end_everybody`] spoke at `now`.
    #[must_use]
    pub fn telling(self, told: Vec<Told>, now: Timestamp) -> Self {
        Self { told, at: now.0, ..self }
    }

    /// For the hidden field.
    pub fn seal(&self, state: &AppState) -> Result<String, OAuthError> {
        let plain = serde_json::to_vec(self)
            .map_err(|fault| OAuthError::new(ErrorCode::Internal).because(fault.to_string()))?;
        Ok(state.sealer.seal(SEALED, &plain, state.entropy.as_ref())?)
    }

    /// Back from the hidden field; empty is our own page.
    pub async fn open(state: &AppState, sealed: &str) -> Result<Self, OAuthError> {
        if sealed.is_empty() {
            return Ok(Self::here());
        }
        let unreadable = || OAuthError::new(ErrorCode::FormExpired).because("sealed logout field");
        let plain = state.open_sealed(SEALED, sealed).await.map_err(|_| unreadable())?;
        serde_json::from_slice(&plain).map_err(|_| unreadable())
    }

    /// For requests that did not come from a form of ours: at once, by redirect, unless somebody is to
    /// be told first.
    pub fn leave(&self, state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
        match &self.target {
            _ if !self.told.is_empty() => self.leave_form(state),
            Some(target) => Ok(html::see_other(target)),
            None => Ok(html::signed_out(state, http, &[], None)),
        }
    }

    /// By way of a page of ours, which ends the form's chain of redirects.
    pub fn leave_form(&self, state: &AppState) -> Result<HttpResponse, OAuthError> {
        let path = state.settings.issuer.path();
        let to = if self.target.is_some() || !self.told.is_empty() {
            format!("{path}{}?after={}", urls::SIGNED_OUT, self.seal(state)?)
        } else {
            format!("{path}{}", urls::SIGNED_OUT)
        };
        Ok(html::see_other(&to))
    }

    /// The page that [`leave_form`](Self::leave_form) leads to.
    pub async fn page(
        &self,
        state: &AppState,
        http: &HttpRequest,
    ) -> Result<HttpResponse, OAuthError> {
        let frames = self.frames(state).await?;
        Ok(match &self.target {
            Some(target) if frames.is_empty() => {
                html::returning(state, http, target, &self.client_name)
            }
            Some(target) => {
                html::signed_out(state, http, &frames, Some((&self.client_name, target)))
            }
            None => html::signed_out(state, http, &frames, None),
        })
    }

    /// What has to be loaded so that every client hears of it.
    async fn frames(&self, state: &AppState) -> Result<Vec<LogoutFrame>, OAuthError> {
        if self.told.is_empty() || state.now().since(Timestamp(self.at)) > TELLING {
            return Ok(Vec::new());
        }
        let ids: Vec<ClientId> = self.told.iter().map(|Told(_, client)| client.clone()).collect();
        let clients =
            state.read(move |conn| Ok(vestibule_storage::client::find_many(conn, &ids)?)).await?;
        let frames = self.told.iter().filter_map(|Told(sid, id)| {
            let client = clients.iter().find(|client| client.id == *id)?;
            frame(client, &state.settings.issuer, &subject::sid(state, client, sid))
        });
        Ok(frames.collect())
    }
}

/// The audit log's line for a sign-out with this browser; [`end`] adds whose and which session.
#[must_use]
pub fn line(http: &HttpRequest, now: Timestamp) -> AuditEvent {
    let ip = visitor_ip(http).map(|ip| ip.to_string());
    AuditEvent::new(now, SESSION_SIGNED_OUT, RequestId::of(http).0).from_ip(ip.as_deref())
}

/// Ends a session and what hangs on it, and notes that by `line`. Gives back who is to be told through
/// the browser.
pub async fn end(
    state: &AppState,
    session: BrowserSession,
    line: AuditEvent,
) -> Result<Vec<Told>, OAuthError> {
    let settings = Arc::clone(&state.settings);
    let told =
        state.write(move |conn| end_in(conn, &[session], &line, &settings.lifetimes)).await?;
    state.logout_wake.notify_one();
    Ok(told)
}

/// Ends every session of this browser: whoever signs out at a shared computer means all of it.
pub async fn end_everybody(
    state: &AppState,
    http: &HttpRequest,
    now: Timestamp,
) -> Result<Vec<Told>, OAuthError> {
    let secrets = cookies::session(http).into_iter().chain(cookies::others(http));
    let hashes: Vec<_> = secrets.map(|secret| secret.token_hash()).collect();
    let line = line(http, now);
    let settings = Arc::clone(&state.settings);
    let told = state
        .write(move |conn| {
            let sessions = vestibule_storage::browser_session::find_many(conn, &hashes)?;
            end_in(conn, &sessions, &line, &settings.lifetimes)
        })
        .await?;
    state.logout_wake.notify_one();
    Ok(told)
}

/// Who is told by a page in the browser is worked out in the transaction that ends the sessions,
/// because with them goes what they led to. So are the lines of the audit log: those that somebody
/// else ended meanwhile get none, nor do those that were over: where this browser is now is not their
/// owners' business.
fn end_in(
    conn: &mut Conn,
    sessions: &[BrowserSession],
    line: &AuditEvent,
    lifetimes: &Lifetimes,
) -> Result<Vec<Told>, OAuthError> {
    let ids: Vec<SessionId> = sessions.iter().map(|session| session.id.clone()).collect();
    let led_to = vestibule_storage::session_client::of_sessions(conn, &ids)?;
    let ended = vestibule_storage::browser_session::end_many(conn, &ids, line.at)?;
    let mut lines = Vec::new();
    for session in sessions.iter().filter(|session| ended.contains(&session.id)) {
        tracing::info!(event = "session.ended", session_id = session.id.as_str());
        if is_live(session, lifetimes, line.at) {
            let line = line.clone().of_user(&session.user_id);
            lines.push(line.detail(format!("session {}", session.id)));
        }
    }
    vestibule_storage::audit::insert_many(conn, &lines)?;
    let led_to: Vec<SessionClient> =
        led_to.into_iter().filter(|one| ended.contains(&one.session_id)).collect();
    if led_to.is_empty() {
        return Ok(Vec::new());
    }
    let clients: Vec<ClientId> = led_to.iter().map(|one| one.client_id.clone()).collect();
    let clients = vestibule_storage::client::find_many(conn, &clients)?;
    let listens = |id: &ClientId| {
        let has_page = |client: &Client| client.metadata.frontchannel_logout_uri.is_some();
        clients.iter().any(|client| client.id == *id && has_page(client))
    };
    let told = led_to.into_iter().filter(|one| listens(&one.client_id));
    Ok(told.map(|one| Told(one.session_id, one.client_id)).collect())
}

/// Takes the cookies of everybody who was signed in away.
#[must_use]
pub fn everybody_signed_out(
    state: &AppState,
    http: &HttpRequest,
    response: HttpResponse,
) -> HttpResponse {
    let mut response = signed_out(state, http, response);
    // Of fixed name and empty value, as below.
    let _ = response.add_cookie(&cookies::clear(cookies::OTHERS));
    response
}

/// Takes the session's cookie away, and lets clients' pages notice (OIDC Session Management §3.2).
#[must_use]
pub fn signed_out(
    state: &AppState,
    http: &HttpRequest,
    mut response: HttpResponse,
) -> HttpResponse {
    let cookie = cookies::clear_session();
    // A cookie of fixed name and empty value always fits a header.
    let _ = response.add_cookie(&cookie);
    session_state::changed(state, http, None, response)
}
