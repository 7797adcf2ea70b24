//! A stranger's web site for tests, on a port of its own, that does as it is told.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on has to fail"
)]

use std::{collections::HashMap, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{Ssl, SslAcceptor, SslMethod},
    x509::{
        X509, X509Name,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};
use parking_lot::{Mutex, MutexGuard};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    task::{JoinHandle, JoinSet},
};
use tokio_openssl::SslStream;

/// What a site says to one path.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status line, headers and content, as they go out.
    pub bytes: Vec<u8>,
    /// What follows.
    pub then: Then,
    /// If there is one, each answer waits for a permit of it first, and keeps it.
    pub gate: Option<Arc<Semaphore>>,
}

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// The end of the connection.
    Close,
    /// Nothing, ever.
    Hang,
    /// These bytes again and again, as fast as they are taken.
    Repeat(&'static [u8]),
    /// These bytes again and again, with a pause before each.
    Drip(&'static [u8], Duration),
}

impl Answer {
    /// `status` with headers of one's own, each ended by CRLF, and content.
    #[must_use]
    pub fn new(status: u16, headers: &str, content: &str) -> Self {
        let length = content.len();
        Self::raw(&format!(
            "HTTP/1.1 {status} as told\r\ncontent-length: {length}\r\n{headers}\r\n{content}"
        ))
    }

    /// Status 200 with JSON.
    #[must_use]
    pub fn json(content: &str) -> Self {
        Self::new(200, "content-type: application/json\r\n", content)
    }

    /// Just these bytes.
    #[must_use]
    pub fn raw(bytes: &str) -> Self {
        Self { bytes: bytes.as_bytes().to_vec(), then: Then::Close, gate: None }
    }

    /// The same with something after it.
    #[must_use]
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// The same, once `gate` lets it through.
    #[must_use]
    pub fn behind(self, gate: &Arc<Semaphore>) -> Self {
        Self { gate: Some(Arc::clone(gate)), ..self }
    }
}

/// A request as the site took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The first line, such as `GET /keys HTTP/1.1`.
    pub line: String,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// Content.
    pub content: String,
}

#[derive(Default)]
struct Shared {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
    connections: usize,
}

/// A site that answers what it was told for a path, and 404 to everything else.
pub struct FakeSite {
    /// Where it listens.
    pub address: SocketAddr,
    encrypted: bool,
    shared: Arc<Mutex<Shared>>,
    arrivals: Arc<Notify>,
    task: JoinHandle<()>,
}

impl FakeSite {
    /// A site without TLS.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// A site with TLS if there is something to do it by.
    pub async fn start_with(tls: Option<SslAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let encrypted = tls.is_some();
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let arrivals: Arc<Notify> = Arc::default();
        let site = Talk { shared: Arc::clone(&shared), arrivals: Arc::clone(&arrivals), tls };
        let task = tokio::spawn(serve(listener, site));
        Self { address, encrypted, shared, arrivals, task }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock()
    }

    /// From now on, `path`, with its query, gets `answer`.
    pub fn at(&self, path: &str, answer: Answer) {
        self.shared().answers.insert(path.to_owned(), answer);
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.shared().asked.clone()
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared().connections
    }

    /// Waits until there were `count` requests.
    pub async fn was_asked(&self, count: usize) -> Vec<Asked> {
        loop {
            let arrival = self.arrivals.notified();
            let asked = self.asked();
            if asked.len() >= count {
                return asked;
            }
            arrival.await;
        }
    }

    /// `path` at this site by its address.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }
}

impl Drop for FakeSite {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, talk: Talk) {
    // Conversations end with the site.
    let mut conversations = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        talk.shared.lock().connections += 1;
        conversations.spawn(talk.clone().with(tcp));
    }
}

/// One conversation; `None` ends it.
#[derive(Clone)]
struct Talk {
    shared: Arc<Mutex<Shared>>,
    arrivals: Arc<Notify>,
    tls: Option<SslAcceptor>,
}

impl Talk {
    async fn with(self, tcp: TcpStream) -> Option<()> {
        let Some(acceptor) = &self.tls else {
            return self.converse(BufReader::new(tcp)).await;
        };
        let session = Ssl::new(acceptor.context()).expect("a TLS session");
        let mut stream = SslStream::new(session, tcp).expect("a TLS stream");
        Pin::new(&mut stream).accept().await.ok()?;
        self.converse(BufReader::new(stream)).await
    }

