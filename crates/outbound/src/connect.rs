//! A connection to a host whose addresses were judged before.

use std::{net::SocketAddr, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use openssl::{
    ssl::{SslConnector, SslMethod, SslVersion},
    x509::{X509, X509VerifyResult, verify::X509VerifyFlags},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_openssl::SslStream;

use crate::{
    OutboundFault, RulesFault, address,
    in_flight::Place,
    target::{Name, Target},
};

/// For one address; the next is tried after it, as far as the whole time goes.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// Addresses of a host that are tried at most.
const MAX_TRIES: usize = 4;

/// Either side of TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Trusts the system's anchors and those of `extra_roots`, in PEM.
pub(crate) fn tls(extra_roots: &[u8]) -> Result<SslConnector, RulesFault> {
    let mut tls = SslConnector::builder(SslMethod::tls_client())?;
    // RFC 8996: what is older is not safe.
    tls.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // RFC 7301: whoever listens for something else does not take this for it.
    tls.set_alpn_protos(b"\x08http/1.1")?;
    // Our OpenSSL looks where it was built, not where the system keeps them.
    let found = openssl_probe::probe();
    let folder = found.cert_dir.first().map(PathBuf::as_path);
    if found.cert_file.is_some() || folder.is_some() {
        tls.load_verify_locations(found.cert_file.as_deref(), folder)?;
    }
    if !extra_roots.is_empty() {
        let roots = X509::stack_from_pem(extra_roots).map_err(|_| RulesFault::ExtraRoots)?;
        if roots.is_empty() {
            return Err(RulesFault::ExtraRoots);
        }
        for root in roots {
            tls.cert_store_mut().add_cert(root)?;
        }
        // An anchor need not be a root: who names an issuer or a host's own certificate means it.
        tls.verify_param_mut().set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    }
    Ok(tls.build())
}

/// Every address of `target`. The search holds `place` until it ends, even if nobody waits for it any
/// more: the system's resolver cannot be stopped.
pub(crate) async fn resolve(
    target: &Target,
    place: Arc<Place>,
) -> Result<Vec<SocketAddr>, OutboundFault> {
    let port = target.port;
    let name = match &target.name {
        Name::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
        Name::Domain(name) => name.clone(),
    };
    let search = tokio::spawn(async move {
        let found = tokio::net::lookup_host((name, port)).await;
        drop(place);
        found.map(Iterator::collect)
    });
    match search.await {
        Ok(Ok(found)) => Ok(found),
        _ => Err(OutboundFault::Unresolvable),
    }
}

/// Whether a request may go to a host of these addresses: all have to be public, unless the rules
/// allow others; without encryption all have to be this very machine's.
pub(crate) fn permit(
    addresses: &[SocketAddr],
    encrypted: bool,
    allow_private: bool,
) -> Result<(), OutboundFault> {
    if addresses.is_empty() {
        return Err(OutboundFault::Unresolvable);
    }
    if !encrypted && !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(OutboundFault::NotHttps);
    }
    if !allow_private && !addresses.iter().all(|address| address::is_public(address.ip())) {
        return Err(OutboundFault::PrivateAddress);
    }
    Ok(())
}

/// Connects to the first of `addresses` that takes it; says which.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
) -> Result<(TcpStream, SocketAddr), OutboundFault> {
    for address in addresses.iter().take(MAX_TRIES) {
        if let Ok(Ok(tcp)) = timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            return Ok((tcp, *address));
        }
    }
    Err(OutboundFault::Unreachable)
}

/// Encrypts `tcp`, with nobody but `host`.
pub(crate) async fn encrypt(
    tls: &SslConnector,
    host: &str,
    tcp: TcpStream,
) -> Result<SslStream<TcpStream>, OutboundFault> {
    const FAILED: OutboundFault = OutboundFault::Tls("the handshake did not succeed");
    let session = tls.configure().and_then(|session| session.into_ssl(host));
    let stream = session.and_then(|session| SslStream::new(session, tcp));
    let mut stream = stream.map_err(|_| FAILED)?;
    if Pin::new(&mut stream).connect().await.is_err() {
        let checked = stream.ssl().verify_result();
        let failed_check = checked != X509VerifyResult::OK;
        return Err(if failed_check { OutboundFault::Tls(checked.error_string()) } else { FAILED });
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(addresses: &str, encrypted: bool, private: bool) -> Result<(), OutboundFault> {
        let addresses: Vec<_> = addresses
            .split_whitespace()
            .map(|address| SocketAddr::new(address.parse().expect(address), 443))
            .collect();
        permit(&addresses, encrypted, private)
    }

    #[test]
    fn one_address_that_is_not_public_refuses_the_host() {
        let refused = Err(OutboundFault::PrivateAddress);
        assert_eq!(permitted("8.8.8.8 2606:4700:4700::1111", true, false), Ok(()));
        assert_eq!(permitted("8.8.8.8 10.0.0.1", true, false), refused);
        assert_eq!(permitted("::1 8.8.8.8", true, false), refused);
        assert_eq!(permitted("8.8.8.8 10.0.0.1", true, true), Ok(()));
        assert_eq!(permitted("", true, true), Err(OutboundFault::Unresolvable));
    }

    #[test]
    fn without_encryption_every_address_is_this_machine_s() {
        assert_eq!(permitted("127.0.0.1 ::1", false, true), Ok(()));
        for addresses in ["8.8.8.8", "10.0.0.1", "127.0.0.1 10.0.0.1"] {
            assert_eq!(permitted(addresses, false, true), Err(OutboundFault::NotHttps));
        }
        assert_eq!(permitted("127.0.0.1", false, false), Err(OutboundFault::PrivateAddress));
    }

    /// Cargo names them in the environment, where OpenSSL finds them by itself: run outside of it, this
    /// tells whether we find them.
    #[test]
    fn the_system_s_anchors_are_found() {
        let known = |tls: &SslConnector| tls.context().cert_store().all_certificates().len();
        let ours = tls(b"").expect("the system's anchors");
        let Some(file) = openssl_probe::probe().cert_file else {
            // A machine without any still makes requests, to whom the extra anchors vouch for.
            assert_eq!(known(&ours), 0);
            return;
        };
        let system = X509::stack_from_pem(&std::fs::read(file).expect("readable")).expect("PEM");
        assert!(!system.is_empty());
        // A bundle may name one twice.
        assert!(known(&ours) >= system.len() / 2, "{} of {}", known(&ours), system.len());
    }

    #[test]
    fn extra_anchors_that_are_none_are_told() {
        for pem in ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(tls(pem.as_bytes()), Err(RulesFault::ExtraRoots)), "{pem}");
        }
    }
}
