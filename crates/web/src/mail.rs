//! Mails from handlers: written in the receiver's language, and put into the outbox in the same
//! transaction as what they tell of.
//!
//! ```text
//! let mail = mail::write(state, Letter { to, lang, user }, &Mail::EmailOtp { code, valid_for }, now)?;
//! state.write(move |conn| { …; mail::post(conn, mail.as_ref()) }).await?;
//! state.mail_wake.notify_one();
//! ```

use vestibule_keys::Sealer;
use vestibule_model::{
    Entropy, ErrorCode, OAuthError, Timestamp, UserId,
    entropy::random_id,
    mail::{MailMessage, OutboxMail},
    sealed::SealedColumn,
    settings::{self, Settings},
};
use vestibule_pages::{Mail, MailFrame};
use vestibule_storage::{Conn, outbox};
use vestibule_text::Lang;

use crate::state::AppState;

/// Seconds for which a mail stays in the outbox: a little longer than it is tried.
const KEPT: i64 = 4 * 86_400;

/// Whom a mail goes to.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The address.
    pub to: &'a str,
    /// The receiver's language.
    pub lang: Lang,
    /// Whose account it concerns, if there is one.
    pub user: Option<&'a UserId>,
}

/// What it takes to write a mail; for the command line, which has no [`AppState`].
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Who writes, and whether mails are sent at all.
    pub settings: &'a Settings,
    /// Encryption at rest.
    pub sealer: &'a Sealer,
    /// Names the mail.
    pub entropy: &'a dyn Entropy,
}

impl<'a> Desk<'a> {
    /// The desk of a running server.
    #[must_use]
    pub fn of(state: &'a AppState) -> Self {
        Self { settings: &state.settings, sealer: &state.sealer, entropy: state.entropy.as_ref() }
    }

    /// Writes `mail` for [`post`]; `None` where there are no mails (`mail.smtp_url` is not set).
    ///
    /// # Errors
    /// [`ErrorCode::Internal`]: a template that fails.
    pub fn write(
        &self,
        letter: Letter<'_>,
        mail: &Mail<'_>,
        now: Timestamp,
    ) -> Result<Option<OutboxMail>, OAuthError> {
        let message = self.compose(letter.lang, letter.to, mail)?;
        self.outgoing(mail.kind(), letter.user, &message, now)
    }

    fn compose(&self, lang: Lang, to: &str, mail: &Mail<'_>) -> Result<MailMessage, OAuthError> {
        let Settings { display_name, issuer, .. } = self.settings;
        let frame = MailFrame { lang, site: display_name, home: issuer.as_str() };
        let words = mail.render(&frame).map_err(internal)?;
        Ok(MailMessage {
            to: to.to_owned(),
            subject: words.subject,
            text: words.text,
            html: words.html,
        })
    }

    fn outgoing(
        &self,
        kind: &str,
        user: Option<&UserId>,
        message: &MailMessage,
        now: Timestamp,
    ) -> Result<Option<OutboxMail>, OAuthError> {
        if self.settings.mail == settings::Mail::Off {
            return Ok(None);
        }
        let id = random_id(self.entropy);
        let plain = serde_json::to_vec(message).map_err(internal)?;
        let purpose = SealedColumn::OutboxMail.purpose(&id);
        let sealed_message = self.sealer.seal(&purpose, &plain, self.entropy)?;
        Ok(Some(OutboxMail {
            id,
            kind: kind.to_owned(),
            user_id: user.cloned(),
            sealed_message,
            created_at: now,
            next_attempt_at: Some(now),
            attempts: 0,
            last_error: None,
            leased_until: None,
            sent_at: None,
            expires_at: now.plus(KEPT),
        }))
    }
}

/// Writes `mail` for [`post`]; `None` where there are no mails. The usual way.
///
/// # Errors
/// As [`Desk::write`].
pub fn write(
    state: &AppState,
    letter: Letter<'_>,
    mail: &Mail<'_>,
    now: Timestamp,
) -> Result<Option<OutboxMail>, OAuthError> {
    Desk::of(state).write(letter, mail, now)
}

/// Only the words of `mail`: the first half of [`write`].
///
/// # Errors
/// As [`Desk::write`].
pub fn compose(
    state: &AppState,
    lang: Lang,
    to: &str,
    mail: &Mail<'_>,
) -> Result<MailMessage, OAuthError> {
    Desk::of(state).compose(lang, to, mail)
}

/// A message for [`post`]: the second half of [`write`].
///
/// # Errors
/// As [`Desk::write`].
pub fn outgoing(
    state: &AppState,
    kind: &str,
    user: Option<&UserId>,
    message: &MailMessage,
    now: Timestamp,
) -> Result<Option<OutboxMail>, OAuthError> {
    Desk::of(state).outgoing(kind, user, message, now)
}

/// Puts a mail into the outbox, in the transaction of what it tells of. Wake the sender after the
/// commit: `state.mail_wake.notify_one()`.
///
/// # Errors
/// The database.
pub fn post(conn: &mut Conn, mail: Option<&OutboxMail>) -> Result<(), OAuthError> {
    mail.map_or(Ok(()), |mail| Ok(outbox::insert(conn, mail)?))
}

/// The message of a mail that rests in the outbox.
///
/// # Errors
/// [`ErrorCode::Internal`]: sealed under a key that is gone, or for another row.
pub async fn open(state: &AppState, mail: &OutboxMail) -> Result<MailMessage, OAuthError> {
    let purpose = SealedColumn::OutboxMail.purpose(&mail.id);
    let plain = state.open_sealed(&purpose, &mail.sealed_message).await?;
    serde_json::from_slice(&plain).map_err(internal)
}

fn internal(fault: impl std::fmt::Display) -> OAuthError {
    OAuthError::new(ErrorCode::Internal).because(fault.to_string())
}
