//! Carries out what `vestibule_keys` plans for signing and encryption keys: makes keys, then changes
//! the rows in one transaction, whoever else may be at it.

use std::thread;

use vestibule_keys::rotation::{self, RotationRefused, RotationSettings, RotationStep};
use vestibule_keys::{
    DecryptionKeys, EncryptionSettings, EncryptionStep, KeyError, KeyRing, Sealer, encryption_plan,
    generate_encryption_key,
};
use vestibule_model::encryption_key::StoredEncryptionKey;
use vestibule_model::signing_key::StoredKey;
use vestibule_model::{Entropy, Timestamp};
use vestibule_storage::{Conn, Db, StorageError, encryption_key, signing_key};

use crate::config::Config;
use crate::fault::Fault;
use crate::times;

/// A client's copy of the JWKS may be this much older than its `max-age` says, in seconds: clocks
/// differ, and an idle server looks for new keys only when it is asked.
const PUBLISH_MARGIN: i64 = 60;
/// How long an encryption key opens after it left the JWKS, in seconds: a request object may have
/// been encrypted once and lie at its `request_uri` ever since.
const ENCRYPTION_KEPT: i64 = 30 * 86_400;
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

/// When keys change.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Signing keys.
    pub signing: RotationSettings,
    /// Encryption keys.
    pub encryption: EncryptionSettings,
}

/// The schedule of this configuration.
#[must_use]
pub fn schedule(config: &Config) -> Schedule {
    let signing = RotationSettings {
        algs: config.keys.algorithms.clone(),
        rsa_bits: config.keys.rsa_bits,
        rotate_after: config.keys.rotate_after,
        standby_lead: config.keys.jwks_max_age + PUBLISH_MARGIN,
        max_token_lifetime: config.lifetimes.access_token.max(config.lifetimes.id_token),
    };
    let encryption =
        EncryptionSettings { rotate_after: config.keys.rotate_after, keep: ENCRYPTION_KEPT };
    Schedule { signing, encryption }
}

/// One change to the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To a signing key.
    Signing(RotationStep),
    /// To an encryption key.
    Encryption(EncryptionStep),
}

/// Every key that ever was.
#[derive(Clone, Debug)]
pub struct StoredKeys {
    /// Those that sign.
    pub signing: Vec<StoredKey>,
    /// Those that open what clients encrypt for us.
    pub encryption: Vec<StoredEncryptionKey>,
}

/// What tells one state of the stored keys from another.
pub type Fingerprint = Vec<(String, [Option<Timestamp>; 3], bool)>;

impl StoredKeys {
    /// The stored keys.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn read(conn: &mut Conn) -> Result<Self, StorageError> {
        let (signing, encryption) = (signing_key::list(conn)?, encryption_key::list(conn)?);
        Ok(Self { signing, encryption })
    }

    /// What tells this state of the stored keys from another.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let signing = self.signing.iter().map(|key| {
            let times = [key.active_at, key.retired_at, key.expires_at];
            (key.kid.clone(), times, key.sealed_private_jwk.is_empty())
        });
        let encryption = self.encryption.iter().map(|key| {
            let times = [None, key.retired_at, key.expires_at];
            (key.kid.clone(), times, key.sealed_private_jwk.is_empty())
        });
        signing.chain(encryption).collect()
    }

    /// Whether the schedule asks for a change.
    ///
    /// # Errors
    /// See [`Fault`].
    pub fn is_due(&self, schedule: &Schedule, now: Timestamp) -> Result<bool, Fault> {
        Ok(!self.plan(schedule, Wanted::Due, now).map_err(too_early)?.is_empty())
    }

    /// What is to be done.
    fn plan(
        &self,
        schedule: &Schedule,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Vec<Step>, RotationRefused> {
        let (signing, rotate_after) = match wanted {
            Wanted::Due => (
                rotation::due(&self.signing, &schedule.signing, now),
                schedule.encryption.rotate_after,
            ),
            Wanted::RotatedNow { force } => {
                (rotation::rotate_now(&self.signing, &schedule.signing, now, force)?, 0)
            }
        };
        let settings = EncryptionSettings { rotate_after, ..schedule.encryption };
        let encryption = encryption_plan(&self.encryption, &settings, now);
        let encryption = encryption.into_iter().map(Step::Encryption);
        Ok(signing.into_iter().map(Step::Signing).chain(encryption).collect())
    }
}

