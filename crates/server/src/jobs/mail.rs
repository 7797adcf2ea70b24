//! Sends what the outbox holds.
//!
//! A mail is claimed before it is sent, for a few seconds that are renewed while it is sent, so that
//! several instances never send the same one at once and whoever lives soon sends what somebody had
//! claimed who died. That is all the turn that mails need: instances send side by side. Whoever dies between sending and noting it leaves the mail to the next, which sends
//! it again under the same `Message-ID`: at least once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;
use vestibule_mail::{SendError, Smtp, backoff};
use vestibule_model::audit::AuditEvent;
use vestibule_model::mail::{MailMessage, OutboxMail};
use vestibule_model::settings::Mail;
use vestibule_model::{OAuthError, Timestamp};
use vestibule_policy::account::mask_email;
use vestibule_storage::{Conn, StorageError, audit, outbox};
use vestibule_web::{State, mail, urls};

use super::turn::{LASTS, LOOKS, while_renewing};
use super::{Activity, Watcher};

/// Mails that are sent at once, each over a connection of its own.
const BATCH: i64 = 8;

/// Sends until dropped: at once when it is woken, and when a mail is due again. With nothing due it
/// looks only after requests came.
pub async fn run(state: State, smtp: Option<Smtp>, activity: Arc<Activity>) {
    if state.settings.mail == Mail::Off {
        return;
    }
    // What a former process left is due now.
    let mut due = Some(state.now());
    loop {
        let active = activity.take(Watcher::Mail);
        let now = state.now();
        if active || due.is_some_and(|due| due <= now) {
            due = deliver(&state, smtp.as_ref()).await.unwrap_or_else(|fault| {
                tracing::warn!(event = "mail.outbox_failed", %fault);
                Some(now)
            });
        }
        tokio::select! {
            () = state.mail_wake.notified() => due = Some(state.now()),
            () = sleep(pause(due, state.now())) => {}
        }
    }
}

/// Until the next look. What is due already was tried in vain, or somebody else is sending it.
fn pause(due: Option<Timestamp>, now: Timestamp) -> Duration {
    let seconds = due.map(|due| due.since(now)).filter(|seconds| *seconds > 0);
    let until_due = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    until_due.map_or(LOOKS, |seconds| LOOKS.min(Duration::from_secs(seconds)))
}

/// Sends what is due, batch by batch, until nothing is or until a whole batch met a server that is
/// out of order. Gives back when the next mail is due.
///
/// # Errors
/// The database. What was sent then may be sent again.
pub async fn deliver(
    state: &State,
    smtp: Option<&Smtp>,
) -> Result<Option<Timestamp>, StorageError> {
    loop {
        let now = state.now();
        let claim = move |conn: &mut Conn| outbox::claim(conn, now, now.plus(LASTS), BATCH);
        let mails = state.db.write(claim).await?;
        let full = i64::try_from(mails.len()) == Ok(BATCH);
        let ids: Vec<String> = mails.iter().map(|mail| mail.id.clone()).collect();
        let sending = join_all(mails.into_iter().map(|mail| attempt(state, smtp, mail)));
        let tries: Vec<Try> = while_renewing(sending, || keep(state, &ids)).await;
        let hopeless =
            tries.iter().all(|one| matches!(one.fate, Fate::Failed { next: Some(_), .. }));
        if !tries.is_empty() {
            note(state, tries).await?;
        }
        if !full || hopeless {
            break;
        }
    }
    let left =
        |conn: &mut Conn| Ok::<_, StorageError>((outbox::next_due(conn)?, outbox::waiting(conn)?));
    let (due, waiting) = state.db.read(left).await?;
    state.metrics.mails_waiting(waiting);
    Ok(due)
}

/// Keeps what was claimed. Should that fail, a mail may go out twice, under the same `Message-ID`.
async fn keep(state: &State, ids: &[String]) {
    let (until, ids) = (state.now().plus(LASTS), ids.to_vec());
    if let Err(fault) = state.db.write(move |conn| outbox::keep(conn, &ids, until)).await {
        tracing::warn!(event = "mail.claim_not_renewed", %fault);
    }
}

