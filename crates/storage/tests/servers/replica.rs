//! Reads that may lag go to the replica as long as it is near enough, and to the primary otherwise.

use std::time::{Duration, Instant};

use vestibule_model::{Secret, Timestamp, audit::AuditEvent};
use vestibule_storage::{DatabaseUrl, Db, ReplicaState, StorageError, audit, inspect::Lookout};

use crate::cluster::{Cluster, settings, until};

fn open(primary: &Cluster, replica: &Cluster, max_lag: Duration) -> Db {
    let mut settings = settings(&primary.url("postgres"));
    settings.read_url = Some(Secret::new(replica.url("postgres")));
    settings.max_replica_lag = max_lag;
    Db::open(&settings).unwrap()
}

fn note(db: &Db) {
    let event = AuditEvent::new(Timestamp(1), "test", "request");
    db.write(move |conn| audit::insert(conn, &event)).wait().unwrap();
}

/// How many lines a read that may lag sees, and whether the replica was asked.
fn lines(db: &Db) -> (usize, bool) {
    let asked = |db: &Db| db.pools().iter().find(|pool| pool.name == "replica").unwrap().jobs;
    let before = asked(db);
    let found = db.read_lagging(|conn| audit::list_recent(conn, 100)).wait().unwrap();
    (found.len(), asked(db) > before)
}

fn serves(db: &Db) -> bool {
    matches!(db.replica_state(), Some(ReplicaState::Serving { .. }))
}

#[test]
fn a_replica_serves_reads_and_its_absence_is_not_noticed() {
    let primary = Cluster::new("");
    let replica = Cluster::standby_of(&primary, "");
    let db = open(&primary, &replica, Duration::from_secs(10));
    note(&db);
    until(Duration::from_secs(10), || lines(&db) == (1, true));
    replica.stop();
    for _ in 0..20 {
        assert_eq!(lines(&db).0, 1);
    }
    until(Duration::from_secs(5), || !serves(&db));
    note(&db);
    assert_eq!(lines(&db), (2, false), "the primary, without asking the replica first");
    replica.start();
    until(Duration::from_secs(10), || serves(&db));
    until(Duration::from_secs(10), || lines(&db) == (2, true));
}

#[test]
fn a_replica_that_lags_serves_nothing_until_it_has_caught_up() {
    let primary = Cluster::new("");
    let replica = Cluster::standby_of(&primary, "");
    let db = open(&primary, &replica, Duration::from_secs(2));
    note(&db);
    until(Duration::from_secs(10), || lines(&db) == (1, true));
    replica.configure("recovery_min_apply_delay = '1h'");
    replica.reload();
    until(Duration::from_secs(5), || replica.ask("SHOW recovery_min_apply_delay") == "1h");
    note(&db);
    until(Duration::from_secs(10), || {
        matches!(db.replica_state(), Some(ReplicaState::Lagging { .. }))
    });
    assert_eq!(lines(&db), (2, false));
    replica.configure("recovery_min_apply_delay = 0");
    replica.reload();
    until(Duration::from_secs(20), || serves(&db));
    assert_eq!(lines(&db), (2, true));
}

#[test]
fn a_frozen_replica_is_left_at_once_and_found_again() {
    let primary = Cluster::new("");
    let replica = Cluster::standby_of(&primary, "");
    let mut settings = settings(&primary.url("postgres"));
    settings.read_url = Some(Secret::new(replica.url("postgres")));
    settings.max_replica_lag = Duration::from_mins(1);
    settings.statement_timeout = Duration::from_secs(2);
    let db = Db::open(&settings).unwrap();
    note(&db);
    until(Duration::from_secs(10), || lines(&db) == (1, true));
    replica.freeze();
    let took = until(Duration::from_secs(10), || !serves(&db));
    assert!(took < Duration::from_secs(5), "{took:?}");
    note(&db);
    let asked = Instant::now();
    assert_eq!(lines(&db), (2, false));
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    // The look-out waits for an answer for ever; another one takes its place.
    until(Duration::from_secs(15), || !replica_reason(&db).contains("does not say"));
    replica.thaw();
    until(Duration::from_secs(15), || serves(&db));
    until(Duration::from_secs(10), || lines(&db) == (2, true));
}

fn replica_reason(db: &Db) -> String {
    match db.replica_state() {
        Some(ReplicaState::Away { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_read_that_misses_on_the_replica_is_made_on_the_primary() {
    let primary = Cluster::new("");
    let replica = Cluster::standby_of(&primary, "");
    let db = open(&primary, &replica, Duration::from_mins(1));
    until(Duration::from_secs(10), || serves(&db));
    replica.configure("recovery_min_apply_delay = '1h'");
    replica.reload();
    until(Duration::from_secs(5), || replica.ask("SHOW recovery_min_apply_delay") == "1h");
    note(&db);
    assert_eq!(lines(&db), (0, true), "it is behind, but near enough");
    let found = db.read_lagging(|conn| match audit::list_recent(conn, 1)?.pop() {
        Some(line) => Ok(line),
        None => Err(StorageError::Inconsistent("no such line".to_owned())),
    });
    assert_eq!(found.wait().unwrap().event, "test");
}

#[test]
fn of_several_hosts_the_replica_is_looked_at() {
    let primary = Cluster::new("");
    let replica = Cluster::standby_of(&primary, "");
    let url = format!("postgres://vestibule@{},{}/postgres", primary.host(), replica.host());
    let url = DatabaseUrl::Postgres { url: Secret::new(url) };
    let is_replica = |opened: Result<Lookout, StorageError>| {
        opened.unwrap().replica().unwrap().unwrap().in_recovery
    };
    assert!(is_replica(Lookout::open_replica(&url, Duration::from_secs(5))));
    assert!(!is_replica(Lookout::open(&url, Duration::from_secs(5))));
}

#[test]
fn without_a_replica_the_primary_serves_all() {
    let database = vestibule_storage::testing::TestDatabase::sqlite();
    let db = database.open();
    note(&db);
    let found = db.read_lagging(|conn| audit::list_recent(conn, 100)).wait().unwrap();
    assert_eq!((found.len(), db.replica_state()), (1, None));
}
