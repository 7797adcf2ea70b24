//! When a mail that did not leave is tried again.

use vestibule_model::{Entropy, Timestamp};

/// Seconds before the second try.
const FIRST: i64 = 60;
/// Seconds between two tries, at most.
const LONGEST: i64 = 4 * 3_600;
/// Seconds after which a mail is of no use any more.
pub const GIVEN_UP_AFTER: i64 = 3 * 86_400;

/// When to try again a mail of `written_at` whose `attempts`-th try failed at `now`; `None` to give
/// it up. A minute, then twice as long each time up to four hours, a quarter more or less, so that
/// mails which failed together do not come back together.
#[must_use]
pub fn next(
    written_at: Timestamp,
    attempts: i64,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Option<Timestamp> {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or_default();
    let pause = (FIRST << doublings).min(LONGEST);
    let next = now.plus(pause - pause / 4 + below(pause / 2 + 1, entropy));
    (next.since(written_at) <= GIVEN_UP_AFTER).then_some(next)
}

/// Something from 0 up to `bound`, not included.
fn below(bound: i64, entropy: &dyn Entropy) -> i64 {
    let mut bytes = [0_u8; 8];
    entropy.fill(&mut bytes);
    // The bias of a few thousand in 2^63 does not matter here.
    i64::from_le_bytes(bytes).rem_euclid(bound)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Fixed(u64);

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.to_le_bytes());
        }
    }

    fn pause(attempts: i64, entropy: &dyn Entropy) -> i64 {
        let now = Timestamp(1_000_000);
        next(now, attempts, now, entropy).expect("not given up").since(now)
    }

    #[test]
    fn pauses_double_up_to_four_hours() {
        for (attempts, nominal) in
            [(1, 60), (2, 120), (3, 240), (8, 7_680), (9, 14_400), (10, 14_400), (99, 14_400)]
        {
            assert_eq!(pause(attempts, &Fixed(0)), nominal - nominal / 4, "{attempts}");
            let most = u64::try_from(nominal / 2).unwrap();
            assert_eq!(pause(attempts, &Fixed(most)), nominal + nominal / 4, "{attempts}");
        }
    }

    #[test]
    fn three_days_are_enough() {
        let (written, entropy) = (Timestamp(0), Fixed(0));
        assert!(next(written, 30, Timestamp(GIVEN_UP_AFTER - 14_400), &entropy).is_some());
        assert!(next(written, 30, Timestamp(GIVEN_UP_AFTER), &entropy).is_none());
    }

    proptest! {
        /// However often and whenever it failed, the next try is in the future and not far, and
        /// there is an end.
        #[test]
        fn there_is_always_a_next_try_until_there_is_none(
            attempts in any::<i64>(), age in 0..GIVEN_UP_AFTER * 2, draw in any::<u64>(),
        ) {
            let now = Timestamp(age);
            match next(Timestamp(0), attempts, now, &Fixed(draw)) {
                Some(next) => {
                    let pause = next.since(now);
                    prop_assert!((45..=18_000).contains(&pause), "{}", pause);
                    prop_assert!(next.0 <= GIVEN_UP_AFTER);
                }
                None => prop_assert!(age > GIVEN_UP_AFTER - 18_000),
            }
        }
    }
}