/// A mail and what became of it.
#[derive(Clone)]
struct Try {
    mail: OutboxMail,
    fate: Fate,
}

#[derive(Clone)]
enum Fate {
    /// It is with the mail server, or at `/dev/mailbox`.
    Gone,
    /// It is not. `next` is when to try again; `None` is never.
    Failed { next: Option<Timestamp>, why: String },
}

async fn attempt(state: &State, smtp: Option<&Smtp>, mail: OutboxMail) -> Try {
    let sent = match mail::open(state, &mail).await {
        Ok(message) => send(state, smtp, &mail, &message).await,
        Err(OAuthError { .. }) => Err(SendError::Transient("it cannot be opened".to_owned())),
    };
    let fate = match sent {
        Ok(()) => Fate::Gone,
        Err(SendError::Permanent(why)) => Fate::Failed { next: None, why },
        Err(SendError::Transient(why)) => {
            let entropy = state.entropy.as_ref();
            let next = backoff::next(mail.created_at, mail.attempts, state.now(), entropy);
            Fate::Failed { next, why }
        }
    };
    Try { mail, fate }
}

async fn send(
    state: &State,
    smtp: Option<&Smtp>,
    mail: &OutboxMail,
    message: &MailMessage,
) -> Result<(), SendError> {
    if state.settings.mail == Mail::Mailbox {
        let to = mask_email(&message.to);
        let at = state.settings.issuer.url(&format!("{}/{}", urls::MAILBOX, mail.id));
        tracing::info!(event = "mail.shown", kind = mail.kind, "mail for {to} is at {at}");
        return Ok(());
    }
    match smtp {
        Some(smtp) => smtp.send(message, &mail.id, mail.created_at).await,
        None => Err(SendError::Transient("there is no mail server".to_owned())),
    }
}

/// Writes down what became of a batch.
async fn note(state: &State, tries: Vec<Try>) -> Result<(), StorageError> {
    for attempt in &tries {
        tell(state, attempt);
    }
    let now = state.now();
    let store = move |conn: &mut Conn| {
        for Try { mail, fate } in &tries {
            match fate {
                Fate::Gone => outbox::sent(conn, &mail.id, now)?,
                Fate::Failed { next, why } => {
                    outbox::failed(conn, &mail.id, *next, why)?;
                    if next.is_none() {
                        audit::insert(conn, &given_up(mail, why, now))?;
                    }
                }
            }
        }
        Ok(())
    };
    state.db.write(store).await
}

fn tell(state: &State, Try { mail, fate }: &Try) {
    let OutboxMail { id, kind, attempts, .. } = mail;
    match fate {
        Fate::Gone => {
            state.metrics.mail("sent");
            tracing::debug!(event = "mail.sent", id, kind, attempts);
        }
        Fate::Failed { next: Some(_), why } => {
            state.metrics.mail("retry");
            tracing::warn!(event = "mail.failed", id, kind, attempts, why);
        }
        Fate::Failed { next: None, why } => {
            state.metrics.mail("given_up");
            tracing::error!(event = "mail.given_up", id, kind, attempts, why);
        }
    }
}

fn given_up(mail: &OutboxMail, why: &str, now: Timestamp) -> AuditEvent {
    let event = AuditEvent::new(now, "mail.given_up", format!("mail/{}", mail.id))
        .detail(format!("{} after {} tries: {why}", mail.kind, mail.attempts));
    match &mail.user_id {
        Some(user) => event.of_user(user),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_when_a_mail_is_due_and_often_enough() {
        let now = Timestamp(1_000);
        for (due, seconds) in
            [(None, 2), (Some(999), 2), (Some(1_000), 2), (Some(1_001), 1), (Some(9_999), 2)]
        {
            assert_eq!(pause(due.map(Timestamp), now), Duration::from_secs(seconds), "{due:?}");
        }
    }
}
