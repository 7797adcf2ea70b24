use proptest::prelude::*;
use vestibule_model::{
    ClientId, ErrorCode, GrantId, Timestamp,
    client::Client,
    grant::{AuthorizationCode, Grant},
};

use super::{Exchange, check_exchange};
use crate::samples::{self, NOW, REDIRECT_URI, VERIFIER};

/// An exchange's parts, owned so that a test can spoil them.
struct Attempt {
    code: AuthorizationCode,
    grant: Grant,
    client: Client,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    now: Timestamp,
}

impl Attempt {
    fn good() -> Self {
        Self {
            code: samples::code(),
            grant: samples::grant(),
            client: samples::client(),
            redirect_uri: Some(REDIRECT_URI.to_owned()),
            code_verifier: Some(VERIFIER.to_owned()),
            now: NOW,
        }
    }

    fn judge(&self) -> Result<(), vestibule_model::OAuthError> {
        let exchange = Exchange {
            code: &self.code,
            grant: &self.grant,
            client: &self.client,
            redirect_uri: self.redirect_uri.as_deref(),
            code_verifier: self.code_verifier.as_deref(),
        };
        check_exchange(&exchange, self.now)
    }
}

type Fault = (ErrorCode, fn(&mut Attempt));

/// Each fault and its answer, in the order in which the checks run.
const FAULTS: &[Fault] = &[
    (ErrorCode::CodeOfAnotherClient, |a| a.client.id = ClientId::new("thief")),
    (ErrorCode::CodeReplayed, |a| a.code.consumed_at = Some(NOW)),
    (ErrorCode::CodeExpired, |a| a.now = NOW.plus(60)),
    (ErrorCode::RedirectUriChanged, |a| a.redirect_uri = Some(format!("{REDIRECT_URI}/"))),
    (ErrorCode::VerifierMismatch, |a| a.code_verifier = Some("a".repeat(43))),
    (ErrorCode::GrantRevoked, |a| a.grant.revoked_at = Some(NOW)),
];

#[test]
fn a_right_exchange_passes_until_the_code_ends() {
    let mut attempt = Attempt::good();
    for seconds in [-5, 0, 59] {
        attempt.now = NOW.plus(seconds);
        assert_eq!(attempt.judge(), Ok(()), "{seconds}");
    }
    attempt.now = NOW.plus(i64::MAX);
    assert_eq!(attempt.judge().expect_err("late").code, ErrorCode::CodeExpired);
}

#[test]
fn each_fault_alone_has_its_own_code() {
    for (code, spoil) in FAULTS {
        let mut attempt = Attempt::good();
        spoil(&mut attempt);
        assert_eq!(attempt.judge().expect_err("spoilt").code, *code);
    }
}

/// All 64 combinations: the earliest fault of the list is the answer.
#[test]
fn of_several_faults_the_first_check_answers() {
    for chosen in 0..1_u32 << FAULTS.len() {
        let mut attempt = Attempt::good();
        let mut first = None;
        for (index, (code, spoil)) in FAULTS.iter().enumerate() {
            if chosen & (1 << index) != 0 {
                spoil(&mut attempt);
                first = first.or(Some(*code));
            }
        }
        assert_eq!(attempt.judge().err().map(|error| error.code), first, "{chosen:06b}");
    }
}

#[test]
fn verifier_and_redirect_uri_must_be_there() {
    let mut attempt = Attempt::good();
    attempt.code_verifier = None;
    assert_eq!(attempt.judge().expect_err("none").code, ErrorCode::VerifierMissing);
    attempt.code_verifier = Some("short".to_owned());
    let error = attempt.judge().expect_err("short");
    assert_eq!(error.code, ErrorCode::VerifierMalformed);
    assert_eq!(error.detail, "the verifier has 5 characters");
    attempt.redirect_uri = None;
    let error = attempt.judge().expect_err("none");
    assert_eq!(error.code, ErrorCode::RedirectUriChanged);
    assert!(error.description.starts_with("redirect_uri is missing"));
}

/// RFC 9700 §4.8.2: whoever sends a verifier believes in a challenge that somebody took away.
#[test]
fn a_code_without_a_challenge_goes_without_a_verifier_only() {
    let mut attempt = Attempt::good();
    attempt.code.code_challenge = None;
    for verifier in [VERIFIER, "short", samples::CHALLENGE] {
        attempt.code_verifier = Some(verifier.to_owned());
        assert_eq!(attempt.judge().expect_err(verifier).code, ErrorCode::VerifierMismatch);
    }
    attempt.code_verifier = None;
    assert_eq!(attempt.judge(), Ok(()));
    // The other checks stand.
    attempt.redirect_uri = None;
    assert_eq!(attempt.judge().expect_err("no address").code, ErrorCode::RedirectUriChanged);
}

#[test]
fn the_redirect_uri_is_compared_as_text_and_the_log_says_how_it_differs() {
    for (given, difference) in [
        ("https://app.example/cb/", "trailing slash"),
        ("https://APP.example/cb", "upper and lower case in the host"),
        ("https://app.example:443/cb", "port (the default port is written in one of them)"),
        ("https://app.example/x/../cb", ".. in the path"),
        ("not a uri", "space or control character, no scheme"),
    ] {
        let mut attempt = Attempt::good();
        attempt.redirect_uri = Some(given.to_owned());
        let error = attempt.judge().expect_err(given);
        assert_eq!(error.code, ErrorCode::RedirectUriChanged);
        assert_eq!(
            error.detail,
            format!("got `{given}`, authorized `{REDIRECT_URI}`: {difference}")
        );
        assert!(!error.description.contains("app.example"));
    }
}

#[test]
fn a_grant_that_is_not_the_codes_is_our_own_fault() {
    let mut attempt = Attempt::good();
    attempt.grant.id = GrantId::new("another");
    assert_eq!(attempt.judge().expect_err("mixed up").code, ErrorCode::Internal);
    let mut attempt = Attempt::good();
    attempt.grant.client_id = ClientId::new("another");
    assert_eq!(attempt.judge().expect_err("mixed up").code, ErrorCode::Internal);
}

#[test]
fn apps_with_loopback_and_custom_scheme_addresses_can_redeem() {
    for uri in ["http://127.0.0.1:51004/cb", "http://[::1]:1/cb", "com.example.app:/cb"] {
        let mut attempt = Attempt::good();
        attempt.code.redirect_uri = uri.to_owned();
        attempt.redirect_uri = Some(uri.to_owned());
        assert_eq!(attempt.judge(), Ok(()), "{uri}");
    }
}

proptest! {
    #[test]
    fn only_the_very_verifier_and_address_pass(
        verifier in proptest::option::of(prop_oneof![Just(VERIFIER.to_owned()), ".{0,130}"]),
        redirect_uri in proptest::option::of(prop_oneof![Just(REDIRECT_URI.to_owned()), ".{0,40}"]),
    ) {
        let mut attempt = Attempt::good();
        let right = verifier.as_deref() == Some(VERIFIER)
            && redirect_uri.as_deref() == Some(REDIRECT_URI);
        attempt.code_verifier = verifier;
        attempt.redirect_uri = redirect_uri;
        prop_assert_eq!(attempt.judge().is_ok(), right);
    }
}
