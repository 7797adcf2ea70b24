//! An authorization request, parameter by parameter.
//!
//! The judge is [`authorize::validate`] itself, which stops at the first fault. To find the others,
//! what it objects to is put right in a copy and the copy is judged again, until nothing is left to
//! object to or nobody knows a remedy. So no rule stands here a second time.

use vestibule_model::{
    ErrorCode, Message, OAuthError, client::Client, interaction::AuthorizationRequest,
    scope::OPENID, settings::Settings,
};

use super::{Meaning, REQUEST, meaning, nearest};
use crate::{
    authorize::{self, HintedSubject, Rejection},
    params::Params,
    pkce,
};

/// A `code_challenge` that is as good as any other.
const SOME_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What becomes of a request object, which the endpoint resolves before it judges.
#[derive(Clone, Debug)]
pub enum Object {
    /// There is none.
    Absent,
    /// What it and the parameters beside it make together; its signature was not looked at.
    Read(Params),
    /// It can be read by the endpoint only: it is encrypted, or elsewhere.
    Closed,
    /// It is refused.
    Refused(OAuthError),
}

/// How a parameter fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken.
    Good,
    /// Taken, and yet there is something to say.
    Note(Message),
    /// Refused.
    Wrong(OAuthError),
    /// It should be there, and the request is refused without it.
    Missing(OAuthError),
    /// It is not there, and had better be.
    Advised(Message),
    /// Passed over (RFC 6749 §3.1): no parameter of ours. Perhaps another one was meant.
    Unknown(Option<&'static str>),
    /// Nobody can tell before something else is put right.
    Open,
}

/// A parameter and how it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its value, if it is there.
    pub value: Option<String>,
    /// What it means, if it is one of ours.
    pub meaning: Option<&'static Meaning>,
    /// How it fares.
    pub verdict: Verdict,
}

/// All that can be said about a request.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its parameters, those of ours first, in the order of [`REQUEST`].
    pub rows: Vec<Judged>,
    /// What the endpoint would say; `None` if only the endpoint can.
    pub outcome: Option<Result<AuthorizationRequest, Rejection>>,
}

/// Judges a request as [`authorize::validate`] does. `fault` makes the request unreadable but for
/// `params` ([`Params::salvage`]).
pub fn request(
    params: &Params,
    fault: Option<OAuthError>,
    object: Object,
    client: Option<&Client>,
    hinted: &dyn Fn(&str) -> Option<HintedSubject>,
    settings: &Settings,
) -> Report {
    let judge = |params: &Params| authorize::validate(params, client, hinted, settings);
    let refuse = |error| Err(authorize::refuse(params, client, settings, error));
    // What stands beside a request object that nobody read is not the whole request.
    let is_whole = matches!(object, Object::Absent | Object::Read(_));
    let (effective, outcome) = match (fault, object) {
        (Some(fault), _) => (params.clone(), Some(refuse(fault))),
        (None, Object::Refused(error)) => (params.clone(), Some(refuse(error))),
        (None, Object::Closed) => (params.clone(), None),
        (None, Object::Absent) => (params.clone(), Some(judge(params))),
        (None, Object::Read(merged)) => {
            let outcome = judge(&merged);
            (merged, Some(outcome))
        }
    };
    let mut faults = Vec::new();
    if let Some(Err(rejection)) = &outcome {
        faults.extend(attributed(rejection.error()));
        if is_whole {
            faults.extend(further(&effective, client, settings, &judge, &faults));
        }
    }
    let judged = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
    let is_open = client.is_none() || !is_whole;
    let mut rows = rows(&effective, params, &faults, judged, is_open);
    if !is_open {
        rows.extend(advice(&effective, &rows));
    }
    Report { rows, outcome }
}

type Fault = (String, OAuthError);

