//! The second factor.

use askama::Template;
use vestibule_model::Message;

use crate::{
    Person, Shell,
    samples::{ANA, SHELL},
};

/// `/login/verify`: one more proof.
///
/// Posts `csrf_token`, `method`, `interaction` or `next`, and `code`, or `credential` and `state`;
/// `remember=on` keeps the device. `decision` = `send` asks for a mail, `cancel` gives up.
#[derive(Clone, Debug, Template)]
#[template(path = "verify.html")]
pub struct Verify<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The pending authorization request.
    pub interaction: Option<&'a str>,
    /// Our own path to go on to.
    pub next: Option<&'a str>,
    /// The name of the client that asks.
    pub client: Option<&'a str>,
    /// Who is signing in.
    pub person: Person<'a>,
    /// Signed in already, and asked for more.
    pub step_up: bool,
    /// What is asked for on this page.
    pub method: VerifyMethod,
    /// What else could be.
    pub others: Vec<VerifyMethod>,
    /// The passkey's challenge.
    pub passkey: Option<PasskeyChallenge<'a>>,
    /// The mail with the code: where it went, masked, and its name.
    pub mail: Option<SentMail<'a>>,
    /// For how many days this device may be remembered.
    pub remember_days: Option<i64>,
    /// What went wrong.
    pub error: Option<&'a Message>,
}

/// A way to prove more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyMethod {
    /// A passkey.
    Passkey,
    /// A code from an authenticator app.
    Totp,
    /// A recovery code.
    Recovery,
    /// A code by mail.
    Email,
}

impl VerifyMethod {
    /// Its name in forms.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::Recovery => "recovery",
            Self::Email => "email",
        }
    }

    /// The words of the link that leads to it.
    const fn offer(self) -> &'static str {
        match self {
            Self::Passkey => "verify-offer-passkey",
            Self::Totp => "verify-offer-totp",
            Self::Recovery => "verify-offer-recovery",
            Self::Email => "verify-offer-email",
        }
    }
}

/// What the script hands to the authenticator (WebAuthn Level 3 §5.1).
#[derive(Clone, Copy, Debug)]
pub struct PasskeyChallenge<'a> {
    /// The options, as JSON.
    pub options: &'a str,
    /// What the server has to know again, sealed.
    pub state: &'a str,
}

/// A mail with a code that is on its way.
#[derive(Clone, Copy, Debug)]
pub struct SentMail<'a> {
    /// The masked address.
    pub to: &'a str,
    /// The verification's name.
    pub verification: &'a str,
}

impl Verify<'_> {
    /// The query of this page for another method.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn query(&self, method: &VerifyMethod) -> String {
        let name = method.name();
        match (self.interaction, self.next) {
            (Some(id), _) => format!("interaction={}&method={name}", crate::link::query_value(id)),
            (None, Some(next)) => format!("next={}&method={name}", crate::link::query_value(next)),
            (None, None) => format!("method={name}"),
        }
    }

    fn takes_code(&self) -> bool {
        match self.method {
            VerifyMethod::Totp | VerifyMethod::Recovery => true,
            VerifyMethod::Email => self.mail.is_some(),
            VerifyMethod::Passkey => false,
        }
    }

    const fn lead(&self) -> &'static str {
        match (self.method, self.mail) {
            (VerifyMethod::Passkey, _) => "verify-lead-passkey",
            (VerifyMethod::Totp, _) => "verify-lead-totp",
            (VerifyMethod::Recovery, _) => "verify-lead-recovery",
            (VerifyMethod::Email, None) => "verify-lead-email",
            (VerifyMethod::Email, Some(_)) => "verify-lead-sent",
        }
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        const WRONG: &Message = &Message::new("verify-code-wrong");
        let totp = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: Some("int_7Qd1"),
            next: None,
            client: Some("Acme Notes"),
            person: ANA,
            step_up: false,
            method: VerifyMethod::Totp,
            others: vec![VerifyMethod::Passkey, VerifyMethod::Recovery],
            passkey: None,
            mail: None,
            remember_days: Some(30),
            error: None,
        };
        let passkey = Self {
            method: VerifyMethod::Passkey,
            others: vec![VerifyMethod::Totp],
            passkey: Some(PasskeyChallenge { options: "{\"publicKey\":{}}", state: "v2.sealed" }),
            step_up: true,
            ..totp.clone()
        };
        let email = Self {
            method: VerifyMethod::Email,
            others: vec![],
            remember_days: None,
            ..totp.clone()
        };
        let sent = SentMail { to: "a…@mail.example", verification: "ver_1" };
        vec![
            ("verify-totp", totp.clone()),
            ("verify-totp-error", Self { error: Some(WRONG), ..totp.clone() }),
            ("verify-recovery", Self { method: VerifyMethod::Recovery, ..totp }),
            ("verify-passkey", passkey),
            ("verify-email", email.clone()),
            ("verify-email-sent", Self { mail: Some(sent), ..email }),
        ]
    }
}
