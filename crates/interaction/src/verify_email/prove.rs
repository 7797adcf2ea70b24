//! An address was proved to be its owner's.

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use vestibule_model::{
    ErrorCode, OAuthError, Timestamp, UserId,
    audit::AuditEvent,
    mail::OutboxMail,
    user::User,
    verification::{Verification, VerificationKind},
};
use vestibule_pages::{Mail, NoticeKind, Way};
use vestibule_policy::{account, verification::lifetime};
use vestibule_storage::{Conn, StorageError};
use vestibule_text::Lang;
use vestibule_web::{
    AppState, RequestId,
    mail::{self, Letter},
    request, urls,
};

use super::Proving;
use crate::{
    notice::{Say, own},
    verification::{Ticket, UNDO_EMAIL_LINK, Wanted, data},
};

/// What the row of an undo link keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Undoing {
    /// The address that comes back.
    pub(crate) old: String,
}

/// What came of it.
enum Outcome {
    Done,
    Over,
}

/// Uses the verification up: the address is confirmed, or takes the old one's place.
pub(crate) async fn prove(
    state: &AppState,
    http: &HttpRequest,
    row: Verification,
    now: Timestamp,
) -> Result<HttpResponse, OAuthError> {
    let proving: Proving = data(state, &row).await?;
    let Some(user) = owner(state, &row).await? else {
        return answer(state, http, NoticeKind::LinkUsed, "");
    };
    let is_change = row.kind == VerificationKind::ChangeEmail;
    let ip = request::visitor_ip(http).map(|ip| ip.to_string());
    let name = if is_change { "email.changed" } else { "email.verified" };
    let event =
        AuditEvent::new(now, name, RequestId::of(http).0).of_user(&user.id).from_ip(ip.as_deref());
    let warning = if is_change { Warning::write(state, &user, &proving, now)? } else { None };
    let landing = Landing { row, email: proving.email.clone(), present: proving.present, event };
    let outcome = state.write(move |conn| landing.store(conn, &user.id, warning, now)).await;
    state.mail_wake.notify_one();
    let kind = match outcome {
        Ok(Outcome::Done) if is_change => NoticeKind::EmailChanged,
        Ok(Outcome::Done) => NoticeKind::EmailVerified,
        Ok(Outcome::Over) => NoticeKind::LinkUsed,
        Err(error) if error.code == ErrorCode::AccountNameTaken => NoticeKind::AddressTaken,
        Err(error) => return Err(error),
    };
    answer(state, http, kind, &proving.email)
}

async fn owner(state: &AppState, row: &Verification) -> Result<Option<User>, OAuthError> {
    let Some(id) = row.user_id.clone() else { return Ok(None) };
    let found = state.read(move |conn| Ok(vestibule_storage::user::find(conn, &id)?)).await?;
    Ok(found.filter(|user| user.disabled_at.is_none()))
}

fn answer(
    state: &AppState,
    http: &HttpRequest,
    kind: NoticeKind,
    email: &str,
) -> Result<HttpResponse, OAuthError> {
    let ways = [(Way::Account, own(state, urls::ACCOUNT))];
    Say { kind, about: email, ways: &ways }.page(state, http)
}

/// The mail to the old address, and the row that makes its link work.
#[derive(Clone)]
struct Warning {
    undo: Verification,
    letter: Option<OutboxMail>,
}

impl Warning {
    /// An address that was never proved may be a stranger's: it gets no link that would let
    /// whoever reads it take the account.
    fn write(
        state: &AppState,
        user: &User,
        proving: &Proving,
        now: Timestamp,
    ) -> Result<Option<Self>, OAuthError> {
        if !user.email_verified {
            return Ok(None);
        }
        let kind = VerificationKind::UndoEmail;
        let wanted = Wanted { kind, subject: None, user: Some(&user.id) };
        let undoing = Undoing { old: user.email.clone() };
        let ticket = Ticket::issue(state, wanted, Some(&undoing), now)?;
        let text = Mail::EmailChanged {
            new_masked: &account::mask_email(&proving.email),
            undo_link: &ticket.link(&state.settings.issuer, UNDO_EMAIL_LINK),
            valid_for: lifetime(kind),
        };
        let lang = user.language.as_deref().and_then(Lang::parse).unwrap_or_default();
        let letter = Letter { to: &user.email, lang, user: Some(&user.id) };
        let letter = mail::write(state, letter, &text, now)?;
        Ok(Some(Self { undo: ticket.row, letter }))
    }
}

/// What is stored.
#[derive(Clone)]
struct Landing {
    row: Verification,
    email: String,
    present: String,
    event: AuditEvent,
}

impl Landing {
    fn store(
        self,
        conn: &mut Conn,
        id: &UserId,
        warning: Option<Warning>,
        now: Timestamp,
    ) -> Result<Outcome, OAuthError> {
        // Whoever has another address by now proves nothing for that one.
        vestibule_storage::user::hold(conn, id)?;
        let user = vestibule_storage::user::find(conn, id)?;
        let Some(mut user) = user.filter(|user| user.email == self.present) else {
            return Ok(Outcome::Over);
        };
        if !vestibule_storage::verification::consume(conn, &self.row.id, now)? {
            return Ok(Outcome::Over);
        }
        user.email = self.email;
        user.email_verified = true;
        user.updated_at = now;
        vestibule_storage::user::save(conn, &user).map_err(|fault| match fault {
            StorageError::Duplicate { what } => {
                OAuthError::new(ErrorCode::AccountNameTaken).because(what)
            }
            fault => fault.into(),
        })?;
        if self.row.kind == VerificationKind::ChangeEmail {
            for kind in [VerificationKind::ResetPassword, VerificationKind::VerifyEmail] {
                // Their mails went to the old address.
                vestibule_storage::verification::void_of_user(conn, kind, id, Timestamp(0), now)?;
            }
        }
        if let Some(warning) = warning {
            vestibule_storage::verification::insert(conn, &warning.undo)?;
            mail::post(conn, warning.letter.as_ref())?;
        }
        Ok(vestibule_storage::audit::insert(conn, &self.event).map(|()| Outcome::Done)?)
    }
}
