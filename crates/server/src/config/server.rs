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
            "server.max_requests",
            "\"auto\"",
            "Requests being answered from which on new work (a request for a sign-in, a registration,\n\
             the home page) is turned away with 503 and Retry-After. What is under way is turned away\n\
             from twice as many on, introspection, revocation and sign-out from four times as many;\n\
             health, keys and discovery never. \"auto\" is 256 a processor core, at least 1024.",
        ),
        Key::new(
            "server.max_connections",
            "\"auto\"",
            "Connections that may be open at once; more wait until one is closed. \"auto\" is what the\n\
             system's limit of open files leaves, at most 25000.",
        ),
        Key::new(
            "server.backlog",
            "2048",
            "Connections that may wait in the system's queue. Linux allows net.core.somaxconn.",
        ),
        Key::new(
            "server.keep_alive",
            "\"75s\"",
            "How long a connection may sit idle. Longer than proxies keep theirs (nginx: 60s), so that\n\
             none sends into a closed one.",
        ),
        Key::new(
            "server.header_timeout",
            "\"10s\"",
            "How long a client may take to send the head of a request. Then: 408, and closed.",
        ),
        Key::new(
            "server.body_timeout",
            "\"10s\"",
            "How long it may take to send the body. Then: 408, and closed.",
        ),
        Key::new(
            "server.send_timeout",
            "\"30s\"",
            "How long an answer may wait for a client that does not take it. Then: closed.",
        ),
        Key::new(
            "server.shutdown_timeout",
            "\"30s\"",
            "How long requests under way may take to finish after a stop signal.",
        ),
        Key::new(
            "server.drain_delay",
            "\"3s\"",
            "How much of that time to go on answering while /health/ready says 503, so that load\n\
             balancers look elsewhere first: as long as they need to notice. Ctrl-C does not wait\n\
             for it. At most half of shutdown_timeout unless it is set.",
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
            "The largest request body that is read, in bytes. Client registration takes four times\n\
             as much, for it can hold keys and certificates.",
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
    /// Requests being answered from which on new work is turned away; `None` goes by the cores.
    pub max_requests: Option<usize>,
    /// Connections that may be open; `None` goes by the limit of open files.
    pub max_connections: Option<usize>,
    /// Connections that may wait to be accepted.
    pub backlog: u32,
    /// How long a connection may sit idle.
    pub keep_alive: Duration,
    /// How long a head may take to come.
    pub header_timeout: Duration,
    /// How long a body may take to come.
    pub body_timeout: Duration,
    /// How long an answer may wait to be taken.
    pub send_timeout: Duration,
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
    let mut drain_delay = reader.duration("server.drain_delay", Duration::ZERO..=longest);
    if reader.given_text("server.drain_delay").is_none() {
        drain_delay = drain_delay.min(shutdown_timeout / 2);
    }
    if !drain_delay.is_zero() && drain_delay >= shutdown_timeout {
        let message = "must be shorter than `server.shutdown_timeout`, of which it is a part";
        reader.mistake("server.drain_delay", message, None);
    }
    let body = reader.integer("server.max_body_bytes", 4_096..=16 * 1_024 * 1_024);
    let patience = Duration::from_secs(1)..=longest;
    let backlog = reader.integer("server.backlog", 16..=65_535);
    Server {
        max_requests: reader.count_or_auto("server.max_requests", 1..=1_000_000),
        max_connections: reader.count_or_auto("server.max_connections", 16..=1_000_000),
        backlog: u32::try_from(backlog).unwrap_or(2_048),
        keep_alive: reader.duration("server.keep_alive", patience.clone()),
        header_timeout: reader.duration("server.header_timeout", patience.clone()),
        body_timeout: reader.duration("server.body_timeout", patience.clone()),
        send_timeout: reader.duration("server.send_timeout", patience),
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
