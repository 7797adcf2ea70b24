//! Links with which one person can make an account (`accounts.registration = "invite"`).

use serde_json::json;
use vestibule_keys::Sealer;
use vestibule_model::{
    Entropy, ErrorCode, OAuthError, Secret, Timestamp,
    entropy::{random_id, random_secret},
    sealed::SealedColumn,
    settings::Issuer,
    verification::{Verification, VerificationKind},
};

use crate::urls;

/// How long a link works, in seconds.
pub const LIFETIME: i64 = 7 * 86_400;

/// Who was invited, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The address that the account will have.
    pub email: String,
    /// The groups that the account will be in.
    pub groups: Vec<String>,
}

impl Invitation {
    /// The row, and the secret of its link.
    ///
    /// # Errors
    /// None that can happen: the text is short enough to be sealed.
    pub fn issue(
        &self,
        sealer: &Sealer,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(Verification, Secret), OAuthError> {
        let (id, secret) = (random_id(entropy), random_secret(entropy));
        let plain = json!([self.email, self.groups]).to_string();
        let purpose = SealedColumn::Verification.purpose(&id);
        let sealed_data = Some(sealer.seal(&purpose, plain.as_bytes(), entropy)?);
        let row = Verification {
            id,
            kind: VerificationKind::Invite,
            subject: self.email.to_lowercase(),
            user_id: None,
            token_hash: secret.token_hash(),
            code_hash: None,
            sealed_data,
            attempts: 0,
            created_at: now,
            expires_at: now.plus(LIFETIME),
            consumed_at: None,
        };
        Ok((row, secret))
    }

    /// What a row says once its `sealed_data` was opened.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`]: not what [`issue`](Self::issue) sealed.
    pub fn read(plain: &[u8]) -> Result<Self, OAuthError> {
        let (email, groups) = serde_json::from_slice(plain)
            .map_err(|fault| OAuthError::new(ErrorCode::Internal).because(fault.to_string()))?;
        Ok(Self { email, groups })
    }
}

/// The address of a link. Whoever has it can make the account.
#[must_use]
pub fn link(issuer: &Issuer, secret: &Secret) -> Secret {
    Secret::new(issuer.url(&format!("{}?invite={}", urls::REGISTER, secret.expose())))
}
