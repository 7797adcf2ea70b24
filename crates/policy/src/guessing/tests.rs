use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000);
const OWN: Limit = Limit { attempts: 3, window: 900, first_delay: 30, max_delay: 900 };

fn is_locked(counter: &Counter, now: Timestamp) -> bool {
    standing(Some(counter), now) != Standing::Free
}

/// Fails at once whenever the subject is free, `times` times; the counter after each.
fn relentless(limit: &Limit, times: usize) -> Vec<Counter> {
    let mut now = NOW;
    let mut counters: Vec<Counter> = Vec::new();
    for _ in 0..times {
        let next = after_failure(counters.last().copied(), limit, now);
        if let Standing::Locked { until } = standing(Some(&next), now) {
            now = until;
        }
        counters.push(next);
    }
    counters
}

#[test]
fn the_third_failure_locks_for_thirty_seconds_and_each_further_one_for_twice_as_long() {
    let counters = relentless(&OWN, 10);
    let locks: Vec<_> = counters
        .iter()
        .map(|counter| counter.locked_until.map(|until| until.since(counter.last_at)))
        .collect();
    let expected = [0, 0, 30, 60, 120, 240, 480, 900, 900, 900];
    assert_eq!(locks, expected.map(|delay| (delay > 0).then_some(delay)));
}

#[test]
fn a_lock_opens_to_the_second() {
    let locked = relentless(&OWN, 3).pop().unwrap();
    let until = NOW.plus(30);
    assert_eq!(standing(Some(&locked), until.plus(-1)), Standing::Locked { until });
    assert_eq!(standing(Some(&locked), until), Standing::Free);
    assert_eq!(standing(None, NOW), Standing::Free);
}

#[test]
fn failures_older_than_the_window_count_for_nothing() {
    // Seconds at which somebody fails; whether the last failure locks.
    let rows: &[(&[i64], bool)] = &[
        (&[0, 450, 900], true),
        (&[0, 450, 901], false),
        (&[0, 800, 1_600], false),
        (&[0, 890, 901, 910], true),
        (&[0, 890, 901], false),
        (&[0, 901, 1_802, 2_703], false),
    ];
    for (times, locks) in rows {
        let counter = times.iter().fold(None, |counter, at| {
            let now = NOW.plus(*at);
            let free = counter.is_none_or(|counter| !is_locked(&counter, now));
            assert!(free, "{times:?}: locked before {at}");
            Some(after_failure(counter, &OWN, now))
        });
        let last = NOW.plus(*times.last().unwrap());
        assert_eq!(is_locked(&counter.unwrap(), last), *locks, "{times:?}");
    }
}

#[test]
fn a_counter_is_forgotten_when_it_decides_nothing_any_more_and_not_before() {
    let once = after_failure(None, &OWN, NOW);
    let end = forgotten_at(&once, &OWN);
    assert_eq!(end, NOW.plus(901));
    assert_eq!(after_failure(Some(once), &OWN, end.plus(-1)).failures, 2);
    assert_eq!(after_failure(Some(once), &OWN, end).failures, 1);
    let locked = relentless(&OWN, 3).pop().unwrap();
    assert_eq!(forgotten_at(&locked, &OWN), NOW.plus(30 + 901));
}

#[test]
fn doubling_stops_at_the_end_of_the_numbers() {
    let endless = Limit { max_delay: i64::MAX, ..OWN };
    let delays = [61, 62, 63, 64, 200, i64::MAX].map(|excess| delay(excess, &endless));
    assert_eq!(delays, [i64::MAX; 6]);
    assert_eq!(delay(4, &endless), 480);
}

#[test]
fn refusals_are_held_back_longer_the_more_was_tried() {
    let waits: Vec<_> = relentless(&OWN, 14)
        .iter()
        .map(|counter| tar_pit(counter, &OWN, counter.last_at).as_millis())
        .collect();
    assert_eq!(waits[..5], [0, 0, 250, 500, 750]);
    assert_eq!(waits[13], 2_000);
    let locked = relentless(&OWN, 3).pop().unwrap();
    assert_eq!(tar_pit(&locked, &OWN, NOW.plus(30)), Duration::ZERO, "it is open again");
}

#[test]
fn limits_at_their_ends_neither_panic_nor_lock_for_ever() {
    let extremes = [0, 1, i64::MAX];
    for attempts in extremes {
        for window in extremes {
            for (first_delay, max_delay) in [(0, 0), (i64::MAX, 5), (1, i64::MAX), (-3, -3)] {
                let limit = Limit { attempts, window, first_delay, max_delay };
                let mut counter = None;
                for now in [NOW, Timestamp(i64::MAX), Timestamp(i64::MIN), NOW] {
                    let next = after_failure(counter, &limit, now);
                    let _ = (tar_pit(&next, &limit, now), forgotten_at(&next, &limit));
                    counter = Some(next);
                }
            }
        }
    }
    let one = Limit { attempts: 0, ..OWN };
    assert!(is_locked(&after_failure(None, &one, NOW), NOW), "no allowance is one try");
}

