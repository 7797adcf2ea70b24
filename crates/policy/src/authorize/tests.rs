mod oidc;
mod property;

use vestibule_model::{
    ErrorCode, ResponseType, Subject, Timestamp,
    client::{AccessTokenFormat, ApplicationType, Client, GrantType, SigningAlg},
    interaction::{AuthorizationRequest, Display, Prompt, ResponseMode},
    settings::{Registration, Settings},
};

use super::{HintedSubject, Rejection, prompts, refuse, validate};
use crate::{
    params::Params,
    samples::{self, CHALLENGE, REDIRECT_URI, scope},
};

/// A right request.
const GOOD: [(&str, &str); 7] = [
    ("client_id", "app"),
    ("redirect_uri", REDIRECT_URI),
    ("response_type", "code"),
    ("scope", "openid profile"),
    ("state", "xyz"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// The right request with `changes`: a new value, or none for an empty one.
fn request(changes: &[(&str, &str)]) -> Params {
    let kept = GOOD.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(kept).extend_pairs(changes);
    Params::parse(text.finish().as_bytes()).expect("well-formed")
}

/// Hints of the tests read `sub@client`.
fn hinted(hint: &str) -> Option<HintedSubject> {
    let (sub, client) = hint.split_once('@')?;
    Some(HintedSubject { sub: Subject::new(sub), client_ids: vec![client.to_owned()] })
}

fn judge_under(
    settings: &Settings,
    client: &Client,
    changes: &[(&str, &str)],
) -> Result<AuthorizationRequest, Rejection> {
    validate(&request(changes), Some(client), hinted, settings)
}

fn judge_for(client: &Client, changes: &[(&str, &str)]) -> Result<AuthorizationRequest, Rejection> {
    judge_under(&samples::settings(), client, changes)
}

fn judge(changes: &[(&str, &str)]) -> Result<AuthorizationRequest, Rejection> {
    judge_for(&samples::client(), changes)
}

fn accepted(changes: &[(&str, &str)]) -> AuthorizationRequest {
    judge(changes).unwrap_or_else(|rejection| panic!("{changes:?}: {rejection:?}"))
}

#[test]
fn a_right_request_is_kept_as_it_came() {
    let mut expected = samples::request();
    assert_eq!(accepted(&[]), expected);
    expected.nonce = Some("n".to_owned());
    expected.login_hint = Some("alice".to_owned());
    expected.prompt = vec![Prompt::Login, Prompt::Consent];
    expected.max_age = Some(300);
    expected.response_mode = ResponseMode::FormPost;
    expected.acr_values = vec!["a".to_owned(), "b".to_owned()];
    expected.ui_locales = vec!["fr".to_owned(), "en".to_owned()];
    expected.claims_locales = vec!["de-CH".to_owned(), "de".to_owned()];
    expected.display = Display::Popup;
    expected.hinted_subject = Some(Subject::new("alice"));
    let full = accepted(&[
        ("nonce", "n"),
        ("login_hint", "alice"),
        ("prompt", "login consent login"),
        ("max_age", "300"),
        ("response_mode", "form_post"),
        ("acr_values", "a  b"),
        ("ui_locales", "fr en"),
        ("id_token_hint", "alice@app"),
        ("claims_locales", "de-CH de"),
        ("display", "popup"),
        ("something_new", "x"),
    ]);
    assert_eq!(full, expected);
}

#[test]
fn without_a_known_client_and_address_the_person_is_told() {
    let page = |changes: &[(&str, &str)]| match judge(changes) {
        Err(Rejection::Page(error)) => error.code,
        other => panic!("{changes:?}: {other:?}"),
    };
    // Even though everything else is wrong too.
    let also_wrong = [("response_type", "token"), ("prompt", "x"), ("scope", "\u{7f}")];
    for (name, value, code) in [
        ("client_id", "", ErrorCode::ClientIdMissing),
        ("client_id", "other", ErrorCode::ClientUnknown),
        ("client_id", "APP", ErrorCode::ClientUnknown),
        ("redirect_uri", "", ErrorCode::RedirectUriMissing),
        ("redirect_uri", "https://app.example/cb/", ErrorCode::RedirectUriMismatch),
        ("redirect_uri", "https://evil.example/", ErrorCode::RedirectUriMismatch),
    ] {
        let mut changes = also_wrong.to_vec();
        changes.push((name, value));
        assert_eq!(page(&changes), code);
    }
    let unknown = validate(&request(&[]), None, hinted, &samples::settings());
    assert_eq!(unknown.expect_err("unknown").error().code, ErrorCode::ClientUnknown);
    let mut client = samples::client();
    client.disabled_at = Some(Timestamp(1));
    let Err(Rejection::Page(error)) = judge_for(&client, &[]) else { panic!("disabled") };
    assert_eq!(error.code, ErrorCode::ClientDisabled);
    // The words are those for a client that never was.
    assert_eq!(error.description, ErrorCode::ClientUnknown.title());
}

/// One wrong parameter and its answer at the client.
const WRONG: &[(&str, &str, ErrorCode)] = &[
    ("response_mode", "fragment", ErrorCode::ResponseModeUnsupported),
    ("response_mode", "query.jwt", ErrorCode::ResponseModeUnsupported),
    ("response_mode", "QUERY", ErrorCode::ResponseModeUnsupported),
    ("request", "e30.e30.", ErrorCode::RequestObjectUnsupported),
    ("request_uri", "https://app.example/r", ErrorCode::RequestUriUnsupported),
    ("registration", "{}", ErrorCode::RegistrationUnsupported),
    ("response_type", "", ErrorCode::ResponseTypeMissing),
    ("response_type", "token", ErrorCode::ResponseTypeUnsupported),
    ("response_type", "id_token", ErrorCode::ResponseTypeUnsupported),
    ("response_type", "code id_token", ErrorCode::ResponseTypeUnsupported),
    ("response_type", "none", ErrorCode::ResponseTypeUnsupported),
    ("response_type", "Code", ErrorCode::ResponseTypeUnsupported),
    ("code_challenge", "", ErrorCode::CodeChallengeMissing),
    ("code_challenge", "short", ErrorCode::CodeChallengeMalformed),
    ("code_challenge_method", "", ErrorCode::CodeChallengeMethodUnsupported),
    ("code_challenge_method", "plain", ErrorCode::CodeChallengeMethodUnsupported),
    ("code_challenge_method", "s256", ErrorCode::CodeChallengeMethodUnsupported),
    ("scope", "openid\u{e9}", ErrorCode::ScopeMalformed),
    ("scope", "openid\tprofile", ErrorCode::ScopeMalformed),
    ("scope", "open\"id", ErrorCode::ScopeMalformed),
    ("scope", "openid admin", ErrorCode::ScopeNotAllowed),
    ("scope", "OpenID", ErrorCode::ScopeNotAllowed),
    ("prompt", "none login", ErrorCode::PromptInvalid),
    ("prompt", "consent none", ErrorCode::PromptInvalid),
    ("prompt", "create", ErrorCode::PromptInvalid),
    ("prompt", "Login", ErrorCode::PromptInvalid),
    ("max_age", "-1", ErrorCode::MaxAgeInvalid),
    ("max_age", "+1", ErrorCode::MaxAgeInvalid),
    ("max_age", "1.5", ErrorCode::MaxAgeInvalid),
    ("max_age", "soon", ErrorCode::MaxAgeInvalid),
    ("max_age", "99999999999999999999", ErrorCode::MaxAgeInvalid),
    ("claims", "{", ErrorCode::ClaimsMalformed),
    ("claims", r#"{"id_token":{"sub":{"value":7}}}"#, ErrorCode::ClaimsMalformed),
    ("claims", r#"{"id_token":{"acr":{"essential":true,"value":"x"}}}"#, ErrorCode::AcrUnmet),
    ("claims", r#"{"id_token":{"acr":{"essential":true,"values":["x"]}}}"#, ErrorCode::AcrUnmet),
    ("id_token_hint", "garbage", ErrorCode::IdTokenHintInvalid),
    ("id_token_hint", "alice@other", ErrorCode::IdTokenHintInvalid),
];

#[test]
fn a_wrong_parameter_is_told_to_the_client_with_its_state() {
    for (name, value, code) in WRONG {
        let rejection = judge(&[(name, value)]).expect_err(name);
        let Rejection::Redirect { to, response_mode, state, error } = rejection else {
            panic!("{name}={value}: {rejection:?}")
        };
        assert_eq!(error.code, *code, "{name}={value}");
        assert_eq!(to.as_str(), REDIRECT_URI);
        assert_eq!((response_mode, state.as_deref()), (ResponseMode::Query, Some("xyz")));
        let parameter = if *code == ErrorCode::AcrUnmet { "authentication" } else { name };
        let told =
            error.description.contains(parameter) || matches!(*name, "request" | "registration");
        assert!(told, "{name}: {}", error.description);
        assert!(is_describable(&error.description), "{}", error.description);
        assert!(!error.detail.contains(char::is_control), "{name}={value}");
    }
}

#[test]
fn the_answer_travels_as_the_client_asked() {
    let rejection = judge(&[("response_mode", "form_post"), ("prompt", "x")]).expect_err("prompt");
    assert!(matches!(rejection, Rejection::Redirect { response_mode: ResponseMode::FormPost, .. }));
}

#[test]
fn the_scope_is_cut_or_refused() {
    for (asked, granted) in [
        ("", ""),
        (" ", ""),
        ("openid", "openid"),
        ("profile openid profile", "openid profile"),
        ("openid offline_access", "offline_access openid"),
    ] {
        assert_eq!(accepted(&[("scope", asked)]).scope, scope(granted), "{asked:?}");
    }
    // OIDC Core §11: no refresh token could follow, so offline_access is ignored.
    let mut client = samples::client();
    client.metadata.grant_types = vec![GrantType::AuthorizationCode];
    client.metadata.scope = scope("openid");
    let kept = judge_for(&client, &[("scope", "openid offline_access")]).expect("ignored");
    assert_eq!(kept.scope, scope("openid"));
    let error = judge(&[("scope", "openid admin root")]).expect_err("more");
    assert_eq!(
        error.error().description,
        "scope asks for more than the client may have: admin root"
    );
}

#[test]
fn the_clients_own_settings_count() {
    let mut client = samples::client();
    client.metadata.default_max_age = Some(600);
    assert_eq!(judge_for(&client, &[]).expect("default").max_age, Some(600));
    assert_eq!(judge_for(&client, &[("max_age", "0")]).expect("given").max_age, Some(0));
    client.metadata.grant_types = vec![GrantType::ClientCredentials];
    let error = judge_for(&client, &[]).expect_err("no codes for it");
    assert_eq!(error.error().code, ErrorCode::GrantNotAllowed);
    client.metadata.response_types = vec![ResponseType::IdToken];
    let error = judge_for(&client, &[]).expect_err("no code for it");
    assert_eq!(error.error().code, ErrorCode::ResponseTypeNotAllowed);
}

/// OIDC Registration §2: a default, which either way of asking for a class replaces.
#[test]
fn default_acr_values_are_those_of_a_request_that_names_none() {
    let mut client = samples::client();
    client.metadata.default_acr_values = vec!["phr".to_owned()];
    for (changes, expected) in [
        (vec![], &["phr"][..]),
        (vec![("acr_values", "urn:x")], &["urn:x"]),
        (vec![("claims", r#"{"id_token":{"acr":{"values":["urn:vestibule:acr:pwd"]}}}"#)], &[]),
        (vec![("claims", r#"{"id_token":{"email":null}}"#)], &["phr"]),
    ] {
        let kept = judge_for(&client, &changes).expect("a right request");
        assert_eq!(kept.acr_values, expected, "{changes:?}");
    }
}

/// OIDC Core §3.1.2.1: a wish about the pages is never a reason to refuse.
#[test]
fn a_display_that_nobody_knows_is_a_page() {
    for (given, expected) in [
        ("", Display::Page),
        ("page", Display::Page),
        ("touch", Display::Touch),
        ("wap", Display::Wap),
        ("hologram", Display::Page),
        ("popup touch", Display::Page),
    ] {
        assert_eq!(accepted(&[("display", given)]).display, expected, "{given}");
    }
}

/// Initiating User Registration 1.0 §4.
#[test]
fn an_account_can_be_asked_for_where_everybody_may_make_one() {
    let mut settings = samples::settings();
    for (registration, offered) in
        [(Registration::Open, true), (Registration::Invite, false), (Registration::Off, false)]
    {
        settings.accounts.registration = registration;
        let judged = judge_under(&settings, &samples::client(), &[("prompt", "create")]);
        assert_eq!(judged.is_ok(), offered, "{registration:?}");
        assert_eq!(prompts(&settings).contains(&Prompt::Create), offered);
    }
}

/// RFC 6749 §4.1.2.1: the client hears of a request that cannot be read, if it is beyond doubt who
/// and where it is.
#[test]
fn a_request_that_cannot_be_read_is_told_to_whom_it_names() {
    let settings = samples::settings();
    let tell = |text: &str| {
        let (params, fault) = Params::salvage(text.as_bytes());
        let fault = fault.expect("a fault");
        refuse(&params, Some(&samples::client()), &settings, fault)
    };
    let right = "client_id=app&redirect_uri=https://app.example/cb&state=x";
    for (more, state) in
        [("&prompt=a&prompt=b", Some("x")), ("&nonce=%zz", Some("x")), ("&state=y", None)]
    {
        let told = tell(&format!("{right}{more}"));
        let Rejection::Redirect { to, state: sent, response_mode, .. } = told else {
            panic!("{more}: {told:?}")
        };
        assert_eq!((to.as_str(), sent.as_deref()), (REDIRECT_URI, state), "{more}");
        assert_eq!(response_mode, ResponseMode::Query);
    }
    let form = tell(&format!("{right}&response_mode=form_post&scope=a&scope=b"));
    assert!(matches!(form, Rejection::Redirect { response_mode: ResponseMode::FormPost, .. }));
    for spoilt in [
        format!("{right}&client_id=app"),
        format!("{right}&redirect_uri=https://app.example/cb"),
        format!("{right}&redirect_uri=%zz"),
        right.replace("/cb", "/other&x=%zz"),
        right.replace("=app", "=other&x=1&x=2"),
    ] {
        let told = tell(&spoilt);
        assert!(matches!(told, Rejection::Page(_)), "{spoilt}: {told:?}");
    }
}

#[test]
fn a_client_whose_algorithm_has_no_key_hears_it_before_the_person_signs_in() {
    let mut client = samples::client();
    client.metadata.access_token_signed_response_alg = SigningAlg::ES256;
    let error = judge_for(&client, &[]).expect_err("no key");
    assert_eq!(error.error().code, ErrorCode::Internal);
    // Opaque tokens need no key.
    client.metadata.access_token_format = AccessTokenFormat::Opaque;
    judge_for(&client, &[]).expect("served");
    client.metadata.id_token_signed_response_alg = SigningAlg::ES256;
    judge_for(&client, &[]).expect_err("no key for the ID token");
}

#[test]
fn acr_that_is_only_a_wish_or_can_be_reached_passes() {
    for claims in [
        r#"{"id_token":{"acr":null}}"#,
        r#"{"id_token":{"acr":{"essential":true}}}"#,
        r#"{"id_token":{"acr":{"value":"x"}}}"#,
        r#"{"id_token":{"acr":{"essential":true,"values":["x","urn:vestibule:acr:pwd"]}}}"#,
    ] {
        accepted(&[("claims", claims)]);
    }
    accepted(&[("acr_values", "x")]);
}

#[test]
fn the_expected_person_is_the_hint_or_the_claim_but_not_two() {
    let bob = r#"{"id_token":{"sub":{"value":"bob"}}}"#;
    let expected = |changes: &[(&str, &str)]| accepted(changes).hinted_subject;
    assert_eq!(expected(&[]), None);
    assert_eq!(expected(&[("claims", r#"{"id_token":{"sub":null}}"#)]), None);
    assert_eq!(expected(&[("id_token_hint", "bob@app")]), Some(Subject::new("bob")));
    assert_eq!(expected(&[("claims", bob)]), Some(Subject::new("bob")));
    assert_eq!(
        expected(&[("claims", bob), ("id_token_hint", "bob@app")]),
        Some(Subject::new("bob"))
    );
    let two = judge(&[("claims", bob), ("id_token_hint", "alice@app")]).expect_err("two");
    assert_eq!(two.error().code, ErrorCode::SubjectMismatch);
}

#[test]
fn a_native_app_gets_its_answer_at_the_port_it_named() {
    let mut client = samples::client();
    client.metadata.application_type = ApplicationType::Native;
    client.metadata.redirect_uris =
        vec!["http://127.0.0.1/cb".to_owned(), "com.example.app:/cb".to_owned()];
    for uri in ["http://127.0.0.1:51004/cb", "com.example.app:/cb"] {
        let kept = judge_for(&client, &[("redirect_uri", uri)]).expect(uri);
        assert_eq!(kept.redirect_uri, uri);
    }
}

/// RFC 6749 §4.1.2.1: what `error_description` may be made of.
fn is_describable(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}