/// The faults behind the first one.
fn further(
    params: &Params,
    client: Option<&Client>,
    settings: &Settings,
    judge: &dyn Fn(&Params) -> Result<AuthorizationRequest, Rejection>,
    known: &[Fault],
) -> Vec<Fault> {
    let (mut copy, mut found) = (params.clone(), Vec::<Fault>::new());
    for _ in 0..REQUEST.len() {
        let Err(rejection) = judge(&copy) else { break };
        let error = rejection.error();
        let Some((name, error)) = attributed(error) else { break };
        let Some(better) = remedied(&copy, &name, error.code, client, settings) else {
            break;
        };
        let again = |(known, _): &Fault| *known == name;
        if found.iter().any(again) {
            // The remedy was none.
            break;
        }
        found.push((name, error));
        copy = better;
    }
    found.retain(|(name, _)| known.iter().all(|(first, _)| first != name));
    found
}

/// The parameter that a refusal is about.
fn attributed(error: &OAuthError) -> Option<Fault> {
    let by_code = match error.code {
        ErrorCode::ClientIdMissing | ErrorCode::ClientUnknown | ErrorCode::ClientDisabled => {
            "client_id"
        }
        ErrorCode::RedirectUriMissing | ErrorCode::RedirectUriMismatch => "redirect_uri",
        ErrorCode::ResponseTypeMissing
        | ErrorCode::ResponseTypeUnsupported
        | ErrorCode::ResponseTypeNotAllowed
        | ErrorCode::GrantNotAllowed => "response_type",
        ErrorCode::ResponseModeUnsupported | ErrorCode::QueryWithTokens => "response_mode",
        ErrorCode::CodeChallengeMissing | ErrorCode::CodeChallengeMalformed => "code_challenge",
        ErrorCode::CodeChallengeMethodUnsupported => "code_challenge_method",
        ErrorCode::ScopeMalformed | ErrorCode::ScopeNotAllowed | ErrorCode::OpenidMissing => {
            "scope"
        }
        ErrorCode::NonceMissing => "nonce",
        ErrorCode::PromptInvalid => "prompt",
        ErrorCode::MaxAgeInvalid => "max_age",
        ErrorCode::ClaimsMalformed | ErrorCode::AcrUnmet => "claims",
        ErrorCode::IdTokenHintInvalid | ErrorCode::SubjectMismatch => "id_token_hint",
        ErrorCode::RegistrationUnsupported => "registration",
        ErrorCode::RequestUriUnsupported
        | ErrorCode::RequestUriUnregistered
        | ErrorCode::RequestUriUnfetched
        | ErrorCode::RequestUriHashWrong => "request_uri",
        ErrorCode::RequestObjectUnsupported
        | ErrorCode::RequestObjectTwice
        | ErrorCode::RequestObjectRequired
        | ErrorCode::RequestObjectMalformed
        | ErrorCode::RequestObjectUnsigned
        | ErrorCode::RequestObjectSignatureWrong
        | ErrorCode::RequestObjectUnopened
        | ErrorCode::RequestObjectClaimWrong => "request",
        // These name the parameter in their sentence.
        ErrorCode::ParameterTooLong | ErrorCode::ParameterRepeated => {
            let sentence = error.description.trim_start_matches("The parameter ");
            let name = sentence.split(' ').next().unwrap_or_default();
            return meaning(REQUEST, name).map(|row| (row.name.to_owned(), error.clone()));
        }
        _ => return None,
    };
    Some((by_code.to_owned(), error.clone()))
}

/// A copy of the request with the parameter as it could be; `None` if nobody can say how.
fn remedied(
    params: &Params,
    name: &str,
    code: ErrorCode,
    client: Option<&Client>,
    settings: &Settings,
) -> Option<Params> {
    let client = client?;
    let metadata = &client.metadata;
    let value = match name {
        "client_id" | "request" | "request_uri" => return None,
        "redirect_uri" => Some(metadata.redirect_uris.first()?.clone()),
        "response_type" => {
            let usable = |asked: &&vestibule_model::ResponseType| {
                let granted = |grant| metadata.grant_types.contains(grant);
                client.may_ask_for(**asked) && asked.grant_types().iter().all(granted)
            };
            let offered = settings.profile.response_types();
            Some(offered.iter().find(usable)?.as_str().to_owned())
        }
        "scope" if code == ErrorCode::OpenidMissing || metadata.scope.contains(OPENID) => {
            Some(OPENID.to_owned())
        }
        "nonce" => Some("a-nonce".to_owned()),
        "code_challenge" => Some(SOME_CHALLENGE.to_owned()),
        "code_challenge_method" => Some(pkce::METHOD.to_owned()),
        _ => None,
    };
    let mut copy = replaced(params, name, value)?;
    if code == ErrorCode::CodeChallengeMissing {
        copy = replaced(&copy, "code_challenge_method", Some(pkce::METHOD.to_owned()))?;
    }
    Some(copy)
}

