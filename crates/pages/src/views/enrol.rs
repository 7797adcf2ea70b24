//! Setting a second factor up, where one is demanded, and the recovery codes that come with it.

use askama::Template;
use vestibule_model::Message;

use crate::{
    PasskeyChallenge, Person, Shell,
    samples::{ANA, SHELL},
};

/// An authenticator app that is being set up.
#[derive(Clone, Copy, Debug)]
pub struct TotpSetup<'a> {
    /// The QR code, as [`qr::svg`](crate::qr::svg) draws it.
    pub qr: &'a str,
    /// The secret in groups of four, for typing.
    pub secret: &'a str,
    /// The `otpauth:` address, for a phone that is looking at this page.
    pub uri: &'a str,
    /// The secret, sealed, to be sent back with the first code.
    pub sealed: &'a str,
}

/// `/login/enrol`: one more factor before going on.
///
/// Posts `csrf_token`, `interaction` or `next`, and `method` = `totp` with `secret` and `code`, or
/// `passkey` with `state` and `credential`; `decision` = `cancel` gives up.
#[derive(Clone, Debug, Template)]
#[template(path = "enrol.html")]
pub struct Enrol<'a> {
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
    /// The app to set up, if an app is enough.
    pub totp: Option<TotpSetup<'a>>,
    /// The passkey to add, if there can be one.
    pub passkey: Option<PasskeyChallenge<'a>>,
    /// What went wrong.
    pub error: Option<&'a Message>,
}

impl Enrol<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        const WRONG: &Message = &Message::new("verify-code-wrong");
        let both = Self {
            shell: SHELL,
            csrf_token: "csrf",
            interaction: Some("int_7Qd1"),
            next: None,
            client: Some("Acme Notes"),
            person: ANA,
            totp: Some(SETUP),
            passkey: Some(PasskeyChallenge { options: "{\"publicKey\":{}}", state: "v2.sealed" }),
            error: None,
        };
        vec![
            ("enrol", both.clone()),
            ("enrol-error", Self { error: Some(WRONG), passkey: None, ..both.clone() }),
            ("enrol-passkey-only", Self { totp: None, ..both }),
        ]
    }
}

/// What samples set up.
pub(crate) const SETUP: TotpSetup<'static> = TotpSetup {
    qr: "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"QR\" \
         viewBox=\"0 0 9 9\"><path d=\"M4 4h1v1z\"/></svg>",
    secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
    uri: "otpauth://totp/Example%20ID:ana?secret=JBSWY3DPEHPK3PXP&issuer=Example%20ID",
    sealed: "v2.sealed",
};

/// The recovery codes, shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodes<'a> {
    /// The frame; its `here` is empty, for this page cannot be shown again.
    pub shell: Shell<'a>,
    /// The codes.
    pub codes: Vec<&'a str>,
    /// Where to go on to, by a path of ours with its query.
    pub next: &'a str,
}

impl RecoveryCodes<'_> {
    /// The path without its query: a form that is sent by GET writes the query itself.
    fn path(&self) -> &str {
        self.next.split('?').next().unwrap_or_default()
    }

    /// The query's pairs.
    fn query(&self) -> Vec<(&str, &str)> {
        let query = self.next.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('=')).collect()
    }

    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let codes = vec![
            "k7mq-x2rt-9hcw",
            "2b8n-v4ze-m6yd",
            "p9ss-03kq-8w7f",
            "h5tj-qa1c-x4nv",
            "7dye-g2mb-5rk8",
            "w3zx-6fpt-b0hn",
            "c8vq-k9sd-2e7m",
            "4rnj-ty6a-w1zx",
            "q0pb-h3gc-f5t8",
            "m2ek-s7vd-9yjr",
        ];
        let shell = Shell { here: "", ..SHELL };
        vec![("recovery-codes", Self { shell, codes, next: "/account/mfa?done=codes" })]
    }
}
