//! How jobs run: alone in their fate, together in their commit, bounded in their number.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use diesel::{
    Connection,
    connection::{InstrumentationEvent, SimpleConnection},
};
use vestibule_storage::{Conn, Db, Pending, StorageError, revoked_token, testing::TestDatabase};

use crate::fixtures::{NOW, read, write};

on_both!(
    a_job_that_errs_is_undone_alone,
    a_job_that_panics_is_undone_and_the_thread_goes_on,
    a_full_queue_refuses_at_once,
    each_queue_is_counted_by_itself,
    a_job_that_waited_too_long_is_not_run,
    a_write_happens_though_nobody_waits,
    a_read_that_nobody_waits_for_is_skipped,
    what_was_answered_is_there_for_others,
    shutdown_finishes_what_waits_and_refuses_the_rest,
    an_answer_can_be_awaited,
    the_last_clone_may_end_inside_a_job,
    a_violated_constraint_ends_only_its_own_job,
);

through_a_pooler!(
    a_job_that_errs_is_undone_alone,
    a_job_that_panics_is_undone_and_the_thread_goes_on,
    a_full_queue_refuses_at_once,
    a_job_that_waited_too_long_is_not_run,
    a_write_happens_though_nobody_waits,
    a_read_that_nobody_waits_for_is_skipped,
    what_was_answered_is_there_for_others,
    shutdown_finishes_what_waits_and_refuses_the_rest,
    an_answer_can_be_awaited,
    the_last_clone_may_end_inside_a_job,
    a_violated_constraint_ends_only_its_own_job,
);

/// Holds the only worker until the sender is dropped or used.
fn hold(db: &Db) -> (mpsc::Sender<()>, Pending<(), StorageError>) {
    let (release, released) = mpsc::channel();
    let (started, running) = mpsc::channel();
    let pending = db.write_once(move |_| {
        started.send(()).unwrap();
        // An error means that the sender is gone, which also is a release.
        let _ = released.recv();
        Ok(())
    });
    running.recv().unwrap();
    (release, pending)
}

/// A job that leaves the mark `jti`.
fn mark(db: &Db, jti: &'static str) -> Pending<(), StorageError> {
    db.write(move |conn| revoked_token::insert(conn, jti, NOW).map(drop))
}

fn is_marked(db: &Db, jti: &'static str) -> bool {
    read(db, move |conn| revoked_token::contains(conn, jti))
}

/// One worker for everything that writes.
fn narrow(database: &TestDatabase, queue: usize) -> Db {
    let mut settings = database.settings().clone();
    settings.pool_size = 1;
    settings.queue = queue;
    Db::open(&settings).unwrap()
}

fn a_job_that_errs_is_undone_alone(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, held) = hold(&db);
    let before = mark(&db, "before");
    let failing = db.write(|conn| {
        revoked_token::insert(conn, "failing", NOW)?;
        Err::<(), _>(StorageError::Inconsistent("on purpose".to_owned()))
    });
    let after = mark(&db, "after");
    drop(release);
    assert_eq!(held.wait(), Ok(()));
    assert_eq!(before.wait(), Ok(()));
    assert_eq!(failing.wait(), Err(StorageError::Inconsistent("on purpose".to_owned())));
    assert_eq!(after.wait(), Ok(()));
    assert!(is_marked(&db, "before") && is_marked(&db, "after"));
    assert!(!is_marked(&db, "failing"));
}

fn a_job_that_panics_is_undone_and_the_thread_goes_on(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, _held) = hold(&db);
    let before = mark(&db, "before");
    let panicking = db.write(|conn| -> Result<(), StorageError> {
        revoked_token::insert(conn, "panicking", NOW)?;
        panic!("on purpose");
    });
    let after = mark(&db, "after");
    let reading = db.read(|_| -> Result<(), StorageError> { panic!("on purpose") });
    drop(release);
    assert_eq!((before.wait(), after.wait()), (Ok(()), Ok(())));
    assert!(matches!(panicking.wait(), Err(StorageError::Inconsistent(_))));
    assert!(matches!(reading.wait(), Err(StorageError::Inconsistent(_))));
    assert!(is_marked(&db, "before") && is_marked(&db, "after"));
    assert!(!is_marked(&db, "panicking"));
}