fn replaced(params: &Params, name: &str, value: Option<String>) -> Option<Params> {
    let kept = params.iter().filter(|(known, _)| *known != name);
    let pairs = kept.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let added = value.map(|value| (name.to_owned(), value));
    Params::from_pairs(pairs.chain(added)).ok()
}

/// What is there, and what is missing. `effective` are the parameters that count, `sent` may hold
/// the request object that they came from.
fn rows(
    effective: &Params,
    sent: &Params,
    faults: &[Fault],
    judged: Option<&AuthorizationRequest>,
    is_open: bool,
) -> Vec<Judged> {
    let row = |name: &str, value: Option<&str>| {
        let fault = faults.iter().find(|(at, _)| at == name).map(|(_, error)| error.clone());
        let known = meaning(REQUEST, name);
        let verdict = match (fault, value) {
            (Some(error), Some(_)) => Verdict::Wrong(error),
            (Some(error), None) => Verdict::Missing(error),
            (None, _) if known.is_none() => {
                let meant = nearest(name).filter(|meant| effective.get(meant).is_none());
                Verdict::Unknown(meant)
            }
            (None, _) if is_open => Verdict::Open,
            (None, _) => effect(name, effective, judged),
        };
        Judged { name: name.to_owned(), value: value.map(str::to_owned), meaning: known, verdict }
    };
    let of_ours = REQUEST.iter().filter_map(|known| {
        let value = effective.get(known.name).or_else(|| sent.get(known.name));
        let is_missing = faults.iter().any(|(at, _)| at == known.name);
        (value.is_some() || is_missing).then(|| row(known.name, value))
    });
    let others = sent.iter().filter(|(name, _)| meaning(REQUEST, name).is_none());
    of_ours.chain(others.map(|(name, value)| row(name, Some(value)))).collect()
}

/// What a parameter that is taken does; some do nothing, or less than they say.
fn effect(name: &str, params: &Params, judged: Option<&AuthorizationRequest>) -> Verdict {
    let Some(judged) = judged else { return Verdict::Good };
    match name {
        "scope" => {
            let asked = params.get("scope").unwrap_or_default().split(' ');
            let dropped: Vec<_> =
                asked.filter(|word| !word.is_empty() && !judged.scope.contains(word)).collect();
            if dropped.is_empty() {
                return Verdict::Good;
            }
            let dropped = dropped.join(" ");
            Verdict::Note(Message::new("playground-note-scope-dropped").with("scope", dropped))
        }
        "code_challenge" | "code_challenge_method" if judged.code_challenge.is_none() => {
            Verdict::Note(Message::new("playground-note-no-code"))
        }
        "request" | "request_uri" => Verdict::Note(Message::new("playground-note-object-read")),
        _ => Verdict::Good,
    }
}

/// What is not demanded, and yet protects (RFC 9700 §2.1, OIDC Core §3.1.2.1).
fn advice(params: &Params, rows: &[Judged]) -> Vec<Judged> {
    let advised = |name: &str, key: &'static str| Judged {
        name: name.to_owned(),
        value: None,
        meaning: meaning(REQUEST, name),
        verdict: Verdict::Advised(Message::new(key)),
    };
    let lacks = |name: &str| params.get(name).is_none() && rows.iter().all(|row| row.name != name);
    let mut found = Vec::new();
    if lacks("state") {
        found.push(advised("state", "playground-note-state-advised"));
    }
    let scope = params.get("scope").unwrap_or_default();
    if lacks("nonce") && scope.split(' ').any(|word| word == OPENID) {
        found.push(advised("nonce", "playground-note-nonce-advised"));
    }
    if scope.is_empty() && lacks("scope") {
        found.push(advised("scope", "playground-note-scope-advised"));
    }
    found
}

#[cfg(test)]
mod tests;
