//! A server that starts while its database cannot be reached.

use std::time::{Duration, Instant};

use vestibule_storage::testing::TestDatabase;

use crate::link::Link;
use crate::site::{Server, Site, text};

/// A server that waits for a database behind a closed way.
fn waiting(site: &Site, database: &TestDatabase) -> (Link, Server) {
    let link = Link::to(database);
    link.close();
    let server = site.serve_until("server.waiting", &[("VESTIBULE__DATABASE__URL", link.url())]);
    (link, server)
}

#[test]
fn it_waits_for_the_database_and_says_so() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let (link, mut server) = waiting(&site, &database);
    assert!(server.get("/health/live").starts_with("HTTP/1.1 200"));
    let ready = server.get("/health/ready");
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("the database cannot be reached; waiting for it"), "{ready}");
    for path in ["/authorize?client_id=web", "/jwks", "/health/mirror", "/nowhere"] {
        let refused = server.get(path);
        assert!(refused.starts_with("HTTP/1.1 503"), "{path}: {refused}");
        assert!(refused.contains("retry-after: 2") && refused.contains("no-store"), "{refused}");
        assert!(refused.contains("\"error\":\"temporarily_unavailable\""), "{refused}");
    }
    let back = Instant::now();
    link.open();
    let started = server.event("server.started");
    assert_eq!(started["address"], server.address());
    assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
    assert!(server.get("/jwks").contains("\"kty\""));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

/// Whoever opens a page meanwhile gets one of ours, dressed as ever.
#[test]
fn people_are_told_in_their_language_while_it_waits() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let (_link, server) = waiting(&site, &database);
    let browser = "Accept: text/html,*/*;q=0.8\r\nAccept-Language: fr-CA, en;q=0.5\r\n";
    let page = server.get_with("/authorize?client_id=web&state=x", browser);
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    for line in [
        "HTTP/1.1 503",
        "content-type: text/html",
        "content-language: fr",
        "retry-after: 2",
        "cache-control: no-store",
        "content-security-policy: default-src 'none'",
        "x-frame-options: DENY",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    assert!(body.contains("<html lang=\"fr\"") && body.contains("Réessayer"), "{body}");
    assert!(body.contains("href=\"/authorize?client_id=web&#38;state=x\""), "{body}");
    assert!(!body.contains("id=\"request-id\"") && !body.contains("/language?"), "{body}");
    let style = body.split_once("rel=\"stylesheet\" href=\"").unwrap().1;
    let style = server.get(style.split_once('"').unwrap().0);
    assert!(style.starts_with("HTTP/1.1 200") && style.contains("text/css"), "{style}");
    let program = server.get_with("/jwks", browser);
    assert!(program.contains("\r\n\r\n{\"error\""), "programs may say anything: {program}");
    assert!(server.get_with("/static/nothing", browser).starts_with("HTTP/1.1 503"));
}

/// RFC 6797 §7.1: who comes while it waits is as much a visitor as any other.
#[test]
fn behind_https_it_says_so_while_it_waits() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let link = Link::to(&database);
    link.close();
    for (issuer, is_told) in [("https://localhost:1", true), ("http://localhost:1", false)] {
        let variables = [("VESTIBULE__DATABASE__URL", link.url()), ("VESTIBULE__ISSUER", issuer)];
        let server = site.serve_until("server.waiting", &variables);
        for (path, headers) in [("/login", "Accept: text/html\r\n"), ("/jwks", "")] {
            let answer = server.get_with(path, headers);
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            let told = answer.contains("strict-transport-security: max-age=63072000");
            assert_eq!(told, is_told, "{issuer} {path}: {answer}");
        }
    }
}

#[test]
fn whoever_waits_can_be_stopped() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let (_link, server) = waiting(&site, &database);
    let told = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
}

/// Nobody mends a mistake in the configuration by waiting.
#[test]
fn a_database_that_does_not_let_it_in_is_not_waited_for() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let url = database.url();
    let (server, name) = url.rsplit_once('/').unwrap();
    for (url, said) in [
        (format!("{server}/no_{name}"), "does not exist"),
        (format!("{url}?sslmode=verify-full"), "SSL"),
        (format!("{url}?user=nobody_here"), "nobody_here"),
    ] {
        let mut command = site.command("serve");
        let ended = command.env("VESTIBULE__DATABASE__URL", &url).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{url}");
        assert!(text(&ended.stderr).contains(said), "{url}: {}", text(&ended.stderr));
    }
}
