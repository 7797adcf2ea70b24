//! The schedule, case by case and by simulation.

use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp(1_800_000_000);
const DAY: i64 = 86_400;
const LEAD: i64 = 4_000;
const LIFETIME: i64 = 600;

fn settings(algs: &[SigningAlg]) -> RotationSettings {
    RotationSettings {
        algs: algs.to_vec(),
        rsa_bits: 2048,
        rotate_after: 90 * DAY,
        standby_lead: LEAD,
        max_token_lifetime: LIFETIME,
    }
}

const ES: SigningAlg = SigningAlg::ES256;

/// Rows without cryptography, and steps carried out as storage does.
#[derive(Clone, Debug, Default)]
struct Rows {
    keys: Vec<StoredKey>,
    /// Keys that came out of a forced rotation, or of a lack of any other key.
    hasty: Vec<String>,
}

impl Rows {
    fn apply(&mut self, steps: &[RotationStep], now: Timestamp) {
        for step in steps {
            match step {
                RotationStep::Create { alg, active } => self.keys.push(StoredKey {
                    kid: format!("{}-{}", alg.as_str(), self.keys.len()),
                    alg: *alg,
                    public_jwk: "{}".to_owned(),
                    sealed_private_jwk: "sealed".to_owned(),
                    published_at: now,
                    active_at: active.then_some(now),
                    retired_at: None,
                    expires_at: None,
                }),
                RotationStep::Activate { kid } => {
                    let key = self.find(kid);
                    assert_eq!(phase(key), Phase::Standby, "{kid}");
                    key.active_at = Some(now);
                }
                RotationStep::Retire { kid, expires_at } => {
                    let key = self.find(kid);
                    assert_ne!(phase(key), Phase::Retired, "{kid}");
                    key.retired_at = Some(now);
                    key.expires_at = Some(*expires_at);
                }
                RotationStep::Forget { kid } => {
                    let key = self.find(kid);
                    assert_eq!(phase(key), Phase::Retired, "{kid}");
                    assert!(!is_published(key, now), "{kid} is still in the JWKS");
                    assert!(!key.sealed_private_jwk.is_empty(), "{kid} is forgotten twice");
                    key.sealed_private_jwk.clear();
                }
            }
            for alg in SigningAlg::ALL.iter().copied() {
                let signing = self.count(alg, Phase::Signing);
                assert!(signing <= 1, "{signing} keys sign {alg:?} after {step:?}");
            }
        }
    }

    fn find(&mut self, kid: &str) -> &mut StoredKey {
        self.keys.iter_mut().find(|key| key.kid == kid).unwrap()
    }

    fn count(&self, alg: SigningAlg, wanted: Phase) -> usize {
        self.keys.iter().filter(|key| key.alg == alg && phase(key) == wanted).count()
    }

    fn run_due(&mut self, settings: &RotationSettings, now: Timestamp) -> Vec<RotationStep> {
        let steps = due(&self.keys, settings, now);
        self.apply(&steps, now);
        assert_eq!(due(&self.keys, settings, now), [], "the plan asks for more of the same");
        steps
    }

    fn started(settings: &RotationSettings) -> Self {
        let mut rows = Self::default();
        rows.run_due(settings, START);
        rows
    }
}

fn create(active: bool) -> RotationStep {
    RotationStep::Create { alg: ES, active }
}

fn activate(kid: &str) -> RotationStep {
    RotationStep::Activate { kid: kid.to_owned() }
}

fn retire(kid: &str, now: Timestamp) -> RotationStep {
    let expires_at = now.plus(LIFETIME + RETIREMENT_MARGIN);
    RotationStep::Retire { kid: kid.to_owned(), expires_at }
}

#[test]
fn the_first_start_makes_both_keys_of_every_algorithm() {
    let settings = settings(SigningAlg::ALL);
    let steps = due(&[], &settings, START);
    let expected: Vec<_> = SigningAlg::ALL
        .iter()
        .copied()
        .flat_map(|alg| [true, false].map(|active| RotationStep::Create { alg, active }))
        .collect();
    assert_eq!(steps, expected);
}

#[test]
fn a_key_gives_way_when_its_time_is_up() {
    let settings = settings(&[ES]);
    let mut rows = Rows::started(&settings);
    let last = START.plus(90 * DAY - 1);
    assert_eq!(due(&rows.keys, &settings, last), []);
    let end = START.plus(90 * DAY);
    let steps = rows.run_due(&settings, end);
    assert_eq!(steps, [retire("ES256-0", end), activate("ES256-1"), create(false)]);
    // The private part goes when the key leaves the JWKS, and only then.
    let gone = end.plus(LIFETIME + RETIREMENT_MARGIN);
    assert_eq!(due(&rows.keys, &settings, gone.plus(-1)), []);
    assert!(is_published(&rows.keys[0], gone.plus(-1)));
    assert!(!is_published(&rows.keys[0], gone));
    assert_eq!(rows.run_due(&settings, gone), [RotationStep::Forget { kid: "ES256-0".to_owned() }]);
}

