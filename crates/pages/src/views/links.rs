//! The pages behind the links of our mails. A link opens a page with a button, because scanners of
//! mail follow links; what came of it, and every link that works no longer, has a page of its own.

use askama::Template;
use vestibule_model::Message;

use crate::{Shell, link, samples::SHELL};

/// What a link does once its button is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Makes the account that somebody asked for.
    Register,
    /// Confirms the address of an account.
    VerifyEmail,
    /// Puts a new address in the place of the old one.
    ChangeEmail,
    /// Takes that back.
    UndoEmail,
    /// Ends the wait after too many wrong passwords.
    Unlock,
    /// "This wasn't me".
    Freeze,
    /// Keeps an account that was to be deleted.
    UndoDeletion,
}

impl LinkKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Register,
        Self::VerifyEmail,
        Self::ChangeEmail,
        Self::UndoEmail,
        Self::Unlock,
        Self::Freeze,
        Self::UndoDeletion,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::Register => "links-register-heading",
            Self::VerifyEmail => "links-verify-heading",
            Self::ChangeEmail => "links-change-heading",
            Self::UndoEmail => "links-undo-heading",
            Self::Unlock => "links-unlock-heading",
            Self::Freeze => "links-freeze-heading",
            Self::UndoDeletion => "links-keep-heading",
        }
    }

    const fn lead(self) -> &'static str {
        match self {
            Self::Register => "links-register-lead",
            Self::VerifyEmail => "links-verify-lead",
            Self::ChangeEmail => "links-change-lead",
            Self::UndoEmail => "links-undo-lead",
            Self::Unlock => "links-unlock-lead",
            Self::Freeze => "links-freeze-lead",
            Self::UndoDeletion => "links-keep-lead",
        }
    }

    const fn button(self) -> &'static str {
        match self {
            Self::Register => "links-register-button",
            Self::VerifyEmail => "links-verify-button",
            Self::ChangeEmail => "links-change-button",
            Self::UndoEmail => "links-undo-button",
            Self::Unlock => "links-unlock-button",
            Self::Freeze => "links-freeze-button",
            Self::UndoDeletion => "links-keep-button",
        }
    }

    /// What happens if the button is not pressed.
    const fn otherwise(self) -> &'static str {
        match self {
            Self::Register => "links-register-otherwise",
            Self::VerifyEmail | Self::ChangeEmail => "links-address-otherwise",
            Self::UndoEmail | Self::Freeze => "links-harsh-otherwise",
            Self::Unlock => "links-unlock-otherwise",
            Self::UndoDeletion => "links-keep-otherwise",
        }
    }

    /// Whether it signs people out and takes the password away.
    const fn is_harsh(self) -> bool {
        matches!(self, Self::UndoEmail | Self::Freeze)
    }
}

/// One button.
///
/// Posts `csrf_token`, and `password` if it is asked for, to `{base}{action}`.
#[derive(Clone, Debug, Template)]
#[template(path = "link_confirm.html")]
pub struct LinkConfirm<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// Our path, the link's secret in it.
    pub action: &'a str,
    /// What the button does.
    pub kind: LinkKind,
    /// The user name that it is about.
    pub who: &'a str,
    /// The address that it is about.
    pub address: &'a str,
    /// Ask for the password that was chosen: another browser than this one chose it.
    pub password: Option<PasswordAsked<'a>>,
}

/// A password that a page asks for once more.
#[derive(Clone, Copy, Debug, Default)]
pub struct PasswordAsked<'a> {
    /// What was wrong with the last one.
    pub error: Option<&'a Message>,
}

impl LinkConfirm<'_> {
    fn target(&self) -> &str {
        link::safe(self.action)
    }

    fn error(&self) -> Option<&Message> {
        self.password.and_then(|password| password.error)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        const WRONG: &Message = &Message::new("links-register-password-wrong");
        let page = |kind| Self {
            shell: SHELL,
            csrf_token: "csrf",
            action: "/verify/t0ken",
            kind,
            who: "ana",
            address: "ana.lima@mail.example",
            password: None,
        };
        let wrong = PasswordAsked { error: Some(WRONG) };
        let elsewhere = Self { password: Some(wrong), ..page(LinkKind::Register) };
        vec![
            ("link-register", page(LinkKind::Register)),
            ("link-register-elsewhere", elsewhere),
            ("link-verify", page(LinkKind::VerifyEmail)),
            ("link-change", page(LinkKind::ChangeEmail)),
            ("link-undo", page(LinkKind::UndoEmail)),
            ("link-unlock", page(LinkKind::Unlock)),
            ("link-freeze", page(LinkKind::Freeze)),
            ("link-keep", page(LinkKind::UndoDeletion)),
        ]
    }
}

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Nobody can register.
    RegisterOff,
    /// Only whoever was invited can.
    InviteNeeded,
    /// An invitation that works no longer.
    InviteOver,
    /// The account was made, from another browser than the one where it began.
    Registered,
    /// Somebody proved an address that has an account already.
    AddressTaken,
    /// The address is proved.
    EmailVerified,
    /// The new address is in use.
    EmailChanged,
    /// The old address is back.
    EmailUndone,
    /// The old address is another account's by now.
    EmailLost,
    /// A link is on its way if the account is locked.
    UnlockSent,
    /// The account is open again.
    Unlocked,
    /// The account is frozen.
    Frozen,
    /// The account stays.
    Kept,
    /// A link or code that was used, or that a newer one replaced.
    LinkUsed,
    /// A link or code that is too old.
    LinkExpired,
    /// A link that was never sent, or long ago.
    LinkUnknown,
    /// There are no mails, so nobody can be helped to a new password by one.
    MailOff,
    /// An administrator locked the account.
    AccountLocked,
}

