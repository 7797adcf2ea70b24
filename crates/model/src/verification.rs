//! Links and codes that travel by mail: single use, with an end.

use crate::{Timestamp, TokenHash, UserId};

/// What a verification is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerificationKind {
    /// Somebody wants to register; `sealed_data` holds the account to be.
    Register,
    /// Somebody was invited to register.
    Invite,
    /// The address of an account that exists is to be proved.
    VerifyEmail,
    /// The password was forgotten.
    ResetPassword,
    /// A new address is to be proved; `sealed_data` holds it.
    ChangeEmail,
    /// The old address may take the change back; `sealed_data` holds it.
    UndoEmail,
    /// Too many wrong passwords: the owner opens the account again.
    Unlock,
    /// A code as second factor.
    EmailOtp,
    /// "This wasn't me": freezes the account.
    Freeze,
    /// Takes the deletion of the account back.
    UndoDeletion,
}

impl VerificationKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Register,
        Self::Invite,
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::UndoEmail,
        Self::Unlock,
        Self::EmailOtp,
        Self::Freeze,
        Self::UndoDeletion,
    ];

    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Invite => "invite",
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
            Self::Unlock => "unlock",
            Self::EmailOtp => "email_otp",
            Self::Freeze => "freeze",
            Self::UndoDeletion => "undo_deletion",
        }
    }
}

/// A link and perhaps a code.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Its name, which pages may show in their URL: it carries no power.
    pub id: String,
    /// What it is for.
    pub kind: VerificationKind,
    /// Whom a newer one of the same kind replaces: a user id or a folded mail address.
    pub subject: String,
    /// The account it is about, if there is one.
    pub user_id: Option<UserId>,
    /// SHA-256 of the link's secret.
    pub token_hash: TokenHash,
    /// Keyed MAC of the code.
    pub code_hash: Option<TokenHash>,
    /// What has to be remembered, sealed for `verification/<id>`.
    pub sealed_data: Option<String>,
    /// Wrong codes so far.
    pub attempts: i64,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it is too old.
    pub expires_at: Timestamp,
    /// When it was used.
    pub consumed_at: Option<Timestamp>,
}