#[test]
fn a_key_whose_successor_is_too_new_goes_on_signing() {
    let settings = RotationSettings { rotate_after: 100, ..settings(&[ES]) };
    let mut rows = Rows::started(&settings);
    // The first generation was in the JWKS from the start.
    let first = START.plus(100);
    assert_eq!(rows.run_due(&settings, first).len(), 3);
    // The second has to wait for the caches.
    assert_eq!(rows.run_due(&settings, first.plus(LEAD - 1)), []);
    assert_eq!(rows.run_due(&settings, first.plus(LEAD)).len(), 3);
}

#[test]
fn what_is_missing_is_made_and_what_is_too_much_retires() {
    let settings = settings(&[ES]);
    let whole = Rows::started(&settings);
    let now = START.plus(DAY);
    // No key stands by.
    let mut rows = whole.clone();
    rows.keys.pop();
    assert_eq!(rows.run_due(&settings, now), [create(false)]);
    // No key signs: the one that stands by has to, however new it is.
    let mut rows = whole.clone();
    rows.keys.remove(0);
    rows.keys[0].published_at = now;
    assert_eq!(rows.run_due(&settings, now), [activate("ES256-1"), create(false)]);
    // Two sign: the newer stays.
    let mut keys = whole.keys;
    keys[1].active_at = Some(START.plus(1));
    assert_eq!(signing_key(&keys, ES).unwrap().kid, "ES256-1");
    assert_eq!(due(&keys, &settings, now), [retire("ES256-0", now), create(false)]);
}

#[test]
fn an_algorithm_added_later_signs_at_once_and_then_keeps_the_lead() {
    let mut rows = Rows::started(&settings(&[SigningAlg::RS256]));
    let both = settings(&[SigningAlg::RS256, ES]);
    let added = START.plus(DAY);
    assert_eq!(rows.run_due(&both, added), [create(true), create(false)]);
    // Unlike at the first start, JWKS without the second key were served.
    let refused = rotate_now(&rows.keys, &both, added.plus(1), false).unwrap_err();
    assert_eq!(refused, RotationRefused { alg: ES, possible_at: added.plus(LEAD) });
    assert!(rotate_now(&rows.keys, &both, added.plus(LEAD), false).is_ok());
}

#[test]
fn an_algorithm_given_up_signs_to_the_end_of_its_time() {
    let mut rows = Rows::started(&settings(&[SigningAlg::RS256, ES]));
    let without = settings(&[SigningAlg::RS256]);
    assert_eq!(rows.run_due(&without, START.plus(90 * DAY - 1)), []);
    let end = START.plus(90 * DAY);
    rows.run_due(&without, end);
    assert_eq!(rows.count(ES, Phase::Retired), 2);
    // The key that never signed has nothing to verify; the other one has.
    assert!(is_published(rows.find("ES256-2"), end));
    assert!(!is_published(rows.find("ES256-3"), end));
    assert!(rows.find("ES256-3").sealed_private_jwk.is_empty());
    assert_eq!(rows.count(SigningAlg::RS256, Phase::Signing), 1);
    // Back again: new keys, as if it was new.
    let back = settings(&[SigningAlg::RS256, ES]);
    let steps = rows.run_due(&back, end.plus(DAY));
    assert_eq!(steps[..2], [create(true), create(false)]);
    assert_eq!(rows.count(ES, Phase::Signing), 1);
    assert_eq!(rows.count(ES, Phase::Standby), 1);
}

#[test]
fn rotating_by_hand_waits_for_the_caches_unless_forced() {
    let settings = settings(&[ES]);
    let mut rows = Rows::started(&settings);
    // The first generation may change at once, even in the second it was made.
    let steps = rotate_now(&rows.keys, &settings, START, false).unwrap();
    assert_eq!(steps, [retire("ES256-0", START), activate("ES256-1"), create(false)]);
    rows.apply(&steps, START);
    // Its successor, made in that same second, was not in the first JWKS.
    let refused = rotate_now(&rows.keys, &settings, START, false).unwrap_err();
    assert_eq!(refused.possible_at, START.plus(LEAD));
    assert!(refused.to_string().contains(&START.plus(LEAD).0.to_string()), "{refused}");
    let forced = rotate_now(&rows.keys, &settings, START.plus(1), true).unwrap();
    let now = START.plus(1);
    assert_eq!(forced, [retire("ES256-1", now), activate("ES256-2"), create(false)]);
    let late = rotate_now(&rows.keys, &settings, START.plus(LEAD), false).unwrap();
    assert_eq!(late.len(), 3);
}

