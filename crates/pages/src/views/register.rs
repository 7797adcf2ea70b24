//! Making an account.

use askama::Template;
use vestibule_model::Message;

use crate::{Shell, link, samples::SHELL};

/// What is wrong with a field.
#[derive(Clone, Copy, Debug)]
pub struct FieldProblem<'a> {
    /// The field's name in the form, which is its id on the page.
    pub field: &'static str,
    /// What, in one sentence.
    pub message: &'a Message,
}

/// Where a form leads in the end; carried along by hidden fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnwardFields<'a> {
    /// The pending authorization request.
    pub interaction: Option<&'a str>,
    /// Our own path.
    pub next: Option<&'a str>,
}

/// What a new password must be, as the page says it before anything is typed.
#[derive(Clone, Debug)]
pub struct RulesShown<'a> {
    /// The least number of characters.
    pub min: usize,
    /// The greatest number of characters.
    pub max: usize,
    /// The rules, a sentence each.
    pub shown: Vec<&'a Message>,
}

impl RulesShown<'static> {
    /// The rules of every sample.
    pub(crate) fn sample() -> Self {
        static LENGTH: Message = Message::new("password-rule-strength");
        static OWN: Message = Message::new("password-rule-own");
        Self { min: 12, max: 128, shown: vec![&LENGTH, &OWN] }
    }
}

/// The terms of service that a new account needs.
#[derive(Clone, Copy, Debug)]
pub struct TermsBox<'a> {
    /// Their version.
    pub version: &'a str,
    /// Where they can be read.
    pub uri: &'a str,
    /// Whether they were accepted before an error.
    pub ticked: bool,
}

impl TermsBox<'_> {
    fn safe_uri(&self) -> &str {
        link::safe(self.uri)
    }
}

/// `/register`: name, address, password.
///
/// Posts `csrf_token`, `interaction` or `next`, `invite`, `username`, `email`, `name`, `password`
/// and `terms` to `{base}/register`.
#[derive(Clone, Debug, Template)]
#[template(path = "register.html")]
pub struct Register<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// Where it leads.
    pub onward: OnwardFields<'a>,
    /// The secret of an invitation's link; the address is then fixed.
    pub invite: Option<&'a str>,
    /// The name of the client that asks.
    pub client: Option<&'a str>,
    /// What was typed before an error.
    pub username: &'a str,
    /// What was typed before an error, or the invitation's.
    pub email: &'a str,
    /// What was typed before an error.
    pub name: &'a str,
    /// What the password must be.
    pub rules: RulesShown<'a>,
    /// The terms of service, if there are any.
    pub terms: Option<TermsBox<'a>>,
    /// Where whoever has an account signs in.
    pub sign_in: &'a str,
    /// What is wrong, every reason at once.
    pub problems: Vec<FieldProblem<'a>>,
}

impl Register<'_> {
    fn is_wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    fn wrongs(&self, field: &str) -> Vec<&Message> {
        let of_field = self.problems.iter().filter(|problem| problem.field == field);
        of_field.map(|problem| problem.message).collect()
    }

    fn sign_in_words(&self) -> String {
        self.shell.t("register-sign-in")
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static TAKEN: Message = Message::new("register-username-taken");
        static OWN: Message = Message::new("password-rule-own");
        static TERMS: Message = Message::new("register-terms-needed");
        static LOOK: Message = Message::new("account-email-look");
        let fresh = Self {
            shell: SHELL,
            csrf_token: "csrf",
            onward: OnwardFields { interaction: Some("int_7Qd1"), next: None },
            invite: None,
            client: Some("Acme Notes"),
            username: "",
            email: "",
            name: "",
            rules: RulesShown::sample(),
            terms: Some(TermsBox {
                version: "2026-11",
                uri: "https://id.example/terms",
                ticked: false,
            }),
            sign_in: "/login?interaction=int_7Qd1",
            problems: vec![],
        };
        let problem = |field, message| FieldProblem { field, message };
        let wrong = Self {
            username: "ana",
            email: "ana@",
            name: "Ana Lima",
            problems: vec![
                problem("username", &TAKEN),
                problem("email", &LOOK),
                problem("password", &OWN),
                problem("terms", &TERMS),
            ],
            ..fresh.clone()
        };
        let invited = Self {
            invite: Some("inv1te"),
            email: "ana.lima@mail.example",
            client: None,
            onward: OnwardFields::default(),
            terms: None,
            sign_in: "/login",
            ..fresh.clone()
        };
        vec![("register", fresh), ("register-error", wrong), ("register-invited", invited)]
    }
}

