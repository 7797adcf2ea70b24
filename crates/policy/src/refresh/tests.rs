use proptest::prelude::*;
use vestibule_model::{
    ClientId, ErrorCode, GrantId, ScopeSet, Timestamp, TokenHash,
    client::{Client, GrantType},
    grant::{Grant, RefreshToken, RefreshUse},
    settings::Lifetimes,
};

use super::{Presented, RefreshDecision, decide, scope_changed};
use crate::samples::{self, NOW, scope};

struct Attempt {
    token: RefreshToken,
    grant: Grant,
    client: Client,
    requested: Option<ScopeSet>,
    successor_used: bool,
    grace: i64,
    now: Timestamp,
}

impl Attempt {
    fn good() -> Self {
        Self {
            token: samples::refresh_token(),
            grant: samples::grant(),
            client: samples::client(),
            requested: None,
            successor_used: false,
            grace: 30,
            now: NOW,
        }
    }

    fn used_at(mut self, seconds: i64) -> Self {
        self.token.used = Some(RefreshUse {
            at: NOW.plus(seconds),
            successor: TokenHash::new("ee"),
            sealed_reply: String::new(),
        });
        self
    }

    fn decide(&self) -> RefreshDecision {
        let presented = Presented {
            token: &self.token,
            grant: &self.grant,
            client: &self.client,
            requested_scope: self.requested.as_ref(),
            successor_used: self.successor_used,
        };
        let lifetimes = Lifetimes { refresh_grace: self.grace, ..Lifetimes::default() };
        decide(&presented, &lifetimes, self.now)
    }