#[test]
fn rotating_by_hand_without_a_successor() {
    let settings = settings(&[ES]);
    let mut rows = Rows::started(&settings);
    rows.keys.pop();
    let now = START.plus(DAY);
    let refused = rotate_now(&rows.keys, &settings, now, false).unwrap_err();
    assert_eq!(refused.possible_at, now.plus(LEAD));
    let forced = rotate_now(&rows.keys, &settings, now, true).unwrap();
    assert_eq!(forced, [retire("ES256-0", now), create(true), create(false)]);
    assert_eq!(rotate_now(&[], &settings, now, false).unwrap(), [create(true), create(false)]);
}

#[test]
fn rotating_by_hand_is_all_or_nothing() {
    let settings = settings(&[SigningAlg::RS256, ES, SigningAlg::EdDSA]);
    let mut rows = Rows::started(&settings);
    let now = START.plus(10 * DAY);
    for key in &mut rows.keys {
        if phase(key) == Phase::Standby && key.alg == ES {
            key.published_at = now.plus(-5);
        }
    }
    let refused = rotate_now(&rows.keys, &settings, now, false).unwrap_err();
    assert_eq!(refused, RotationRefused { alg: ES, possible_at: now.plus(LEAD - 5) });
    // The refusal names the one that has to wait longest.
    for key in &mut rows.keys {
        if phase(key) == Phase::Standby && key.alg == SigningAlg::RS256 {
            key.published_at = now.plus(-50);
        }
    }
    assert_eq!(rotate_now(&rows.keys, &settings, now, false), Err(refused));
    assert_eq!(rotate_now(&rows.keys, &settings, now, true).unwrap().len(), 9);
}

#[test]
fn of_several_that_stand_by_the_longest_published_comes_next() {
    let settings = settings(&[ES]);
    let mut rows = Rows::started(&settings);
    rows.apply(&[create(false)], START.plus(50));
    rows.keys.reverse();
    let end = START.plus(90 * DAY);
    assert_eq!(rows.run_due(&settings, end)[1], activate("ES256-1"));
}

/// What can happen to an installation.
#[derive(Clone, Debug)]
enum Event {
    /// The job that looks after the keys runs.
    Job,
    /// An administrator rotates.
    Rotate { force: bool },
    /// Nothing, for so many seconds.
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Job),
        2 => Just(Event::Rotate { force: false }),
        1 => Just(Event::Rotate { force: true }),
        4 => prop_oneof![0..20_i64, 0..LEAD * 2, 0..DAY, 0..40 * DAY].prop_map(Event::Wait),
    ]
}

/// What the world outside has seen.
#[derive(Default)]
struct World {
    /// Each JWKS that was served, and when: (from, until, kids).
    served: Vec<(Timestamp, Timestamp, Vec<String>)>,
    /// Each token that was signed: (kid, exp).
    tokens: Vec<(String, Timestamp)>,
}

impl World {
    /// Everybody gets a token and reads the JWKS now.
    fn look(&mut self, rows: &Rows, settings: &RotationSettings, now: Timestamp) {
        let kids: Vec<_> = rows
            .keys
            .iter()
            .filter(|key| is_published(key, now))
            .map(|key| key.kid.clone())
            .collect();
        for (kid, exp) in &self.tokens {
            assert!(*exp <= now || kids.contains(kid), "{kid} left before its last token");
        }
        self.served.push((now, now, kids));
        for alg in &settings.algs {
            assert_eq!(rows.count(*alg, Phase::Signing), 1, "{alg:?} at {now:?}");
            assert_eq!(rows.count(*alg, Phase::Standby), 1, "{alg:?} at {now:?}");
            let signing = signing_key(&rows.keys, *alg).unwrap();
            assert!(!signing.sealed_private_jwk.is_empty());
            if !rows.hasty.contains(&signing.kid) {
                // A copy is fresh while its age is less than max-age (RFC 9111 §4.2).
                let cached = self.served.iter().filter(|(_, until, _)| until.plus(LEAD) > now);
                for (at, _, kids) in cached {
                    assert!(kids.contains(&signing.kid), "{} unknown since {at:?}", signing.kid);
                }
            }
            self.tokens.push((signing.kid.clone(), now.plus(LIFETIME)));
        }
    }

    /// Time passes, and what was served last goes on being served.
    fn wait(&mut self, until: Timestamp) {
        if let Some(last) = self.served.last_mut() {
            last.1 = until.plus(-1).max(last.0);
        }
    }
}