/// What a code by mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// A new account.
    Register,
    /// A forgotten password.
    Recover,
    /// The address of the account.
    VerifyEmail,
    /// A new address of the account.
    ChangeEmail,
}

impl CodePurpose {
    const fn heading(self) -> &'static str {
        match self {
            Self::Register | Self::Recover => "register-code-heading",
            Self::VerifyEmail => "register-code-heading-verify",
            Self::ChangeEmail => "register-code-heading-change",
        }
    }

    /// Says to whom a mail went, and of [`Recover`](Self::Recover) only that one did if there is an
    /// account.
    const fn lead(self) -> &'static str {
        match self {
            Self::Recover => "recover-code-lead",
            Self::Register | Self::VerifyEmail | Self::ChangeEmail => "register-code-lead",
        }
    }

    /// How its buttons stand: one below the other in the doorway, side by side in the account.
    const fn row(self) -> &'static str {
        match self {
            Self::Register | Self::Recover => "stack",
            Self::VerifyEmail | Self::ChangeEmail => "bar",
        }
    }

    /// What to do if no mail comes.
    const fn astray(self) -> &'static str {
        match self {
            Self::Recover => "recover-code-astray",
            Self::Register | Self::VerifyEmail | Self::ChangeEmail => "register-code-astray",
        }
    }
}

/// `/register/verify` and `/recover/code`: the code that a mail carries.
///
/// Posts `csrf_token`, `id` and `code` to `{base}{action}`; `decision=send` asks for another mail.
#[derive(Clone, Debug, Template)]
#[template(path = "mail_code.html")]
pub struct MailCode<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// Our path that takes the code.
    pub action: &'a str,
    /// What it is for.
    pub purpose: CodePurpose,
    /// The verification's name.
    pub id: &'a str,
    /// Where the mail went, or what was typed.
    pub to: &'a str,
    /// Seconds that a code works.
    pub valid_for: i64,
    /// Where to begin anew.
    pub start_over: &'a str,
    /// Another mail went out just now.
    pub sent_again: bool,
    /// What is wrong with the code.
    pub problems: Vec<FieldProblem<'a>>,
}

impl MailCode<'_> {
    fn target(&self) -> &str {
        link::safe(self.action)
    }

    fn start_over_words(&self) -> String {
        self.shell.t("register-start-over")
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static WRONG: Message = Message::new("register-code-old");
        let register = Self {
            shell: SHELL,
            csrf_token: "csrf",
            action: "/register/verify",
            purpose: CodePurpose::Register,
            id: "ver_1",
            to: "ana.lima@mail.example",
            valid_for: 1_800,
            start_over: "/register?interaction=int_7Qd1",
            sent_again: false,
            problems: vec![],
        };
        let wrong = Self {
            problems: vec![FieldProblem { field: "code", message: &WRONG }],
            ..register.clone()
        };
        let recover = Self {
            action: "/recover/code",
            purpose: CodePurpose::Recover,
            to: "ana",
            start_over: "/recover",
            ..register.clone()
        };
        vec![
            ("register-code", register.clone()),
            ("register-code-again", Self { sent_again: true, ..register }),
            ("register-code-error", wrong),
            ("recover-code", recover),
        ]
    }
}

/// `/account/email/verify/{id}`: the code that a mail to one's own address carries.
///
/// Posts as [`MailCode`].
#[derive(Clone, Debug, Template)]
#[template(path = "email_code.html")]
pub struct EmailCode<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The section of the account.
    pub section: &'a str,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// Our path that takes the code.
    pub action: &'a str,
    /// What it is for.
    pub purpose: CodePurpose,
    /// The verification's name.
    pub id: &'a str,
    /// Where the mail went.
    pub to: &'a str,
    /// Seconds that a code works.
    pub valid_for: i64,
    /// Another mail went out just now.
    pub sent_again: bool,
    /// What is wrong with the code.
    pub problems: Vec<FieldProblem<'a>>,
}

impl EmailCode<'_> {
    fn target(&self) -> &str {
        link::safe(self.action)
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static WRONG: Message = Message::new("register-code-old");
        let change = Self {
            shell: SHELL,
            section: "email",
            csrf_token: "csrf",
            action: "/account/email/verify/ver_1",
            purpose: CodePurpose::ChangeEmail,
            id: "ver_1",
            to: "ana@new.example",
            valid_for: 1_800,
            sent_again: false,
            problems: vec![],
        };
        let wrong = Self {
            purpose: CodePurpose::VerifyEmail,
            problems: vec![FieldProblem { field: "code", message: &WRONG }],
            ..change.clone()
        };
        vec![("email-code", change), ("email-code-error", wrong)]
    }
}
