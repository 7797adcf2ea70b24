//! Links and codes by mail: how long they work, how often one may be asked for, how many wrong
//! codes are taken; and what a frozen account is.

use vestibule_model::{
    Timestamp,
    user::User,
    verification::{Verification, VerificationKind},
};

/// Wrong codes that one mail is good for. With six digits and [`HOURLY`] mails an hour a guesser
/// has one chance in fifty thousand an hour, and the owner a full letter box to be warned by.
pub const CODE_TRIES: i64 = 5;

/// Mails to one subject within an hour: one, and three that were asked for again.
pub const HOURLY: i64 = 4;

/// Seconds between two mails to one subject.
const PAUSE: i64 = 60;

/// The window of [`HOURLY`], in seconds.
pub const WINDOW: i64 = 3_600;

/// Seconds that a link and its code work.
#[must_use]
pub const fn lifetime(kind: VerificationKind) -> i64 {
    match kind {
        VerificationKind::EmailOtp => 600,
        VerificationKind::Register
        | VerificationKind::VerifyEmail
        | VerificationKind::ResetPassword
        | VerificationKind::ChangeEmail
        | VerificationKind::Unlock => 1_800,
        // People read a warning when they are back from their holidays.
        VerificationKind::Invite
        | VerificationKind::UndoEmail
        | VerificationKind::Freeze
        | VerificationKind::UndoDeletion => 7 * 86_400,
    }
}

/// Whether a mail may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Yes.
    Now,
    /// Not before so many seconds have passed.
    Later {
        /// At least 1.
        seconds: i64,
    },
}

/// Whether another mail may go to a subject: `latest` is when the last one went, `in_window` how
/// many did within the last [`WINDOW`] seconds.
///
/// The wait that it names is enough; where the hour is full it may be longer than needed, for only
/// the latest mail is known by its time.
#[must_use]
pub fn may_send(latest: Option<Timestamp>, in_window: i64, now: Timestamp) -> Sending {
    let Some(latest) = latest else { return Sending::Now };
    let pause = if in_window >= HOURLY { WINDOW } else { PAUSE };
    // A clock that stepped back makes nobody wait longer than the rule says.
    let passed = now.since(latest).max(0);
    if passed < pause { Sending::Later { seconds: pause - passed } } else { Sending::Now }
}

/// How a link or a code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Good,
    /// It was used, or a newer one took its place.
    Used,
    /// It is too old.
    Expired,
}

/// How `verification` stands at `now`.
#[must_use]
pub fn standing(verification: &Verification, now: Timestamp) -> Standing {
    if verification.consumed_at.is_some() {
        Standing::Used
    } else if now >= verification.expires_at {
        Standing::Expired
    } else {
        Standing::Good
    }
}

/// What stands in the place of a frozen account's password hash: no password fits it, and no
/// former one comes back by it.
pub const FROZEN: &str = "!frozen";

/// Whether the owner froze the account ("This wasn't me"). Nobody gets in by any means until the
/// owner sets a password by mail. An administrator's lock is another thing: it is in
/// [`User::disabled_at`], and no mail opens it.
#[must_use]
pub fn is_frozen(user: &User) -> bool {
    user.password_hash == FROZEN
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vestibule_model::TokenHash;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    #[test]
    fn mails_are_a_minute_apart_and_four_an_hour() {
        let rows = [
            (None, 0, Sending::Now),
            (Some(0), 1, Sending::Later { seconds: 60 }),
            (Some(59), 1, Sending::Later { seconds: 1 }),
            (Some(60), 1, Sending::Now),
            (Some(60), 3, Sending::Now),
            (Some(60), 4, Sending::Later { seconds: 3_540 }),
            (Some(3_599), 4, Sending::Later { seconds: 1 }),
            (Some(3_600), 4, Sending::Now),
            // The clock stepped back.
            (Some(-500), 1, Sending::Later { seconds: 60 }),
        ];
        for (age, in_window, expected) in rows {
            let latest = age.map(|age: i64| NOW.plus(-age));
            assert_eq!(may_send(latest, in_window, NOW), expected, "{age:?} {in_window}");
        }
    }

    /// Asks for a mail at each of these times, as pages do. Gives back when one went out.
    fn sent(asked: &[i64]) -> Vec<i64> {
        let mut sent: Vec<i64> = Vec::new();
        for &at in asked {
            let latest = sent.last().copied().map(Timestamp);
            let in_window = sent.iter().filter(|&&then| then >= at - WINDOW).count();
            let in_window = i64::try_from(in_window).unwrap();
            if may_send(latest, in_window, Timestamp(at)) == Sending::Now {
                sent.push(at);
            }
        }
        sent
    }

    proptest! {
        /// However often somebody asks, no letter box gets more than it should.
        #[test]
        fn no_letter_box_is_flooded(mut asked in prop::collection::vec(0_i64..20_000, 0..400)) {
            asked.sort_unstable();
            let sent = sent(&asked);
            for pair in sent.windows(2) {
                prop_assert!(pair[1] - pair[0] >= PAUSE);
            }
            for &from in &sent {
                let within = sent.iter().filter(|&&at| (from..from + WINDOW).contains(&at));
                prop_assert!(within.count() <= 4);
            }
        }

        /// Who waits as long as they were told gets their mail.
        #[test]
        fn the_wait_that_is_told_is_enough(mut asked in prop::collection::vec(0_i64..20_000, 1..100)) {
            asked.sort_unstable();
            let sent = sent(&asked);
            let last = asked.last().copied().unwrap();
            let in_window = |at: i64| {
                i64::try_from(sent.iter().filter(|&&then| then >= at - WINDOW).count()).unwrap()
            };
            let latest = sent.last().copied().map(Timestamp);
            let verdict = may_send(latest, in_window(last), Timestamp(last));
            if let Sending::Later { seconds } = verdict {
                prop_assert!(seconds >= 1);
                let then = last + seconds;
                prop_assert_eq!(may_send(latest, in_window(then), Timestamp(then)), Sending::Now);
            }
        }
    }

    #[test]
    fn a_link_is_good_until_it_is_used_or_too_old() {
        let row = |consumed: Option<i64>, ends: i64| Verification {
            id: "v".to_owned(),
            kind: VerificationKind::Unlock,
            subject: "s".to_owned(),
            user_id: None,
            token_hash: TokenHash::new("t"),
            code_hash: None,
            sealed_data: None,
            attempts: 0,
            created_at: NOW,
            expires_at: NOW.plus(ends),
            consumed_at: consumed.map(Timestamp),
        };
        assert_eq!(standing(&row(None, 1), NOW), Standing::Good);
        assert_eq!(standing(&row(None, 0), NOW), Standing::Expired);
        assert_eq!(standing(&row(Some(1), 1), NOW), Standing::Used);
        assert_eq!(
            standing(&row(Some(1), -1), NOW),
            Standing::Used,
            "what happened to it says more"
        );
    }

    #[test]
    fn warnings_live_long_and_ways_in_do_not() {
        for kind in VerificationKind::ALL {
            let seconds = lifetime(kind);
            let opens = matches!(
                kind,
                VerificationKind::ResetPassword
                    | VerificationKind::Register
                    | VerificationKind::Unlock
                    | VerificationKind::EmailOtp
            );
            assert!(seconds >= 600, "{kind:?}: mail is slow");
            assert!(!opens || seconds <= 1_800, "{kind:?}");
        }
    }
}
