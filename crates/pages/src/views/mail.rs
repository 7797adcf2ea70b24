//! Mails: what each says, once as plain text and once as HTML.
//!
//! Every mail is a letter of sentences, facts, a code and links, so that both
//! parts say the same. Names that people chose, and devices, are facts and nothing else: never in
//! a subject or a first sentence, on one line, and not as a link of their own making.

mod asked;
mod letter;
mod told;

use askama::Error;
use vestibule_model::Timestamp;
use vestibule_text::Lang;

use self::letter::{Letter, Sheet};
use crate::samples::NOW;

/// A mail, with what fills its blanks. Links are absolute; `valid_for` is the seconds for which
/// link and code work; `freeze_link` leads to "It wasn’t me".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail<'a> {
    /// Proves the address of an account to be.
    VerifyRegistration {
        /// Confirms.
        link: &'a str,
        /// Six digits that do as well.
        code: &'a str,
        /// Seconds.
        valid_for: i64,
    },
    /// Somebody wanted to register with the address of an account.
    AlreadyRegistered {
        /// The sign-in page.
        login_link: &'a str,
        /// The page for a forgotten password.
        recover_link: &'a str,
    },
    /// An invitation to register.
    Invitation {
        /// The registration page.
        link: &'a str,
        /// Who invites, as they call themselves.
        inviter: Option<&'a str>,
        /// Seconds.
        valid_for: i64,
    },
    /// Proves the address of an account that exists.
    VerifyEmail {
        /// Confirms.
        link: &'a str,
        /// Six digits that do as well.
        code: &'a str,
        /// Seconds.
        valid_for: i64,
    },
    /// The password was forgotten.
    ResetPassword {
        /// Where to choose a new one.
        link: &'a str,
        /// Six digits that do as well.
        code: Option<&'a str>,
        /// Seconds.
        valid_for: i64,
    },
    /// The password was changed.
    PasswordChanged {
        /// When.
        when: Timestamp,
        /// On which device.
        device: &'a str,
        /// Freezes the account.
        freeze_link: &'a str,
    },
    /// To the new address: proves it.
    EmailChange {
        /// Confirms.
        link: &'a str,
        /// Six digits that do as well.
        code: &'a str,
        /// Seconds.
        valid_for: i64,
    },
    /// To the old address: it is another one now.
    EmailChanged {
        /// The new address, masked.
        new_masked: &'a str,
        /// Takes the change back.
        undo_link: &'a str,
        /// Seconds.
        valid_for: i64,
    },
    /// The old address is back.
    EmailChangeUndone,
    /// Too many wrong passwords.
    UnlockAccount {
        /// Opens the account again.
        link: &'a str,
        /// When the last of them was tried.
        when: Timestamp,
        /// Seconds.
        valid_for: i64,
    },
    /// A code as second factor.
    EmailOtp {
        /// Six digits.
        code: &'a str,
        /// Seconds.
        valid_for: i64,
    },
    /// A sign-in on a device that is new to the account.
    NewDevice {
        /// Which device.
        device: &'a str,
        /// Where from, if it is known.
        ip: Option<&'a str>,
        /// When.
        when: Timestamp,
        /// Freezes the account.
        freeze_link: &'a str,
    },
    /// One more way to sign in.
    FactorAdded {
        /// What it is.
        what: MailFactor,
        /// What its owner calls it.
        name: &'a str,
        /// Freezes the account.
        freeze_link: &'a str,
    },
    /// One way less to sign in.
    FactorRemoved {
        /// What it was.
        what: MailFactor,
        /// What its owner called it.
        name: &'a str,
        /// Freezes the account.
        freeze_link: &'a str,
    },
    /// Recovery codes were made; those before are void.
    RecoveryCodesMade {
        /// Freezes the account.
        freeze_link: &'a str,
    },
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// How many are left.
        left: i64,
        /// Freezes the account.
        freeze_link: &'a str,
    },
    /// The account will be erased.
    DeletionScheduled {
        /// When.
        when: Timestamp,
        /// Keeps the account.
        undo_link: &'a str,
    },
    /// The account was erased.
    AccountErased,
    /// Somebody followed a freeze link.
    AccountFrozen {
        /// The page for a new password.
        recover_link: &'a str,
    },
}

/// A way to sign in that a mail tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFactor {
    /// An authenticator app.
    Totp,
    /// A passkey.
    Passkey,
}

