//! When encryption keys change: a pure plan. Whoever carries it out holds the keys' lock, re-reads
//! the rows under it, and applies every step in one transaction.
//!
//! Of each type there is one key in the JWKS. A key that leaves it still opens for a while, for
//! clients that have the JWKS of before in a cache.

use vestibule_model::{
    Timestamp,
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
};

/// What the schedule depends on. Times are in seconds.
#[derive(Clone, Debug)]
pub struct EncryptionSettings {
    /// How long a key is in the JWKS; 0 rotates each time a plan is made.
    pub rotate_after: i64,
    /// How long a retired key still opens: longer than any client keeps a JWKS.
    pub keep: i64,
}

/// One change to the stored encryption keys, "now" being the time the plan was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncryptionStep {
    /// Make a key and publish it.
    Create {
        /// Of this type.
        key_type: EncryptionKeyType,
    },
    /// The key leaves the JWKS now.
    Retire {
        /// Which key.
        kid: String,
        /// When it opens no more.
        expires_at: Timestamp,
    },
    /// Erase the private part. Nothing needs the rest of the row either.
    Forget {
        /// Which key.
        kid: String,
    },
}

/// What the schedule asks for at `now`; empty if nothing is to be done. Asked again after its steps
/// were carried out, it asks for nothing, unless keys rotate each time or are not
/// kept at all.
#[must_use]
pub fn encryption_plan(
    keys: &[StoredEncryptionKey],
    settings: &EncryptionSettings,
    now: Timestamp,
) -> Vec<EncryptionStep> {
    let expires_at = now.plus(settings.keep);
    let mut steps = Vec::new();
    for key_type in EncryptionKeyType::ALL {
        let published =
            || keys.iter().filter(move |key| key.key_type == key_type && key.retired_at.is_none());
        let newest = published().max_by_key(|key| (key.created_at, &key.kid));
        let kept = newest.filter(|key| now.since(key.created_at) < settings.rotate_after);
        if kept.is_none() {
            steps.push(EncryptionStep::Create { key_type });
        }
        // Two published keys of a type cannot come from our own steps; rows restored from a copy
        // may hold them.
        let leaving = published().filter(|key| kept.is_none_or(|kept| kept.kid != key.kid));
        steps
            .extend(leaving.map(|key| EncryptionStep::Retire { kid: key.kid.clone(), expires_at }));
    }
    let over = |key: &&StoredEncryptionKey| key.expires_at.is_some_and(|end| end <= now);
    let kept = |key: &&StoredEncryptionKey| !key.sealed_private_jwk.is_empty();
    let forgotten = keys.iter().filter(over).filter(kept);
    steps.extend(forgotten.map(|key| EncryptionStep::Forget { kid: key.kid.clone() }));
    steps
}

#[cfg(test)]
mod tests;
