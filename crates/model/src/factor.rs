//! What a person proves who they are with, besides a password.

use crate::{Timestamp, TokenHash, UserId};

/// An authenticator app (RFC 6238).
#[derive(Clone, Debug)]
pub struct TotpDevice {
    /// Its name in URLs and purposes.
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The shared secret, sealed for `totp/<id>`.
    pub sealed_secret: String,
    /// When enrolment began.
    pub created_at: Timestamp,
    /// When the first code was right; before that it counts for nothing.
    pub confirmed_at: Option<Timestamp>,
    /// When a code was last used.
    pub last_used_at: Option<Timestamp>,
    /// The last time step that was used: it and those before are spent (RFC 6238 §5.2).
    pub last_step: Option<i64>,
}

/// A WebAuthn credential.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// The credential id, base64url without padding.
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The public key and its counter, as `identity::passkey` writes it.
    pub credential: String,
    /// The authenticator's model, a UUID, if it told.
    pub aaguid: Option<String>,
    /// Whether it is synchronised between devices.
    pub backed_up: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// Its last use.
    pub last_used_at: Option<Timestamp>,
}

/// A recovery code at rest.
#[derive(Clone, Debug)]
pub struct RecoveryCode {
    /// SHA-256 of user and code.
    pub hash: TokenHash,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// Everything a person enrolled, as decisions need it.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    /// Confirmed authenticator apps.
    pub totp: Vec<TotpDevice>,
    /// Passkeys.
    pub passkeys: Vec<Passkey>,
    /// Unused recovery codes.
    pub recovery_codes_left: i64,
}

impl Factors {
    /// Whether a second factor was enrolled. Recovery codes alone are none: they stand in for one.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.totp.is_empty() || !self.passkeys.is_empty()
    }
}