#[test]
fn the_worst_standing_is_the_lock_that_opens_last() {
    let locked = |seconds| Standing::Locked { until: NOW.plus(seconds) };
    assert_eq!(worst([]), Standing::Free);
    assert_eq!(worst([Standing::Free, Standing::Free]), Standing::Free);
    assert_eq!(worst([locked(5), Standing::Free, locked(9), locked(2)]), locked(9));
}

fn attempt<'a>(account_key: &'a str, device: Option<&'a str>, ip: &str) -> Try<'a> {
    let ip = (!ip.is_empty()).then(|| ip.parse().unwrap());
    Try { account_key, device, ip, client: Some("shop") }
}

fn texts(attempt: &Try<'_>) -> Vec<String> {
    subjects(attempt, &Limits::default()).iter().map(|(subject, _)| subject.to_string()).collect()
}

#[test]
fn a_try_is_counted_against_account_address_and_client() {
    let rows = [
        ("203.0.113.7", "ip:203.0.113.7"),
        ("::ffff:203.0.113.7", "ip:203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64"),
    ];
    for (address, written) in rows {
        let found = texts(&attempt("u1", None, address));
        assert_eq!(found, ["account:u1", written, "client:shop"], "{address}");
    }
    let nothing = Try { account_key: "u1", device: None, ip: None, client: None };
    assert_eq!(texts(&nothing), ["account:u1"]);
}

#[test]
fn a_known_device_has_an_allowance_of_its_own() {
    assert_eq!(texts(&attempt("u1", Some("d"), "203.0.113.7")), ["device:2:u1:d"]);
    let clash = [attempt("a:b", Some("c"), ""), attempt("a", Some("b:c"), "")];
    assert_ne!(texts(&clash[0]), texts(&clash[1]));
}

#[test]
fn only_what_one_person_owns_is_forgotten_after_success() {
    let limits = Limits::default();
    let (code, limit) = code_subject("totp", "u1", &limits);
    assert_eq!((code.to_string().as_str(), limit), ("code:totp:u1", limits.code));
    assert!(code.is_narrow());
    let all = subjects(&attempt("u1", None, "203.0.113.7"), &limits);
    let narrow: Vec<_> = all.iter().map(|(subject, _)| subject.is_narrow()).collect();
    assert_eq!(narrow, [true, false, false]);
    assert!(subjects(&attempt("u1", Some("d"), ""), &limits)[0].0.is_narrow());
}

#[test]
fn registrations_are_counted_by_address_and_before_they_are_judged() {
    let of = |ip: &str| registration_subject(ip.parse().unwrap());
    let (subject, limit) = of("2001:db8::1");
    assert_eq!(subject.to_string(), "registration:2001:db8::");
    assert!(subject.is_narrow());
    assert_eq!(of("2001:db8::2").0, subject, "one site");
    assert_ne!(of("203.0.113.7").0, subject);
    let counters = relentless(&limit, 3_001);
    assert!(!is_locked(&counters[2_998], NOW));
    assert!(is_locked(&counters[2_999], NOW));
}

fn limits() -> impl Strategy<Value = Limit> {
    (1..8_i64, 1..2_000_i64, 1..120_i64, 0..2_000_i64).prop_map(
        |(attempts, window, first_delay, more)| Limit {
            attempts,
            window,
            first_delay,
            max_delay: first_delay + more,
        },
    )
}

/// Seconds between tries: mostly close together, sometimes far apart.
fn pauses() -> impl Strategy<Value = Vec<i64>> {
    proptest::collection::vec(
        prop_oneof![3 => 0..60_i64, 2 => 0..600_i64, 1 => 0..4_000_i64],
        1..60,
    )
}

