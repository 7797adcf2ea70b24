//! Mails that tell what happened to an account.

use vestibule_model::{Timestamp, message::Value};

use super::{
    DEVICE, LINK, Mail, MailFactor, WHEN,
    letter::{Letter, Sheet},
};

impl Sheet<'_> {
    pub(super) fn password_changed(
        self,
        when: Timestamp,
        device: &str,
        freeze_link: &str,
    ) -> Letter {
        Letter::new(self.t("mail-password-subject"), self.t("mail-password-lead"))
            .moment(self, when)
            .fact(self.t("mail-label-device"), device)
            .freeze(self, freeze_link)
    }

    pub(super) fn email_changed(self, new_masked: &str, undo_link: &str, valid_for: i64) -> Letter {
        Letter::new(self.t("mail-changed-subject"), self.t("mail-changed-lead"))
            .address(self.t("mail-label-new-address"), new_masked)
            .otherwise(self.span("mail-changed-otherwise", valid_for))
            .last(self.t("mail-changed-action"), undo_link)
    }

    pub(super) fn email_change_undone(self) -> Letter {
        Letter::new(self.t("mail-undone-subject"), self.t("mail-undone-lead"))
            .otherwise(self.t("mail-undone-otherwise"))
    }

    pub(super) fn new_device(
        self,
        device: &str,
        ip: Option<&str>,
        when: Timestamp,
        freeze_link: &str,
    ) -> Letter {
        Letter::new(self.t("mail-device-subject"), self.t("mail-device-lead"))
            .moment(self, when)
            .fact(self.t("mail-label-device"), device)
            .fact(self.t("mail-label-ip"), ip.unwrap_or_default())
            .freeze(self, freeze_link)
    }

    pub(super) fn factor_added(self, what: MailFactor, name: &str, freeze_link: &str) -> Letter {
        let (subject, lead) = match what {
            MailFactor::Totp => ("mail-totp-added-subject", "mail-totp-added-lead"),
            MailFactor::Passkey => ("mail-passkey-added-subject", "mail-passkey-added-lead"),
        };
        self.factor(subject, lead, name, freeze_link)
    }

    pub(super) fn factor_removed(self, what: MailFactor, name: &str, freeze_link: &str) -> Letter {
        let (subject, lead) = match what {
            MailFactor::Totp => ("mail-totp-removed-subject", "mail-totp-removed-lead"),
            MailFactor::Passkey => ("mail-passkey-removed-subject", "mail-passkey-removed-lead"),
        };
        self.factor(subject, lead, name, freeze_link)
    }

    fn factor(self, subject: &str, lead: &str, name: &str, freeze_link: &str) -> Letter {
        Letter::new(self.t(subject), self.t(lead))
            .fact(self.t("mail-label-name"), name)
            .freeze(self, freeze_link)
    }

    pub(super) fn recovery_codes_made(self, freeze_link: &str) -> Letter {
        Letter::new(self.t("mail-codes-made-subject"), self.t("mail-codes-made-lead"))
            .freeze(self, freeze_link)
    }

    pub(super) fn recovery_code_used(self, left: i64, freeze_link: &str) -> Letter {
        let lead = self.filled("mail-code-used-lead", Some(("left", Value::Number(left))));
        Letter::new(self.t("mail-code-used-subject"), lead).freeze(self, freeze_link)
    }

    pub(super) fn deletion_scheduled(self, when: Timestamp, undo_link: &str) -> Letter {
        let day = Value::Text(self.day(when));
        let lead = self.filled("mail-deletion-lead", Some(("when", day)));
        Letter::new(self.t("mail-deletion-subject"), lead)
            .action(self.t("mail-deletion-action"), undo_link)
            .otherwise(self.t("mail-deletion-otherwise"))
    }

    pub(super) fn account_erased(self) -> Letter {
        Letter::new(self.t("mail-erased-subject"), self.t("mail-erased-lead"))
            .otherwise(self.t("mail-erased-otherwise"))
    }

    pub(super) fn account_frozen(self, recover_link: &str) -> Letter {
        Letter::new(self.t("mail-frozen-subject"), self.t("mail-frozen-lead"))
            .action(self.t("mail-frozen-action"), recover_link)
            .otherwise(self.t("mail-frozen-otherwise"))
    }
}

pub(super) fn samples() -> Vec<Mail<'static>> {
    let factors = [(MailFactor::Totp, "Phone"), (MailFactor::Passkey, "YubiKey 5.4")];
    let mut samples = vec![
        Mail::PasswordChanged { when: WHEN, device: DEVICE, freeze_link: LINK },
        Mail::EmailChanged { new_masked: "b…@mail.example", undo_link: LINK, valid_for: 604_800 },
        Mail::EmailChangeUndone,
        Mail::NewDevice { device: DEVICE, ip: Some("192.0.2.7"), when: WHEN, freeze_link: LINK },
        Mail::NewDevice { device: DEVICE, ip: None, when: WHEN, freeze_link: LINK },
        Mail::RecoveryCodesMade { freeze_link: LINK },
        Mail::DeletionScheduled { when: WHEN, undo_link: LINK },
        Mail::AccountErased,
        Mail::AccountFrozen { recover_link: LINK },
    ];
    for (what, name) in factors {
        samples.push(Mail::FactorAdded { what, name, freeze_link: LINK });
        samples.push(Mail::FactorRemoved { what, name, freeze_link: LINK });
    }
    for left in [0, 1, 7] {
        samples.push(Mail::RecoveryCodeUsed { left, freeze_link: LINK });
    }
    samples
}
