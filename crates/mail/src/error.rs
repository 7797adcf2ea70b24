//! What can go wrong.

use lettre::transport::smtp;

/// Settings that mails cannot be sent with. Shows neither address nor password.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Not a URL.
    #[error("the mail server's address is not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// Not a scheme we speak.
    #[error("mail is sent to smtp://host:port or smtps://host:port, not to `{0}:`")]
    Scheme(String),
    /// Nowhere to connect to.
    #[error("the mail server's address names no host")]
    Host,
    /// More than a server and its credentials.
    #[error(
        "the mail server's address has more than a host, a port and `?tls=none` or `?tls=starttls`"
    )]
    Excess,
    /// A user name or a password that is no text.
    #[error(
        "user name and password in the mail server's address have to be UTF-8, percent-encoded"
    )]
    Credentials,
    /// A password that everybody on the way could read.
    #[error(
        "a password would travel to the mail server unencrypted: leave out `?tls=none`, or use \
         smtps://"
    )]
    PasswordInTheOpen,
    /// No sender.
    #[error("the sender has to be a mail address, alone or as `Name <address>`")]
    From,
    /// No certificates to check the server's against.
    #[error(
        "no trusted certificates were found to check the mail server's against: install the \
         system's (ca-certificates), or set SSL_CERT_FILE"
    )]
    NoRoots,
    /// OpenSSL.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] openssl::error::ErrorStack),
}

/// Why a mail did not leave. Holds neither address nor content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may leave another time.
    #[error("{0}")]
    Transient(String),
    /// It never will.
    #[error("{0}")]
    Permanent(String),
}

/// What a server said no to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Greeting,
    Auth,
    Mail,
    Rcpt,
    Data,
    Content,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Content => "content",
        }
    }

    /// Whether a refusal is about this one mail. Before the receiver is named it is about us: a
    /// wrong password or a sender that the server does not relay for is mended in the settings,
    /// and must not cost a mail.
    const fn concerns_the_mail(self) -> bool {
        matches!(self, Self::Rcpt | Self::Data | Self::Content)
    }
}

impl SendError {
    /// What lettre said at `stage`. The server's words are dropped, for they may repeat the address.
    pub(crate) fn at(stage: Stage, error: &smtp::Error) -> Self {
        let name = stage.name();
        let Some(code) = error.status() else {
            let what = if error.is_timeout() { "no answer" } else { "the connection broke" };
            return Self::Transient(format!("{name}: {what}"));
        };
        let enhanced =
            std::error::Error::source(error).and_then(|words| enhanced(&words.to_string()));
        let told = match enhanced {
            Some((class, subject, detail)) => format!("{name}: {code} {class}.{subject}.{detail}"),
            None => format!("{name}: {code}"),
        };
        // RFC 3463 §3.8: subject 7 is security and policy, such as a relay that does not know us.
        let about_us = enhanced.is_some_and(|(_, subject, _)| subject == 7);
        if error.is_permanent() && stage.concerns_the_mail() && !about_us {
            Self::Permanent(told)
        } else {
            Self::Transient(told)
        }
    }
}

/// The enhanced status code that starts a server's words (RFC 2034 §4).
fn enhanced(words: &str) -> Option<(u8, u16, u16)> {
    let mut parts = words.split_whitespace().next()?.split('.');
    let code = (
        parts.next()?.parse().ok().filter(|class| matches!(class, 2 | 4 | 5))?,
        parts.next()?.parse().ok().filter(|subject| *subject < 1_000)?,
        parts.next()?.parse().ok().filter(|detail| *detail < 1_000)?,
    );
    parts.next().is_none().then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_told_from_other_words() {
        assert_eq!(enhanced("5.1.1 no such user"), Some((5, 1, 1)));
        assert_eq!(enhanced("4.7.28"), Some((4, 7, 28)));
        for words in ["", "no such user", "5.1", "5.1.1.1 x", "9.1.1 x", "5.1.1000 x", "a@5.1.1"] {
            assert_eq!(enhanced(words), None, "{words}");
        }
    }
}
