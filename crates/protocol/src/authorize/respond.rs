//! The answer to an authorization request, on its way to the client.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{
    ClientId, OAuthError, SessionId,
    interaction::{AuthorizationRequest, ResponseMode},
};
use vestibule_policy::redirect_uri::SafeRedirect;
use vestibule_web::{AppState, asked::Situation, error, html, session_state};

/// How the browser got here.
pub enum Leaving {
    /// By a link or redirect of the client's: redirect at once.
    Directly,
    /// Perhaps by a form of ours: a small page stands between, which ends the form's chain of
    /// redirects, so that `form-action 'self'` does not stop it.
    AfterForm {
        /// Whom the page names.
        client_name: String,
    },
}

/// Parameters of an answer, in their order.
pub type Given = Vec<(&'static str, String)>;

/// Where the answer goes, and what it says.
pub struct Answer {
    to: SafeRedirect,
    mode: ResponseMode,
    params: Given,
    /// Unknown for a request that was refused unread.
    between: Option<Between>,
}

/// Whom the answer is about.
struct Between {
    client_id: ClientId,
    session: Option<SessionId>,
}

impl Answer {
    /// Success: what was `given` (RFC 6749 §4.1.2, OIDC Core §3.2.2.5, §3.3.2.5), with `iss`
    /// (RFC 9207 §2).
    pub fn success(
        state: &AppState,
        request: &AuthorizationRequest,
        situation: &Situation,
        given: Given,
    ) -> Self {
        let session = situation.who.as_ref().map(|who| who.session.id.clone());
        Self {
            to: SafeRedirect::of(request),
            mode: request.response_mode,
            params: complete(state, given, request.state.clone()),
            between: Some(Between { client_id: request.client_id.clone(), session }),
        }
    }

    /// Refusal of a checked request (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
    pub fn refusal(
        state: &AppState,
        request: &AuthorizationRequest,
        situation: &Situation,
        error: &OAuthError,
    ) -> Self {
        Self::success(state, request, situation, told(state, error))
    }

    /// Refusal of a request that has a good redirect URI and little else.
    pub fn error(
        state: &AppState,
        to: SafeRedirect,
        mode: ResponseMode,
        client_state: Option<String>,
        error: &OAuthError,
    ) -> Self {
        let params = complete(state, told(state, error), client_state);
        Self { to, mode, params, between: None }
    }

    /// Sends it in the response mode that was asked for. With `session_state` (OIDC Session
    /// Management §3), beside an error too: whoever asks by `prompt=none` wants to know.
    pub fn send(mut self, state: &AppState, http: &HttpRequest, leaving: Leaving) -> HttpResponse {
        let found = self.between.as_ref().and_then(|Between { client_id, session }| {
            session_state::of(state, http, session.as_ref(), client_id, self.to.as_str())
        });
        self.params.extend(found.as_ref().map(|found| ("session_state", found.value.clone())));
        let response = self.response(state, http, leaving);
        match found {
            Some(found) => found.kept(response),
            None => response,
        }
    }

    fn response(&self, state: &AppState, http: &HttpRequest, leaving: Leaving) -> HttpResponse {
        let pairs: Vec<_> =
            self.params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let target = match self.mode {
            ResponseMode::FormPost => {
                let name = match leaving {
                    Leaving::AfterForm { client_name } => client_name,
                    Leaving::Directly => String::new(),
                };
                return html::form_post(state, http, self.to.as_str(), &name, &self.params);
            }
            ResponseMode::Query => self.to.with_query(&pairs),
            ResponseMode::Fragment => self.to.with_fragment(&pairs),
        };
        match leaving {
            Leaving::Directly => html::see_other(&target),
            Leaving::AfterForm { client_name } => {
                html::returning(state, http, &target, &client_name)
            }
        }
    }
}

/// An error in the parameters of RFC 6749 §4.1.2.1.
fn told(state: &AppState, error: &OAuthError) -> Given {
    vec![
        ("error", error.code.wire().as_str().to_owned()),
        ("error_description", error::printable(&error.description)),
        ("error_uri", error::uri(state, error.code)),
    ]
}

/// With what every answer has: `state` if there was one, and `iss`.
fn complete(state: &AppState, mut params: Given, client_state: Option<String>) -> Given {
    params.extend(client_state.map(|client_state| ("state", client_state)));
    params.push(("iss", state.settings.issuer.as_str().to_owned()));
    params
}

/// Notes a refusal that the client is told by redirect.
pub fn log_refusal(http: &HttpRequest, refused: &OAuthError) {
    error::log(&super::request_id(http), refused);
}
