//! Judging an authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.2).
//!
//! Until client and redirect URI are known good, a refusal ends on our own page; afterwards it goes
//! to the client (RFC 6749 §4.1.2.1). The type [`Rejection`] keeps the two apart: only a
//! [`SafeRedirect`] can be redirected to.

mod checks;

use vestibule_model::{
    OAuthError, UserId,
    client::Client,
    interaction::{AuthorizationRequest, ResponseMode},
    settings::Settings,
};

use crate::{oxide, params::Params, redirect_uri::SafeRedirect};

/// Whom an `id_token_hint` with a good signature speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintedSubject {
    /// Its `sub`.
    pub sub: UserId,
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
    checked(params, client, &to, hinted, settings).map_err(|error| Rejection::Redirect {
        to,
        // A response_mode that we do not know cannot carry the news that we do not know it.
        response_mode: checks::response_mode(params).unwrap_or_default(),
        state: params.get("state").map(str::to_owned),
        error,
    })
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
    let response_mode = checks::response_mode(params)?;
    checks::short_enough(params)?;
    checks::no_request_object(params)?;
    checks::response_type(params)?;
    checks::client_may_use_codes(client)?;
    checks::client_can_be_served(client, settings)?;
    let code_challenge = checks::code_challenge(params)?;
    let scope = checks::scope(params, client)?;
    let prompt = checks::prompt(params)?;
    let max_age = checks::max_age(params)?.or(client.metadata.default_max_age);
    let claims = checks::claims(params)?;
    checks::acr_can_be_met(&claims)?;
    let hinted_subject = checks::hinted_subject(params, client, hinted, &claims)?;
    oxide::authorization::agrees(params, client, to)?;
    let text = |name: &str| params.get(name).map(str::to_owned);
    let list = |name| checks::words(params, name).map(str::to_owned).collect();
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: to.as_str().to_owned(),
        response_mode,
        scope,
        state: text("state"),
        nonce: text("nonce"),
        code_challenge,
        prompt,
        max_age,
        login_hint: text("login_hint"),
        hinted_subject,
        acr_values: list("acr_values"),
        ui_locales: list("ui_locales"),
        claims,
    })
}

#[cfg(test)]
mod tests;
