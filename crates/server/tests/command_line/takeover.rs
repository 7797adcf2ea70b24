//! A server that dies in the middle of scheduled work: another process goes on with it.

use std::time::{Duration, Instant};

use vestibule_model::{Clock, Timestamp};
use vestibule_server::clock::SystemClock;
use vestibule_storage::testing::TestDatabase;
use vestibule_storage::{Db, lease, revoked_token};

use crate::cluster::until;
use crate::restore_drill::hold;
use crate::site::{Server, Site};

/// docs/operations/upgrades.md, "Scheduled work"; and a second for a busy machine.
const WITHIN: Duration = Duration::from_secs(10 + 1);

/// Whether the sweep's turn is that server's now.
fn sweeps(db: &Db, server: &Server) -> bool {
    let now = SystemClock.now();
    let held = db.read(move |conn| lease::holder(conn, "sweep", now)).wait().unwrap();
    held.is_some_and(|lease| lease.holder.starts_with(&format!("{}-", server.id())))
}

/// Somebody comes: nobody sweeps where nobody does.
fn visit(server: &Server) {
    assert!(server.get("/jwks").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_killed_servers_sweep_is_another_ones_within_ten_seconds() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let (url, db) = (database.url(), database.open());
    db.write(|conn| revoked_token::insert(conn, "over", Timestamp(1))).wait().unwrap();
    let serve = || site.serve(&[("VESTIBULE__DATABASE__URL", &url)]);
    let first = serve();
    // Whoever sweeps stands here, with the turn.
    let mut holder = hold(&url, "revoked_tokens");
    visit(&first);
    until(WITHIN, || sweeps(&db, &first));
    let second = serve();
    visit(&second);
    first.signal("KILL");
    let killed = Instant::now();
    assert_eq!(first.wait().0, None, "a signal ended it");
    until(WITHIN, || sweeps(&db, &second));
    assert!(killed.elapsed() < WITHIN, "{:?}", killed.elapsed());
    drop(holder.stdin.take());
    holder.wait().unwrap();
    until(WITHIN, || !db.read(|conn| revoked_token::contains(conn, "over")).wait().unwrap());
    second.signal("TERM");
    assert_eq!(second.wait().0, Some(0));
}
