//! What happened with the account.

use askama::Template;
use vestibule_model::Timestamp;

use crate::{
    Shell,
    samples::{NOW, SHELL},
};

/// The events that concern a person (`AuditEvent::event`), each with the key of its sentence.
pub const ACTIVITY: [(&str, &str); 40] = [
    ("access_token.revoked", "activity-token-revoked"),
    ("account.exported", "activity-account-exported"),
    ("account.frozen", "activity-account-frozen"),
    ("account.registered", "activity-account-registered"),
    ("account.unlocked", "activity-account-unlocked"),
    ("administrator.created", "activity-administrator-created"),
    ("authorization_code.replayed", "activity-code-replayed"),
    ("consent.given", "activity-consent-given"),
    ("consent.refused", "activity-consent-refused"),
    ("consent.withdrawn", "activity-consent-withdrawn"),
    ("deletion.scheduled", "activity-deletion-scheduled"),
    ("deletion.undone", "activity-deletion-undone"),
    ("device.forgotten", "activity-device-forgotten"),
    ("email.change_undone", "activity-email-undone"),
    ("email.changed", "activity-email-changed"),
    ("email.verified", "activity-email-verified"),
    ("factor.added", "activity-factor-added"),
    ("factor.removed", "activity-factor-removed"),
    ("factor.renamed", "activity-factor-renamed"),
    ("grant.revoked", "activity-grant-revoked"),
    ("mail.given_up", "activity-mail-given-up"),
    ("mfa.reset", "activity-mfa-reset"),
    ("passkey.counter_went_back", "activity-passkey-copied"),
    ("password.changed", "activity-password-changed"),
    ("password.reset", "activity-password-reset"),
    ("password.wrong", "activity-password-wrong"),
    ("profile.changed", "activity-profile-changed"),
    ("recovery_codes.made", "activity-codes-made"),
    ("refresh_token.reused", "activity-token-reused"),
    ("second_factor.wrong", "activity-second-wrong"),
    ("session.ended", "activity-session-ended"),
    ("session.signed_out", "activity-signed-out"),
    ("sessions.ended", "activity-sessions-ended"),
    ("sign_in.ok", "activity-sign-in"),
    ("sign_in.step_up", "activity-step-up"),
    ("sign_in.wrong", "activity-sign-in-wrong"),
    ("terms.accepted", "activity-terms-accepted"),
    ("user.created", "activity-user-created"),
    ("user.locked", "activity-user-locked"),
    ("user.unlocked", "activity-user-unlocked"),
];

/// A line of the audit log.
#[derive(Clone, Copy, Debug)]
pub struct ActivityRow<'a> {
    /// The event's name.
    pub event: &'a str,
    /// When.
    pub at: Timestamp,
    /// Where the request came from.
    pub ip: Option<&'a str>,
    /// The app concerned, by name.
    pub app: Option<&'a str>,
}

impl ActivityRow<'_> {
    fn sentence(&self) -> Option<&'static str> {
        ACTIVITY.iter().find(|(event, _)| *event == self.event).map(|(_, key)| *key)
    }
}

/// `/account/activity`: a page of the person's own lines of the audit log, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "account_activity.html")]
pub struct ActivityPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// Which page of the account this is: `activity`.
    pub section: &'a str,
    /// The lines.
    pub rows: Vec<ActivityRow<'a>>,
    /// Whether there are newer ones than these.
    pub has_newer: bool,
    /// The number before which the older ones are, if there are some.
    pub older_before: Option<i64>,
}

impl ActivityPage<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let row = |event| ActivityRow { event, at: NOW, ip: Some("203.0.113.7"), app: None };
        let mut rows: Vec<_> = ACTIVITY.iter().map(|(event, _)| row(event)).collect();
        rows.push(ActivityRow { ip: None, app: Some("Acme Notes"), ..row("some.new_event") });
        let page = Self {
            shell: SHELL,
            section: "activity",
            rows,
            has_newer: true,
            older_before: Some(4_711),
        };
        let none = Self { rows: vec![], has_newer: false, older_before: None, ..page.clone() };
        vec![("activity", page), ("activity-none", none)]
    }
}
