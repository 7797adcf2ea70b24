//! A connection to the mail server, encrypted where it has to be.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf},
    net::TcpStream,
};
use tokio_openssl::SslStream;

use crate::{
    MailError, SendError,
    settings::{Encryption, Server},
};

/// Lines that a server may say before TLS, at most; RFC 5321 §4.5.3.1.5 gives a line 512 bytes.
const MAX_LINES: usize = 64;
const MAX_LINE: usize = 2_048;

/// What a server would have said first: lettre waits for a greeting, and there is none after
/// `STARTTLS`.
const GREETING: &[u8] = b"220 \r\n";

/// Checks the certificates of servers.
pub(crate) fn tls(ca_file: Option<&Path>) -> Result<SslConnector, MailError> {
    let mut tls = SslConnector::builder(SslMethod::tls_client())?;
    // RFC 8996: what is older is not safe.
    tls.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    if let Some(file) = ca_file {
        tls.load_verify_locations(Some(file), None)?;
        return Ok(tls.build());
    }
    // Our OpenSSL looks where it was built, not where the system keeps them.
    let found = openssl_probe::probe();
    let folder = found.cert_dir.first().map(PathBuf::as_path);
    if found.cert_file.is_none() && folder.is_none() {
        return Err(MailError::NoRoots);
    }
    tls.load_verify_locations(found.cert_file.as_deref(), folder)?;
    Ok(tls.build())
}

/// Connects to `server`, and encrypts as its address says.
pub(crate) async fn connect(
    server: &Server,
    tls: Option<&SslConnector>,
    hello: &str,
) -> Result<Box<dyn AsyncTokioStream>, SendError> {
    let tcp = TcpStream::connect((server.host.as_str(), server.port)).await;
    let mut tcp = tcp.map_err(|fault| trouble("connecting", &fault))?;
    let greeting: &[u8] = match server.encryption {
        Encryption::None => return Ok(Box::new(tcp)),
        Encryption::Implicit => &[],
        Encryption::StartTls => {
            ask_for_tls(&mut tcp, hello).await?;
            GREETING
        }
    };
    let Some(tls) = tls else { return Err(SendError::Transient("TLS is not set up".to_owned())) };
    let stream = encrypt(tls, &server.host, tcp).await?;
    Ok(Box::new(Encrypted { greeting, stream }))
}

/// As much of SMTP as leads to TLS (RFC 3207 §4).
async fn ask_for_tls(tcp: &mut TcpStream, hello: &str) -> Result<(), SendError> {
    let mut lines = BufReader::new(tcp);
    answer(&mut lines, "greeting").await?;
    say(&mut lines, &format!("EHLO {hello}\r\n")).await?;
    let offers = answer(&mut lines, "EHLO").await?;
    if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
        return Err(SendError::Transient("the server offers no STARTTLS".to_owned()));
    }
    say(&mut lines, "STARTTLS\r\n").await?;
    answer(&mut lines, "STARTTLS").await?;
    // Said before TLS, read after it: somebody on the way would be believed (CVE-2011-0411 and kin).
    if !lines.buffer().is_empty() {
        return Err(SendError::Transient("the server spoke out of turn before TLS".to_owned()));
    }
    Ok(())
}

async fn say(to: &mut BufReader<&mut TcpStream>, line: &str) -> Result<(), SendError> {
    let told = to.get_mut().write_all(line.as_bytes()).await;
    told.map_err(|fault| trouble("asking for TLS", &fault))
}

/// The texts of an answer that is a yes (RFC 5321 §4.2).
async fn answer(lines: &mut BufReader<&mut TcpStream>, to: &str) -> Result<Vec<String>, SendError> {
    let broken = || SendError::Transient(format!("{to}: the connection broke"));
    let mut texts = Vec::new();
    while texts.len() < MAX_LINES {
        let line = line(lines).await.ok_or_else(broken)?;
        let (Some(code), rest) = (line.get(..3), line.get(3..).unwrap_or_default()) else {
            return Err(broken());
        };
        if !code.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(broken());
        }
        if !code.starts_with('2') {
            return Err(SendError::Transient(format!("{to}: {code}")));
        }
        texts.push(rest.get(1..).unwrap_or_default().trim().to_owned());
        if !rest.starts_with('-') {
            return Ok(texts);
        }
    }
    Err(broken())
}

async fn line(lines: &mut BufReader<&mut TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    loop {
        let seen = lines.fill_buf().await.ok().filter(|seen| !seen.is_empty())?;
        let end = seen.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(seen.len(), |end| end + 1);
        line.extend_from_slice(seen.get(..taken)?);
        lines.consume(taken);
        if line.len() > MAX_LINE {
            return None;
        }
        if end.is_some() {
            return String::from_utf8(line).ok();
        }
    }
}

async fn encrypt(
    tls: &SslConnector,
    host: &str,
    tcp: TcpStream,
) -> Result<SslStream<TcpStream>, SendError> {
    let failed = |what: &dyn std::fmt::Display| SendError::Transient(format!("TLS: {what}"));
    let session = tls.configure().and_then(|session| session.into_ssl(host));
    let mut stream =
        session.and_then(|session| SslStream::new(session, tcp)).map_err(|fault| failed(&fault))?;
    if let Err(fault) = Pin::new(&mut stream).connect().await {
        let checked = stream.ssl().verify_result();
        return Err(if checked == openssl::x509::X509VerifyResult::OK {
            failed(&fault)
        } else {
            failed(&checked.error_string())
        });
    }
    Ok(stream)
}

fn trouble(doing: &str, fault: &io::Error) -> SendError {
    SendError::Transient(format!("{doing}: {fault}"))
}

/// An encrypted connection that greets first.
#[derive(Debug)]
struct Encrypted {
    greeting: &'static [u8],
    stream: SslStream<TcpStream>,
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let (now, later) = self.greeting.split_at(self.greeting.len().min(into.remaining()));
        into.put_slice(now);
        self.greeting = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
