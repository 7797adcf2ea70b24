//! `/account/email/verify/{id}`: the code that proves an address of an account that exists; and
//! what follows once it is proved, by code or by link.

mod page;
mod prove;

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use vestibule_model::{OAuthError, Timestamp, user::User, verification::VerificationKind};
use vestibule_pages::Mail;
use vestibule_policy::verification::{Sending, lifetime};
use vestibule_text::Lang;
use vestibule_web::{
    AppState,
    html::Frame,
    mail::{self, Letter},
    urls,
};

use crate::{
    notice::own,
    verification::{Ticket, VERIFY_LINK, Wanted, may_send, visitor_watch},
};

pub use page::{get, post};
pub(crate) use prove::{Undoing, prove};

/// The page that takes the code.
pub const PAGE: &str = "/account/email/verify/{id}";

/// The kinds that it takes.
pub(crate) const KINDS: &[VerificationKind] =
    &[VerificationKind::VerifyEmail, VerificationKind::ChangeEmail];

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// A mail is on its way; the address of the page that takes its code.
    Sent {
        /// With the issuer's path; to be redirected to.
        page: String,
    },
    /// Too many mails went there lately.
    Wait {
        /// When to try again.
        seconds: i64,
    },
}

/// What the row keeps: good only while the account's address is what it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Proving {
    /// The address to be proved.
    pub(crate) email: String,
    /// The account's address when that was asked for.
    pub(crate) present: String,
}

/// Sends a mail to the account's own address, to see that it is its owner's.
pub async fn start_verify(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    now: Timestamp,
) -> Result<Started, OAuthError> {
    start(state, http, user, (VerificationKind::VerifyEmail, &user.email), now).await
}

/// Sends a mail to another address that the account is to have. The address was looked at by
/// `policy::account::check_email`. If it is somebody else's, that person is told, and the answer
/// is the same.
pub async fn start_change(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    new_email: &str,
    now: Timestamp,
) -> Result<Started, OAuthError> {
    start(state, http, user, (VerificationKind::ChangeEmail, new_email), now).await
}

async fn start(
    state: &AppState,
    http: &HttpRequest,
    user: &User,
    (kind, email): (VerificationKind, &str),
    now: Timestamp,
) -> Result<Started, OAuthError> {
    let (watch, subject, asked) =
        (visitor_watch(state, http), user.id.as_str().to_owned(), email.to_owned());
    let looking = watch.clone();
    let (refused, sending, owner) = state
        .read(move |conn| {
            let refused = looking.look(conn, now)?;
            let sending = may_send(conn, kind, &subject, now)?;
            Ok((refused, sending, vestibule_storage::user::find_by_email(conn, &asked)?))
        })
        .await?;
    if let Some(refused) = refused {
        refused.wait(http).await?;
        return Ok(Started::Wait { seconds: refused.seconds(now) });
    }
    if let Sending::Later { seconds } = sending {
        return Ok(Started::Wait { seconds });
    }
    let wanted = Wanted { kind, subject: Some(user.id.as_str()), user: Some(&user.id) };
    let proving = Proving { email: email.to_owned(), present: user.email.clone() };
    let ticket = Ticket::issue(state, wanted, Some(&proving), now)?;
    let lang = Frame::new(state, http).account_language(user.language.as_deref()).lang();
    let stranger = owner.filter(|owner| owner.id != user.id);
    let mail = write_mail(state, &ticket, (user, stranger.as_ref()), (kind, email, lang), now)?;
    let (id, row) = (ticket.row.id.clone(), ticket.row);
    state
        .write(move |conn| {
            watch.failed(conn, now)?;
            vestibule_storage::verification::insert(conn, &row)?;
            mail::post(conn, mail.as_ref())
        })
        .await?;
    state.mail_wake.notify_one();
    Ok(Started::Sent { page: own(state, &path(&id)) })
}

pub(crate) fn path(id: &str) -> String {
    PAGE.replace("{id}", id)
}

fn write_mail(
    state: &AppState,
    ticket: &Ticket,
    (user, stranger): (&User, Option<&User>),
    (kind, email, lang): (VerificationKind, &str, Lang),
    now: Timestamp,
) -> Result<Option<vestibule_model::mail::OutboxMail>, OAuthError> {
    let issuer = &state.settings.issuer;
    if let Some(stranger) = stranger {
        let lang = stranger.language.as_deref().and_then(Lang::parse).unwrap_or(lang);
        let letter = Letter { to: &stranger.email, lang, user: Some(&stranger.id) };
        let text = Mail::AlreadyRegistered {
            login_link: &issuer.url(urls::LOGIN),
            recover_link: &issuer.url(urls::RECOVER),
        };
        return mail::write(state, letter, &text, now);
    }
    let letter = Letter { to: email, lang, user: Some(&user.id) };
    let (link, code) = (ticket.link(issuer, VERIFY_LINK), ticket.code.expose());
    let valid_for = lifetime(kind);
    let text = match kind {
        VerificationKind::ChangeEmail => Mail::EmailChange { link: &link, code, valid_for },
        _ => Mail::VerifyEmail { link: &link, code, valid_for },
    };
    mail::write(state, letter, &text, now)
}
