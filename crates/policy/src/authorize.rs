//! Judging an authorization request (RFC 6749 §4.1.1, §4.2.1, OIDC Core §3.1.2.2, §3.2.2.2,
//! §3.3.2.2).
//!
//! Until client and redirect URI are known good, a refusal ends on our own page; afterwards it goes
//! to the client (RFC 6749 §4.1.2.1). The type [`Rejection`] keeps the two apart: only a
//! [`SafeRedirect`] can be redirected to.

mod checks;
mod person;
mod proof;
mod response;

use vestibule_model::{
    ErrorCode, OAuthError, Subject,
    client::Client,
    interaction::{AuthorizationRequest, ResponseMode},
    settings::Settings,
};

pub use person::prompts;

use crate::{
    oxide,
    params::Params,
    redirect_uri::{self, SafeRedirect},
};

/// Whom an `id_token_hint` with a good signature speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintedSubject {
    /// Its `sub`, as the client sees it.
    pub sub: Subject,
    /// Its `aud`.
    pub client_ids: Vec<String>,
}

/// A refused request, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The person, on a page of ours.
    Page(OAuthError),
    /// The client, at its registered address.
    Redirect {
        /// Where.
        to: SafeRedirect,
        /// How.
        response_mode: ResponseMode,
        /// `state`, as it came.
        state: Option<String>,
        /// What is wrong.
        error: OAuthError,
    },
}

impl Rejection {
    /// What is wrong, whoever is told.
    #[must_use]
    pub const fn error(&self) -> &OAuthError {
        match self {
            Self::Page(error) | Self::Redirect { error, .. } => error,
        }
    }
}

/// Judges a request. `client` is the row of the request's `client_id`, `hinted` verifies an
/// `id_token_hint` (signature and issuer, not times: OIDC Core §3.1.2.1 takes an expired one).
pub fn validate(
    params: &Params,
    client: Option<&Client>,
    hinted: impl FnOnce(&str) -> Option<HintedSubject>,
    settings: &Settings,
) -> Result<AuthorizationRequest, Rejection> {
    let client = checks::known_client(params, client).map_err(Rejection::Page)?;
    let to = checks::registered_redirect(params, client).map_err(Rejection::Page)?;
    checked(params, client, &to, hinted, settings)
        .map_err(|error| told_to_client(to, params, settings, error))
}

/// Where the news goes that a request cannot be judged because of `error`: to the client if
/// `params`, what is beyond doubt of the request, name it and its redirect URI, else to the person
/// (RFC 6749 §4.1.2.1).
#[must_use]
pub fn refuse(
    params: &Params,
    client: Option<&Client>,
    settings: &Settings,
    error: OAuthError,
) -> Rejection {
    let to = checks::known_client(params, client)
        .and_then(|client| checks::registered_redirect(params, client));
    match to {
        Ok(to) => told_to_client(to, params, settings, error),
        Err(_) => Rejection::Page(error),
    }
}

fn told_to_client(
    to: SafeRedirect,
    params: &Params,
    settings: &Settings,
    error: OAuthError,
) -> Rejection {
    let response_mode = response::mode_of_refusal(params, settings.profile);
    Rejection::Redirect { to, response_mode, state: params.get("state").map(str::to_owned), error }
}

/// The list of checks, in order; the first that fails is the answer. Unknown parameters are ignored
/// (RFC 6749 §3.1).
fn checked(
    params: &Params,
    client: &Client,
    to: &SafeRedirect,
    hinted: impl FnOnce(&str) -> Option<HintedSubject>,
    settings: &Settings,
) -> Result<AuthorizationRequest, OAuthError> {
    let profile = settings.profile;
    checks::short_enough(params)?;
    checks::no_request_object(params)?;
    let response_type = response::response_type(params, client, profile)?;
    let response_mode = response::response_mode(params, response_type, profile)?;
    checks::client_can_be_served(client, settings)?;
    let code_challenge = proof::code_challenge(params, client, response_type, profile)?;
    let scope = checks::scope(params, client, response_type, profile)?;
    checks::openid_for_id_tokens(response_type, &scope)?;
    let nonce = proof::nonce(params, response_type)?;
    let prompt = person::prompt(params, settings)?;
    let max_age = person::max_age(params)?.or(client.metadata.default_max_age);
    let claims = person::claims(params)?;
    person::acr_can_be_met(&claims)?;
    let hinted_subject = person::hinted_subject(params, client, hinted, &claims)?;
    let text = |name: &str| params.get(name).map(str::to_owned);
    let list = |name| checks::words(params, name).map(str::to_owned).collect();
    let request = AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: to.as_str().to_owned(),
        response_type,
        response_mode,
        scope,
        state: text("state"),
        nonce,
        code_challenge,
        prompt,
        max_age,
        login_hint: text("login_hint"),
        hinted_subject,
        acr_values: person::acr_values(params, client, &claims),
        ui_locales: list("ui_locales"),
        claims_locales: list("claims_locales"),
        display: person::display(params),
        claims,
    };
    oxide::authorization::agrees(params, &request)?;
    Ok(request)
}

/// Whether a request that was judged before still stands: while its pages were open the client may
/// have changed what it registered, and nobody is sent to an address that was taken back (RFC 9700
/// §4.1). A refusal ends on a page of ours.
pub fn still_stands(
    request: &AuthorizationRequest,
    client: &Client,
    settings: &Settings,
) -> Result<(), OAuthError> {
    let metadata = &client.metadata;
    let uris = &metadata.redirect_uris;
    redirect_uri::check(uris, metadata.application_type, &request.redirect_uri)?;
    let asked = request.response_type;
    let allowed = settings.profile.response_types().contains(&asked)
        && client.may_ask_for(asked)
        && asked.grant_types().iter().all(|needed| client.may_use(*needed));
    if allowed {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::ResponseTypeNotAllowed)
        .because(format!("`{}` was taken back meanwhile", asked.as_str())))
}

#[cfg(test)]
mod tests;
