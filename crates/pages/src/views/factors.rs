//! The account's second factors and passkeys.

use askama::Template;
use vestibule_model::{Message, Timestamp};

use crate::{
    PasskeyChallenge, Shell,
    samples::{NOW, SHELL},
    views::enrol::{SETUP, TotpSetup},
};

/// A factor as its owner sees it.
#[derive(Clone, Copy, Debug)]
pub struct FactorRow<'a> {
    /// Its name in forms.
    pub id: &'a str,
    /// What its owner calls it.
    pub name: &'a str,
    /// When it was added.
    pub added: Timestamp,
    /// Its last use.
    pub used: Option<Timestamp>,
    /// Synchronised between devices.
    pub synced: bool,
}

/// `/account/mfa`: authenticator apps and recovery codes.
#[derive(Clone, Debug, Template)]
#[template(path = "account_mfa.html")]
pub struct MfaPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// `mfa`.
    pub section: &'a str,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What was done.
    pub done: Option<&'a Message>,
    /// What went wrong.
    pub error: Option<&'a Message>,
    /// The authenticator apps.
    pub apps: Vec<FactorRow<'a>>,
    /// How many passkeys there are.
    pub passkeys: usize,
    /// Unused recovery codes.
    pub codes_left: i64,
    /// Policy asks this person for a second factor.
    pub required: bool,
}

/// `/account/mfa/totp`: sets an authenticator app up.
#[derive(Clone, Debug, Template)]
#[template(path = "account_totp.html")]
pub struct TotpPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// `mfa`.
    pub section: &'a str,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// The app.
    pub totp: TotpSetup<'a>,
    /// The name that was typed.
    pub name: &'a str,
    /// What went wrong.
    pub error: Option<&'a Message>,
}

/// `/account/passkeys`.
#[derive(Clone, Debug, Template)]
#[template(path = "account_passkeys.html")]
pub struct PasskeysPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// `passkeys`.
    pub section: &'a str,
    /// The form's CSRF token.
    pub csrf_token: &'a str,
    /// What was done.
    pub done: Option<&'a Message>,
    /// What went wrong.
    pub error: Option<&'a Message>,
    /// The passkeys.
    pub passkeys: Vec<FactorRow<'a>>,
    /// The challenge for a new one; `None` where there can be none.
    pub challenge: Option<PasskeyChallenge<'a>>,
}

const APP: FactorRow<'static> =
    FactorRow { id: "totp_1", name: "Phone", added: NOW, used: Some(NOW), synced: false };
const KEY: FactorRow<'static> =
    FactorRow { id: "key_1", name: "iCloud Keychain", added: NOW, used: None, synced: true };

impl MfaPage<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        const DONE: &Message = &Message::new("mfa-done-added");
        const LAST: &Message = &Message::new("mfa-last-required");
        let none = Self {
            shell: SHELL,
            section: "mfa",
            csrf_token: "csrf",
            done: None,
            error: None,
            apps: vec![],
            passkeys: 0,
            codes_left: 0,
            required: false,
        };
        let some = Self {
            apps: vec![APP, FactorRow { id: "totp_2", name: "Old phone", used: None, ..APP }],
            passkeys: 1,
            codes_left: 8,
            ..none.clone()
        };
        vec![
            ("account-mfa-none", Self { required: true, ..none }),
            ("account-mfa", Self { done: Some(DONE), ..some.clone() }),
            ("account-mfa-error", Self { error: Some(LAST), codes_left: 1, ..some }),
        ]
    }
}

impl TotpPage<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        const WRONG: &Message = &Message::new("verify-code-wrong");
        let page = Self {
            shell: SHELL,
            section: "mfa",
            csrf_token: "csrf",
            totp: SETUP,
            name: "",
            error: None,
        };
        vec![
            ("account-totp", page.clone()),
            ("account-totp-error", Self { error: Some(WRONG), name: "Phone", ..page }),
        ]
    }
}

impl PasskeysPage<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        const DONE: &Message = &Message::new("mfa-done-passkey");
        let page = Self {
            shell: SHELL,
            section: "passkeys",
            csrf_token: "csrf",
            done: None,
            error: None,
            passkeys: vec![],
            challenge: Some(PasskeyChallenge { options: "{\"publicKey\":{}}", state: "v2.x" }),
        };
        let key = FactorRow { id: "key_2", name: "YubiKey", synced: false, used: Some(NOW), ..KEY };
        vec![
            ("account-passkeys-none", page.clone()),
            (
                "account-passkeys",
                Self { passkeys: vec![KEY, key], done: Some(DONE), ..page.clone() },
            ),
            ("account-passkeys-impossible", Self { challenge: None, ..page }),
        ]
    }
}
