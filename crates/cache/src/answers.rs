//! Whether a host that takes connections goes on with TLS. The library waits for that without end,
//! and a thread that waits so cannot be ended.

use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use openssl::ssl::{HandshakeError, SslConnector, SslMethod, SslVerifyMode};

use crate::url::Host;

/// Begins TLS with `host`, and ends it again. Nothing is said on that connection, so the certificate
/// does not matter here; it does on the one that is used.
///
/// # Errors
/// No connection, or silence. Whatever else went wrong the proper connection will tell.
pub(crate) fn within(timeout: Duration, host: &Host) -> io::Result<()> {
    let mut last = io::Error::other("the name of the host has no address");
    for address in (host.name.as_str(), host.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return greet(timeout, &host.name, stream),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

fn greet(timeout: Duration, name: &str, stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::NONE);
    let greeting = builder.build().configure()?.verify_hostname(false).connect(name, stream);
    if matches!(greeting, Err(HandshakeError::WouldBlock(_))) {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer to the TLS greeting"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        net::TcpListener,
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(100);

    fn at(listener: &TcpListener) -> Host {
        let port = listener.local_addr().unwrap().port();
        Host { name: "127.0.0.1".to_owned(), port }
    }

    #[test]
    fn silence_ends_in_time() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let start = Instant::now();
        let fault = within(TIMEOUT, &at(&silent)).unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::TimedOut);
        assert!(start.elapsed() < TIMEOUT * 10, "{:?}", start.elapsed());
    }

    #[test]
    fn any_answer_is_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = at(&listener);
        let server = thread::spawn(move || drop(listener.accept()));
        assert!(within(TIMEOUT, &host).is_ok());
        server.join().unwrap();
    }

    #[test]
    fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = at(&listener);
        drop(listener);
        assert!(within(TIMEOUT, &host).is_err());
    }
}