fn a_full_queue_refuses_at_once(database: &TestDatabase) {
    let db = narrow(database, 2);
    let (release, _held) = hold(&db);
    let waiting = [mark(&db, "first"), mark(&db, "second")];
    assert_eq!(db.waiting(), 2);
    // The worker is still held: this answer comes from the queue.
    assert_eq!(mark(&db, "third").wait(), Err(StorageError::Overloaded));
    drop(release);
    for pending in waiting {
        assert_eq!(pending.wait(), Ok(()));
    }
    assert!(is_marked(&db, "second") && !is_marked(&db, "third"));
    assert_eq!(mark(&db, "third").wait(), Ok(()), "room again");
}

/// SQLite has one for reads and one for writes; on PostgreSQL they are the same.
fn each_queue_is_counted_by_itself(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, _held) = hold(&db);
    let (read_release, read_until) = mpsc::channel::<()>();
    let reading = db.read_once(move |_| -> Result<(), StorageError> {
        let _ = read_until.recv();
        Ok(())
    });
    let waiting = [mark(&db, "first"), mark(&db, "second")];
    let also = db.read(|_| Ok::<_, StorageError>(()));
    if db.pools().len() > 1 {
        // The reader takes the first read out of its queue when it gets to it.
        while db.waiting() > 3 {
            std::thread::yield_now();
        }
        assert_eq!((db.waiting(), db.longest_queue()), (3, 2));
    } else {
        assert_eq!((db.waiting(), db.longest_queue()), (4, 4));
    }
    drop((release, read_release));
    for pending in waiting.into_iter().chain([reading, also]) {
        assert_eq!(pending.wait(), Ok(()));
    }
    assert_eq!(db.longest_queue(), 0);
}

fn a_job_that_waited_too_long_is_not_run(database: &TestDatabase) {
    let mut settings = database.settings().clone();
    settings.pool_size = 1;
    settings.acquire_timeout = Duration::from_millis(500);
    let db = Db::open(&settings).unwrap();
    let (_never, not_before) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let slow = db.write_once(move |_| {
        started.send(()).unwrap();
        // Busy for longer than the next job may wait.
        let _ = not_before.recv_timeout(Duration::from_millis(700));
        Ok::<(), StorageError>(())
    });
    running.recv().unwrap();
    let late = mark(&db, "late");
    assert_eq!(slow.wait(), Ok(()));
    assert_eq!(late.wait(), Err(StorageError::Overloaded));
    assert!(!is_marked(&db, "late"));
}

fn a_write_happens_though_nobody_waits(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, _held) = hold(&db);
    drop(mark(&db, "unwatched"));
    let last = mark(&db, "last");
    drop(release);
    assert_eq!(last.wait(), Ok(()));
    assert!(is_marked(&db, "unwatched"));
}

fn a_read_that_nobody_waits_for_is_skipped(database: &TestDatabase) {
    let db = narrow(database, 10);
    let runs = Arc::new(AtomicUsize::new(0));
    let (release, released) = mpsc::channel::<()>();
    let held = db.read_once(move |_| {
        let _ = released.recv();
        Ok::<(), StorageError>(())
    });
    let count = Arc::clone(&runs);
    drop(db.read(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<(), StorageError>(())
    }));
    let last = db.read(|_| Ok::<(), StorageError>(()));
    drop(release);
    assert_eq!((held.wait(), last.wait()), (Ok(()), Ok(())));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

fn what_was_answered_is_there_for_others(database: &TestDatabase) {
    let db = database.open();
    let mut other = database.connect().unwrap();
    for jti in ["a", "b", "c"] {
        assert_eq!(mark(&db, jti).wait(), Ok(()));
        assert!(revoked_token::contains(&mut other, jti).unwrap());
    }
}

