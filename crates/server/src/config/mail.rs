//! `[mail]`: how mails leave.

use std::time::Duration;

use url::Url;
use vestibule_mail::{MailError, Smtp, SmtpSettings};
use vestibule_model::settings::Mail as Mode;

use super::instance::Instance;
use super::key::{Key, Section};
use super::reader::Reader;

/// How long sending one mail may take.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) const SECTION: Section = Section {
    name: "mail",
    doc: "How mails leave. Without a server, mails on localhost are shown at /dev/mailbox; anywhere\n\
          else there are none, and what needs them (registration, forgotten passwords) is off.",
    keys: &[
        Key::absent(
            "mail.smtp_url",
            "\"smtps://user:password@mail.example.com\"",
            "The mail server. smtps:// is TLS from the start (port 465). smtp:// insists on STARTTLS\n\
             (port 587), except on this machine or with ?tls=none. Percent-encode what is special.",
        )
        .secret(),
        Key::absent(
            "mail.smtp_url_file",
            "\"/run/secrets/smtp_url\"",
            "A file that holds the URL, instead of `smtp_url`: keeps the password out of this file.",
        ),
        Key::absent(
            "mail.from",
            "\"Example ID <id@example.com>\"",
            "Who mails are from: a mail address, alone or as \"Name <address>\".",
        ),
    ],
};

/// How mails leave.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whether and where mails go.
    pub mode: Mode,
    /// The way to the mail server; `Some` exactly if mails go there.
    pub smtp: Option<Smtp>,
    /// Who mails are from, if that was said.
    pub from: Option<String>,
}

pub(super) fn read(reader: &mut Reader, instance: &Instance) -> Mail {
    let url = reader.secret("mail.smtp_url");
    let from = reader.text("mail.from");
    let issuer = Url::parse(instance.issuer.as_str()).ok();
    let host = issuer.as_ref().and_then(Url::host_str).unwrap_or("localhost");
    let smtp = url.as_ref().and_then(|url| {
        let Some(from) = &from else {
            let message = "is missing, but mails go out: they need a sender";
            let fix = "set it to an address of yours, such as \"Example ID <id@example.com>\"";
            reader.mistake("mail.from", message, Some(fix.to_owned()));
            return None;
        };
        let settings = SmtpSettings { url, from, host, timeout: TIMEOUT, ca_file: None };
        Smtp::new(&settings).map_err(|fault| refuse(reader, &fault)).ok()
    });
    let mode = match &url {
        Some(_) => Mode::Smtp,
        None if instance.is_loopback => Mode::Mailbox,
        None => Mode::Off,
    };
    Mail { mode, smtp, from }
}

/// The fault tells no more than may be shown.
fn refuse(reader: &mut Reader, fault: &MailError) {
    let path = if matches!(fault, MailError::From) { "mail.from" } else { "mail.smtp_url" };
    reader.mistake(path, fault.to_string(), None);
}

/// The URL without its password.
pub(super) fn masked(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if matches!(url.scheme(), "smtp" | "smtps") && url.has_host() => {
            let hides = url.password().is_some() && url.set_password(Some("***")).is_err();
            if hides { "***".to_owned() } else { url.to_string() }
        }
        _ => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_keeps_its_password() {
        assert_eq!(masked("smtps://u:hunter2@m.example"), "smtps://u:***@m.example");
        assert_eq!(masked("hunter2"), "***");
        assert_eq!(masked("smtp:hunter2"), "***");
    }
}
