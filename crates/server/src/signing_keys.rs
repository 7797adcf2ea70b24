//! Carries out what `vestibule_keys::rotation` asks for: makes keys, then changes the rows in one
//! transaction, whoever else may be at it.

use std::thread;

use vestibule_keys::rotation::{self, RotationRefused, RotationSettings, RotationStep};
use vestibule_keys::{KeyError, KeyRing, Sealer};
use vestibule_model::signing_key::StoredKey;
use vestibule_model::{Entropy, Timestamp};
use vestibule_storage::{Conn, Db, StorageError, signing_key};

use crate::config::Config;
use crate::fault::Fault;
use crate::times;

/// A client's copy of the JWKS may be this much older than its `max-age` says, in seconds: clocks
/// differ, and an idle server looks for new keys only when it is asked.
const PUBLISH_MARGIN: i64 = 60;
/// How often the work is begun anew because somebody else changed the keys meanwhile.
const TRIES: usize = 5;

/// What the keys are to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What the schedule asks for; often nothing.
    Due,
    /// The next keys sign from now on.
    RotatedNow {
        /// Even if clients may not know them yet.
        force: bool,
    },
}

/// The schedule of this configuration.
#[must_use]
pub fn schedule(config: &Config) -> RotationSettings {
    RotationSettings {
        algs: config.keys.algorithms.clone(),
        rsa_bits: config.keys.rsa_bits,
        rotate_after: config.keys.rotate_after,
        standby_lead: config.keys.jwks_max_age + PUBLISH_MARGIN,
        max_token_lifetime: config.lifetimes.access_token.max(config.lifetimes.id_token),
    }
}

/// What it takes to change keys.
pub struct Keeper<'a> {
    /// The database.
    pub db: &'a Db,
    /// The schedule.
    pub schedule: &'a RotationSettings,
    /// Seals private keys.
    pub sealer: &'a Sealer,
    /// Makes them.
    pub entropy: &'a dyn Entropy,
}

impl Keeper<'_> {
    /// Changes the stored keys to what is `wanted`, and tells what was done. Blocks: making an RSA
    /// key takes a while, and is done before the transaction begins.
    ///
    /// # Errors
    /// See [`Fault`]; a rotation that would come too early is refused.
    pub fn bring_to(&self, wanted: Wanted, now: Timestamp) -> Result<Vec<RotationStep>, Fault> {
        for _ in 0..TRIES {
            let keys = self.db.read(signing_key::list).wait()?;
            let steps = match wanted {
                Wanted::Due => rotation::due(&keys, self.schedule, now),
                Wanted::RotatedNow { force } => {
                    rotation::rotate_now(&keys, self.schedule, now, force).map_err(too_early)?
                }
            };
            if steps.is_empty() || self.apply(&keys, &steps, now)? {
                return Ok(steps);
            }
        }
        Err(Fault::refused("other instances keep changing the keys; try again"))
    }

    /// The ring of `keys`.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn parsed(&self, keys: &[StoredKey], now: Timestamp) -> Result<KeyRing, Fault> {
        Ok(KeyRing::load(keys, self.sealer, now)?)
    }

    /// Makes the keys that the steps create, all at once: two large primes each take their time.
    fn make(&self, steps: &[RotationStep], now: Timestamp) -> Result<Vec<Change>, Fault> {
        let bits = self.schedule.rsa_bits;
        let (sealer, entropy) = (self.sealer, self.entropy);
        thread::scope(|scope| {
            let threads: Vec<_> = steps
                .iter()
                .map(|step| {
                    scope.spawn(move || match step {
                        RotationStep::Create { alg, active } => {
                            vestibule_keys::generate(*alg, bits, now, *active, sealer, entropy)
                                .map(|key| Change::Insert(Box::new(key)))
                        }
                        other => Ok(Change::Step(other.clone())),
                    })
                })
                .collect();
            threads.into_iter().map(joined).collect()
        })
    }

    /// `false` if the keys are no longer those the steps were worked out for.
    fn apply(
        &self,
        before: &[StoredKey],
        steps: &[RotationStep],
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let work = self.make(steps, now)?;
        let before = fingerprint(before);
        let applied = self.db.write(move |conn| {
            signing_key::lock(conn)?;
            if fingerprint(&signing_key::list(conn)?) != before {
                return Ok(false);
            }
            work.iter().try_for_each(|change| change.apply(conn, now))?;
            Ok::<_, StorageError>(true)
        });
        Ok(applied.wait()?)
    }
}

fn too_early(refusal: RotationRefused) -> Fault {
    Fault::refused(format!(
        "the next {} key was published only lately, and clients may not know it before {}; with \
         --force it signs at once, and verification can fail until then",
        refusal.alg.as_str(),
        times::written(refusal.possible_at)
    ))
}

/// Turns a panic of a thread into a fault.
fn joined(thread: thread::ScopedJoinHandle<'_, Result<Change, KeyError>>) -> Result<Change, Fault> {
    Ok(thread.join().map_err(|_| Fault::refused("making a key panicked"))??)
}

enum Change {
    Insert(Box<StoredKey>),
    Step(RotationStep),
}

impl Change {
    fn apply(&self, conn: &mut Conn, now: Timestamp) -> Result<(), StorageError> {
        let done = match self {
            Self::Insert(key) => signing_key::insert(conn, key).map(|()| true),
            Self::Step(RotationStep::Activate { kid }) => signing_key::activate(conn, kid, now),
            Self::Step(RotationStep::Retire { kid, expires_at }) => {
                signing_key::retire(conn, kid, now, *expires_at)
            }
            Self::Step(RotationStep::Forget { kid }) => signing_key::forget(conn, kid),
            Self::Step(RotationStep::Create { .. }) => Ok(true),
        }?;
        if done {
            return Ok(());
        }
        // Nobody else can have touched the key under the lock.
        Err(StorageError::Inconsistent(
            "a signing key is not in the state it was read in".to_owned(),
        ))
    }
}

/// What tells one state of the stored keys from another.
#[must_use]
pub fn fingerprint(keys: &[StoredKey]) -> Vec<(String, [Option<Timestamp>; 3], bool)> {
    keys.iter()
        .map(|key| {
            let times = [key.active_at, key.retired_at, key.expires_at];
            (key.kid.clone(), times, key.sealed_private_jwk.is_empty())
        })
        .collect()
}