fn shutdown_finishes_what_waits_and_refuses_the_rest(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, _held) = hold(&db);
    let waiting = mark(&db, "waiting");
    let closing = db.clone();
    let closer = std::thread::spawn(move || closing.shutdown());
    drop(release);
    closer.join().unwrap();
    assert_eq!(waiting.wait(), Ok(()));
    assert_eq!(mark(&db, "late").wait(), Err(StorageError::Overloaded));
    db.shutdown();
    let reopened = database.open();
    assert!(is_marked(&reopened, "waiting") && !is_marked(&reopened, "late"));
}

fn an_answer_can_be_awaited(database: &TestDatabase) {
    let db = database.open();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (written, found) = runtime.block_on(async {
        let written = mark(&db, "a").await;
        (written, db.read(|conn| revoked_token::contains(conn, "a")).await)
    });
    assert_eq!((written, found), (Ok(()), Ok(true)));
}

fn the_last_clone_may_end_inside_a_job(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, held) = hold(&db);
    let (done, finished) = mpsc::channel();
    let own = db.clone();
    let pending = db.write(move |_| {
        drop(own);
        done.send(()).unwrap();
        Ok::<(), StorageError>(())
    });
    drop(db);
    drop(release);
    finished.recv().unwrap();
    assert_eq!((held.wait(), pending.wait()), (Ok(()), Ok(())));
}

fn a_violated_constraint_ends_only_its_own_job(database: &TestDatabase) {
    let db = narrow(database, 10);
    let (release, _held) = hold(&db);
    let before = mark(&db, "before");
    let violating = db.write(|conn| {
        revoked_token::insert(conn, "violating", NOW)?;
        conn.batch_execute("INSERT INTO revoked_tokens (jti, expires_at) VALUES ('violating', 1)")?;
        Ok::<(), StorageError>(())
    });
    let after = mark(&db, "after");
    drop(release);
    assert_eq!((before.wait(), after.wait()), (Ok(()), Ok(())));
    assert_eq!(violating.wait(), Err(StorageError::Duplicate { what: "row" }));
    assert!(is_marked(&db, "before") && is_marked(&db, "after") && !is_marked(&db, "violating"));
}

/// Counts the commits of the connection that runs it, from now on.
fn count_commits(conn: &mut Conn) -> Arc<AtomicUsize> {
    let commits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&commits);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event
            && query.to_string().starts_with("COMMIT")
        {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    commits
}

#[test]
fn on_sqlite_jobs_that_wait_share_one_commit() {
    let database = TestDatabase::sqlite();
    let db = narrow(&database, 100);
    let commits = write(&db, |conn| Ok(count_commits(conn)));
    let before = commits.load(Ordering::SeqCst);
    let (release, held) = hold(&db);
    let jobs: Vec<_> = ["a", "b", "c", "d", "e"].map(|jti| mark(&db, jti)).into_iter().collect();
    drop(release);
    held.wait().unwrap();
    for job in jobs {
        job.wait().unwrap();
    }
    assert_eq!(commits.load(Ordering::SeqCst) - before, 1);
}

/// Another clone is still about, as in a server that leaves its tasks to the end of the process; and
/// all connections were in use, so that there are several to close and perhaps one to come.
#[test]
fn on_sqlite_the_file_is_whole_without_its_log_after_the_end() {
    for _ in 0..20 {
        let database = TestDatabase::sqlite();
        let path = database.path().unwrap();
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let db = database.open();
        let reads: Vec<_> =
            (0..20).map(|_| db.read(|conn| revoked_token::contains(conn, "a"))).collect();
        mark(&db, "a").wait().unwrap();
        assert!(log.exists());
        db.clone().shutdown();
        assert!(!log.exists());
        drop(reads);
        assert!(is_marked(&database.open(), "a"));
        assert!(!log.exists(), "nor after the last clone, without a word");
    }
}

