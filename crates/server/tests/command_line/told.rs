//! Commands beside servers that run, and servers beside a Redis that does not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use vestibule_cache::testing::{TestRedis, free_port};
use vestibule_cache::{Cache, Kept};

use crate::site::{Site, text};

const PATIENCE: Duration = Duration::from_secs(20);

pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn commands_tell_the_servers_that_run_what_they_changed() {
    let (site, redis) = (Site::new(), TestRedis::start());
    site.json("user create --username ana --email ana@example.com --password-file password");
    let user = site.json("user list")[0]["sub"].as_str().unwrap().to_owned();
    let server = Cache::redis(redis.settings()).unwrap();
    until("somebody listens", || server.is_listening());
    for (command, kind, key) in [
        ("client create --client-id app --redirect-uri https://a.example/cb", "client", "app"),
        ("client delete app", "client", "app"),
        ("user lock ana", "user", user.as_str()),
        ("user unlock ana", "user", user.as_str()),
        ("user erase ana --yes", "user", user.as_str()),
    ] {
        let kept: Kept<u8> = Kept::new(&server, kind, 10, Duration::from_mins(10));
        kept.put(&kept.begin(), key.to_owned(), 7);
        kept.put(&kept.begin(), "another".to_owned(), 7);
        let mut command_line = site.command(command);
        let done = command_line.env("VESTIBULE__REDIS__URL", redis.url()).output().unwrap();
        assert!(done.status.success(), "{command}: {}", text(&done.stderr));
        until(command, || kept.get(key).is_none());
        assert!(kept.get("another").is_some(), "{command} told of more than it changed");
    }
    server.shutdown();
}

#[test]
fn a_command_beside_a_dead_redis_does_its_work_and_says_so() {
    let site = Site::new();
    let nowhere = format!("redis://127.0.0.1:{}", free_port());
    let began = Instant::now();
    let mut command = site.command(
        "client create --client-id app --auth-method none \
                                    --redirect-uri https://a.example/cb",
    );
    let done = command.env("VESTIBULE__REDIS__URL", nowhere).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = format!("{}{}", text(&done.stdout), text(&done.stderr));
    assert!(said.contains("changes.untold"), "{said}");
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(site.json("client list")[0]["client_id"], "app");
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_server_is_ready_without_its_redis_and_says_that_it_misses_it() {
    let (site, mut redis) = (Site::new(), TestRedis::start());
    let figures = format!("127.0.0.1:{}", free_port());
    let url = redis.url();
    let server = site.serve(&[
        ("VESTIBULE__REDIS__URL", url.as_str()),
        ("VESTIBULE__METRICS__LISTEN", figures.as_str()),
    ]);
    let ready = || {
        let answer = server.get("/health/ready");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    };
    until("all is well", || !ready().contains("degraded"));
    assert!(get(&figures, "/metrics").contains("\nvestibule_redis_breaker 0\n"));
    redis.kill();
    until("it misses Redis", || ready().contains("\"degraded\":[\"Redis does not answer"));
    redis.restart();
    until("it has Redis again", || !ready().contains("degraded"));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