impl NoticeKind {
    /// Every kind, with the name of its sample.
    pub const ALL: [(&'static str, Self); 18] = [
        ("notice-register-off", Self::RegisterOff),
        ("notice-invite-needed", Self::InviteNeeded),
        ("notice-invite-over", Self::InviteOver),
        ("notice-registered", Self::Registered),
        ("notice-address-taken", Self::AddressTaken),
        ("notice-email-verified", Self::EmailVerified),
        ("notice-email-changed", Self::EmailChanged),
        ("notice-email-undone", Self::EmailUndone),
        ("notice-email-lost", Self::EmailLost),
        ("notice-unlock-sent", Self::UnlockSent),
        ("notice-unlocked", Self::Unlocked),
        ("notice-frozen", Self::Frozen),
        ("notice-kept", Self::Kept),
        ("notice-link-used", Self::LinkUsed),
        ("notice-link-expired", Self::LinkExpired),
        ("notice-link-unknown", Self::LinkUnknown),
        ("notice-mail-off", Self::MailOff),
        ("notice-account-locked", Self::AccountLocked),
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::RegisterOff => "register-off-heading",
            Self::InviteNeeded => "register-invite-heading",
            Self::InviteOver => "register-invite-over-heading",
            Self::Registered => "register-done-heading",
            Self::AddressTaken => "register-taken-heading",
            Self::EmailVerified => "links-verified-heading",
            Self::EmailChanged => "links-changed-heading",
            Self::EmailUndone => "links-undone-heading",
            Self::EmailLost => "links-lost-heading",
            Self::UnlockSent => "recover-unlock-sent-heading",
            Self::Unlocked => "links-unlocked-heading",
            Self::Frozen => "links-frozen-heading",
            Self::Kept => "links-kept-heading",
            Self::LinkUsed => "links-used-heading",
            Self::LinkExpired => "links-expired-heading",
            Self::LinkUnknown => "links-unknown-heading",
            Self::MailOff => "recover-off-heading",
            Self::AccountLocked => "recover-locked-heading",
        }
    }

    const fn lead(self) -> &'static str {
        match self {
            Self::RegisterOff => "register-off-lead",
            Self::InviteNeeded => "register-invite-lead",
            Self::InviteOver => "register-invite-over-lead",
            Self::Registered => "register-done-lead",
            Self::AddressTaken => "register-taken-lead",
            Self::EmailVerified => "links-verified-lead",
            Self::EmailChanged => "links-changed-lead",
            Self::EmailUndone => "links-undone-lead",
            Self::EmailLost => "links-lost-lead",
            Self::UnlockSent => "recover-unlock-sent-lead",
            Self::Unlocked => "links-unlocked-lead",
            Self::Frozen => "links-frozen-lead",
            Self::Kept => "links-kept-lead",
            Self::LinkUsed => "links-used-lead",
            Self::LinkExpired => "links-expired-lead",
            Self::LinkUnknown => "links-unknown-lead",
            Self::MailOff => "recover-off-lead",
            Self::AccountLocked => "recover-locked-lead",
        }
    }
}

/// Where to go from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the sign-in page.
    SignIn,
    /// To a new password.
    Recover,
    /// To another mail.
    AnotherMail,
    /// To a new account.
    Register,
    /// To the account.
    Account,
}

impl Way {
    const fn words(self) -> &'static str {
        match self {
            Self::SignIn => "links-way-sign-in",
            Self::Recover => "links-way-recover",
            Self::AnotherMail => "links-way-another-mail",
            Self::Register => "links-way-register",
            Self::Account => "links-way-account",
        }
    }
}

/// One thing to say, and the ways on.
#[derive(Clone, Debug, Template)]
#[template(path = "notice.html")]
pub struct Notice<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What to say.
    pub kind: NoticeKind,
    /// The address or name that it is about.
    pub about: &'a str,
    /// Where to go from here, the best first.
    pub ways: Vec<(Way, &'a str)>,
}

impl Notice<'_> {
    /// A target, made [`link::safe`].
    #[expect(clippy::unused_self, reason = "templates call methods of the view")]
    fn safe<'t>(&self, href: &'t str) -> &'t str {
        link::safe(href)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |(name, kind)| {
            let ways = vec![(Way::SignIn, "/login"), (Way::Recover, "/recover")];
            (name, Self { shell: SHELL, kind, about: "ana.lima@mail.example", ways })
        };
        NoticeKind::ALL.into_iter().map(page).collect()
    }
}
