//! Reading the mails that the server wrote, as their receiver does.

use vestibule_model::mail::MailMessage;

use crate::TestApp;

/// A mail that reached its receiver.
#[derive(Clone)]
pub struct Received {
    /// What it is for, such as `reset-password`.
    pub kind: String,
    /// What it says.
    pub message: MailMessage,
    issuer: String,
}

impl Received {
    /// The code of six digits that it carries.
    #[must_use]
    pub fn code(&self) -> String {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let code = self.message.text.split_whitespace().find(is_code);
        code.unwrap_or_else(|| panic!("no code in {}", self.message.text)).to_owned()
    }

    /// The path of its link that begins with `prefix`.
    #[must_use]
    pub fn link(&self, prefix: &str) -> String {
        let ours =
            self.message.text.split_whitespace().filter_map(|w| w.strip_prefix(&self.issuer));
        let link = ours.into_iter().find(|path| path.starts_with(prefix));
        link.unwrap_or_else(|| panic!("no {prefix} in {}", self.message.text)).to_owned()
    }
}

impl TestApp {
    /// Every mail, the newest first.
    pub async fn mails(&self) -> Vec<Received> {
        let rows = self.rows(|conn| Ok(vestibule_storage::outbox::list_recent(conn, 200)?)).await;
        let mut mails = Vec::new();
        for row in rows {
            let opened = vestibule_web::mail::open(&self.state, &row).await;
            let message = opened.expect("a mail that can be opened");
            mails.push(Received { kind: row.kind, message, issuer: self.issuer.clone() });
        }
        mails
    }

    /// The mails to `address`, the newest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Received> {
        let mut mails = self.mails().await;
        mails.retain(|mail| mail.message.to == address);
        mails
    }

    /// The newest mail to `address`. Which that is can be told only if no two went out in one
    /// second.
    pub async fn mail_to(&self, address: &str) -> Received {
        let mails = self.mails_to(address).await;
        mails.into_iter().next().unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// The newest mail of that kind to `address`.
    pub async fn mail_of(&self, kind: &str, address: &str) -> Received {
        let found = self.mails_to(address).await.into_iter().find(|mail| mail.kind == kind);
        found.unwrap_or_else(|| panic!("no {kind} to {address}"))
    }
}
