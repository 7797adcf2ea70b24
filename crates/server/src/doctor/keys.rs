//! Whether there are keys to sign with, and whether they change as they should.

use vestibule_keys::rotation::{self, RotationSettings};
use vestibule_keys::{KeyRing, Sealer, data_keys, encryption_plan};
use vestibule_model::sealed::StoredDataKey;
use vestibule_model::{Timestamp, client::SigningAlg};
use vestibule_storage::{StorageError, data_key, inspect::Lookout};

use super::finding::Finding;
use crate::signing_keys::{Schedule, StoredKeys};

/// How long a step of the schedule may wait for a server to be used, in seconds.
const PATIENCE: i64 = 2 * 3_600;
/// A data key should not seal for longer, in seconds.
const DATA_KEY_AGE: i64 = 400 * 86_400;
const DAY: i64 = 86_400;

/// Every stored key, as it rests.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) keys: StoredKeys,
    pub(super) data_keys: Vec<StoredDataKey>,
}

/// Reads them.
pub(super) fn look(lookout: &mut Lookout) -> Result<Stored, StorageError> {
    lookout
        .read(|conn| Ok(Stored { keys: StoredKeys::read(conn)?, data_keys: data_key::list(conn)? }))
}

impl Stored {
    /// The `kid` of every key that the JWKS has at `now`, sorted.
    pub(super) fn published(&self, now: Timestamp) -> Vec<&str> {
        let signing = self.keys.signing.iter().filter(|key| rotation::is_published(key, now));
        let encryption = self.keys.encryption.iter().filter(|key| key.retired_at.is_none());
        let mut kids: Vec<_> = signing.map(|key| key.kid.as_str()).collect();
        kids.extend(encryption.map(|key| key.kid.as_str()));
        kids.sort_unstable();
        kids
    }
}

/// `sealer` is `None` if the master key is not the right one, which another check tells.
pub(super) fn judge(
    stored: &Stored,
    schedule: &Schedule,
    sealer: Option<&Sealer>,
    now: Timestamp,
) -> Vec<Finding> {
    if stored.keys.signing.is_empty() {
        let fix = "start the server (`vestibule serve`): it makes them";
        return vec![Finding::warning("signing", "there are no signing keys yet", fix)];
    }
    let settings = &schedule.signing;
    let mut found: Vec<_> = settings.algs.iter().map(|alg| signs(stored, *alg, now)).collect();
    found.extend(standing_by(stored, settings));
    found.push(on_time(stored, schedule, now));
    found.push(data_key_age(&stored.data_keys, now));
    if let Some(Err(fault)) = sealer.map(|sealer| KeyRing::load(&stored.keys.signing, sealer, now))
    {
        found.push(Finding::failed(
            "readable",
            fault.to_string(),
            "restore the database and the master key from one backup; or, if the key is lost, \
             `vestibule keys rotate --force`",
        ));
    }
    found
}

fn signs(stored: &Stored, alg: SigningAlg, now: Timestamp) -> Finding {
    let name = alg.as_str();
    match rotation::signing_key(&stored.keys.signing, alg) {
        Some(key) => {
            let age = now.since(key.active_at.unwrap_or(key.published_at)) / DAY;
            Finding::ok("signing", format!("{name} signs since {age} days"))
        }
        None => Finding::failed(
            "signing",
            format!("there is no {name} key to sign with, though keys.algorithms names it"),
            "restart the server, or run `vestibule keys rotate`",
        ),
    }
}

/// The keys that sign next are to be known to everybody long before.
fn standing_by(stored: &Stored, settings: &RotationSettings) -> Option<Finding> {
    let lacking = settings.algs.iter().filter(|alg| {
        rotation::signing_key(&stored.keys.signing, **alg).is_some()
            && rotation::standby_key(&stored.keys.signing, **alg).is_none()
    });
    let lacking: Vec<_> = lacking.map(|alg| alg.as_str()).collect();
    let told = format!("no next key is published for {}", lacking.join(", "));
    let fix = "start the server, or send it a request: it makes them";
    (!lacking.is_empty()).then(|| Finding::warning("next", told, fix))
}

/// What was due a while ago and still is, nobody does.
fn on_time(stored: &Stored, schedule: &Schedule, now: Timestamp) -> Finding {
    let before = now.plus(-PATIENCE);
    let due = |at| rotation::due(&stored.keys.signing, &schedule.signing, at);
    let due_encryption = |at| encryption_plan(&stored.keys.encryption, &schedule.encryption, at);
    let was_due = due(before);
    let late = due(now).iter().filter(|step| was_due.contains(step)).count();
    let was_due = due_encryption(before);
    let late = late + due_encryption(now).iter().filter(|step| was_due.contains(step)).count();
    if late == 0 {
        return Finding::ok("schedule", "on schedule");
    }
    Finding::warning(
        "schedule",
        format!("{late} steps of the keys' rotation are overdue by more than 2 hours"),
        "start the server, or send it a request: it catches up; see its log for signing_keys.failed",
    )
}

