//! When keys change: a pure plan. Whoever carries it out holds the keys' lock, re-reads the rows
//! under it, and applies every step in one transaction.
//!
//! For each algorithm there is one key that signs, one that stands by in the JWKS so that every
//! cache knows it before its first signature, and the retired ones, which stay until the last token
//! they signed is dead.

use vestibule_model::{Timestamp, client::SigningAlg, signing_key::StoredKey};

/// How long a retired key stays in the JWKS after its last token is dead: for instances that go on
/// signing until they re-read the keys, and for clocks that disagree.
pub const RETIREMENT_MARGIN: i64 = 3_600;

/// What the schedule depends on. Times are in seconds.
#[derive(Clone, Debug)]
pub struct RotationSettings {
    /// The algorithms to have keys for.
    pub algs: Vec<SigningAlg>,
    /// The size of RSA keys; for whoever carries out [`RotationStep::Create`].
    pub rsa_bits: usize,
    /// How long a key signs.
    pub rotate_after: i64,
    /// How long a key is published before it signs: the JWKS's max-age, and a margin for instances
    /// that have yet to publish it.
    pub standby_lead: i64,
    /// The longest life of anything a key signs.
    pub max_token_lifetime: i64,
}

/// One change to the stored keys, "now" being the time the plan was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// Make a key and publish it; it signs at once if `active`.
    Create {
        /// For this algorithm.
        alg: SigningAlg,
        /// Whether it signs at once.
        active: bool,
    },
    /// The key that stands by signs from now.
    Activate {
        /// Which key.
        kid: String,
    },
    /// The key signs no more from now.
    Retire {
        /// Which key.
        kid: String,
        /// When it leaves the JWKS.
        expires_at: Timestamp,
    },
    /// Erase the private part. The public JWK stays, for an old `id_token_hint`.
    Forget {
        /// Which key.
        kid: String,
    },
}

/// The next key is not known to everybody yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the next {} key was published too recently: caches may not know it before Unix time {}; \
     force the rotation only if the present key must not sign any more",
    alg.as_str(),
    possible_at.0
)]
pub struct RotationRefused {
    /// The algorithm that has to wait longest.
    pub alg: SigningAlg,
    /// From when on it will be possible.
    pub possible_at: Timestamp,
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Published, has never signed.
    Standby,
    /// Signs.
    Signing,
    /// Signs no more, if it ever did.
    Retired,
}

/// Where `key` is in its life.
#[must_use]
pub const fn phase(key: &StoredKey) -> Phase {
    match (key.active_at, key.retired_at) {
        (_, Some(_)) => Phase::Retired,
        (Some(_), None) => Phase::Signing,
        (None, None) => Phase::Standby,
    }
}

/// Whether `key` is in the JWKS at `now`.
#[must_use]
pub fn is_published(key: &StoredKey, now: Timestamp) -> bool {
    key.expires_at.is_none_or(|end| now < end)
}

/// The key that signs with `alg`. Should there be several, the newest: every instance has to agree.
#[must_use]
pub fn signing_key(keys: &[StoredKey], alg: SigningAlg) -> Option<&StoredKey> {
    keys.iter()
        .filter(|key| key.alg == alg && phase(key) == Phase::Signing)
        .max_by_key(|key| (key.active_at, &key.kid))
}

/// The key that signs with `alg` next: of those that stand by, the one published longest.
#[must_use]
pub fn standby_key(keys: &[StoredKey], alg: SigningAlg) -> Option<&StoredKey> {
    keys.iter()
        .filter(|key| key.alg == alg && phase(key) == Phase::Standby)
        .min_by_key(|key| (key.published_at, &key.kid))
}

/// What the schedule asks for at `now`; empty if nothing is to be done. Asked again after its steps
/// were carried out, it asks for nothing.
#[must_use]
pub fn due(keys: &[StoredKey], settings: &RotationSettings, now: Timestamp) -> Vec<RotationStep> {
    let mut steps = Vec::new();
    for alg in SigningAlg::ALL.iter().copied() {
        let plan = Plan { keys, settings, now, alg };
        plan.retire_surplus(&mut steps);
        if settings.algs.contains(&alg) {
            plan.keep_up(&mut steps);
        } else {
            plan.wind_down(&mut steps);
        }
    }
    steps.extend(
        keys.iter()
            .filter(|key| !is_published(key, now) && !key.sealed_private_jwk.is_empty())
            .map(|key| RotationStep::Forget { kid: key.kid.clone() }),
    );
    steps
}

