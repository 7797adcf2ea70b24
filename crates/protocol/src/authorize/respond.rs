//! The answer to an authorization request, on its way to the client.

use actix_web::{HttpRequest, HttpResponse};
use vestibule_model::{
    OAuthError, Secret,
    interaction::{AuthorizationRequest, ResponseMode},
};
use vestibule_policy::redirect_uri::SafeRedirect;
use vestibule_web::{AppState, error, html};

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

/// Where the answer goes, and what it says.
pub struct Answer {
    to: SafeRedirect,
    mode: ResponseMode,
    params: Vec<(&'static str, String)>,
}

impl Answer {
    /// Success (RFC 6749 §4.1.2), with `iss` (RFC 9207 §2).
    pub fn code(state: &AppState, request: &AuthorizationRequest, code: &Secret) -> Self {
        let params = vec![("code", code.expose().to_owned())];
        let to = SafeRedirect::of(request);
        Self::new(state, to, request.response_mode, request.state.clone(), params)
    }

    /// Refusal of a checked request (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
    pub fn refusal(state: &AppState, request: &AuthorizationRequest, error: &OAuthError) -> Self {
        let to = SafeRedirect::of(request);
        Self::error(state, to, request.response_mode, request.state.clone(), error)
    }

    /// Refusal of a request that has a good redirect URI and little else.
    pub fn error(
        state: &AppState,
        to: SafeRedirect,
        mode: ResponseMode,
        client_state: Option<String>,
        error: &OAuthError,
    ) -> Self {
        let params = vec![
            ("error", error.code.wire().as_str().to_owned()),
            ("error_description", error::printable(&error.description)),
            ("error_uri", error::uri(state, error.code)),
        ];
        Self::new(state, to, mode, client_state, params)
    }

    fn new(
        state: &AppState,
        to: SafeRedirect,
        mode: ResponseMode,
        client_state: Option<String>,
        mut params: Vec<(&'static str, String)>,
    ) -> Self {
        if let Some(client_state) = client_state {
            params.push(("state", client_state));
        }
        params.push(("iss", state.settings.issuer.as_str().to_owned()));
        Self { to, mode, params }
    }

    /// Sends it in the response mode that was asked for.
    pub fn send(self, state: &AppState, http: &HttpRequest, leaving: Leaving) -> HttpResponse {
        match self.mode {
            ResponseMode::FormPost => {
                let name = match leaving {
                    Leaving::AfterForm { client_name } => client_name,
                    Leaving::Directly => String::new(),
                };
                html::form_post(state, http, self.to.as_str(), &name, &self.params)
            }
            ResponseMode::Query => {
                let pairs: Vec<_> =
                    self.params.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let target = self.to.with_query(&pairs);
                match leaving {
                    Leaving::Directly => html::see_other(&target),
                    Leaving::AfterForm { client_name } => {
                        html::returning(state, http, &target, &client_name)
                    }
                }
            }
        }
    }
}

/// Notes a refusal that the client is told by redirect.
pub fn log_refusal(http: &HttpRequest, refused: &OAuthError) {
    error::log(&super::request_id(http), refused);
}