    async fn converse<S: AsyncBufRead + AsyncWrite + Unpin>(&self, mut stream: S) -> Option<()> {
        let asked = read(&mut stream).await?;
        let path = asked.line.split(' ').nth(1)?.to_owned();
        let answer = {
            let mut shared = self.shared.lock();
            shared.asked.push(asked);
            shared.answers.get(&path).cloned()
        };
        self.arrivals.notify_waiters();
        let answer = answer.unwrap_or_else(|| Answer::new(404, "", ""));
        if let Some(gate) = &answer.gate {
            gate.acquire().await.ok()?.forget();
        }
        say(&mut stream, &answer.bytes).await?;
        loop {
            match &answer.then {
                Then::Close => return stream.shutdown().await.ok(),
                Then::Hang => std::future::pending().await,
                Then::Repeat(bytes) => say(&mut stream, bytes).await?,
                Then::Drip(bytes, pause) => {
                    tokio::time::sleep(*pause).await;
                    say(&mut stream, bytes).await?;
                }
            }
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(to: &mut S, bytes: &[u8]) -> Option<()> {
    to.write_all(bytes).await.ok()?;
    to.flush().await.ok()
}

async fn read<S: AsyncBufRead + Unpin>(from: &mut S) -> Option<Asked> {
    let line = read_line(from).await?;
    let mut headers = HashMap::new();
    loop {
        let header = read_line(from).await?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let mut content = vec![0; length];
    from.read_exact(&mut content).await.ok()?;
    Some(Asked { line, headers, content: String::from_utf8(content).ok()? })
}

async fn read_line<S: AsyncBufRead + Unpin>(from: &mut S) -> Option<String> {
    let mut line = String::new();
    let count = from.read_line(&mut line).await.ok()?;
    (count > 0).then(|| line.trim_end().to_owned())
}

/// A certificate authority of one's own.
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new one, with a key of its own.
    #[must_use]
    pub fn new() -> Self {
        let key = key();
        let certificate = certificate("Test Authority", &key, None, None);
        Self { certificate, key }
    }

    /// An authority that this one vouches for. What it vouches for shows no certificate but its own.
    #[must_use]
    pub fn below(&self) -> Self {
        let key = key();
        let certificate = certificate("Test Issuer", &key, Some(self), None);
        Self { certificate, key }
    }

    /// Its certificate, to be trusted: see [`Rules::extra_roots`](crate::Rules::extra_roots).
    #[must_use]
    pub fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().expect("PEM")
    }

    /// TLS for a site of these names, which may be addresses.
    #[must_use]
    pub fn vouch_for(&self, names: &[&str]) -> SslAcceptor {
        let key = key();
        let certificate = certificate("Test Site", &key, Some(self), Some(names));
        let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("TLS");
        tls.set_private_key(&key).expect("its key");
        tls.set_certificate(&certificate).expect("its certificate");
        tls.build()
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

fn name(common: &str) -> X509Name {
    let mut name = X509Name::builder().expect("a name");
    name.append_entry_by_nid(Nid::COMMONNAME, common).expect("a name");
    name.build()
}

/// A certificate by `issuer`, or by its own key; for a site of these names, or for an authority.
fn certificate(
    subject: &str,
    key: &PKey<Private>,
    issuer: Option<&Authority>,
    names: Option<&[&str]>,
) -> X509 {
    let subject = &name(subject);
    let mut made = X509::builder().expect("a certificate");
    made.set_version(2).expect("v3");
    let serial = BigNum::from_u32(if issuer.is_some() { 2 } else { 1 }).expect("a number");
    made.set_serial_number(&serial.to_asn1_integer().expect("a number")).expect("a number");
    made.set_subject_name(subject).expect("a subject");
    made.set_issuer_name(issuer.map_or(subject, |by| by.certificate.subject_name()))
        .expect("an issuer");
    made.set_pubkey(key).expect("a key");
    made.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
    made.set_not_after(&Asn1Time::days_from_now(2).expect("a time")).expect("a time");
    if names.is_none() {
        let authority = BasicConstraints::new().critical().ca().build().expect("a role");
        made.append_extension(authority).expect("a role");
        let usage = KeyUsage::new().critical().key_cert_sign().build().expect("a use");
        made.append_extension(usage).expect("a use");
    }
    // Two authorities may have one name: keys tell them apart (RFC 5280 §4.2.1.1).
    let context = made.x509v3_context(issuer.map(|by| &*by.certificate), None);
    let own = SubjectKeyIdentifier::new().build(&context).expect("a key's name");
    made.append_extension(own).expect("a key's name");
    if issuer.is_some() {
        let context = made.x509v3_context(issuer.map(|by| &*by.certificate), None);
        let theirs = AuthorityKeyIdentifier::new().keyid(true).build(&context);
        made.append_extension(theirs.expect("a key's name")).expect("a key's name");
    }
    if let Some(names) = names {
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            if name.parse::<std::net::IpAddr>().is_ok() {
                alternatives.ip(name);
            } else {
                alternatives.dns(name);
            }
        }
        let context = made.x509v3_context(None, None);
        let alternatives = alternatives.build(&context).expect("names");
        made.append_extension(alternatives).expect("names");
    }
    made.sign(issuer.map_or(key, |by| &by.key), MessageDigest::sha256()).expect("signed");
    made.build()
}
