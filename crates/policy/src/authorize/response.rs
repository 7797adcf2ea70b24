//! What is asked for, and how the answer travels (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response
//! Types, Form Post Response Mode).

use vestibule_model::{
    ErrorCode, OAuthError, ResponseType, client::Client, interaction::ResponseMode,
    settings::Profile,
};

use super::checks::{shown, words};
use crate::params::Params;

/// RFC 6749 §3.1.1, §4.1.2.1: a type that this server offers and the client registered, with the
/// grant types that belong to it.
pub(super) fn response_type(
    params: &Params,
    client: &Client,
    profile: Profile,
) -> Result<ResponseType, OAuthError> {
    let given = params.get("response_type").ok_or(ErrorCode::ResponseTypeMissing)?;
    let offered = profile.response_types();
    let asked = ResponseType::from_wire(given).filter(|known| offered.contains(known));
    let Some(asked) = asked else {
        let offered: Vec<_> = offered.iter().map(|known| known.as_str()).collect();
        return Err(OAuthError::new(ErrorCode::ResponseTypeUnsupported).because(format!(
            "got `{}`, supported `{}`",
            shown(given),
            offered.join("`, `")
        )));
    };
    if !client.may_ask_for(asked) {
        let types = client.metadata.response_types.iter();
        let registered: Vec<_> = types.map(|known| known.as_str()).collect();
        return Err(OAuthError::new(ErrorCode::ResponseTypeNotAllowed).because(format!(
            "got `{}`, registered response_types: `{}`",
            asked.as_str(),
            registered.join("`, `")
        )));
    }
    let Some(missing) = asked.grant_types().iter().find(|needed| !client.may_use(**needed)) else {
        return Ok(asked);
    };
    let registered: Vec<_> = client.metadata.grant_types.iter().map(|g| g.as_str()).collect();
    let description = format!("The client did not register the grant type {}", missing.as_str());
    Err(OAuthError::describe(ErrorCode::GrantNotAllowed, description)
        .because(format!("registered grant_types: `{}`", registered.join(" "))))
}

/// Multiple Response Types §2.1, §5: the mode of the type unless another is asked for, and never a
/// token in the query.
pub(super) fn response_mode(
    params: &Params,
    response_type: ResponseType,
    profile: Profile,
) -> Result<ResponseMode, OAuthError> {
    let default = response_type.default_mode();
    let Some(given) = params.get("response_mode") else { return Ok(default) };
    match known_mode(given, profile) {
        Some(ResponseMode::Query) if default != ResponseMode::Query => {
            Err(ErrorCode::QueryWithTokens.into())
        }
        Some(mode) => Ok(mode),
        None => {
            let offered: Vec<_> =
                profile.response_modes().iter().map(|mode| mode.as_str()).collect();
            Err(OAuthError::new(ErrorCode::ResponseModeUnsupported).because(format!(
                "got `{}`, supported `{}`",
                shown(given),
                offered.join("`, `")
            )))
        }
    }
}

fn known_mode(given: &str, profile: Profile) -> Option<ResponseMode> {
    profile.response_modes().iter().copied().find(|mode| mode.as_str() == given)
}

/// How a refusal travels: as the answer would have (Multiple Response Types §5). A mode that we do
/// not know cannot carry the news that we do not know it, and whoever waits for tokens looks into
/// the fragment, also where the query was asked for.
pub(super) fn mode_of_refusal(params: &Params, profile: Profile) -> ResponseMode {
    let tokens = words(params, "response_type").any(|word| matches!(word, "token" | "id_token"));
    let default = match profile {
        Profile::Oidc if tokens => ResponseMode::Fragment,
        _ => ResponseMode::Query,
    };
    match params.get("response_mode").and_then(|given| known_mode(given, profile)) {
        None | Some(ResponseMode::Query) => default,
        Some(mode) => mode,
    }
}
