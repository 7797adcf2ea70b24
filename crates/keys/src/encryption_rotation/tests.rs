//! The plan, carried out on rows without cryptography.

use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400;
const START: Timestamp = Timestamp(1_800_000_000);
const SETTINGS: EncryptionSettings = EncryptionSettings { rotate_after: 90 * DAY, keep: 30 * DAY };

fn key(kid: &str, key_type: EncryptionKeyType, created_at: Timestamp) -> StoredEncryptionKey {
    StoredEncryptionKey {
        kid: kid.to_owned(),
        key_type,
        public_jwk: "{}".to_owned(),
        sealed_private_jwk: "sealed".to_owned(),
        created_at,
        retired_at: None,
        expires_at: None,
    }
}

/// Carries out what is planned.
fn run(
    keys: &mut Vec<StoredEncryptionKey>,
    settings: &EncryptionSettings,
    now: Timestamp,
) -> Vec<EncryptionStep> {
    let steps = encryption_plan(keys, settings, now);
    for step in &steps {
        let count = keys.len();
        match step {
            EncryptionStep::Create { key_type } => {
                keys.push(key(&format!("{}-{count}", key_type.as_str()), *key_type, now));
            }
            EncryptionStep::Retire { kid, expires_at } => {
                let key = find(keys, kid);
                assert_eq!(key.retired_at, None, "{kid} is retired twice");
                (key.retired_at, key.expires_at) = (Some(now), Some(*expires_at));
            }
            EncryptionStep::Forget { kid } => {
                let key = find(keys, kid);
                assert!(key.expires_at.unwrap() <= now, "{kid} is forgotten too early");
                assert!(!key.sealed_private_jwk.is_empty(), "{kid} is forgotten twice");
                key.sealed_private_jwk.clear();
            }
        }
    }
    steps
}

fn find<'a>(keys: &'a mut [StoredEncryptionKey], kid: &str) -> &'a mut StoredEncryptionKey {
    keys.iter_mut().find(|key| key.kid == kid).unwrap()
}

fn published(keys: &[StoredEncryptionKey], of: EncryptionKeyType) -> Vec<&str> {
    let published = keys.iter().filter(|key| key.key_type == of && key.retired_at.is_none());
    published.map(|key| key.kid.as_str()).collect()
}

#[test]
fn the_first_start_makes_a_key_of_each_type() {
    let steps = encryption_plan(&[], &SETTINGS, START);
    let expected = EncryptionKeyType::ALL.map(|key_type| EncryptionStep::Create { key_type });
    assert_eq!(steps, expected);
}

#[test]
fn a_key_is_followed_by_another_opens_a_while_and_is_forgotten() {
    let mut keys = vec![
        key("rsa", EncryptionKeyType::Rsa, START),
        key("ec", EncryptionKeyType::EcP256, START.plus(DAY)),
    ];
    let due = START.plus(SETTINGS.rotate_after);
    assert_eq!(encryption_plan(&keys, &SETTINGS, due.plus(-1)), []);
    let expires_at = due.plus(SETTINGS.keep);
    let expected = [
        EncryptionStep::Create { key_type: EncryptionKeyType::Rsa },
        EncryptionStep::Retire { kid: "rsa".to_owned(), expires_at },
    ];
    assert_eq!(run(&mut keys, &SETTINGS, due), expected);
    assert_eq!(encryption_plan(&keys, &SETTINGS, due), []);
    let settings = EncryptionSettings { rotate_after: i64::MAX, ..SETTINGS };
    assert_eq!(encryption_plan(&keys, &settings, expires_at.plus(-1)), []);
    let expected = [EncryptionStep::Forget { kid: "rsa".to_owned() }];
    assert_eq!(run(&mut keys, &settings, expires_at), expected);
    assert_eq!(encryption_plan(&keys, &settings, expires_at), []);
}

#[test]
fn of_two_published_keys_the_newer_stays() {
    let mut keys = vec![
        key("newer", EncryptionKeyType::Rsa, START.plus(1)),
        key("older", EncryptionKeyType::Rsa, START),
        key("ec", EncryptionKeyType::EcP256, START),
    ];
    let steps = run(&mut keys, &SETTINGS, START.plus(2));
    let expires_at = START.plus(2 + SETTINGS.keep);
    assert_eq!(steps, [EncryptionStep::Retire { kid: "older".to_owned(), expires_at }]);
    assert_eq!(published(&keys, EncryptionKeyType::Rsa), ["newer"]);
}

#[test]
fn rotating_each_time_replaces_every_key_now() {
    let mut keys = Vec::new();
    run(&mut keys, &SETTINGS, START);
    let at_once = EncryptionSettings { rotate_after: 0, keep: 0 };
    run(&mut keys, &at_once, START);
    for of in EncryptionKeyType::ALL {
        assert_eq!(published(&keys, of).len(), 1);
    }
    // With nothing kept, the next plan erases what was replaced.
    let forgotten = run(&mut keys, &SETTINGS, START);
    assert_eq!(forgotten.len(), 2);
    assert!(forgotten.iter().all(|step| matches!(step, EncryptionStep::Forget { .. })));
}

proptest! {
    /// Whenever the job runs: one key of each type is published, none of them older than it may be,
    /// and one that left the JWKS opens for as long as it is said to.
    #[test]
    fn the_keys_hold_their_promises(
        waits in prop::collection::vec(0..40 * DAY, 1..60),
        rotate_after in DAY..100 * DAY,
        keep in 1..60 * DAY,
    ) {
        let settings = EncryptionSettings { rotate_after, keep };
        let mut keys = Vec::new();
        let mut now = START;
        for wait in waits {
            now = now.plus(wait);
            run(&mut keys, &settings, now);
            prop_assert_eq!(encryption_plan(&keys, &settings, now), []);
            for of in EncryptionKeyType::ALL {
                prop_assert_eq!(published(&keys, of).len(), 1);
            }
            for key in &keys {
                if key.retired_at.is_none() {
                    prop_assert!(now.since(key.created_at) < rotate_after);
                } else if key.sealed_private_jwk.is_empty() {
                    prop_assert!(now.since(key.retired_at.unwrap()) >= keep);
                }
            }
        }
    }
}
