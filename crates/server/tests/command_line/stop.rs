//! A server that is told to stop: it says so, finishes, and ends in time.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use vestibule_storage::testing::TestDatabase;

use crate::link::Link;
use crate::site::{Server, Site};

/// A connection that is kept.
struct Kept(TcpStream);

impl Kept {
    fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(stream)
    }

    fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).unwrap();
    }

    /// One answer, or what came of it until the end.
    fn answer(&mut self) -> String {
        let (mut text, mut buffer) = (String::new(), [0; 4_096]);
        loop {
            let count = self.0.read(&mut buffer).unwrap();
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if count == 0 || is_whole(&text) {
                return text;
            }
        }
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    length.and_then(|length| length.parse().ok()).is_some_and(|length: usize| body.len() >= length)
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Polls until the server says that it is not ready.
fn until_not_ready(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !server.get("/health/ready").contains(" 503") {
        assert!(Instant::now() < deadline, "still ready");
    }
}

/// Pains 64: ready says 503 first, and the connections of proxies are given back one by one.
#[test]
fn a_stopping_server_gives_its_connections_back() {
    let site = Site::new();
    let server = site.serve(&[("VESTIBULE__SERVER__DRAIN_DELAY", "4s")]);
    let (mut busy, mut idle) = (Kept::to(&server), Kept::to(&server));
    for kept in [&mut busy, &mut idle] {
        kept.send(LIVE);
        assert!(!kept.answer().to_ascii_lowercase().contains("connection: close"));
    }
    server.signal("TERM");
    until_not_ready(&server);
    busy.send(LIVE);
    let last = busy.answer();
    assert!(last.starts_with("HTTP/1.1 200"), "it still answers: {last}");
    assert!(last.to_ascii_lowercase().contains("connection: close"), "{last}");
    assert_eq!(idle.answer(), "", "closed without a word once the draining is over");
    assert_eq!(server.wait().0, Some(0));
}

/// What was begun is finished after the listener is closed.
#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let site = Site::new();
    let mut server = site.serve(&[("VESTIBULE__SERVER__DRAIN_DELAY", "0s")]);
    let mut slow = Kept::to(&server);
    let body = "grant_type=authorization_code&code=x";
    slow.send(&format!(
        "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    let (begun, rest) = body.split_at(10);
    slow.send(begun);
    // Its head is read: a later request on another connection was answered.
    assert!(server.get("/health/live").starts_with("HTTP/1.1 200"));
    server.signal("TERM");
    server.event("server.stopping");
    slow.send(rest);
    let answer = slow.answer();
    assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
    assert!(answer.contains("\"error\""), "{answer}");
    assert_eq!(server.wait().0, Some(0));
}

/// A request that will never be whole.
fn stuck(server: &Server) -> Kept {
    let mut stuck = Kept::to(server);
    stuck.send(
        "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na",
    );
    // Its head is read: a later request on another connection was answered.
    assert!(server.get("/health/live").starts_with("HTTP/1.1 200"));
    stuck
}

/// Whoever asks twice does not want to wait.
#[test]
fn a_second_signal_ends_it_at_once() {
    for (drain, first) in [("0s", "TERM"), ("4s", "TERM"), ("4s", "INT")] {
        let site = Site::new();
        let mut server = site.serve(&[("VESTIBULE__SERVER__DRAIN_DELAY", drain)]);
        let _stuck = stuck(&server);
        server.signal(first);
        server.event("server.stopping");
        let told = Instant::now();
        server.signal("TERM");
        assert_eq!(server.wait().0, Some(0), "{drain}, {first}");
        assert!(told.elapsed() < Duration::from_secs(3), "{drain}, {first}: {:?}", told.elapsed());
    }
}

/// A database that gives no answer keeps nobody from ending.
#[test]
fn the_end_comes_in_time_whatever_the_database_does() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let link = Link::to(&database);
    let server = site.serve(&[
        ("VESTIBULE__DATABASE__URL", link.url()),
        ("VESTIBULE__SERVER__SHUTDOWN_TIMEOUT", "3s"),
        ("VESTIBULE__SERVER__DRAIN_DELAY", "0s"),
    ]);
    link.silence();
    // Whoever asked for that has gone by the time of the signal; who works on it has not.
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 503"));
    let told = Instant::now();
    server.signal("TERM");
    server.wait();
    assert!(told.elapsed() < Duration::from_secs(6), "{:?}", told.elapsed());
}

/// Whoever does not let go is cut off when the time is over.
#[test]
fn the_end_comes_in_time_whatever_clients_do() {
    let site = Site::new();
    let server = site.serve(&[
        ("VESTIBULE__SERVER__SHUTDOWN_TIMEOUT", "3s"),
        ("VESTIBULE__SERVER__DRAIN_DELAY", "0s"),
    ]);
    let _stuck = stuck(&server);
    let told = Instant::now();
    server.signal("TERM");
    server.wait();
    assert!(told.elapsed() < Duration::from_secs(6), "{:?}", told.elapsed());
}

/// Somebody at a terminal waits for no load balancer.
#[test]
fn an_interrupted_server_does_not_drain() {
    let site = Site::new();
    let server = site.serve(&[("VESTIBULE__SERVER__DRAIN_DELAY", "9s")]);
    let told = Instant::now();
    server.signal("INT");
    assert_eq!(server.wait().0, Some(0));
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
}