fn rotate_by_hand(rows: &mut Rows, settings: &RotationSettings, now: Timestamp, force: bool) {
    match rotate_now(&rows.keys, settings, now, force) {
        Ok(steps) => {
            if force {
                let activated = steps.iter().filter_map(|step| match step {
                    RotationStep::Activate { kid } => Some(kid.clone()),
                    _ => None,
                });
                rows.hasty.extend(activated);
            }
            rows.apply(&steps, now);
        }
        Err(refused) => {
            assert!(!force && refused.possible_at > now);
            assert!(refused.possible_at <= now.plus(LEAD));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever happens and whenever: one key signs, one stands by, no key signs before every cache
    /// knows it (unless forced), none leaves the JWKS before the last token it signed is dead.
    #[test]
    fn the_ring_holds_its_promises(
        events in prop::collection::vec(event(), 1..60),
        algs in prop::sample::subsequence(SigningAlg::ALL.to_vec(), 1..=4),
        rotate_after in prop_oneof![1..100_i64, LEAD..3 * LEAD, DAY..90 * DAY],
    ) {
        let settings = RotationSettings { rotate_after, ..settings(&algs) };
        let mut rows = Rows::started(&settings);
        let mut world = World::default();
        let mut now = START;
        world.look(&rows, &settings, now);
        for event in events {
            match event {
                Event::Job => drop(rows.run_due(&settings, now)),
                Event::Rotate { force } => rotate_by_hand(&mut rows, &settings, now, force),
                Event::Wait(seconds) => {
                    now = now.plus(seconds);
                    world.wait(now);
                }
            }
            world.look(&rows, &settings, now);
        }
    }

    /// A job that runs often enough rotates on the day, forever. Each case is a year of hours.
    #[test]
    fn no_key_signs_much_longer_than_it_should(step in 3_600..DAY, offset in 0..DAY) {
        let settings = settings(&[ES, SigningAlg::RS256]);
        let mut rows = Rows::started(&settings);
        let mut now = START.plus(offset);
        while now.since(START) < 400 * DAY {
            rows.run_due(&settings, now);
            for alg in [ES, SigningAlg::RS256] {
                let since = signing_key(&rows.keys, alg).unwrap().active_at.unwrap();
                prop_assert!(now.since(since) < settings.rotate_after);
            }
            now = now.plus(step);
        }
        prop_assert!(rows.keys.len() >= 2 * 5);
        let kept = rows.keys.iter().filter(|key| !key.sealed_private_jwk.is_empty()).count();
        prop_assert!(kept <= 6, "{kept} private parts are kept");
    }

    /// Rows that no plan of ours would make: the plan still ends with one key of each, and soon.
    #[test]
    fn any_rows_are_set_right(
        keys in prop::collection::vec(
            (any::<bool>(), 0..DAY, prop::option::of(0..DAY), prop::option::of(0..DAY)), 0..8,
        ),
    ) {
        let settings = settings(&[ES]);
        let now = START.plus(2 * DAY);
        let keys = keys.into_iter().enumerate().map(|(index, (mine, published, active, retired))| {
            StoredKey {
                kid: format!("k{index}"),
                alg: if mine { ES } else { SigningAlg::PS256 },
                public_jwk: "{}".to_owned(),
                sealed_private_jwk: "sealed".to_owned(),
                published_at: START.plus(published),
                active_at: active.map(|at| START.plus(at)),
                retired_at: retired.map(|at| START.plus(at)),
                expires_at: retired.map(|at| START.plus(at + 5_000)),
            }
        });
        let keys: Vec<_> = keys.collect();
        let steps = due(&keys, &settings, now);
        let mut after = Rows { keys, hasty: Vec::new() };
        // Two keys may sign before the first steps are done, so count at the end only.
        after.keys.iter_mut().for_each(|key| if phase(key) == Phase::Signing && steps.iter().any(
            |step| matches!(step, RotationStep::Retire { kid, .. } if *kid == key.kid),
        ) {
            key.retired_at = Some(now);
            key.expires_at = Some(now.plus(LIFETIME + RETIREMENT_MARGIN));
        });
        let rest: Vec<_> = steps
            .into_iter()
            .filter(|step| !matches!(step, RotationStep::Retire { kid, .. }
                if after.keys.iter().any(|key| key.kid == *kid && phase(key) == Phase::Retired)))
            .collect();
        after.apply(&rest, now);
        prop_assert_eq!(due(&after.keys, &settings, now), []);
        prop_assert_eq!(after.count(ES, Phase::Signing), 1);
        prop_assert!(after.count(ES, Phase::Standby) >= 1);
    }
}