fn data_key_age(stored: &[StoredDataKey], now: Timestamp) -> Finding {
    let fix = "`vestibule keys rotate-data`; it needs no restart";
    match data_keys::active(stored) {
        None => Finding::failed("data_key", "there is no data key that seals", fix),
        Some(key) if now.since(key.created_at) > DATA_KEY_AGE => {
            let age = now.since(key.created_at) / DAY;
            Finding::warning("data_key", format!("the data key has sealed for {age} days"), fix)
        }
        Some(key) => {
            let age = now.since(key.created_at) / DAY;
            Finding::ok("data_key", format!("the data key is {age} days old"))
        }
    }
}

#[cfg(test)]
mod tests {
    use vestibule_keys::EncryptionSettings;
    use vestibule_model::encryption_key::{EncryptionKeyType, StoredEncryptionKey};
    use vestibule_model::signing_key::StoredKey;

    use super::*;
    use crate::doctor::finding::Status::{self, Failed, Ok as Fine, Warning};

    const NOW: Timestamp = Timestamp(1_795_000_000);

    fn key(alg: SigningAlg, kid: &str, published: i64, active: Option<i64>) -> StoredKey {
        StoredKey {
            kid: kid.to_owned(),
            alg,
            public_jwk: String::new(),
            sealed_private_jwk: "x".to_owned(),
            published_at: NOW.plus(-published),
            active_at: active.map(|age| NOW.plus(-age)),
            retired_at: None,
            expires_at: None,
        }
    }

    fn encryption(key_type: EncryptionKeyType) -> StoredEncryptionKey {
        StoredEncryptionKey {
            kid: format!("e-{}", key_type.as_str()),
            key_type,
            public_jwk: String::new(),
            sealed_private_jwk: "x".to_owned(),
            created_at: NOW.plus(-DAY),
            retired_at: None,
            expires_at: None,
        }
    }

    fn sound() -> Stored {
        let signing = vec![
            key(SigningAlg::RS256, "r1", 10 * DAY, Some(10 * DAY)),
            key(SigningAlg::RS256, "r2", 10 * DAY, None),
        ];
        let encryption = EncryptionKeyType::ALL.map(encryption).to_vec();
        let data_key = StoredDataKey {
            id: "d".to_owned(),
            sealed_key: String::new(),
            created_at: NOW.plus(-DAY),
            retired_at: None,
        };
        Stored { keys: StoredKeys { signing, encryption }, data_keys: vec![data_key] }
    }

    fn worst(stored: &Stored, algs: &[SigningAlg]) -> (Status, &'static str) {
        let signing = RotationSettings {
            algs: algs.to_vec(),
            rsa_bits: 2_048,
            rotate_after: 90 * DAY,
            standby_lead: 360,
            max_token_lifetime: 3_600,
        };
        let encryption = EncryptionSettings { rotate_after: 90 * DAY, keep: 30 * DAY };
        let found = judge(stored, &Schedule { signing, encryption }, None, NOW);
        let worst = found.iter().max_by_key(|finding| finding.status).unwrap();
        (worst.status, worst.about)
    }

    #[test]
    fn each_trouble_is_told() {
        let rs256 = [SigningAlg::RS256];
        assert_eq!(worst(&sound(), &rs256).0, Fine);
        assert_eq!(worst(&sound(), &[SigningAlg::ES256]), (Failed, "signing"));
        let mut alone = sound();
        alone.keys.signing.truncate(1);
        assert_eq!(worst(&alone, &rs256).0, Warning);
        let mut old = sound();
        old.keys.signing[0].active_at = Some(NOW.plus(-90 * DAY - PATIENCE));
        assert_eq!(worst(&old, &rs256), (Warning, "schedule"));
        old.keys.signing[0].active_at = Some(NOW.plus(-90 * DAY));
        assert_eq!(worst(&old, &rs256).0, Fine, "somebody may be about to");
        let mut sealed = sound();
        sealed.data_keys[0].created_at = NOW.plus(-DATA_KEY_AGE - 1);
        assert_eq!(worst(&sealed, &rs256), (Warning, "data_key"));
        sealed.data_keys.clear();
        assert_eq!(worst(&sealed, &rs256), (Failed, "data_key"));
        let none = Stored { keys: StoredKeys { signing: vec![], encryption: vec![] }, ..sound() };
        assert_eq!(worst(&none, &rs256), (Warning, "signing"));
    }

    #[test]
    fn the_published_keys_are_those_of_the_jwks() {
        let mut stored = sound();
        assert_eq!(stored.published(NOW), ["e-P-256", "e-RSA", "r1", "r2"]);
        stored.keys.encryption[0].retired_at = Some(NOW);
        stored.keys.signing[0].expires_at = Some(NOW);
        assert_eq!(stored.published(NOW), ["e-P-256", "r2"]);
    }
}
