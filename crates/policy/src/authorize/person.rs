//! What is asked about the person and their sign-in (OIDC Core §3.1.2.1, §5.5).

use serde_json::Value;
use vestibule_model::{
    ErrorCode, OAuthError, Subject,
    claims::ClaimsRequest,
    client::Client,
    interaction::{Display, Prompt},
    settings::{Registration, Settings},
};

use super::{
    HintedSubject,
    checks::{shown, words},
};
use crate::{acr, claims::wanted_values, params::Params};

/// The values of `prompt` that clients may send, in the order discovery lists them
/// (`prompt_values_supported`): `create` only where everybody may make an account (Initiating User
/// Registration 1.0 §4).
#[must_use]
pub fn prompts(settings: &Settings) -> Vec<Prompt> {
    let open = settings.accounts.registration == Registration::Open;
    Prompt::ALL.into_iter().filter(|prompt| open || *prompt != Prompt::Create).collect()
}

/// OIDC Core §3.1.2.1: known values, and `none` only alone.
pub(super) fn prompt(params: &Params, settings: &Settings) -> Result<Vec<Prompt>, OAuthError> {
    let invalid = |why: String| OAuthError::new(ErrorCode::PromptInvalid).because(why);
    let offered = prompts(settings);
    let mut prompts = Vec::new();
    for word in words(params, "prompt") {
        let known = offered.iter().copied().find(|known| known.as_str() == word);
        let prompt = known.ok_or_else(|| invalid(format!("unknown value `{}`", shown(word))))?;
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

/// OIDC Core §3.1.2.1: a wish, so one that nobody understands changes nothing. Our pages fit every
/// window anyhow.
pub(super) fn display(params: &Params) -> Display {
    let given = params.get("display");
    Display::ALL.into_iter().find(|known| given == Some(known.as_str())).unwrap_or_default()
}

/// OIDC Core §5.5.
pub(super) fn claims(params: &Params) -> Result<ClaimsRequest, OAuthError> {
    params.get("claims").map_or_else(|| Ok(ClaimsRequest::default()), crate::claims::parse_request)
}

/// `acr_values`, else the client's `default_acr_values`, which an `acr` among the claims replaces
/// as well (OIDC Registration §2).
pub(super) fn acr_values(params: &Params, client: &Client, claims: &ClaimsRequest) -> Vec<String> {
    if params.get("acr_values").is_none() && !claims.id_token.contains_key("acr") {
        return client.metadata.default_acr_values.clone();
    }
    words(params, "acr_values").map(str::to_owned).collect()
}

/// OIDC Core §5.5.1.1: an essential `acr` that cannot be reached ends the request;
/// `acr_values` alone is only a wish.
pub(super) fn acr_can_be_met(claims: &ClaimsRequest) -> Result<(), OAuthError> {
    let Some(Some(wanted)) = claims.id_token.get("acr") else { return Ok(()) };
    let values: Vec<_> = wanted_values(wanted).collect();
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

/// Whom the client expects: the `sub` of its `id_token_hint` (OIDC Core §3.1.2.1) or a `sub` with a
/// value in `claims` (§3.1.2.2, §5.5.1).
pub(super) fn hinted_subject(
    params: &Params,
    client: &Client,
    hinted: impl FnOnce(&str) -> Option<HintedSubject>,
    claims: &ClaimsRequest,
) -> Result<Option<Subject>, OAuthError> {
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
        value.as_str().map(Subject::new).ok_or_else(|| {
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
