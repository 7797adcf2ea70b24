//! The server goes, and comes back, here or elsewhere.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use vestibule_storage::{DatabaseSettings, Db, StorageError};

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
    let asked = Instant::now();
    for _ in 0..20 {
        let answer = is_marked(&db, "away");
        assert!(matches!(answer, Err(StorageError::Unavailable(_))), "{answer:?}");
    }
    // Otherwise each waits for 600 ms.
    assert!(asked.elapsed() < Duration::from_secs(3), "known to be gone: {:?}", asked.elapsed());
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

/// A standby answers reads, of what was so a while ago.
#[test]
fn a_standby_is_not_taken_for_the_primary_under_one_name_either() {
    let first = Cluster::new("");
    drop(Db::open(&settings(&first.url("postgres"))).unwrap());
    let second = Cluster::standby_of(&first, "");
    let refused = Db::open(&settings(&second.url("postgres"))).map(drop);
    let is_told =
        matches!(&refused, Err(StorageError::Unavailable(why)) if why.contains("read-only"));
    assert!(is_told, "{refused:?}");
    // Whoever wants it says so, for an export without load on the primary.
    let wanted = format!("{}?target_session_attrs=any", second.url("postgres"));
    assert_eq!(is_marked(&Db::open(&settings(&wanted)).unwrap(), "a"), Ok(false));
    first.stop();
    second.promote();
    let db = Db::open(&settings(&second.url("postgres"))).unwrap();
    assert_eq!(mark(&db, "a").wait(), Ok(()));
}

/// Gives up soon on what does not answer.
fn impatient(url: &str) -> DatabaseSettings {
    let mut settings = settings(url);
    settings.acquire_timeout = Duration::from_secs(2);
    settings.connect_timeout = Duration::from_secs(2);
    settings.statement_timeout = Duration::from_secs(2);
    settings
}

#[test]
fn a_frozen_server_is_left_for_the_one_that_takes_over() {
    let first = Cluster::new("");
    let second = Cluster::standby_of(&first, "");
    let url = format!("postgres://vestibule@{},{}/postgres", second.host(), first.host());
    let db = Db::open(&impatient(&url)).unwrap();
    warm_up(&db);
    assert_eq!(mark(&db, "before").wait(), Ok(()));
    let end = first.ask("SELECT pg_current_wal_lsn()");
    until(Duration::from_secs(10), || {
        second.ask(&format!("SELECT pg_last_wal_replay_lsn() >= '{end}'")) == "t"
    });
    first.freeze();
    let frozen = Instant::now();
    // Each of the first four holds a thread and a connection; the others wait behind them.
    let jobs: Vec<_> = (0..8).map(|number| mark(&db, &format!("f{number}"))).collect();
    second.promote();
    for job in jobs {
        let answer = job.wait();
        let is_told =
            matches!(&answer, Err(StorageError::Unavailable(_) | StorageError::Overloaded));
        assert!(is_told, "{answer:?}");
    }
    assert!(db.since_last_answer() >= Duration::from_secs(2), "{:?}", db.since_last_answer());
    until(Duration::from_secs(10), || mark(&db, "after").wait().is_ok());
    assert!(frozen.elapsed() < Duration::from_secs(12), "{:?}", frozen.elapsed());
    assert!(db.since_last_answer() < Duration::from_secs(2), "{:?}", db.since_last_answer());
    assert_eq!((is_marked(&db, "before"), is_marked(&db, "after")), (Ok(true), Ok(true)));

    // What was given up comes to nothing when the old server moves again, and goes.
    first.thaw();
    until(Duration::from_secs(10), || {
        let ours = "FROM pg_stat_activity WHERE application_name = 'vestibule'";
        first.ask(&format!("SELECT count(*) {ours}")) == "0"
    });
    assert_eq!(first.ask("SELECT jti FROM revoked_tokens"), "before");
    assert_eq!(is_marked(&db, "after"), Ok(true));
}

#[test]
fn a_frozen_server_serves_again_when_it_moves() {
    let cluster = Cluster::new("");
    let db = Db::open(&impatient(&cluster.url("postgres"))).unwrap();
    warm_up(&db);
    cluster.freeze();
    // Longer than all of them are given up: even those who ask for nothing but a connection.
    let frozen = Instant::now();
    let told = until(Duration::from_secs(20), || {
        assert!(mark(&db, "lost").wait().is_err());
        frozen.elapsed() > Duration::from_secs(8)
    });
    assert!(told < Duration::from_secs(16), "{told:?}");
    cluster.thaw();
    let took = until(Duration::from_secs(10), || mark(&db, "back").wait().is_ok());
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(is_marked(&db, "lost"), Ok(false));
}

#[test]
fn a_frozen_server_does_not_hold_up_the_end() {
    let cluster = Cluster::new("");
    let db = Db::open(&impatient(&cluster.url("postgres"))).unwrap();
    warm_up(&db);
    cluster.freeze();
    let job = mark(&db, "lost");
    let asked = Instant::now();
    db.shutdown();
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert!(matches!(job.wait(), Err(StorageError::Unavailable(_))));
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
    let lost = db.pools()[0].lost;
    assert!(lost >= 1);
    let read = is_marked(&db, "a");
    assert!(matches!(read, Err(StorageError::Unavailable(_))), "nor is it read from: {read:?}");
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
