//! `/dev/mailbox`: the mails of a development server, which go nowhere else.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Path};
use serde_json::json;
use vestibule_model::{
    ErrorCode, OAuthError,
    mail::{MailMessage, OutboxMail},
    settings::Mail,
};
use vestibule_pages::{Mailbox, MailboxMail, MailboxRow};
use vestibule_storage::outbox;
use vestibule_web::{AppState, State, html::Frame, mail, page_error};

/// The mails that are shown, newest first.
const SHOWN: i64 = 50;

type Opened = (OutboxMail, MailMessage);

/// `GET /dev/mailbox`.
pub async fn list(state: State, http: HttpRequest) -> HttpResponse {
    list_page(&state, &http).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn list_page(state: &AppState, http: &HttpRequest) -> Result<HttpResponse, OAuthError> {
    let mails = newest(state).await?;
    let frame = Frame::new(state, http);
    let view = Mailbox { shell: frame.shell(), mails: mails.iter().map(row).collect() };
    frame.page(StatusCode::OK, &view)
}

/// `GET /dev/mailbox/{id}`.
pub async fn get(state: State, http: HttpRequest, id: Path<String>) -> HttpResponse {
    mail_page(&state, &http, &id).await.unwrap_or_else(|error| page_error(&state, &http, &error))
}

async fn mail_page(
    state: &AppState,
    http: &HttpRequest,
    id: &str,
) -> Result<HttpResponse, OAuthError> {
    let found = newest(state).await?.into_iter().find(|(mail, _)| mail.id == id);
    let opened = found.ok_or_else(not_found)?;
    let frame = Frame::new(state, http);
    let view = MailboxMail {
        shell: frame.shell(),
        mail: row(&opened),
        text: &opened.1.text,
        html: &opened.1.html,
    };
    frame.page(StatusCode::OK, &view)
}

/// `GET /dev/mailbox.json`: the same for scripts.
pub async fn json(state: State, http: HttpRequest) -> HttpResponse {
    newest(&state).await.map_or_else(
        |error| page_error(&state, &http, &error),
        |mails| HttpResponse::Ok().json(mails.iter().map(entry).collect::<Vec<_>>()),
    )
}

fn entry((mail, message): &Opened) -> serde_json::Value {
    json!({
        "id": mail.id,
        "kind": mail.kind,
        "at": mail.created_at,
        "to": message.to,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
    })
}

fn row((mail, message): &Opened) -> MailboxRow<'_> {
    let (to, subject) = (&message.to, &message.subject);
    MailboxRow { id: &mail.id, to, subject, at: mail.created_at }
}

/// The newest mails, opened; those that do not open are left out. Only in development, and only
/// where mails go nowhere else.
async fn newest(state: &AppState) -> Result<Vec<Opened>, OAuthError> {
    if !state.settings.development || state.settings.mail != Mail::Mailbox {
        return Err(not_found());
    }
    let mails = state.read(move |conn| Ok(outbox::list_recent(conn, SHOWN)?)).await?;
    let mut opened = Vec::with_capacity(mails.len());
    for mail in mails {
        if let Ok(message) = mail::open(state, &mail).await {
            opened.push((mail, message));
        }
    }
    Ok(opened)
}

fn not_found() -> OAuthError {
    OAuthError::new(ErrorCode::NotFound)
}
