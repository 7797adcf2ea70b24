//! What the profile `oidc` adds (OIDC Core §3.2, §3.3; Multiple Response Types).

use vestibule_model::{
    client::{AuthMethod, ClientMetadata},
    settings::Profile,
};

use super::*;

fn settings() -> Settings {
    Settings { profile: Profile::Oidc, ..samples::settings() }
}

/// A client that registered everything.
fn client() -> Client {
    let sample = samples::client();
    let metadata = ClientMetadata {
        grant_types: GrantType::ALL.to_vec(),
        response_types: ResponseType::ALL.to_vec(),
        ..sample.metadata
    };
    Client { metadata, ..sample }
}

fn judge(changes: &[(&str, &str)]) -> Result<AuthorizationRequest, Rejection> {
    judge_under(&settings(), &client(), changes)
}

fn refused(client: &Client, changes: &[(&str, &str)]) -> (ErrorCode, ResponseMode) {
    match judge_under(&settings(), client, changes) {
        Err(Rejection::Redirect { error, response_mode, .. }) => (error.code, response_mode),
        other => panic!("{changes:?}: {other:?}"),
    }
}

#[test]
fn every_type_is_taken_in_any_order_and_answered_in_its_own_mode() {
    for (given, expected, mode) in [
        ("code", ResponseType::Code, ResponseMode::Query),
        ("id_token", ResponseType::IdToken, ResponseMode::Fragment),
        ("token id_token", ResponseType::IdTokenToken, ResponseMode::Fragment),
        ("id_token code", ResponseType::CodeIdToken, ResponseMode::Fragment),
        ("token code", ResponseType::CodeToken, ResponseMode::Fragment),
        ("id_token token code", ResponseType::CodeIdTokenToken, ResponseMode::Fragment),
    ] {
        let kept = judge(&[("response_type", given), ("nonce", "n")]).expect(given);
        assert_eq!((kept.response_type, kept.response_mode), (expected, mode), "{given}");
        for (asked, taken) in [
            ("fragment", Ok(ResponseMode::Fragment)),
            ("form_post", Ok(ResponseMode::FormPost)),
            ("query", if expected == ResponseType::Code { Ok(mode) } else { Err(mode) }),
        ] {
            let changes = [("response_type", given), ("nonce", "n"), ("response_mode", asked)];
            match taken {
                Ok(mode) => assert_eq!(judge(&changes).expect(asked).response_mode, mode),
                Err(mode) => {
                    let refusal = (ErrorCode::QueryWithTokens, mode);
                    assert_eq!(refused(&client(), &changes), refusal, "{given}");
                }
            }
        }
    }
}

/// Multiple Response Types §5, RFC 6749 §4.1.2.1.
#[test]
fn a_type_is_refused_for_its_own_reason() {
    let mut of_codes = client();
    of_codes.metadata.response_types = vec![ResponseType::Code];
    let mut without_grant = client();
    without_grant.metadata.grant_types = vec![GrantType::AuthorizationCode];
    let mut implicit = client();
    implicit.metadata.grant_types = vec![GrantType::Implicit];
    let (unsupported, not_allowed, no_grant) = (
        ErrorCode::ResponseTypeUnsupported,
        ErrorCode::ResponseTypeNotAllowed,
        ErrorCode::GrantNotAllowed,
    );
    let (query, fragment) = (ResponseMode::Query, ResponseMode::Fragment);
    for (client, given, code, mode) in [
        (&client(), "token", unsupported, fragment),
        (&client(), "none", unsupported, query),
        (&client(), "code code", unsupported, query),
        (&client(), "code id_token foo", unsupported, fragment),
        (&of_codes, "id_token", not_allowed, fragment),
        (&of_codes, "code token", not_allowed, fragment),
        (&without_grant, "id_token", no_grant, fragment),
        (&without_grant, "code id_token token", no_grant, fragment),
        (&implicit, "code id_token", no_grant, fragment),
        (&implicit, "code", no_grant, query),
    ] {
        assert_eq!(refused(client, &[("response_type", given)]), (code, mode), "{given}");
    }
    assert_eq!(no_grant.wire(), not_allowed.wire());
}

