//! An SMTP server for tests, on a port of its own, that does as it is told.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on has to fail"
)]

use std::{
    collections::VecDeque,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openssl::ssl::{Ssl, SslAcceptor};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_openssl::SslStream;

/// Where in a conversation something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Before the first word.
    Greeting,
    /// The answer to `AUTH`.
    Auth,
    /// The answer to `MAIL`.
    Mail,
    /// The answer to `RCPT`.
    Rcpt,
    /// The answer to `DATA`.
    Data,
    /// The answer to the content, which is not kept then.
    Content,
    /// The answer to the content, which is kept, and whose sender never hears of it.
    Kept,
    /// The answer to `QUIT`.
    Quit,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// This line is the answer.
    Says(&'static str),
    /// There is no answer, ever.
    Hangs,
    /// The connection ends.
    Leaves,
}

/// How a connection is encrypted.
#[derive(Clone)]
pub enum Tls {
    /// Not at all.
    None,
    /// From the first byte.
    Implicit(SslAcceptor),
    /// When the client says `STARTTLS`; with `early`, these bytes follow the go-ahead in the clear.
    Offered {
        /// The certificate and its key.
        acceptor: SslAcceptor,
        /// What somebody on the way puts in.
        early: &'static [u8],
    },
}

/// A mail as the server took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The parameter of `MAIL`.
    pub from: String,
    /// The parameter of `RCPT`.
    pub to: String,
    /// The mail with its headers.
    pub data: String,
}

#[derive(Default)]
struct Shared {
    plan: VecDeque<(At, Trouble)>,
    received: Vec<Received>,
    said: Vec<String>,
    connections: usize,
}

/// A server that takes every mail, but for the troubles that it was told of.
pub struct FakeSmtp {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    arrivals: Arc<Notify>,
    task: JoinHandle<()>,
}

impl FakeSmtp {
    /// A server without TLS.
    pub async fn start() -> Self {
        Self::start_with(Tls::None).await
    }

    /// A server with TLS.
    pub async fn start_with(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (shared, arrivals) = (Arc::default(), Arc::default());
        let conversation =
            Talk { shared: Arc::clone(&shared), arrivals: Arc::clone(&arrivals), tls };
        let task = tokio::spawn(serve(listener, conversation));
        Self { address, shared, arrivals, task }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next conversation that comes as far as `at` meets `trouble` there. Troubles wait in line
    /// and happen once each.
    pub fn plan(&self, at: At, trouble: Trouble) {
        self.shared().plan.push_back((at, trouble));
    }

    /// Every mail so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared().received.clone()
    }

    /// Waits until there are `count` mails.
    pub async fn arrived(&self, count: usize) -> Vec<Received> {
        loop {
            let arrival = self.arrivals.notified();
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            arrival.await;
        }
    }

    /// Every line that clients said, but for the mails.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.shared().said.clone()
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared().connections
    }

    /// Its address as a setting.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }
}

impl Drop for FakeSmtp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, talk: Talk) {
    // Conversations end with the server.
    let mut conversations = tokio::task::JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        talk.lock().connections += 1;
        conversations.spawn(talk.clone().with(tcp));
    }
}

/// One conversation; `None` ends it.
#[derive(Clone)]
struct Talk {
    shared: Arc<Mutex<Shared>>,
    arrivals: Arc<Notify>,
    tls: Tls,
}

impl Talk {
    async fn with(mut self, tcp: TcpStream) -> Option<()> {
        match std::mem::replace(&mut self.tls, Tls::None) {
            Tls::None => self.converse(&mut BufReader::new(tcp), true, false).await,
            Tls::Implicit(acceptor) => {
                let mut stream = BufReader::new(accept(&acceptor, tcp).await?);
                self.converse(&mut stream, true, false).await
            }
            Tls::Offered { acceptor, early } => {
                let mut stream = BufReader::new(tcp);
                self.converse(&mut stream, true, true).await?;
                let go = [b"220 go ahead\r\n", early].concat();
                stream.write_all(&go).await.ok()?;
                let mut stream = BufReader::new(accept(&acceptor, stream.into_inner()).await?);
                self.converse(&mut stream, false, false).await
            }
        }
    }

    /// Converses until `STARTTLS`, which is `Some`, or the end.
    async fn converse<S>(&self, stream: &mut S, greets: bool, offers_tls: bool) -> Option<()>
    where
        S: AsyncBufRead + AsyncWrite + Unpin,
    {
        if greets {
            self.reply(stream, At::Greeting, "220 fake ESMTP").await?;
        }
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = read(stream).await?;
            self.lock().said.push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" if offers_tls => say(stream, "250-fake\r\n250 STARTTLS").await?,
                "EHLO" => say(stream, "250-fake\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN").await?,
                "STARTTLS" if offers_tls => return Some(()),
                "AUTH" => self.reply(stream, At::Auth, "235 welcome").await?,
                "MAIL" => {
                    from = line;
                    self.reply(stream, At::Mail, "250 ok").await?;
                }
                "RCPT" => {
                    to = line;
                    self.reply(stream, At::Rcpt, "250 ok").await?;
                }
                "DATA" if self.reply_is_ok(stream, At::Data, "354 go on").await? => {
                    let data = read_data(stream).await?;
                    let mail = Received { from: from.clone(), to: to.clone(), data };
                    if self.reply_is_ok(stream, At::Content, "").await? {
                        self.lock().received.push(mail);
                        self.arrivals.notify_waiters();
                        self.reply(stream, At::Kept, "250 2.0.0 taken").await?;
                    }
                }
                "DATA" => {}
                "QUIT" => {
                    self.reply(stream, At::Quit, "221 bye").await?;
                    return None;
                }
                _ => say(stream, "502 what?").await?,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, at: At) -> Option<Trouble> {
        let mut shared = self.lock();
        let found = shared.plan.iter().position(|(planned, _)| *planned == at)?;
        shared.plan.remove(found).map(|(_, trouble)| trouble)
    }

    async fn reply<S: AsyncWrite + Unpin>(&self, to: &mut S, at: At, line: &str) -> Option<()> {
        self.reply_is_ok(to, at, line).await.map(drop)
    }

    /// Says `line`, if it is not empty, or what was planned instead; whether it was `line`.
    async fn reply_is_ok<S: AsyncWrite + Unpin>(
        &self,
        to: &mut S,
        at: At,
        line: &str,
    ) -> Option<bool> {
        match self.next(at) {
            None if line.is_empty() => Some(true),
            None => say(to, line).await.map(|()| true),
            Some(Trouble::Says(other)) => say(to, other).await.map(|()| false),
            Some(Trouble::Hangs) => std::future::pending().await,
            Some(Trouble::Leaves) => None,
        }
    }
}

async fn accept<S>(acceptor: &SslAcceptor, stream: S) -> Option<SslStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = Ssl::new(acceptor.context()).expect("a TLS session");
    let mut stream = SslStream::new(session, stream).expect("a TLS stream");
    Pin::new(&mut stream).accept().await.ok()?;
    Some(stream)
}

async fn say<S: AsyncWrite + Unpin>(to: &mut S, line: &str) -> Option<()> {
    to.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    to.flush().await.ok()
}

async fn read<S: AsyncBufRead + Unpin>(from: &mut S) -> Option<String> {
    let mut line = String::new();
    let count = from.read_line(&mut line).await.ok()?;
    (count > 0).then(|| line.trim_end().to_owned())
}

/// The mail up to the dot on a line of its own (RFC 5321 §4.5.2).
async fn read_data<S: AsyncBufRead + Unpin>(from: &mut S) -> Option<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
