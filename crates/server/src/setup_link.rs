//! The one-time link that makes the first administrator.

use vestibule_model::entropy::random_secret;
use vestibule_model::{Secret, Timestamp};
use vestibule_storage::StorageError;

use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;

/// How long a link works, in seconds.
pub const LIFETIME: i64 = 24 * 3_600;

/// A fresh link.
pub struct SetupLink {
    /// Its address. Whoever has it can become administrator.
    pub url: Secret,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Makes a link, unless there is an administrator already.
///
/// # Errors
/// See [`Fault`].
pub fn offer(premises: &Premises) -> Result<Option<SetupLink>, Fault> {
    let secret = random_secret(&OsEntropy);
    let hash = secret.token_hash();
    let expires_at = premises.now().plus(LIFETIME);
    let made = premises.db.write(move |conn| {
        if vestibule_storage::user::has_admin(conn)? {
            return Ok(false);
        }
        vestibule_storage::setup_link::insert(conn, &hash, expires_at)?;
        Ok::<_, StorageError>(true)
    });
    let issuer = &premises.config.instance.issuer;
    Ok(made.wait()?.then(|| {
        let url = Secret::new(issuer.url(&format!("/setup/{}", secret.expose())));
        SetupLink { url, expires_at }
    }))
}
