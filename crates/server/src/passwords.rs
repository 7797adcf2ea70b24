//! Passwords outside of requests: the command line's and the demo's.

use vestibule_identity::password::{PasswordHasher, PasswordSettings};
use vestibule_model::Secret;

use crate::config::Password;
use crate::entropy::OsEntropy;
use crate::fault::Fault;

/// Hashes one password at the configured cost. Blocks.
///
/// # Errors
/// See [`Fault`].
pub fn hash(settings: &Password, password: Secret) -> Result<String, Fault> {
    let hasher = PasswordHasher::new(PasswordSettings {
        memory_kib: settings.memory_kib,
        iterations: settings.iterations,
        parallelism: settings.parallelism,
        concurrency: 1,
        queue: 1,
        pepper: settings.pepper.clone(),
    })?;
    Ok(hasher.hash_blocking(password, &OsEntropy)?)
}
