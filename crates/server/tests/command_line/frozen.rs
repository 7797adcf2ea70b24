//! A server whose PostgreSQL hangs: its machine goes on, and no process of it does anything.

use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, until};
use crate::site::{Server, Site};

/// What asks nobody answers within this, on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(3);
/// Readiness gives up after three seconds.
const TOLD: Duration = Duration::from_secs(8);
/// For longer than a look at the database lasts, and than one thread is waited for.
const FROZEN: Duration = Duration::from_secs(12);

/// The first line of the answer, which must come in time.
fn status(server: &Server, path: &str, limit: Duration) -> String {
    let asked = Instant::now();
    let answer = server.get(path);
    assert!(asked.elapsed() < limit, "{path} took {:?}: {answer}", asked.elapsed());
    answer.lines().next().unwrap_or_default().to_owned()
}

fn is_ready(server: &Server) -> bool {
    status(server, "/health/ready", TOLD).contains(" 200 ")
}

#[test]
fn a_hanging_database_is_told_and_forgiven_and_keys_go_on_being_served() {
    let (site, cluster) = (Site::new(), Cluster::new(""));
    let server = site.serve(&[("VESTIBULE__DATABASE__URL", &cluster.url("postgres"))]);
    assert!(is_ready(&server));
    cluster.freeze();
    let frozen = Instant::now();
    until(TOLD, || !is_ready(&server));
    thread::scope(|scope| {
        // More than there are connections: all of them hang, and others wait behind.
        let visits = (0..20).map(|_| scope.spawn(|| server.get("/authorize?client_id=web")));
        let visits: Vec<_> = visits.collect();
        until(2 * FROZEN, || {
            for path in ["/health/live", "/jwks", "/.well-known/openid-configuration"] {
                let said = status(&server, path, AT_ONCE);
                assert_eq!(said, "HTTP/1.1 200 OK", "{path}, after {:?}", frozen.elapsed());
            }
            assert!(!is_ready(&server), "after {:?}", frozen.elapsed());
            frozen.elapsed() > FROZEN
        });
        for visit in visits {
            let refused = visit.join().unwrap();
            assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        }
    });
    cluster.thaw();
    let took = until(Duration::from_secs(10), || is_ready(&server));
    println!("ready again {took:?} after the thaw");
    assert!(server.get("/authorize?client_id=web").starts_with("HTTP/1.1 400"));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
