use vestibule_model::{ClientId, ResponseType, client::GrantType, settings::Profile};

use super::*;
use crate::samples;

/// A request that is taken.
const GOOD: &[(&str, &str)] = &[
    ("client_id", "app"),
    ("redirect_uri", samples::REDIRECT_URI),
    ("response_type", "code"),
    ("scope", "openid"),
    ("state", "s"),
    ("nonce", "n"),
    ("code_challenge", samples::CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// The good request, changed: an empty value takes the parameter away.
fn with(changes: &[(&str, &str)]) -> Params {
    let kept = GOOD.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let pairs = kept.chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Params::from_pairs(pairs).unwrap()
}

fn report_of(params: &Params, client: Option<&Client>, settings: &Settings) -> Report {
    request(params, None, Object::Absent, client, &|_| None, settings)
}

fn report(changes: &[(&str, &str)]) -> Report {
    report_of(&with(changes), Some(&samples::client()), &samples::settings())
}

/// Every fault, with the parameter it stands at.
fn faults(report: &Report) -> Vec<(&str, ErrorCode)> {
    let fault = |row: &Judged| match &row.verdict {
        Verdict::Wrong(error) | Verdict::Missing(error) => Some(error.code),
        _ => None,
    };
    report.rows.iter().filter_map(|row| Some((row.name.as_str(), fault(row)?))).collect()
}

#[test]
fn a_good_request_is_good_in_every_row() {
    let report = report(&[]);
    assert!(matches!(report.outcome, Some(Ok(_))));
    assert_eq!(report.rows.len(), GOOD.len());
    assert!(report.rows.iter().all(|row| row.verdict == Verdict::Good && row.meaning.is_some()));
}

#[test]
fn each_fault_stands_at_its_parameter() {
    for (change, code) in [
        (("redirect_uri", "https://app.example/cb/"), ErrorCode::RedirectUriMismatch),
        (("redirect_uri", ""), ErrorCode::RedirectUriMissing),
        (("response_type", ""), ErrorCode::ResponseTypeMissing),
        (("response_type", "token"), ErrorCode::ResponseTypeUnsupported),
        (("response_mode", "web_message"), ErrorCode::ResponseModeUnsupported),
        (("scope", "openid admin"), ErrorCode::ScopeNotAllowed),
        (("scope", "openid \"x\""), ErrorCode::ScopeMalformed),
        (("code_challenge", ""), ErrorCode::CodeChallengeMissing),
        (("code_challenge", "short"), ErrorCode::CodeChallengeMalformed),
        (("code_challenge_method", "plain"), ErrorCode::CodeChallengeMethodUnsupported),
        (("prompt", "none login"), ErrorCode::PromptInvalid),
        (("max_age", "soon"), ErrorCode::MaxAgeInvalid),
        (("claims", "{"), ErrorCode::ClaimsMalformed),
        (("id_token_hint", "x"), ErrorCode::IdTokenHintInvalid),
        (("registration", "{}"), ErrorCode::RegistrationUnsupported),
        (("nonce", "n".repeat(5_000).as_str()), ErrorCode::ParameterTooLong),
    ] {
        let report = report(&[change]);
        assert_eq!(faults(&report), [(change.0, code)], "{change:?}");
        let Some(Err(rejection)) = &report.outcome else { panic!("{change:?} is taken") };
        assert_eq!(rejection.error().code, code);
    }
}

#[test]
fn several_faults_are_all_found_and_the_verdict_is_the_first() {
    let report = report(&[
        ("redirect_uri", "https://evil.example/"),
        ("response_type", "id_token"),
        ("scope", "openid admin"),
        ("code_challenge", ""),
        ("prompt", "none login"),
        ("claims", "[]"),
        ("state", ""),
    ]);
    let found = faults(&report);
    for (name, code) in [
        ("redirect_uri", ErrorCode::RedirectUriMismatch),
        ("response_type", ErrorCode::ResponseTypeUnsupported),
        ("scope", ErrorCode::ScopeNotAllowed),
        ("code_challenge", ErrorCode::CodeChallengeMissing),
        ("prompt", ErrorCode::PromptInvalid),
        ("claims", ErrorCode::ClaimsMalformed),
    ] {
        assert!(found.contains(&(name, code)), "{name}: {found:?}");
    }
    assert_eq!(found.len(), 6);
    assert!(matches!(&report.outcome, Some(Err(Rejection::Page(_)))));
}

#[test]
fn without_a_client_nothing_else_can_be_told() {
    for (id, code) in [("nobody", ErrorCode::ClientUnknown), ("", ErrorCode::ClientIdMissing)] {
        let report = report_of(&with(&[("client_id", id)]), None, &samples::settings());
        assert_eq!(faults(&report), [("client_id", code)]);
        let others = report.rows.iter().filter(|row| row.name != "client_id");
        assert!(others.map(|row| &row.verdict).all(|verdict| *verdict == Verdict::Open));
    }
}

#[test]
fn a_client_without_a_redirect_uri_ends_the_search() {
    let mut client = samples::client();
    client.metadata.redirect_uris.clear();
    let report = report_of(&with(&[("prompt", "x")]), Some(&client), &samples::settings());
    assert_eq!(faults(&report), [("redirect_uri", ErrorCode::RedirectUriMismatch)]);
}

#[test]
fn what_is_passed_over_is_said_and_a_slip_recognised() {
    let report =
        report(&[("redirect_url", "x"), ("nonse", "x"), ("utm_source", "x"), ("nonce", "")]);
    let verdict = |name: &str| report.rows.iter().find(|row| row.name == name).unwrap();
    // The right one is there too.
    assert_eq!(verdict("redirect_url").verdict, Verdict::Unknown(None));
    assert_eq!(verdict("nonse").verdict, Verdict::Unknown(Some("nonce")));
    assert_eq!(verdict("utm_source").verdict, Verdict::Unknown(None));
    assert!(matches!(verdict("nonce").verdict, Verdict::Advised(_)));
    assert!(matches!(report.outcome, Some(Ok(_))));
}

#[test]
fn what_has_no_effect_is_noted() {
    let mut client = samples::client();
    client.metadata.grant_types = vec![GrantType::AuthorizationCode];
    let params = with(&[("scope", "openid offline_access")]);
    let report = report_of(&params, Some(&client), &samples::settings());
    let scope = report.rows.iter().find(|row| row.name == "scope").unwrap();
    let dropped = Message::new("playground-note-scope-dropped").with("scope", "offline_access");
    assert_eq!(scope.verdict, Verdict::Note(dropped));
}

#[test]
fn tokens_through_the_browser_need_what_openid_connect_demands() {
    let mut client = samples::client();
    client.metadata.response_types.push(ResponseType::IdToken);
    client.metadata.grant_types.push(GrantType::Implicit);
    let settings = Settings { profile: Profile::Oidc, ..samples::settings() };
    let params = with(&[
        ("response_type", "id_token"),
        ("response_mode", "query"),
        ("nonce", ""),
        ("scope", "profile"),
    ]);
    let report = report_of(&params, Some(&client), &settings);
    let found = faults(&report);
    for fault in [
        ("response_mode", ErrorCode::QueryWithTokens),
        ("nonce", ErrorCode::NonceMissing),
        ("scope", ErrorCode::OpenidMissing),
    ] {
        assert!(found.contains(&fault), "{fault:?}: {found:?}");
    }
}

#[test]
fn a_request_that_cannot_be_read_is_refused_where_it_is_broken() {
    let (params, fault) = Params::salvage(b"client_id=app&state=1&state=2&redirect_uri=x");
    let client = samples::client();
    let settings = samples::settings();
    let report = request(&params, fault, Object::Absent, Some(&client), &|_| None, &settings);
    let found = faults(&report);
    assert!(found.contains(&("state", ErrorCode::ParameterRepeated)), "{found:?}");
}

#[test]
fn a_request_object_is_read_refused_or_left_to_the_endpoint() {
    let client = samples::client();
    let settings = samples::settings();
    let sent = Params::from_pairs([
        ("client_id".to_owned(), "app".to_owned()),
        ("request".to_owned(), "x.y.z".to_owned()),
    ])
    .unwrap();
    let of = |object| request(&sent, None, object, Some(&client), &|_| None, &settings);
    let read = of(Object::Read(with(&[])));
    assert!(matches!(read.outcome, Some(Ok(_))));
    let row = read.rows.iter().find(|row| row.name == "request").unwrap();
    assert_eq!(row.verdict, Verdict::Note(Message::new("playground-note-object-read")));
    let closed = of(Object::Closed);
    assert!(closed.outcome.is_none());
    assert!(closed.rows.iter().all(|row| row.verdict == Verdict::Open));
    let refused = of(Object::Refused(ErrorCode::RequestObjectUnsigned.into()));
    assert_eq!(faults(&refused), [("request", ErrorCode::RequestObjectUnsigned)]);
}

#[test]
fn a_switched_off_client_is_not_told_apart() {
    let client =
        Client { id: ClientId::new("app"), disabled_at: Some(samples::NOW), ..samples::client() };
    let report = report_of(&with(&[]), Some(&client), &samples::settings());
    assert_eq!(faults(&report), [("client_id", ErrorCode::ClientDisabled)]);
}