/// What it takes to change keys.
pub struct Keeper<'a> {
    /// The database.
    pub db: &'a Db,
    /// The schedule.
    pub schedule: &'a Schedule,
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
    pub fn bring_to(&self, wanted: Wanted, now: Timestamp) -> Result<Vec<Step>, Fault> {
        for _ in 0..TRIES {
            let keys = self.db.read(StoredKeys::read).wait()?;
            let steps = keys.plan(self.schedule, wanted, now).map_err(too_early)?;
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
    pub fn parsed(&self, keys: &StoredKeys, now: Timestamp) -> Result<KeyRing, Fault> {
        let decryption = DecryptionKeys::load(&keys.encryption, self.sealer)?;
        Ok(KeyRing::load(&keys.signing, self.sealer, now)?.with_decryption_keys(decryption))
    }

    /// Makes the keys that the steps create, all at once: two large primes each take their time.
    fn make(&self, steps: &[Step], now: Timestamp) -> Result<Vec<Change>, Fault> {
        let bits = self.schedule.signing.rsa_bits;
        let (sealer, entropy) = (self.sealer, self.entropy);
        thread::scope(|scope| {
            let threads: Vec<_> = steps
                .iter()
                .map(|step| {
                    scope.spawn(move || match step {
                        Step::Signing(RotationStep::Create { alg, active }) => {
                            vestibule_keys::generate(*alg, bits, now, *active, sealer, entropy)
                                .map(|key| Change::Insert(Box::new(key)))
                        }
                        Step::Encryption(EncryptionStep::Create { key_type }) => {
                            generate_encryption_key(*key_type, bits, sealer, entropy, now)
                                .map(|key| Change::InsertEncryption(Box::new(key)))
                        }
                        other => Ok(Change::Step(other.clone())),
                    })
                })
                .collect();
            threads.into_iter().map(joined).collect()
        })
    }

    /// `false` if the keys are no longer those the steps were worked out for.
    fn apply(&self, before: &StoredKeys, steps: &[Step], now: Timestamp) -> Result<bool, Fault> {
        let work = self.make(steps, now)?;
        let before = before.fingerprint();
        let applied = self.db.write(move |conn| {
            signing_key::lock(conn)?;
            if StoredKeys::read(conn)?.fingerprint() != before {
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

#[derive(Clone)]
enum Change {
    Insert(Box<StoredKey>),
    InsertEncryption(Box<StoredEncryptionKey>),
    Step(Step),
}

impl Change {
    fn apply(&self, conn: &mut Conn, now: Timestamp) -> Result<(), StorageError> {
        let done = match self {
            Self::Insert(key) => signing_key::insert(conn, key).map(|()| true),
            Self::InsertEncryption(key) => encryption_key::insert(conn, key).map(|()| true),
            Self::Step(Step::Signing(step)) => signing(conn, step, now),
            Self::Step(Step::Encryption(step)) => encryption(conn, step, now),
        }?;
        if done {
            return Ok(());
        }
        // Nobody else can have touched the key under the lock.
        Err(StorageError::Inconsistent("a key is not in the state it was read in".to_owned()))
    }
}

fn signing(conn: &mut Conn, step: &RotationStep, now: Timestamp) -> Result<bool, StorageError> {
    match step {
        RotationStep::Activate { kid } => signing_key::activate(conn, kid, now),
        RotationStep::Retire { kid, expires_at } => {
            signing_key::retire(conn, kid, now, *expires_at)
        }
        RotationStep::Forget { kid } => signing_key::forget(conn, kid),
        RotationStep::Create { .. } => Ok(true),
    }
}

fn encryption(
    conn: &mut Conn,
    step: &EncryptionStep,
    now: Timestamp,
) -> Result<bool, StorageError> {
    match step {
        EncryptionStep::Retire { kid, expires_at } => {
            encryption_key::retire(conn, kid, now, *expires_at)
        }
        EncryptionStep::Forget { kid } => encryption_key::forget(conn, kid),
        EncryptionStep::Create { .. } => Ok(true),
    }
}