    fn refusal(&self) -> ErrorCode {
        match self.decide() {
            RefreshDecision::Refuse(error) => error.code,
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[test]
fn a_first_use_rotates_with_the_whole_scope() {
    let attempt = Attempt::good();
    let granted = attempt.grant.scope.clone();
    assert_eq!(attempt.decide(), RefreshDecision::Rotate { scope: granted.clone() });
    let empty = Attempt { requested: Some(scope("")), ..Attempt::good() };
    assert_eq!(empty.decide(), RefreshDecision::Rotate { scope: granted });
}

#[test]
fn less_may_be_asked_but_not_more() {
    let less = Attempt { requested: Some(scope("openid")), ..Attempt::good() };
    assert_eq!(less.decide(), RefreshDecision::Rotate { scope: scope("openid") });
    // `email` is the client's to ask for, but this person did not grant it.
    let more = Attempt { requested: Some(scope("openid email")), ..Attempt::good() };
    let RefreshDecision::Refuse(error) = more.decide() else { panic!("widened") };
    assert_eq!(error.code, ErrorCode::ScopeWidened);
    assert_eq!(error.description, "scope asks for more than was granted: email");
}

#[test]
fn a_lost_answer_is_given_again_within_the_grace_and_never_later() {
    for (elapsed, grace, successor_used, replayed) in [
        (0, 30, false, true),
        (30, 30, false, true),
        (31, 30, false, false),
        (1, 30, true, false),
        (0, 0, false, false),
        (0, -1, false, false),
        (1, 1, false, true),
        (86_400, 30, false, false),
    ] {
        let attempt = Attempt { successor_used, grace, ..Attempt::good() }.used_at(-elapsed);
        let whole = RefreshDecision::Replay { scope: samples::grant().scope };
        let expected = if replayed { whole } else { RefreshDecision::Reuse };
        assert_eq!(attempt.decide(), expected, "{elapsed} {grace} {successor_used}");
    }
}

/// RFC 6749 §6: the repeated request is judged by its own scope, and theft by none.
#[test]
fn a_repeated_request_stands_for_the_scope_it_names() {
    let again = |asked| Attempt { requested: Some(scope(asked)), ..Attempt::good() };
    let narrow = again("openid").used_at(-1).decide();
    assert_eq!(narrow, RefreshDecision::Replay { scope: scope("openid") });
    assert_eq!(again("openid api").used_at(-1).refusal(), ErrorCode::ScopeWidened);
    assert_eq!(again("openid api").used_at(-31).decide(), RefreshDecision::Reuse);
    let error = scope_changed(&scope("openid"), &scope("openid profile"));
    assert_eq!(error.code, ErrorCode::RefreshScopeChanged);
}

#[test]
fn a_clock_that_runs_behind_does_not_turn_a_lost_answer_into_theft() {
    let again = Attempt::good().used_at(2).decide();
    assert_eq!(again, RefreshDecision::Replay { scope: samples::grant().scope });
}

#[test]
fn reuse_is_seen_even_after_the_token_has_ended() {
    let mut attempt = Attempt::good().used_at(-100);
    attempt.now = NOW.plus(10_000_000);
    assert_eq!(attempt.decide(), RefreshDecision::Reuse);
}

#[test]
fn ends_are_exclusive_and_the_log_says_which() {
    let mut attempt = Attempt::good();
    attempt.now = attempt.token.expires_at.plus(-1);
    assert!(matches!(attempt.decide(), RefreshDecision::Rotate { .. }));
    attempt.now = attempt.token.expires_at;
    let RefreshDecision::Refuse(error) = attempt.decide() else { panic!("idle end") };
    assert_eq!(error.code, ErrorCode::RefreshTokenExpired);
    assert_eq!(error.detail, "its idle end was 0 s ago");
    attempt.now = NOW.plus(50);
    attempt.grant.expires_at = NOW.plus(20);
    let RefreshDecision::Refuse(error) = attempt.decide() else { panic!("absolute end") };
    assert_eq!(error.detail, "its absolute end was 30 s ago");
}

#[test]
fn the_grant_and_the_client_come_first() {
    type Fault = (ErrorCode, fn(&mut Attempt));
    let faults: [Fault; 4] = [
        (ErrorCode::Internal, |a| a.token.grant_id = GrantId::new("another")),
        (ErrorCode::RefreshTokenOfAnotherClient, |a| a.client.id = ClientId::new("thief")),
        (ErrorCode::GrantRevoked, |a| a.grant.revoked_at = Some(NOW)),
        (ErrorCode::GrantTypeNotAllowed, |a| {
            a.client.metadata.grant_types = vec![GrantType::AuthorizationCode];
        }),
    ];
    for chosen in 1..16_u32 {
        // Neither a used nor an expired token changes the answer: a thief learns nothing, and
        // another client's request revokes nothing.
        for mut attempt in [Attempt::good(), Attempt::good().used_at(-100)] {
            attempt.requested = Some(scope("api"));
            let mut first = None;
            for (index, (code, spoil)) in faults.iter().enumerate() {
                if chosen & (1 << index) != 0 {
                    spoil(&mut attempt);
                    first = first.or(Some(*code));
                }
            }
            assert_eq!(Some(attempt.refusal()), first, "{chosen:04b}");
        }
    }
}

fn some_scope() -> impl Strategy<Value = ScopeSet> {
    proptest::sample::subsequence(vec!["openid", "profile", "email", "api", "offline_access"], 0..5)
        .prop_map(|names| scope(&names.join(" ")))
}

proptest! {
    /// RFC 6749 §6: what is issued lies within what was granted, and was asked for.
    #[test]
    fn a_refresh_never_widens(
        granted in some_scope(),
        requested in proptest::option::of(some_scope()),
        used in proptest::option::of(-100..100_i64),
        successor_used: bool,
        now in -100..20_000_i64,
    ) {
        let mut attempt = Attempt {
            requested: requested.clone(), successor_used, now: NOW.plus(now), ..Attempt::good()
        };
        if let Some(at) = used {
            attempt = attempt.used_at(at);
        }
        attempt.grant.scope = granted.clone();
        match attempt.decide() {
            RefreshDecision::Rotate { scope } => {
                prop_assert!(scope.is_subset(&granted));
                prop_assert!(used.is_none());
                prop_assert!(attempt.now < attempt.token.expires_at);
                if let Some(requested) = requested.filter(|r| !r.is_empty()) {
                    prop_assert_eq!(scope, requested);
                }
            }
            RefreshDecision::Replay { scope } => {
                prop_assert!(used.is_some() && !successor_used);
                prop_assert!(scope.is_subset(&granted));
            }
            RefreshDecision::Reuse => prop_assert!(used.is_some()),
            RefreshDecision::Refuse(error) => {
                prop_assert!(used.is_none() || error.code == ErrorCode::ScopeWidened);
            }
        }
    }
}