/// Who writes, and in which language.
#[derive(Clone, Copy, Debug)]
pub struct MailFrame<'a> {
    /// The receiver's language.
    pub lang: Lang,
    /// The server's name as people know it (`Settings::display_name`).
    pub site: &'a str,
    /// Where the server is (the issuer).
    pub home: &'a str,
}

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailWords {
    /// The subject, one line.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Mail<'_> {
    /// What it is for: a name that stays.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::VerifyRegistration { .. } => "verify-registration",
            Self::AlreadyRegistered { .. } => "already-registered",
            Self::Invitation { .. } => "invitation",
            Self::VerifyEmail { .. } => "verify-email",
            Self::ResetPassword { .. } => "reset-password",
            Self::PasswordChanged { .. } => "password-changed",
            Self::EmailChange { .. } => "email-change",
            Self::EmailChanged { .. } => "email-changed",
            Self::EmailChangeUndone => "email-change-undone",
            Self::UnlockAccount { .. } => "unlock-account",
            Self::EmailOtp { .. } => "email-otp",
            Self::NewDevice { .. } => "new-device",
            Self::FactorAdded { .. } => "factor-added",
            Self::FactorRemoved { .. } => "factor-removed",
            Self::RecoveryCodesMade { .. } => "recovery-codes-made",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::DeletionScheduled { .. } => "deletion-scheduled",
            Self::AccountErased => "account-erased",
            Self::AccountFrozen { .. } => "account-frozen",
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// A template that fails to render.
    pub fn render(&self, frame: &MailFrame<'_>) -> Result<MailWords, Error> {
        let sheet = Sheet(*frame);
        self.letter(sheet).render(sheet)
    }

    fn letter(&self, sheet: Sheet<'_>) -> Letter {
        match *self {
            Self::VerifyRegistration { link, code, valid_for } => {
                sheet.verify_registration(link, code, valid_for)
            }
            Self::AlreadyRegistered { login_link, recover_link } => {
                sheet.already_registered(login_link, recover_link)
            }
            Self::Invitation { link, inviter, valid_for } => {
                sheet.invitation(link, inviter, valid_for)
            }
            Self::VerifyEmail { link, code, valid_for } => {
                sheet.verify_email(link, code, valid_for)
            }
            Self::ResetPassword { link, code, valid_for } => {
                sheet.reset_password(link, code, valid_for)
            }
            Self::PasswordChanged { when, device, freeze_link } => {
                sheet.password_changed(when, device, freeze_link)
            }
            Self::EmailChange { link, code, valid_for } => {
                sheet.email_change(link, code, valid_for)
            }
            Self::EmailChanged { new_masked, undo_link, valid_for } => {
                sheet.email_changed(new_masked, undo_link, valid_for)
            }
            Self::EmailChangeUndone => sheet.email_change_undone(),
            Self::UnlockAccount { link, when, valid_for } => {
                sheet.unlock_account(link, when, valid_for)
            }
            Self::EmailOtp { code, valid_for } => sheet.email_otp(code, valid_for),
            Self::NewDevice { device, ip, when, freeze_link } => {
                sheet.new_device(device, ip, when, freeze_link)
            }
            Self::FactorAdded { what, name, freeze_link } => {
                sheet.factor_added(what, name, freeze_link)
            }
            Self::FactorRemoved { what, name, freeze_link } => {
                sheet.factor_removed(what, name, freeze_link)
            }
            Self::RecoveryCodesMade { freeze_link } => sheet.recovery_codes_made(freeze_link),
            Self::RecoveryCodeUsed { left, freeze_link } => {
                sheet.recovery_code_used(left, freeze_link)
            }
            Self::DeletionScheduled { when, undo_link } => {
                sheet.deletion_scheduled(when, undo_link)
            }
            Self::AccountErased => sheet.account_erased(),
            Self::AccountFrozen { recover_link } => sheet.account_frozen(recover_link),
        }
    }

    /// Every mail, with and without what may be missing.
    #[must_use]
    pub fn samples() -> Vec<Mail<'static>> {
        let mut samples = asked::samples();
        samples.extend(told::samples());
        samples
    }
}

const LINK: &str = "https://id.example/confirm/7mJ0Wc-9fD2y?a=b&c=d";
const CODE: &str = "042137";
const DEVICE: &str = "Firefox on Linux";
const WHEN: Timestamp = NOW;