/// A full disk makes SQLite drop the whole transaction under the job that met it. Whatever the
/// others are told then has to be true.
#[test]
fn on_sqlite_a_full_disk_yields_no_false_answer() {
    let database = TestDatabase::sqlite();
    let db = narrow(&database, 100);
    write(&db, |conn| Ok(conn.batch_execute("PRAGMA max_page_count = 120")?));
    let (release, _held) = hold(&db);
    let marks: Vec<String> = (0..40).map(|number| format!("{number}")).collect();
    let jobs: Vec<_> = marks
        .iter()
        .map(|jti| {
            let jti = jti.clone();
            // Every fourth is too large for what is left.
            let size = if jti.parse::<usize>().unwrap() % 4 == 3 { 400_000 } else { 10 };
            db.write(move |conn| {
                revoked_token::insert(conn, &jti, NOW)?;
                revoked_token::insert(conn, &jti.repeat(size), NOW)
            })
        })
        .collect();
    drop(release);
    let answers: Vec<_> = jobs.into_iter().map(Pending::wait).collect();
    for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(
            matches!(answer, StorageError::Unavailable(why) if why.contains("fix:")),
            "{answer}"
        );
    }
    let answers: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert!(answers.contains(&false));
    let mut other = database.connect().unwrap();
    for (jti, answer) in marks.iter().zip(answers) {
        assert_eq!(revoked_token::contains(&mut other, jti).unwrap(), answer, "{jti}");
    }
    // The writer itself is well.
    write(&db, |conn| Ok(conn.batch_execute("PRAGMA max_page_count = 100000")?));
    assert_eq!(mark(&db, "afterwards").wait(), Ok(()));
    assert!(is_marked(&db, "afterwards"));
}

#[test]
fn on_sqlite_a_reader_refuses_to_write() {
    let database = TestDatabase::sqlite();
    let db = database.open();
    let refused = db.read(|conn| revoked_token::insert(conn, "a", NOW)).wait();
    assert!(matches!(refused, Err(StorageError::Database(_))), "{refused:?}");
}

#[test]
fn on_sqlite_another_process_with_the_lock_means_overloaded() {
    let mut database = TestDatabase::sqlite();
    database.settings_mut().acquire_timeout = Duration::from_millis(200);
    let db = database.open();
    let mut other = database.connect().unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_eq!(mark(&db, "a").wait(), Err(StorageError::Overloaded));
    assert!(!is_marked(&db, "a"), "reading goes on meanwhile");
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(mark(&db, "a").wait(), Ok(()));
}

#[test]
fn on_postgres_a_statement_and_a_lock_have_a_time_limit() {
    let mut database = TestDatabase::postgres();
    database.settings_mut().statement_timeout = Duration::from_millis(100);
    let db = database.open();
    let slow = db.read(|conn| Ok::<_, StorageError>(conn.batch_execute("SELECT pg_sleep(30)")?));
    let slow = slow.wait();
    assert!(
        matches!(&slow, Err(StorageError::Unavailable(why)) if why.contains("timeout")),
        "{slow:?}"
    );

    let settings = database.settings_mut();
    settings.statement_timeout = Duration::from_secs(20);
    settings.acquire_timeout = Duration::from_millis(300);
    let db = database.open();
    let mut other = database.connect().unwrap();
    other.batch_execute("BEGIN; LOCK TABLE revoked_tokens").unwrap();
    assert_eq!(mark(&db, "a").wait(), Err(StorageError::Overloaded));
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(mark(&db, "a").wait(), Ok(()));
}

#[test]
fn on_postgres_a_lost_connection_is_replaced() {
    let database = TestDatabase::postgres();
    let db = narrow(&database, 10);
    write(&db, |conn| revoked_token::insert(conn, "a", NOW));
    let mut other = database.connect().unwrap();
    other
        .batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .unwrap();
    // The first to come may meet the dead connection; nobody after it does.
    let _ = db.read(|conn| revoked_token::contains(conn, "a")).wait();
    assert!(is_marked(&db, "a"));
    assert_eq!(mark(&db, "b").wait(), Ok(()));
}
