//! Whether mails leave.

use vestibule_mail::Smtp;
use vestibule_model::{Timestamp, settings::Mail};
use vestibule_storage::inspect::Mails;

use super::base::{Unknown, in_time};
use super::finding::Finding;
use crate::times;

/// A mail that waits for longer is late, in seconds.
const LATE: i64 = 900;
/// So many waiting mails are a queue.
const MANY: i64 = 1_000;

/// What the mail server said.
pub(super) type Answered = Result<(), Unknown>;

/// Connects and signs in, as for a mail.
pub(super) async fn look(smtp: &Smtp, limit: std::time::Duration) -> Answered {
    in_time(limit, smtp.test()).await?.map_err(|fault| fault.to_string())
}

/// What there is to say of a server that mails go to, or of there being none.
pub(super) fn judge_way(mode: Mail, smtp: Option<(&Smtp, &Answered)>) -> Finding {
    let Some((smtp, answered)) = smtp else {
        let why = match mode {
            Mail::Mailbox => "mails are shown at /dev/mailbox: this is a development server",
            Mail::Off | Mail::Smtp => {
                "mail.smtp_url is not set: registration and forgotten passwords are off"
            }
        };
        return Finding::skipped("server", why);
    };
    let (host, port) = smtp.server();
    match answered {
        Ok(()) => {
            let how = if smtp.is_encrypted() { "with TLS" } else { "without TLS" };
            Finding::ok("server", format!("{host}:{port} takes us in, {how}"))
        }
        Err(why) => {
            Finding::failed("server", format!("{host}:{port} cannot be used: {why}"), mend(why))
        }
    }
}

fn mend(why: &str) -> &'static str {
    if why.starts_with("AUTH") {
        "correct user and password in mail.smtp_url (percent-encoded)"
    } else if why.starts_with("TLS") || why.contains("STARTTLS") {
        "correct scheme and port in mail.smtp_url (smtps:// is 465, smtp:// with STARTTLS 587), or \
         the server's certificate"
    } else {
        "correct host and port in mail.smtp_url; a firewall may be between, as many block port 25"
    }
}

pub(super) fn judge_outbox(mails: &Mails, now: Timestamp) -> Finding {
    let Some(oldest) = mails.oldest else { return Finding::ok("outbox", "no mail waits") };
    let why = mails.last_error.as_ref().map(|why| format!(", last: {why}")).unwrap_or_default();
    let since = times::written(oldest);
    let told = format!("{} mails wait, the oldest since {since}{why}", mails.waiting);
    if now.since(oldest) > LATE || mails.waiting > MANY {
        let fix = "see what the mail server says above, and the log for mail.failed; they are sent \
                   as soon as it takes them";
        return Finding::warning("outbox", told, fix);
    }
    Finding::ok("outbox", told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn mails_that_wait_are_told() {
        let now = Timestamp(1_795_000_000);
        for (waiting, age, status) in [
            (0, None, Status::Ok),
            (1, Some(LATE), Status::Ok),
            (1, Some(LATE + 1), Status::Warning),
            (MANY + 1, Some(1), Status::Warning),
        ] {
            let oldest = age.map(|age| now.plus(-age));
            let mails = Mails { waiting, oldest, last_error: Some("AUTH: 535".to_owned()) };
            let found = judge_outbox(&mails, now);
            assert_eq!(found.status, status, "{found:?}");
            assert!(waiting == 0 || found.detail.contains("AUTH: 535"), "{found:?}");
        }
    }

    #[test]
    fn each_refusal_has_its_own_remedy() {
        for (why, part) in [
            ("AUTH: 535 5.7.8", "user and password"),
            ("TLS: certificate has expired", "certificate"),
            ("the server offers no STARTTLS", "smtps://"),
            ("connecting: Connection refused", "firewall"),
        ] {
            assert!(mend(why).contains(part), "{why}");
        }
        assert_eq!(judge_way(Mail::Off, None).status, Status::Skipped);
    }
}
