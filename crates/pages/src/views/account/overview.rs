//! The overview.

use askama::Template;
use vestibule_model::{Message, Timestamp};

use crate::{
    Person, Shell,
    samples::{ANA, NOW, SHELL},
};

/// With so few recovery codes left the page asks for new ones.
const FEW_CODES: i64 = 3;

/// How a person signs in.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaysIn {
    /// Whether there is a password.
    pub has_password: bool,
    /// When it was chosen, if that is known.
    pub password_changed_at: Option<Timestamp>,
    /// Authenticator apps.
    pub authenticators: usize,
    /// Passkeys.
    pub passkeys: usize,
    /// Unused recovery codes.
    pub recovery_codes_left: i64,
}

/// `/account`: the account at a glance, and what wants attention.
///
/// Posts `csrf_token`, `logout` and `decision` = `allow` to `{base}/logout`, and `csrf_token` and
/// `decision` = `keep` to `{base}/account` where the account is to be deleted.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `overview`.
    pub section: &'a str,
    /// The CSRF token of the form for signing out.
    pub csrf_token: &'a str,
    /// The CSRF token of this person's forms.
    pub own_csrf_token: &'a str,
    /// As in [`LogoutConfirm`](crate::LogoutConfirm); may be empty.
    pub logout: &'a str,
    /// What was done just now.
    pub done: Option<&'a Message>,
    /// Who is signed in.
    pub person: Person<'a>,
    /// When the person signed in (`BrowserSession::auth_time`).
    pub signed_in_since: Timestamp,
    /// Whether the address is proved.
    pub email_verified: bool,
    /// How the person signs in.
    pub ways_in: WaysIn,
    /// Browsers that are signed in, this one among them.
    pub sessions: usize,
    /// Apps that may use the account.
    pub apps: usize,
    /// When the account will be erased, if it will.
    pub deletion_at: Option<Timestamp>,
}

impl AccountPage<'_> {
    const fn lacks_second_factor(&self) -> bool {
        self.ways_in.authenticators == 0 && self.ways_in.passkeys == 0
    }

    const fn has_few_codes(&self) -> bool {
        !self.lacks_second_factor() && self.ways_in.recovery_codes_left <= FEW_CODES
    }

    const fn wants_attention(&self) -> bool {
        !self.email_verified || self.lacks_second_factor() || self.has_few_codes()
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        static KEPT: Message = Message::new("account-kept");
        let page = Self {
            shell: SHELL,
            section: "overview",
            csrf_token: "csrf",
            own_csrf_token: "csrf",
            logout: "",
            done: None,
            person: ANA,
            signed_in_since: NOW,
            email_verified: true,
            ways_in: WaysIn {
                has_password: true,
                password_changed_at: Some(NOW.plus(-90 * 86_400)),
                authenticators: 1,
                passkeys: 2,
                recovery_codes_left: 8,
            },
            sessions: 3,
            apps: 2,
            deletion_at: None,
        };
        let fresh = Self {
            email_verified: false,
            ways_in: WaysIn { has_password: true, ..WaysIn::default() },
            sessions: 1,
            apps: 0,
            ..page.clone()
        };
        let passkey = Self {
            ways_in: WaysIn { passkeys: 1, recovery_codes_left: 1, ..WaysIn::default() },
            ..page.clone()
        };
        let leaving = Self { deletion_at: Some(NOW.plus(14 * 86_400)), ..page.clone() };
        let kept = Self { done: Some(&KEPT), ..page.clone() };
        vec![
            ("account", page),
            ("account-fresh", fresh),
            ("account-passkey", passkey),
            ("account-leaving", leaving),
            ("account-kept", kept),
        ]
    }
}
