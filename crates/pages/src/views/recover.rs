//! The ways back into an account.

use askama::Template;
use vestibule_model::Message;

use super::register::{FieldProblem, OnwardFields, RulesShown};
use crate::{Shell, link, samples::SHELL};

/// What somebody wants for their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindPurpose {
    /// A new password.
    Recover,
    /// An end to the wait after too many wrong passwords.
    Unlock,
}

impl FindPurpose {
    const fn heading(self) -> &'static str {
        match self {
            Self::Recover => "recover-heading",
            Self::Unlock => "recover-unlock-heading",
        }
    }

    const fn lead(self) -> &'static str {
        match self {
            Self::Recover => "recover-lead",
            Self::Unlock => "recover-unlock-lead",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Recover => "/recover",
            Self::Unlock => "/unlock",
        }
    }
}

/// `/recover` and `/unlock`: which account it is.
///
/// Posts `csrf_token`, `interaction` or `next`, and `username` to `{base}/recover` or
/// `{base}/unlock`.
#[derive(Clone, Debug, Template)]
#[template(path = "find_account.html")]
pub struct FindAccount<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What for.
    pub purpose: FindPurpose,
    /// Where it leads.
    pub onward: OnwardFields<'a>,
    /// What was typed before an error.
    pub username: &'a str,
    /// Where whoever remembers signs in.
    pub sign_in: &'a str,
    /// What is wrong.
    pub problems: Vec<FieldProblem<'a>>,
}

impl FindAccount<'_> {
    fn sign_in_words(&self) -> String {
        self.shell.t("register-sign-in")
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static EMPTY: Message = Message::new("recover-who-empty");
        let recover = Self {
            shell: SHELL,
            csrf_token: "csrf",
            purpose: FindPurpose::Recover,
            onward: OnwardFields { interaction: Some("int_7Qd1"), next: None },
            username: "",
            sign_in: "/login?interaction=int_7Qd1",
            problems: vec![],
        };
        let wrong = Self {
            username: " ",
            problems: vec![FieldProblem { field: "username", message: &EMPTY }],
            ..recover.clone()
        };
        let unlock = Self { purpose: FindPurpose::Unlock, ..recover.clone() };
        vec![("recover", recover), ("recover-error", wrong), ("unlock", unlock)]
    }
}

/// `/recover/{token}` and, after a right code, `/recover/code`: a new password.
///
/// Posts `csrf_token` and `new_password`, after a code also `id` and `proof`, to `{base}{action}`.
#[derive(Clone, Debug, Template)]
#[template(path = "recover_password.html")]
pub struct RecoverPassword<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// Our path that takes the password.
    pub action: &'a str,
    /// After a right code: the verification's name, and the sealed proof.
    pub proof: Option<(&'a str, &'a str)>,
    /// Whose password it is, for password managers.
    pub username: &'a str,
    /// What the password must be.
    pub rules: RulesShown<'a>,
    /// What is wrong, every reason at once.
    pub problems: Vec<FieldProblem<'a>>,
}

impl RecoverPassword<'_> {
    fn target(&self) -> &str {
        link::safe(self.action)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static OWN: Message = Message::new("password-rule-own");
        static STRENGTH: Message = Message::new("password-rule-strength");
        let fresh = Self {
            shell: SHELL,
            csrf_token: "csrf",
            action: "/recover/t0ken",
            proof: None,
            username: "ana",
            rules: RulesShown::sample(),
            problems: vec![],
        };
        let problem = |message| FieldProblem { field: "new_password", message };
        let wrong = Self {
            action: "/recover/code",
            proof: Some(("ver_1", "v2.sealed")),
            problems: vec![problem(&OWN), problem(&STRENGTH)],
            ..fresh.clone()
        };
        vec![("recover-password", fresh), ("recover-password-error", wrong)]
    }
}