proptest! {
    /// Against an oracle that remembers every failure.
    #[test]
    fn no_lock_comes_early_and_none_is_missed(limit in limits(), pauses in pauses()) {
        let (mut now, mut counter, mut failures) = (NOW, None, Vec::new());
        for pause in pauses {
            now = now.plus(pause);
            let next = after_failure(counter, &limit, now);
            failures.push(now);
            let within = failures.iter().filter(|at| now.since(**at) <= limit.window).count();
            let within = i64::try_from(within).unwrap();
            if is_locked(&next, now) {
                prop_assert!(within >= limit.attempts, "locked after {within}");
                break;
            }
            // Two windows may meet; with three attempts or fewer the count is exact.
            let certain = limit.attempts.max(2 * limit.attempts - 3);
            prop_assert!(within < certain, "not locked after {within}");
            counter = Some(next);
        }
    }

    #[test]
    fn whoever_never_pauses_is_locked_longer_each_time(limit in limits()) {
        let counters = relentless(&limit, 30);
        let locks: Vec<_> = counters
            .iter()
            .filter_map(|counter| Some(counter.locked_until?.since(counter.last_at)))
            .collect();
        prop_assert_eq!(locks.len(), 31 - usize::try_from(limit.attempts).unwrap());
        prop_assert!(locks.is_sorted(), "{:?}", locks);
        prop_assert_eq!(locks[0], limit.first_delay);
        prop_assert!(locks.iter().all(|lock| *lock <= limit.max_delay), "{:?}", locks);
    }

    #[test]
    fn a_clock_that_jumps_never_opens_a_lock_early(
        limit in limits(),
        steps in proptest::collection::vec(-5_000..5_000_i64, 1..60),
    ) {
        let (mut now, mut counter): (_, Option<Counter>) = (NOW, None);
        for step in steps {
            now = now.plus(step);
            let before = counter.and_then(|counter| counter.locked_until);
            let next = after_failure(counter, &limit, now);
            if let Some(until) = before.filter(|until| now < *until) {
                prop_assert_eq!(counter, Some(next), "while locked nothing is counted");
                prop_assert!(is_locked(&next, now) && is_locked(&next, until.plus(-1)));
            }
            prop_assert!(next.failures >= 1);
            prop_assert!(counter.is_none_or(|counter| counter.last_at <= next.last_at));
            counter = Some(next);
        }
    }

    #[test]
    fn once_forgotten_a_counter_is_as_good_as_none(
        limit in limits(),
        pauses in pauses(),
        later in 0..10_000_i64,
    ) {
        let (mut now, mut counter) = (NOW, None);
        for pause in pauses {
            now = now.plus(pause);
            counter = Some(after_failure(counter, &limit, now));
        }
        let old = counter.unwrap();
        let after = forgotten_at(&old, &limit).plus(later);
        prop_assert_eq!(standing(Some(&old), after), Standing::Free);
        prop_assert_eq!(after_failure(Some(old), &limit, after), after_failure(None, &limit, after));
        let end = old.locked_until.unwrap_or(old.last_at).max(old.last_at).plus(limit.window);
        prop_assert!(forgotten_at(&old, &limit) <= end.plus(1), "window + lock is all it takes");
    }
}

/// Every counter there is, under the texts that the database would have.
#[derive(Default)]
struct World(std::collections::HashMap<String, Counter>);

impl World {
    fn standing(&self, attempt: &Try<'_>, now: Timestamp) -> Standing {
        let subjects = subjects(attempt, &Limits::default());
        worst(subjects.iter().map(|(subject, _)| standing(self.0.get(&subject.to_string()), now)))
    }

    fn fail(&mut self, attempt: &Try<'_>, now: Timestamp) {
        if self.standing(attempt, now) != Standing::Free {
            return;
        }
        for (subject, limit) in subjects(attempt, &Limits::default()) {
            let text = subject.to_string();
            let next = after_failure(self.0.get(&text).copied(), &limit, now);
            self.0.insert(text, next);
        }
    }
}

proptest! {
    #[test]
    fn nobody_locks_a_known_device_or_another_account_from_elsewhere(
        tries in proptest::collection::vec((0..50_i64, 0..4_u8, any::<bool>()), 0..300),
    ) {
        let mut world = World::default();
        let mut now = NOW;
        for (pause, address, with_own_device) in tries {
            now = now.plus(pause);
            let ip = Some(IpAddr::from([198, 51, 100, address]));
            // The attacker knows no device of `ana`, only one of an account of their own.
            let (account_key, device) =
                if with_own_device { ("eve", Some("eves")) } else { ("ana", None) };
            world.fail(&Try { account_key, device, ip, client: Some("shop") }, now);

            let anas = Try { account_key: "ana", device: Some("anas"), ip, client: Some("shop") };
            prop_assert_eq!(world.standing(&anas, now), Standing::Free);
            let elsewhere = Some(IpAddr::from([203, 0, 113, 1]));
            let bens = Try { account_key: "ben", device: None, ip: elsewhere, client: None };
            prop_assert_eq!(world.standing(&bens, now), Standing::Free);
        }
    }

    #[test]
    fn one_address_may_guess_at_many_accounts_only_so_often(pause in 0..4_i64) {
        let mut world = World::default();
        let ip = Some(IpAddr::from([198, 51, 100, 1]));
        for number in 0..100 {
            let name = format!("user-{number}");
            let attempt = Try { account_key: &name, device: None, ip, client: None };
            prop_assert_eq!(world.standing(&attempt, NOW.plus(pause * number)), Standing::Free);
            world.fail(&attempt, NOW.plus(pause * number));
        }
        let next = Try { account_key: "one-more", device: None, ip, client: None };
        prop_assert_ne!(world.standing(&next, NOW.plus(pause * 99)), Standing::Free);
    }
}
