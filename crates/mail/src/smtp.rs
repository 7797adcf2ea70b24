//! Sends mails.

use std::{net::IpAddr, sync::Arc, time::Duration};

use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        authentication::Mechanism,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailParameter},
    },
};
use openssl::ssl::SslConnector;
use tokio::time::{Instant, timeout, timeout_at};
use vestibule_model::{Timestamp, mail::MailMessage};

use crate::{
    MailError, SendError, SmtpSettings,
    connect::{connect, tls},
    error::Stage,
    letter::Letter,
    settings::{Encryption, Server},
};

/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// The way to one mail server. Clones share it; each mail has a connection of its own.
#[derive(Clone)]
pub struct Smtp(Arc<Inner>);

struct Inner {
    server: Server,
    tls: Option<SslConnector>,
    from: Mailbox,
    host: String,
    hello: ClientId,
    timeout: Duration,
}

/// Shows neither server nor credentials.
impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp([REDACTED])")
    }
}

impl Smtp {
    /// Checks `settings`; connects to nobody yet.
    ///
    /// # Errors
    /// What an operator has to mend; see [`MailError`].
    pub fn new(settings: &SmtpSettings<'_>) -> Result<Self, MailError> {
        let server = Server::parse(settings.url)?;
        let from = settings.from.parse().map_err(|_| MailError::From)?;
        let tls = match server.encryption {
            Encryption::None => None,
            Encryption::Implicit | Encryption::StartTls => Some(tls(settings.ca_file)?),
        };
        Ok(Self(Arc::new(Inner {
            server,
            tls,
            from,
            host: settings.host.to_owned(),
            hello: hello(settings.host),
            timeout: settings.timeout,
        })))
    }

    /// How long [`send`](Self::send) takes at most.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Sends `message`, as written at `written_at`, under the `Message-ID` `<id@host>`. Sending it
    /// again sends the same bytes.
    ///
    /// # Errors
    /// [`SendError::Permanent`] if the server will have this mail under no circumstances (a 5yz
    /// answer to receiver or content, RFC 5321 §4.2.1), or if there can be no such receiver.
    /// Everything else is [`SendError::Transient`]: no answer, no TLS, a password refused.
    pub async fn send(
        &self,
        message: &MailMessage,
        id: &str,
        written_at: Timestamp,
    ) -> Result<(), SendError> {
        let Inner { from, host, .. } = &*self.0;
        let letter = Letter::write(from, host, message, id, written_at)?;
        let deadline = Instant::now() + self.0.timeout;
        let late = |_| {
            let seconds = self.0.timeout.as_secs_f32();
            SendError::Transient(format!("the server took longer than {seconds} s"))
        };
        let mut server = timeout_at(deadline, self.open()).await.map_err(late)??;
        let told = timeout_at(deadline, self.tell(&mut server, &letter)).await.map_err(late)?;
        // A polite goodbye. What it is answered changes nothing, so nobody waits long for it.
        let _ = timeout(GOODBYE, server.abort()).await;
        told
    }

    /// Connects, encrypts and signs in as for a mail, and leaves without sending one.
    ///
    /// # Errors
    /// [`SendError::Transient`], with what a mail would have failed by.
    pub async fn test(&self) -> Result<(), SendError> {
        let deadline = Instant::now() + self.0.timeout;
        let late = |_| SendError::Transient("the server took too long".to_owned());
        let mut server = timeout_at(deadline, self.open()).await.map_err(late)??;
        let told = timeout_at(deadline, self.sign_in(&mut server)).await.map_err(late)?;
        let _ = timeout(GOODBYE, server.abort()).await;
        told
    }

    /// Whether mails travel encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.server.encryption != Encryption::None
    }

    /// The server's name and port, without credentials.
    #[must_use]
    pub fn server(&self) -> (&str, u16) {
        (&self.0.server.host, self.0.server.port)
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let Inner { server, tls, hello, .. } = &*self.0;
        let stream = connect(server, tls.as_ref(), &hello.to_string()).await?;
        AsyncSmtpConnection::connect_with_transport(stream, hello)
            .await
            .map_err(|error| SendError::at(Stage::Greeting, &error))
    }

    async fn tell(
        &self,
        server: &mut AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<(), SendError> {
        let failed = |stage| move |error| SendError::at(stage, &error);
        self.sign_in(server).await?;
        let from = self.0.from.email.clone();
        let parameters = self.parameters(server, letter)?;
        server.command(Mail::new(Some(from), parameters)).await.map_err(failed(Stage::Mail))?;
        let to = letter.to.clone();
        server.command(Rcpt::new(to, Vec::new())).await.map_err(failed(Stage::Rcpt))?;
        server.command(Data).await.map_err(failed(Stage::Data))?;
        server.message(&letter.bytes).await.map_err(failed(Stage::Content))?;
        Ok(())
    }

    /// Says who we are, if the address has credentials.
    async fn sign_in(&self, server: &mut AsyncSmtpConnection) -> Result<(), SendError> {
        let Some(credentials) = &self.0.server.credentials else { return Ok(()) };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let signed_in = server.auth(&mechanisms, credentials).await;
        signed_in.map(drop).map_err(|error| SendError::at(Stage::Auth, &error))
    }

    /// RFC 6531 §3.4, for addresses that ASCII cannot write. The content is ASCII always.
    fn parameters(
        &self,
        server: &AsyncSmtpConnection,
        letter: &Letter,
    ) -> Result<Vec<MailParameter>, SendError> {
        if is_ascii(&letter.to) && is_ascii(&self.0.from.email) {
            return Ok(Vec::new());
        }
        if server.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Ok(vec![MailParameter::SmtpUtfEight]);
        }
        Err(SendError::Permanent("the server takes no address beyond ASCII".to_owned()))
    }
}

fn is_ascii(address: &Address) -> bool {
    address.user().is_ascii() && address.domain().is_ascii()
}

/// Our name for `EHLO` (RFC 5321 §4.1.1.1): a domain, or an address in brackets.
fn hello(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_name_is_a_domain_or_an_address() {
        for (host, name) in
            [("id.example", "id.example"), ("127.0.0.1", "[127.0.0.1]"), ("[::1]", "[IPv6:::1]")]
        {
            assert_eq!(hello(host).to_string(), name);
        }
    }
}
