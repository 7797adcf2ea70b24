//! What ties the answer to the request: PKCE and `nonce`.

use vestibule_model::{
    ErrorCode, OAuthError, ResponseType,
    client::{AuthMethod, Client},
    settings::Profile,
};

use super::checks::shown;
use crate::{params::Params, pkce};

/// RFC 7636 §4.3, §4.4.1: needed with every code (RFC 9700 §2.1.1), save for clients of the profile
/// `oidc` that authenticate. Whatever the client, a challenge that is sent has to be right, and an
/// absent method means `plain`. Where no code is issued there is nothing to prove.
pub(super) fn code_challenge(
    params: &Params,
    client: &Client,
    response_type: ResponseType,
    profile: Profile,
) -> Result<Option<String>, OAuthError> {
    if !response_type.has_code() {
        return Ok(None);
    }
    let method = params.get("code_challenge_method");
    let Some(challenge) = params.get("code_challenge") else {
        // A method alone is a request that somebody took the challenge out of.
        let free = !is_required(client, profile) && method.is_none();
        return if free { Ok(None) } else { Err(ErrorCode::CodeChallengeMissing.into()) };
    };
    if method != Some(pkce::METHOD) {
        return Err(OAuthError::new(ErrorCode::CodeChallengeMethodUnsupported)
            .because(format!("got `{}`", shown(method.unwrap_or("nothing, which means plain")))));
    }
    pkce::check_challenge(challenge).map_err(|code| {
        OAuthError::new(code).because(format!("{} characters, needed 43", challenge.len()))
    })?;
    Ok(Some(challenge.to_owned()))
}

fn is_required(client: &Client, profile: Profile) -> bool {
    match profile {
        Profile::OAuth21 => true,
        Profile::Oidc => client.metadata.token_endpoint_auth_method == AuthMethod::None,
    }
}

/// OIDC Core §3.2.2.1, §3.3.2.11: a must where the ID token comes through the browser.
pub(super) fn nonce(
    params: &Params,
    response_type: ResponseType,
) -> Result<Option<String>, OAuthError> {
    match params.get("nonce") {
        None if response_type.has_id_token() => Err(ErrorCode::NonceMissing.into()),
        nonce => Ok(nonce.map(str::to_owned)),
    }
}
