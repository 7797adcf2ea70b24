//! The ring of data keys: random keys that seal what rests in the database, so that a key can be
//! exchanged without the master key. They rest sealed under the master key themselves.
//!
//! Rotating makes another key; texts under the older ones are sealed again in the background. A key
//! is retired once no text that lasts is under it, and erased when [`KEPT_RETIRED`] is over too.

use std::collections::HashMap;

use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};
use vestibule_model::{Entropy, Timestamp, entropy::random_id, sealed::StoredDataKey};

use crate::{KeyError, Sealer, sealing::Cipher};

/// How long a retired key is kept, in seconds. Nothing sealed that lives shorter (the state of a
/// ceremony, the reply to a refresh) is sealed again: it is over by then. An instance must
/// [`distrust`](Sealer::distrust) keys long before they are that old, so that no text is ever born
/// under a key that is gone.
pub const KEPT_RETIRED: i64 = 86_400;

/// The length of [`random_id`].
const ID_LENGTH: usize = 22;

/// The key that seals: the newest that is not retired.
#[must_use]
pub fn active(stored: &[StoredDataKey]) -> Option<&StoredDataKey> {
    stored.iter().filter(|key| key.retired_at.is_none()).max_by_key(|key| (key.created_at, &key.id))
}

/// Whether `id` can be a key's: 22 characters of base64url.
pub(crate) fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    id.len() == ID_LENGTH && id.bytes().all(fits)
}

/// A new key, younger than every one of `stored` whatever the clock says.
pub(crate) fn generate(
    sealer: &Sealer,
    stored: &[StoredDataKey],
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<StoredDataKey, KeyError> {
    let id = random_id(entropy);
    let key = SecretBox::init_with_mut(|bytes: &mut [u8; 32]| entropy.fill(bytes));
    let sealed_key = sealer.seal_by_master(&purpose(&id), key.expose_secret(), entropy)?;
    let after = stored.iter().map(|key| key.created_at.plus(1)).max();
    Ok(StoredDataKey {
        id,
        sealed_key,
        created_at: after.map_or(now, |after| now.max(after)),
        retired_at: None,
    })
}

/// What a key is sealed for: its own row.
fn purpose(id: &str) -> String {
    format!("data_key/{id}")
}

/// The keys of one moment, ready for use.
#[derive(Default)]
pub(crate) struct DataKeys {
    pub(crate) active: Option<Active>,
    pub(crate) ciphers: HashMap<String, Cipher>,
    /// Whether the active key is known to be the newest, or was not long ago.
    pub(crate) trusted: bool,
}

/// Which key seals, and its age.
pub(crate) struct Active {
    pub(crate) id: String,
    created_at: Timestamp,
}

impl DataKeys {
    /// Opens every stored key.
    pub(crate) fn open(stored: &[StoredDataKey], sealer: &Sealer) -> Result<Self, KeyError> {
        let active =
            active(stored).map(|key| Active { id: key.id.clone(), created_at: key.created_at });
        let ciphers = stored.iter().map(|key| Ok((key.id.clone(), cipher(key, sealer)?)));
        Ok(Self { active, ciphers: ciphers.collect::<Result<_, KeyError>>()?, trusted: true })
    }

    /// Takes the place of these keys unless `newer` is in truth older. `true` if another key seals.
    pub(crate) fn replace(&mut self, newer: Self) -> bool {
        let age = |keys: &Self| keys.active.as_ref().map(|active| active.created_at);
        if age(&newer) < age(self) {
            return false;
        }
        let id = |keys: &Self| keys.active.as_ref().map(|active| active.id.clone());
        let changed = id(&newer) != id(self);
        *self = newer;
        changed
    }

    /// The key to seal with, if there is one that can be relied on.
    pub(crate) fn sealing(&self) -> Option<(&str, &Cipher)> {
        let active = self.active.as_ref().filter(|_| self.trusted)?;
        Some((&active.id, self.ciphers.get(&active.id)?))
    }
}

fn cipher(key: &StoredDataKey, sealer: &Sealer) -> Result<Cipher, KeyError> {
    let unusable = |reason: String| KeyError::DataKeyUnusable { id: key.id.clone(), reason };
    if !is_id(&key.id) {
        return Err(unusable("its id is not 22 characters of base64url".to_owned()));
    }
    let opened = sealer.open(&purpose(&key.id), &key.sealed_key);
    let bytes = Zeroizing::new(opened.map_err(|fault| unusable(fault.to_string()))?);
    let bytes: &[u8; 32] =
        bytes.as_slice().try_into().map_err(|_| unusable("it is not 32 bytes long".to_owned()))?;
    Ok(Cipher::new(bytes))
}

#[cfg(test)]
mod tests;
