//! The mails of a development server, which go nowhere.

use askama::Template;
use vestibule_model::Timestamp;

use crate::{
    Shell,
    samples::{NOW, SHELL},
};

/// `/dev/mailbox`: the newest mails.
#[derive(Clone, Debug, Template)]
#[template(path = "mailbox.html")]
pub struct Mailbox<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The mails, newest first.
    pub mails: Vec<MailboxRow<'a>>,
}

/// A mail in the list.
#[derive(Clone, Copy, Debug)]
pub struct MailboxRow<'a> {
    /// Its name in the outbox.
    pub id: &'a str,
    /// Whom to.
    pub to: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// When it was written.
    pub at: Timestamp,
}

/// `/dev/mailbox/{id}`: one mail.
#[derive(Clone, Debug, Template)]
#[template(path = "mailbox_mail.html")]
pub struct MailboxMail<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// The mail as the list has it.
    pub mail: MailboxRow<'a>,
    /// The plain-text part.
    pub text: &'a str,
    /// The HTML part, which is shown as source: its styles are not for our pages.
    pub html: &'a str,
}

impl MailboxMail<'_> {
    /// The text part in pieces, each with whether it is a link.
    fn pieces(&self) -> Vec<(bool, &str)> {
        let is_link = |piece: &str| ["http://", "https://"].iter().any(|s| piece.starts_with(s));
        self.text
            .split_inclusive(char::is_whitespace)
            .flat_map(|word| {
                let (piece, space) = word.split_at(word.trim_end().len());
                [(is_link(piece), piece), (false, space)]
            })
            .filter(|(_, piece)| !piece.is_empty())
            .collect()
    }
}

const ROW: MailboxRow<'static> = MailboxRow {
    id: "Jx2mQ0bT9vK1sLw8Zr4hYg",
    to: "ana.lima@mail.example",
    subject: "Confirm your mail address for Example ID",
    at: NOW,
};

impl Mailbox<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let other = MailboxRow { id: "0", subject: "New sign-in at Example ID", ..ROW };
        let full = Self { shell: SHELL, mails: vec![ROW, other] };
        vec![("mailbox-empty", Self { mails: vec![], ..full.clone() }), ("mailbox", full)]
    }
}

impl MailboxMail<'_> {
    /// The page in its states.
    #[must_use]
    pub fn samples() -> Vec<(&'static str, Self)> {
        let mail = Self {
            shell: SHELL,
            mail: ROW,
            text: "Hello,\n\nConfirm my address\nhttps://id.example/confirm/7mJ0Wc?a=b&c=d\n",
            html: "<!doctype html>\n<p>Hello,</p>\n",
        };
        vec![("mailbox-mail", mail)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_text_can_be_followed_and_nothing_is_lost() {
        let text = "See\nhttps://id.example/x?a=b\n\n ftp://x javascript:x http://a.b\n";
        let mail = MailboxMail { text, ..MailboxMail::samples().remove(0).1 };
        let pieces = mail.pieces();
        let links: Vec<_> = pieces.iter().filter(|(link, _)| *link).map(|(_, l)| *l).collect();
        assert_eq!(links, ["https://id.example/x?a=b", "http://a.b"]);
        assert_eq!(pieces.iter().map(|(_, piece)| *piece).collect::<String>(), text);
    }
}
