//! The checks of an authorization request, one function each, in the order of the list.

use serde_json::Value;
use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, UserId,
    claims::{ClaimRequest, ClaimsRequest},
    client::{AccessTokenFormat, Client, GrantType},
    interaction::{Prompt, ResponseMode},
    scope::OFFLINE_ACCESS,
    settings::Settings,
};

use super::HintedSubject;
use crate::{
    acr,
    params::Params,
    pkce,
    redirect_uri::{self, SafeRedirect},
};

/// A value from the request for the log: on one line, cut short.
fn shown(value: &str) -> String {
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
const LONGEST: [(&str, usize); 6] = [
    ("state", 4_096),
    ("nonce", 1_024),
    ("login_hint", 512),
    ("acr_values", 1_024),
    ("ui_locales", 512),
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

/// OAuth 2.0 Multiple Response Types §2.1; Form Post Response Mode §2.
pub(super) fn response_mode(params: &Params) -> Result<ResponseMode, OAuthError> {
    let Some(given) = params.get("response_mode") else { return Ok(ResponseMode::default()) };
    ResponseMode::ALL.into_iter().find(|mode| mode.as_str() == given).ok_or_else(|| {
        OAuthError::new(ErrorCode::ResponseModeUnsupported)
            .because(format!("got `{}`, supported `query` and `form_post`", shown(given)))
    })
}

/// OIDC Core §3.1.2.6: `request`, `request_uri` and `registration` have errors of their own.
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

/// RFC 6749 §3.1.1: `code` and nothing else (RFC 9700 §2.1.2 advises against the rest).
pub(super) fn response_type(params: &Params) -> Result<(), OAuthError> {
    match params.get("response_type") {
        None => Err(ErrorCode::ResponseTypeMissing.into()),
        Some("code") => Ok(()),
        Some(other) => Err(OAuthError::new(ErrorCode::ResponseTypeUnsupported)
            .because(format!("got `{}`, supported `code`", shown(other)))),
    }
}

/// RFC 6749 §4.1.2.1 `unauthorized_client`.
pub(super) fn client_may_use_codes(client: &Client) -> Result<(), OAuthError> {
    if client.may_use(GrantType::AuthorizationCode) {
        return Ok(());
    }
    let registered: Vec<_> = client.metadata.grant_types.iter().map(|g| g.as_str()).collect();
    Err(OAuthError::new(ErrorCode::GrantNotAllowed)
        .because(format!("registered grant_types: `{}`", registered.join(" "))))
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

/// RFC 7636 §4.3, §4.4.1; always required (RFC 9700 §2.1.1). An absent method means `plain`.
pub(super) fn code_challenge(params: &Params) -> Result<String, OAuthError> {
    let challenge = params.get("code_challenge").ok_or(ErrorCode::CodeChallengeMissing)?;
    match params.get("code_challenge_method") {
        Some(pkce::METHOD) => {}
        other => {
            return Err(OAuthError::new(ErrorCode::CodeChallengeMethodUnsupported).because(
                format!("got `{}`", shown(other.unwrap_or("nothing, which means plain"))),
            ));
        }
    }
    pkce::check_challenge(challenge).map_err(|code| {
        OAuthError::new(code).because(format!("{} characters, needed 43", challenge.len()))
    })?;
    Ok(challenge.to_owned())
}

/// RFC 6749 §3.3. No scope at all is a request that grants nothing but the sign-in itself.
/// `offline_access` is ignored where no refresh token could follow (OIDC Core §11).
pub(super) fn scope(params: &Params, client: &Client) -> Result<ScopeSet, OAuthError> {
    let asked = ScopeSet::parse(params.get("scope").unwrap_or_default())
        .map_err(|error| OAuthError::new(ErrorCode::ScopeMalformed).because(error.to_string()))?;
    let asked =
        if client.may_use(GrantType::RefreshToken) { asked } else { asked.without(OFFLINE_ACCESS) };
    let allowed = &client.metadata.scope;
    let beyond = asked.difference(allowed);
    if beyond.is_empty() {
        return Ok(asked);
    }
    let names: String = beyond.to_string().chars().take(200).collect();
    Err(OAuthError::describe(
        ErrorCode::ScopeNotAllowed,
        format!("scope asks for more than the client may have: {names}"),
    )
    .because(format!("asked for `{names}` too, allowed `{allowed}`")))
}

/// OIDC Core §3.1.2.1: known values, and `none` only alone.
pub(super) fn prompt(params: &Params) -> Result<Vec<Prompt>, OAuthError> {
    let invalid = |why: String| OAuthError::new(ErrorCode::PromptInvalid).because(why);
    let mut prompts = Vec::new();
    for word in words(params, "prompt") {
        let prompt = Prompt::ALL
            .into_iter()
            .find(|known| known.as_str() == word)
            .ok_or_else(|| invalid(format!("unknown value `{}`", shown(word))))?;
        if !prompts.contains(&prompt) {
            prompts.push(prompt);
        }
    }
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(invalid("`none` beside another value".to_owned()));
    }
    Ok(prompts)
}

/// OIDC Core §3.1.2.1: whole seconds, not negative.
pub(super) fn max_age(params: &Params) -> Result<Option<i64>, OAuthError> {
    let Some(given) = params.get("max_age") else { return Ok(None) };
    let digits = given.bytes().all(|b| b.is_ascii_digit());
    given.parse().ok().filter(|_| digits).map(Some).ok_or_else(|| {
        OAuthError::new(ErrorCode::MaxAgeInvalid).because(format!("got `{}`", shown(given)))
    })
}

/// OIDC Core §5.5.
pub(super) fn claims(params: &Params) -> Result<ClaimsRequest, OAuthError> {
    params.get("claims").map_or_else(|| Ok(ClaimsRequest::default()), crate::claims::parse_request)
}

/// OIDC Core §5.5.1.1: an essential `acr` that cannot be reached ends the request;
/// `acr_values` alone is only a wish.
pub(super) fn acr_can_be_met(claims: &ClaimsRequest) -> Result<(), OAuthError> {
    let Some(Some(wanted)) = claims.id_token.get("acr") else { return Ok(()) };
    let values = wanted_values(wanted);
    let reachable = |value: &&Value| value.as_str().is_some_and(|v| acr::SUPPORTED.contains(&v));
    if !wanted.essential || values.is_empty() || values.iter().any(reachable) {
        return Ok(());
    }
    let wanted: Vec<_> = values.iter().map(ToString::to_string).collect();
    Err(OAuthError::new(ErrorCode::AcrUnmet).because(format!(
        "wanted {}, reachable `{}`",
        shown(&wanted.join(" ")),
        acr::SUPPORTED.join(" ")
    )))
}

fn wanted_values(wanted: &ClaimRequest) -> Vec<&Value> {
    wanted.value.iter().chain(wanted.values.iter().flatten()).collect()
}

/// Whom the client expects: the `sub` of its `id_token_hint` (OIDC Core §3.1.2.1) or a `sub` with a
/// value in `claims` (§3.1.2.2, §5.5.1).
pub(super) fn hinted_subject(
    params: &Params,
    client: &Client,
    hinted: impl FnOnce(&str) -> Option<HintedSubject>,
    claims: &ClaimsRequest,
) -> Result<Option<UserId>, OAuthError> {
    let hint = params.get("id_token_hint").map(|hint| {
        let invalid = |why| OAuthError::new(ErrorCode::IdTokenHintInvalid).because(why);
        let subject = hinted(hint).ok_or_else(|| invalid("it does not verify".to_owned()))?;
        if subject.client_ids.iter().any(|id| id == client.id.as_str()) {
            Ok(subject.sub)
        } else {
            Err(invalid(format!("its aud is not `{}`", client.id)))
        }
    });
    let by_hint = hint.transpose()?;
    let sub = claims.id_token.get("sub").and_then(Option::as_ref);
    let by_claim = sub.and_then(|sub| sub.value.as_ref()).map(|value| {
        value.as_str().map(UserId::new).ok_or_else(|| {
            OAuthError::new(ErrorCode::ClaimsMalformed).because("id_token.sub.value is no text")
        })
    });
    match (by_hint, by_claim.transpose()?) {
        (Some(hint), Some(claim)) if hint != claim => {
            Err(OAuthError::new(ErrorCode::SubjectMismatch)
                .because("id_token_hint and claims name different people"))
        }
        (hint, claim) => Ok(hint.or(claim)),
    }
}
