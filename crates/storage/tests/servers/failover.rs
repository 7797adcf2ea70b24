//! The server goes, and comes back, here or elsewhere.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use vestibule_storage::{Db, StorageError};

use crate::cluster::{Cluster, is_marked, mark, settings, until};

/// Opens every connection of the pool.
fn warm_up(db: &Db) {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    let jobs: Vec<_> = (0..4)
        .map(|_| {
            let released = std::sync::Arc::clone(&released);
            db.read(move |_| {
                let _ = released.lock().unwrap().recv();
                Ok::<(), StorageError>(())
            })
        })
        .collect();
    until(Duration::from_secs(5), || db.pools()[0].in_use == 4);
    drop(release);
    for job in jobs {
        job.wait().unwrap();
    }
}

#[test]
fn nobody_notices_a_restart_between_two_jobs() {
    let cluster = Cluster::new("");
    let db = Db::open(&settings(&cluster.url("postgres"))).unwrap();
    warm_up(&db);
    cluster.restart();
    // All at once: each worker would meet a dead connection of its own.
    let writes: Vec<_> = (0..8).map(|number| mark(&db, &format!("w{number}"))).collect();
    let reads: Vec<_> = (0..8).map(|_| db.read(vestibule_storage::user::has_admin)).collect();
    for write in writes {
        assert_eq!(write.wait(), Ok(()));
    }
    for read in reads {
        assert_eq!(read.wait(), Ok(false));
    }
    let figures = &db.pools()[0];
    assert!(figures.retries >= 1 && figures.lost >= 1, "{figures:?}");
}

#[test]
fn an_outage_is_told_in_time_and_ends_with_the_servers_return() {
    let cluster = Cluster::new("");
    let mut settings = settings(&cluster.url("postgres"));
    settings.acquire_timeout = Duration::from_millis(600);
    let db = Db::open(&settings).unwrap();
    warm_up(&db);
    cluster.stop();
    let asked = Instant::now();
    let jobs: Vec<_> = (0..40).map(|number| mark(&db, &format!("o{number}"))).collect();
    for job in jobs {
        let answer = job.wait();
        let is_told =
            matches!(&answer, Err(StorageError::Unavailable(_) | StorageError::Overloaded));
        assert!(is_told, "{answer:?}");
    }
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    // Long enough for a back-off that doubles to become long.
    until(Duration::from_secs(20), || asked.elapsed() > Duration::from_secs(6));
    cluster.start();
    let took = until(Duration::from_secs(5), || mark(&db, "back").wait().is_ok());
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(is_marked(&db, "back"), Ok(true));
}

#[test]
fn a_promoted_standby_is_found_by_a_url_of_two_hosts() {
    let first = Cluster::new("");
    let second = Cluster::standby_of(&first, "");
    // The standby comes first: it must not be taken while it is one.
    let url = format!("postgres://vestibule@{},{}/postgres", second.host(), first.host());
    let db = Db::open(&settings(&url)).unwrap();
    warm_up(&db);
    assert_eq!(mark(&db, "before").wait(), Ok(()));
    let end = first.ask("SELECT pg_current_wal_lsn()");
    until(Duration::from_secs(10), || {
        second.ask(&format!("SELECT pg_last_wal_replay_lsn() >= '{end}'")) == "t"
    });
    first.stop();
    second.promote();
    let took = until(Duration::from_secs(10), || mark(&db, "after").wait().is_ok());
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!((is_marked(&db, "before"), is_marked(&db, "after")), (Ok(true), Ok(true)));
}

#[test]
fn a_server_that_became_read_only_is_left() {
    let cluster = Cluster::new("");
    let db = Db::open(&settings(&cluster.url("postgres"))).unwrap();
    warm_up(&db);
    cluster.configure("default_transaction_read_only = on");
    cluster.reload();
    until(Duration::from_secs(5), || cluster.ask("SHOW default_transaction_read_only") == "on");
    let refused = until_refused(&db);
    assert!(matches!(refused, StorageError::Unavailable(_)), "{refused:?}");
    assert_eq!(is_marked(&db, "a"), Ok(false), "reading goes on");
    let lost = db.pools()[0].lost;
    assert!(lost >= 1);
    cluster.configure("default_transaction_read_only = off");
    cluster.reload();
    until(Duration::from_secs(5), || mark(&db, "back").wait().is_ok());
}

/// The server passes a reload on to its sessions in its own time.
fn until_refused(db: &Db) -> StorageError {
    let mut refused = None;
    until(Duration::from_secs(5), || {
        refused = mark(db, "a-try").wait().err();
        refused.is_some()
    });
    refused.unwrap()
}
