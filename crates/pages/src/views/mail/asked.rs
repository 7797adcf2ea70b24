//! Mails that somebody asked for: most of them prove something.

use vestibule_model::Timestamp;

use super::{
    CODE, LINK, Mail, WHEN,
    letter::{Letter, Sheet},
};

impl Sheet<'_> {
    pub(super) fn verify_registration(self, link: &str, code: &str, valid_for: i64) -> Letter {
        Letter::new(self.t("mail-register-subject"), self.t("mail-register-lead"))
            .action(self.t("mail-register-action"), link)
            .code(code)
            .valid(self.span("mail-valid-both", valid_for))
            .otherwise(self.t("mail-register-otherwise"))
    }

    pub(super) fn already_registered(self, login_link: &str, recover_link: &str) -> Letter {
        Letter::new(self.t("mail-registered-subject"), self.t("mail-registered-lead"))
            .action(self.t("mail-registered-sign-in"), login_link)
            .action(self.t("mail-registered-recover"), recover_link)
            .otherwise(self.t("mail-registered-otherwise"))
    }

    pub(super) fn invitation(self, link: &str, inviter: Option<&str>, valid_for: i64) -> Letter {
        let mut letter =
            Letter::new(self.t("mail-invitation-subject"), self.t("mail-invitation-lead"));
        if let Some(inviter) = inviter {
            letter = letter.fact(self.t("mail-label-invited-by"), inviter);
        }
        letter
            .action(self.t("mail-invitation-action"), link)
            .valid(self.span("mail-valid-link", valid_for))
            .otherwise(self.t("mail-invitation-otherwise"))
    }

    pub(super) fn verify_email(self, link: &str, code: &str, valid_for: i64) -> Letter {
        Letter::new(self.t("mail-verify-subject"), self.t("mail-verify-lead"))
            .action(self.t("mail-verify-action"), link)
            .code(code)
            .valid(self.span("mail-valid-both", valid_for))
            .otherwise(self.t("mail-verify-otherwise"))
    }

    pub(super) fn reset_password(self, link: &str, code: Option<&str>, valid_for: i64) -> Letter {
        let letter = Letter::new(self.t("mail-reset-subject"), self.t("mail-reset-lead"))
            .action(self.t("mail-reset-action"), link);
        let letter = match code {
            Some(code) => letter.code(code).valid(self.span("mail-valid-both", valid_for)),
            None => letter.valid(self.span("mail-valid-link", valid_for)),
        };
        letter.otherwise(self.t("mail-reset-otherwise"))
    }

    pub(super) fn email_change(self, link: &str, code: &str, valid_for: i64) -> Letter {
        Letter::new(self.t("mail-change-subject"), self.t("mail-change-lead"))
            .action(self.t("mail-change-action"), link)
            .code(code)
            .valid(self.span("mail-valid-both", valid_for))
            .otherwise(self.t("mail-change-otherwise"))
    }

    pub(super) fn unlock_account(self, link: &str, when: Timestamp, valid_for: i64) -> Letter {
        Letter::new(self.t("mail-unlock-subject"), self.t("mail-unlock-lead"))
            .moment(self, when)
            .action(self.t("mail-unlock-action"), link)
            .valid(self.span("mail-valid-link", valid_for))
            .otherwise(self.t("mail-unlock-otherwise"))
    }

    pub(super) fn email_otp(self, code: &str, valid_for: i64) -> Letter {
        Letter::new(self.t("mail-otp-subject"), self.t("mail-otp-lead"))
            .code(code)
            .valid(self.span("mail-valid-code", valid_for))
            .otherwise(self.t("mail-otp-otherwise"))
    }
}

pub(super) fn samples() -> Vec<Mail<'static>> {
    vec![
        Mail::VerifyRegistration { link: LINK, code: CODE, valid_for: 86_400 },
        Mail::AlreadyRegistered { login_link: LINK, recover_link: "https://id.example/recover" },
        Mail::Invitation { link: LINK, inviter: Some("Ben Ode"), valid_for: 604_800 },
        Mail::Invitation { link: LINK, inviter: None, valid_for: 604_800 },
        Mail::VerifyEmail { link: LINK, code: CODE, valid_for: 86_400 },
        Mail::ResetPassword { link: LINK, code: Some(CODE), valid_for: 1_800 },
        Mail::ResetPassword { link: LINK, code: None, valid_for: 1_800 },
        Mail::EmailChange { link: LINK, code: CODE, valid_for: 3_600 },
        Mail::UnlockAccount { link: LINK, when: WHEN, valid_for: 3_600 },
        Mail::EmailOtp { code: CODE, valid_for: 600 },
    ]
}