/// RFC 9700 §2.1.2: the default profile knows none of it.
#[test]
fn oauth21_offers_codes_only_whatever_the_client_registered() {
    for response_type in ResponseType::ALL.into_iter().filter(|known| *known != ResponseType::Code)
    {
        let changes = [("response_type", response_type.as_str()), ("nonce", "n")];
        let error = judge_for(&client(), &changes).expect_err("oauth2.1");
        assert_eq!(error.error().code, ErrorCode::ResponseTypeUnsupported);
    }
    let error = judge_for(&client(), &[("response_mode", "fragment")]).expect_err("oauth2.1");
    assert_eq!(error.error().code, ErrorCode::ResponseModeUnsupported);
}

#[test]
fn a_refusal_travels_as_the_answer_would_have() {
    let (query, fragment) = (ResponseMode::Query, ResponseMode::Fragment);
    for (response_type, response_mode, travels) in [
        ("code", "", query),
        ("code", "fragment", fragment),
        ("code", "nonsense", query),
        ("id_token", "", fragment),
        ("id_token", "query", fragment),
        ("id_token", "nonsense", fragment),
        ("code token", "form_post", ResponseMode::FormPost),
        ("", "", query),
        ("", "fragment", fragment),
    ] {
        let changes =
            [("response_type", response_type), ("response_mode", response_mode), ("max_age", "x")];
        assert_eq!(refused(&client(), &changes).1, travels, "{response_type} {response_mode}");
    }
}

/// OIDC Core §3.2.2.1, §3.3.2.11, §3.1.2.1.
#[test]
fn an_id_token_through_the_browser_needs_nonce_and_openid() {
    for response_type in ResponseType::ALL {
        let name = response_type.as_str();
        let without_nonce = judge(&[("response_type", name)]);
        assert_eq!(without_nonce.is_err(), response_type.has_id_token(), "{name}");
        if let Err(rejection) = without_nonce {
            assert_eq!(rejection.error().code, ErrorCode::NonceMissing);
        }
        let changes = [("response_type", name), ("nonce", "n"), ("scope", "profile")];
        let without_openid = judge(&changes);
        assert_eq!(without_openid.is_err(), response_type.has_id_token(), "{name}");
        if let Err(rejection) = without_openid {
            assert_eq!(rejection.error().code, ErrorCode::OpenidMissing);
        }
    }
}

/// RFC 9700 §2.1.1: PKCE stays a must for whoever cannot authenticate.
#[test]
fn only_a_client_that_authenticates_may_leave_pkce_out() {
    let bare = [("code_challenge", ""), ("code_challenge_method", "")];
    let mut public = client();
    public.metadata.token_endpoint_auth_method = AuthMethod::None;
    for response_type in ResponseType::ALL {
        let mut changes = vec![("response_type", response_type.as_str()), ("nonce", "n")];
        changes.extend(bare);
        let kept = judge(&changes).expect("a confidential client");
        assert_eq!(kept.code_challenge, None);
        let judged = judge_under(&settings(), &public, &changes);
        assert_eq!(judged.is_err(), response_type.has_code(), "{}", response_type.as_str());
    }
    for (challenge, method, code) in [
        ("", "S256", ErrorCode::CodeChallengeMissing),
        (CHALLENGE, "", ErrorCode::CodeChallengeMethodUnsupported),
        (CHALLENGE, "plain", ErrorCode::CodeChallengeMethodUnsupported),
        ("short", "S256", ErrorCode::CodeChallengeMalformed),
    ] {
        let changes = [("code_challenge", challenge), ("code_challenge_method", method)];
        assert_eq!(refused(&client(), &changes).0, code, "{challenge} {method}");
    }
    let kept = judge(&[]).expect("a challenge");
    assert_eq!(kept.code_challenge.as_deref(), Some(CHALLENGE), "what is sent is enforced");
}

/// OIDC Core §3.1.2.1, §11.
#[test]
fn unknown_scopes_are_passed_over_and_offline_access_needs_a_code() {
    for (response_type, asked, granted) in [
        ("code", "openid shoe_size offline_access", "openid offline_access"),
        ("code id_token", "openid offline_access", "openid offline_access"),
        ("id_token token", "openid offline_access api", "openid api"),
        ("id_token", "openid offline_access", "openid"),
    ] {
        let changes = [("response_type", response_type), ("nonce", "n"), ("scope", asked)];
        let kept = judge(&changes).expect(asked);
        assert_eq!(kept.scope, scope(granted), "{response_type} {asked}");
    }
    let known = refused(&client(), &[("scope", "openid address")]).0;
    assert_eq!(known, ErrorCode::ScopeNotAllowed);
}
