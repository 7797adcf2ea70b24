//! `[server]`: how requests come in.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "server",
    doc: "How requests come in.",
    keys: &[
        Key::new(
            "server.listen",
            "\"127.0.0.1:8080\"",
            "The address and port to listen on. Plain HTTP: a proxy in front ends TLS.",
        ),
        Key::new(
            "server.workers",
            "\"auto\"",
            "Threads that handle requests. \"auto\" is one a processor core.",
        ),
        Key::new(
            "server.shutdown_timeout",
            "\"30s\"",
            "How long requests under way may take to finish after a stop signal.",
        ),
        Key::new(
            "server.drain_delay",
            "\"0s\"",
            "How much of that time to go on answering while /health/ready says 503, so that load\n\
             balancers look elsewhere first.",
        ),
        Key::new(
            "server.trusted_proxies",
            "[]",
            "Addresses or networks of the proxies in front, for example [\"10.0.0.0/8\"]. Only\n\
             their X-Forwarded-For is believed when the visitor's address matters.",
        ),
        Key::new(
            "server.max_body_bytes",
            "65536",
            "The largest request body that is read, in bytes.",
        ),
    ],
};

/// How requests come in.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Threads for requests; `None` is one a core.
    pub workers: Option<usize>,
    /// How long requests may finish after a stop signal.
    pub shutdown_timeout: Duration,
    /// How long to go on answering while no longer ready.
    pub drain_delay: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest request body.
    pub max_body_bytes: usize,
}

pub(super) fn read(reader: &mut Reader) -> Server {
    let listen = reader.parsed("server.listen", parse_address);
    let longest = Duration::from_mins(10);
    let shutdown_timeout =
        reader.duration("server.shutdown_timeout", Duration::from_secs(1)..=longest);
    let drain_delay = reader.duration("server.drain_delay", Duration::ZERO..=longest);
    if !drain_delay.is_zero() && drain_delay >= shutdown_timeout {
        let message = "must be shorter than `server.shutdown_timeout`, of which it is a part";
        reader.mistake("server.drain_delay", message, None);
    }
    let body = reader.integer("server.max_body_bytes", 4_096..=16 * 1_024 * 1_024);
    Server {
        listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
        workers: reader.count_or_auto("server.workers", 1..=1_024),
        shutdown_timeout,
        drain_delay,
        trusted_proxies: reader.list("server.trusted_proxies", parse_network),
        max_body_bytes: usize::try_from(body).unwrap_or(65_536),
    }
}

/// Reads `ADDRESS:PORT`.
pub(super) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not an address and port: write it like \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for every network")
    })
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    text.parse()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| format!("{text:?} is not an address or network like \"10.0.0.0/8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_or_networks() {
        assert_eq!(parse_network("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
        assert_eq!(parse_network("fd00::/8").unwrap().to_string(), "fd00::/8");
        assert!(parse_network("proxy").is_err());
    }

    #[test]
    fn listening_needs_address_and_port() {
        assert!(parse_address("0.0.0.0:80").is_ok());
        assert!(parse_address("[::]:80").is_ok());
        for text in ["8080", ":8080", "localhost:8080", "127.0.0.1"] {
            assert!(parse_address(text).is_err(), "{text}");
        }
    }
}