/// Rotates every algorithm now, before its time. `force` is for a key that must not sign any more:
/// it takes the key that stands by however new it is, and makes one if there is none; caches that
/// do not know the new key refuse its tokens until they ask again.
///
/// # Errors
/// [`RotationRefused`] without `force`, if the next key may not be known to every cache.
pub fn rotate_now(
    keys: &[StoredKey],
    settings: &RotationSettings,
    now: Timestamp,
    force: bool,
) -> Result<Vec<RotationStep>, RotationRefused> {
    let plans = || {
        let rotated = SigningAlg::ALL.iter().copied().filter(|alg| settings.algs.contains(alg));
        rotated.map(|alg| Plan { keys, settings, now, alg })
    };
    let refused = plans().filter_map(|plan| plan.refusal()).max_by_key(|no| no.possible_at);
    match refused {
        Some(refused) if !force => Err(refused),
        _ => {
            let mut steps = Vec::new();
            for plan in plans() {
                plan.retire_surplus(&mut steps);
                plan.rotate(&mut steps);
            }
            Ok(steps)
        }
    }
}

/// The plan for one algorithm.
struct Plan<'a> {
    keys: &'a [StoredKey],
    settings: &'a RotationSettings,
    now: Timestamp,
    alg: SigningAlg,
}

impl Plan<'_> {
    fn signing(&self) -> Option<&StoredKey> {
        signing_key(self.keys, self.alg)
    }

    fn standby(&self) -> Option<&StoredKey> {
        standby_key(self.keys, self.alg)
    }

    /// Two keys that sign cannot come from our own steps; rows restored from a copy may hold them.
    fn retire_surplus(&self, steps: &mut Vec<RotationStep>) {
        let kept = self.signing().map(|key| &key.kid);
        let surplus = self.keys.iter().filter(|key| {
            key.alg == self.alg && phase(key) == Phase::Signing && Some(&key.kid) != kept
        });
        steps.extend(surplus.map(|key| self.retire(key)));
    }

    /// One key that signs, one that stands by, and a change when it is time.
    fn keep_up(&self, steps: &mut Vec<RotationStep>) {
        let due = match (self.signing(), self.standby()) {
            (None, _) => true,
            (Some(signing), Some(standby)) => {
                self.is_old(signing) && self.may_sign_from(standby) <= self.now
            }
            (Some(_), None) => false,
        };
        if due {
            self.rotate(steps);
        } else if self.standby().is_none() {
            steps.push(self.create(false));
        }
    }

    /// An algorithm that is no longer asked for: its key signs until its time is up, so that two
    /// instances with different settings do not fight; then it retires without a successor.
    fn wind_down(&self, steps: &mut Vec<RotationStep>) {
        if self.signing().is_some_and(|signing| !self.is_old(signing)) {
            return;
        }
        steps.extend(self.signing().map(|signing| self.retire(signing)));
        for key in self.keys {
            if key.alg == self.alg && phase(key) == Phase::Standby {
                steps.push(self.retire(key));
                steps.push(RotationStep::Forget { kid: key.kid.clone() });
            }
        }
    }

    /// The key that stands by takes over, and another takes its place; a new one where none stands
    /// by. Retirement comes first: at no step do two keys sign.
    fn rotate(&self, steps: &mut Vec<RotationStep>) {
        steps.extend(self.signing().map(|signing| self.retire(signing)));
        steps.push(match self.standby() {
            Some(standby) => RotationStep::Activate { kid: standby.kid.clone() },
            None => self.create(true),
        });
        steps.push(self.create(false));
    }

    /// Why the key that signs may not give way yet. Without one that signs there is nothing to wait
    /// for: any key is better than none.
    fn refusal(&self) -> Option<RotationRefused> {
        self.signing()?;
        let possible_at = match self.standby() {
            Some(standby) => self.may_sign_from(standby),
            None => self.now.plus(self.settings.standby_lead),
        };
        (possible_at > self.now).then_some(RotationRefused { alg: self.alg, possible_at })
    }

    fn is_old(&self, signing: &StoredKey) -> bool {
        signing.active_at.is_some_and(|at| self.now.since(at) >= self.settings.rotate_after)
    }

    /// From when on every cache knows `standby`.
    fn may_sign_from(&self, standby: &StoredKey) -> Timestamp {
        if self.is_first_generation(standby) {
            standby.published_at
        } else {
            standby.published_at.plus(self.settings.standby_lead)
        }
    }

    /// Whether `standby` was made at the very first start: no JWKS without it was ever served. A
    /// key made by a rotation in the same second was not.
    fn is_first_generation(&self, standby: &StoredKey) -> bool {
        let made_at = standby.published_at;
        self.keys.iter().all(|key| {
            key.published_at >= made_at && key.retired_at.is_none_or(|retired| retired > made_at)
        })
    }

    fn create(&self, active: bool) -> RotationStep {
        RotationStep::Create { alg: self.alg, active }
    }

    /// A key that never signed may leave the JWKS at once.
    fn retire(&self, key: &StoredKey) -> RotationStep {
        let expires_at = match phase(key) {
            Phase::Signing => self.now.plus(self.settings.max_token_lifetime + RETIREMENT_MARGIN),
            Phase::Standby | Phase::Retired => self.now,
        };
        RotationStep::Retire { kid: key.kid.clone(), expires_at }
    }
}

#[cfg(test)]
mod tests;
