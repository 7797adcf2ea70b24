//! The checks of an authorization request, one function each: who asks, and what for.

use vestibule_model::{
    ErrorCode, OAuthError, ResponseType, ScopeSet,
    client::{AccessTokenFormat, Client, GrantType},
    scope::{OFFLINE_ACCESS, OPENID},
    settings::{Profile, Settings},
};

use crate::{
    params::Params,
    redirect_uri::{self, SafeRedirect},
    scope,
};

/// A value from the request for the log: on one line, cut short.
pub(super) fn shown(value: &str) -> String {
    value.escape_debug().take(100).collect()
}

/// The words of a space-delimited parameter.
pub(super) fn words<'a>(params: &'a Params, name: &str) -> impl Iterator<Item = &'a str> {
    params.get(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty())
}

/// RFC 6749 §4.1.2.1: an unknown client is told to the person, never redirected.
pub(super) fn known_client<'a>(
    params: &Params,
    client: Option<&'a Client>,
) -> Result<&'a Client, OAuthError> {
    let given = params.get("client_id").ok_or(ErrorCode::ClientIdMissing)?;
    let client = client.filter(|client| client.id.as_str() == given).ok_or_else(|| {
        OAuthError::new(ErrorCode::ClientUnknown).because(format!("client_id `{}`", shown(given)))
    })?;
    client.disabled_at.map_or(Ok(client), |at| {
        Err(OAuthError::new(ErrorCode::ClientDisabled)
            .because(format!("client `{}` was disabled at {}", client.id, at.0)))
    })
}

/// RFC 9700 §2.1; OIDC Core §3.1.2.1 makes `redirect_uri` a must even where there is only one.
pub(super) fn registered_redirect(
    params: &Params,
    client: &Client,
) -> Result<SafeRedirect, OAuthError> {
    let given = params.get("redirect_uri").ok_or(ErrorCode::RedirectUriMissing)?;
    let metadata = &client.metadata;
    redirect_uri::check(&metadata.redirect_uris, metadata.application_type, given)
}

/// A request is stored while its pages are open, so what is kept of it is kept small. In bytes.
const LONGEST: [(&str, usize); 7] = [
    ("state", 4_096),
    ("nonce", 1_024),
    ("login_hint", 512),
    ("acr_values", 1_024),
    ("ui_locales", 512),
    ("claims_locales", 512),
    ("claims", 4_096),
];

/// Refuses values that no honest client needs.
pub(super) fn short_enough(params: &Params) -> Result<(), OAuthError> {
    for (name, longest) in LONGEST {
        let length = params.get(name).map_or(0, str::len);
        if length > longest {
            let description = format!("{name} is too long");
            return Err(OAuthError::describe(ErrorCode::ParameterTooLong, description)
                .because(format!("{length} bytes, at most {longest}")));
        }
    }
    Ok(())
}

/// OIDC Core §3.1.2.6: `request`, `request_uri` and `registration` have errors of their own. Request
/// objects were resolved before, where they are supported.
pub(super) fn no_request_object(params: &Params) -> Result<(), OAuthError> {
    let unsupported = [
        ("request", ErrorCode::RequestObjectUnsupported),
        ("request_uri", ErrorCode::RequestUriUnsupported),
        ("registration", ErrorCode::RegistrationUnsupported),
    ];
    for (name, code) in unsupported {
        if params.get(name).is_some() {
            return Err(code.into());
        }
    }
    Ok(())
}

/// Better said now than after the person signed in: without a key of the client's algorithm there
/// will be no token.
pub(super) fn client_can_be_served(client: &Client, settings: &Settings) -> Result<(), OAuthError> {
    let metadata = &client.metadata;
    let mut needed = vec![metadata.id_token_signed_response_alg];
    if metadata.access_token_format == AccessTokenFormat::Jwt {
        needed.push(metadata.access_token_signed_response_alg);
    }
    match needed.into_iter().find(|alg| !settings.signing_algs.contains(alg)) {
        None => Ok(()),
        Some(alg) => Err(OAuthError::new(ErrorCode::Internal).because(format!(
            "client `{}` wants {}, and the server has no key for it",
            client.id,
            alg.as_str()
        ))),
    }
}

/// RFC 6749 §3.3. No scope at all is a request that grants nothing but the sign-in itself.
/// `offline_access` is ignored where no refresh token could follow (OIDC Core §11).
pub(super) fn scope(
    params: &Params,
    client: &Client,
    response_type: ResponseType,
    profile: Profile,
) -> Result<ScopeSet, OAuthError> {
    let asked = ScopeSet::parse(params.get("scope").unwrap_or_default())
        .map_err(|error| OAuthError::new(ErrorCode::ScopeMalformed).because(error.to_string()))?;
    let can_refresh = response_type.has_code() && client.may_use(GrantType::RefreshToken);
    let asked = if can_refresh { asked } else { asked.without(OFFLINE_ACCESS) };
    let asked = scope::understood(&asked, client, profile);
    scope::check_allowed(&asked, &client.metadata.scope)?;
    Ok(asked)
}

/// OIDC Core §3.1.2.1: without `openid` it is no OpenID Connect request, and there is no ID token.
pub(super) fn openid_for_id_tokens(
    response_type: ResponseType,
    scope: &ScopeSet,
) -> Result<(), OAuthError> {
    if response_type.has_id_token() && !scope.contains(OPENID) {
        return Err(OAuthError::new(ErrorCode::OpenidMissing)
            .because(format!("scope `{scope}` with response_type `{}`", response_type.as_str())));
    }
    Ok(())
}
