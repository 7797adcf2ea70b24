//! Where a request came from, as far as the proxies that we trust tell.

use std::net::{IpAddr, SocketAddr};

use actix_web::{dev::ServiceRequest, http::header::HeaderMap};
use ipnet::IpNet;

/// The address of the visitor.
#[must_use]
pub fn of(request: &ServiceRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    Some(behind(peer, request.headers(), trusted))
}

/// Whether what `peer` says of others is believed.
#[must_use]
pub(crate) fn is_trusted(peer: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&peer.to_canonical()))
}

/// Reads `X-Forwarded-For` from the right, each hop believed only if a trusted one wrote it. What
/// the visitor wrote stands furthest left and is never reached.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    // Whatever bytes the visitor sent, what a proxy added to their line is read.
    let lines: Vec<_> = headers
        .get_all("x-forwarded-for")
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    let mut nearest = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(ip) = address(hop.trim()) else { break };
        nearest = ip;
        if !is_trusted(nearest, trusted) {
            break;
        }
    }
    nearest
}

/// The address of a hop; some proxies write the port that it came from behind it.
fn address(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse().or_else(|_| hop.parse().map(|with_port: SocketAddr| with_port.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_trusted_hops_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let seen = |peer: &str, lines: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                let name = HeaderName::from_static("x-forwarded-for");
                headers.append(name, HeaderValue::from_bytes(line).unwrap());
            }
            behind(peer.parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(seen("192.0.2.1", &[b"198.51.100.7"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &[b"198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[b"203.0.113.9, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[b"203.0.113.9", b"198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[b"nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        // A visitor's bytes do not take the proxy's own word away.
        assert_eq!(seen("10.0.0.1", &[b"\xff, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[b"\xff", b"198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[b"198.51.100.7:50000, 10.0.0.2:443"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &[b"[2001:db8::7]:50000"]), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &[b"::ffff:198.51.100.7"]), "198.51.100.7");
    }
}
