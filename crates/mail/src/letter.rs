//! A mail as it travels (RFC 5322, RFC 2046 §5.1.4).

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use url::Host;
use vestibule_model::{Timestamp, mail::MailMessage};

use crate::SendError;

/// A mail with its receiver.
pub(crate) struct Letter {
    pub(crate) to: Address,
    pub(crate) bytes: Vec<u8>,
}

impl Letter {
    /// Writes `message` down. The same mail is the same bytes each time, so that a repeat can be
    /// told: `id` makes its `Message-ID` and the line between its parts.
    pub(crate) fn write(
        from: &Mailbox,
        host: &str,
        message: &MailMessage,
        id: &str,
        written_at: Timestamp,
    ) -> Result<Self, SendError> {
        let to = address(&message.to)
            .ok_or_else(|| SendError::Permanent("nobody can be reached there".to_owned()))?;
        let seconds = u64::try_from(written_at.0).unwrap_or_default();
        let parts = MultiPart::alternative()
            .boundary(format!("=_{id}"))
            .singlepart(SinglePart::plain(message.text.clone()))
            .singlepart(SinglePart::html(message.html.clone()));
        // RFC 3834 §5: nobody's holiday note answers a machine.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let written = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(one_line(&message.subject))
            .date(UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(format!("<{id}@{host}>")))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(parts)
            .map_err(|_| SendError::Permanent("the mail cannot be written down".to_owned()))?;
        Ok(Self { to, bytes: written.formatted() })
    }
}

/// The receiver's address; its domain in ASCII (RFC 5891), for few servers take another.
fn address(written: &str) -> Option<Address> {
    if written.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return None;
    }
    let (local, domain) = written.rsplit_once('@')?;
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return None };
    Address::new(local, domain).ok()
}

/// A header has one line, whatever was put into it.
fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}'))
        .filter(|piece| !piece.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp(1_795_269_909);

    fn message(to: &str, subject: &str) -> MailMessage {
        MailMessage {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: "Grüße: https://id.example/recover/x\n".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
        }
    }

    fn write(to: &str, subject: &str) -> Result<String, SendError> {
        let from: Mailbox = "Example ID <no-reply@id.example>".parse().unwrap();
        let letter = Letter::write(&from, "id.example", &message(to, subject), "0utb0x", AT)?;
        Ok(String::from_utf8(letter.bytes).unwrap())
    }

    fn headers(letter: &str) -> Vec<&str> {
        letter.split("\r\n\r\n").next().unwrap().split("\r\n").collect()
    }

    #[test]
    fn headers_say_who_when_and_that_it_was_a_machine() {
        let letter = write("ana@mail.example", "Your code").unwrap();
        let headers = headers(&letter);
        for line in [
            "From: \"Example ID\" <no-reply@id.example>",
            "To: ana@mail.example",
            "Subject: Your code",
            "Date: Sat, 21 Nov 2026 14:05:09 +0000",
            "Message-ID: <0utb0x@id.example>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"=_0utb0x\"",
        ] {
            assert!(headers.contains(&line), "{line} not in {headers:#?}");
        }
    }

    #[test]
    fn the_text_part_comes_before_the_html_part() {
        let letter = write("ana@mail.example", "x").unwrap();
        let text = letter.find("text/plain").expect("a text part");
        let html = letter.find("text/html").expect("an HTML part");
        assert!(text < html, "the last alternative is the best one (RFC 2046 §5.1.4)");
    }

    #[test]
    fn the_same_mail_is_the_same_bytes() {
        assert_eq!(write("ana@mail.example", "é"), write("ana@mail.example", "é"));
    }

    #[test]
    fn domains_are_written_in_ascii() {
        let letter = write("ana@bücher.example", "x").unwrap();
        assert!(headers(&letter).contains(&"To: ana@xn--bcher-kva.example"), "{letter}");
    }

    #[test]
    fn addresses_that_are_none_are_refused_without_being_told() {
        for to in [
            "",
            "ana",
            "@mail.example",
            "ana@",
            "ana@mail.example\r\nBcc: x@evil.example",
            "ana@mail.example, x@evil.example",
            "Ana <ana@mail.example>",
            "ana@mail.example> RCPT TO:<x@evil.example",
            "ana mail@mail.example",
            "ana@[127.0.0.1]",
            "a\u{0}na@mail.example",
        ] {
            let refused = write(to, "x").expect_err(to);
            assert!(matches!(&refused, SendError::Permanent(told) if !told.contains("ana")));
        }
    }

    #[test]
    fn a_subject_stays_on_its_line() {
        let letter = write("ana@mail.example", "Hello\r\nBcc: x@evil.example\r\n\r\n<b>").unwrap();
        let headers = headers(&letter);
        assert!(headers.contains(&"Subject: Hello Bcc: x@evil.example <b>"), "{headers:#?}");
        assert!(!headers.iter().any(|line| line.starts_with("Bcc")), "{headers:#?}");
    }

    proptest! {
        /// Whatever is put into address and subject, no header is added or lost.
        #[test]
        fn no_input_makes_a_header(to in "\\PC{0,20}[\\r\\n]{0,2}\\PC{0,20}", subject in any::<String>()) {
            let names = |letter: &str| -> Vec<String> {
                headers(letter)
                    .iter()
                    .filter(|line| !line.starts_with([' ', '\t']))
                    .map(|line| line.split(':').next().unwrap_or_default().to_owned())
                    .collect()
            };
            let plain = names(&write("ana@mail.example", "x").unwrap());
            prop_assert_eq!(&names(&write("ana@mail.example", &subject).unwrap()), &plain);
            if let Ok(letter) = write(&format!("{to}@mail.example"), &subject) {
                prop_assert_eq!(&names(&letter), &plain);
            }
        }
    }
}
