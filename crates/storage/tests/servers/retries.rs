//! What the server undoes for reasons of its own is run again; what may have happened is not.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use diesel::connection::SimpleConnection;
use vestibule_model::Timestamp;
use vestibule_storage::{Conn, Db, StorageError, revoked_token, testing::TestDatabase};

use crate::cluster::{is_marked, mark};

fn open() -> (TestDatabase, Db) {
    let database = TestDatabase::postgres();
    let db = database.open();
    for jti in ["a", "b"] {
        mark(&db, jti).wait().unwrap();
    }
    (database, db)
}

fn touch(conn: &mut Conn, jti: &str) -> Result<(), StorageError> {
    let update = "UPDATE revoked_tokens SET expires_at = expires_at + 1 WHERE jti =";
    Ok(conn.batch_execute(&format!("{update} '{jti}'"))?)
}

/// How far `touch` and the like have counted.
fn count(database: &TestDatabase, jti: &str) -> i64 {
    use diesel::{Connection, RunQueryDsl};
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let mut conn = diesel::PgConnection::establish(&database.url()).unwrap();
    let query = format!("SELECT expires_at AS n FROM revoked_tokens WHERE jti = '{jti}'");
    diesel::sql_query(query).get_result::<Found>(&mut conn).unwrap().n
}

#[test]
fn two_that_lock_each_other_out_both_succeed() {
    let (database, db) = open();
    let runs = Arc::new(AtomicUsize::new(0));
    let meet = Arc::new(Barrier::new(2));
    let jobs = [("a", "b"), ("b", "a")].map(|(first, second)| {
        let (runs, meet) = (Arc::clone(&runs), Arc::clone(&meet));
        db.write(move |conn| {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            touch(conn, first)?;
            if run < 2 {
                meet.wait();
            }
            touch(conn, second)
        })
    });
    for job in jobs {
        assert_eq!(job.wait(), Ok(()));
    }
    assert_eq!(runs.load(Ordering::SeqCst), 3, "one of them ran twice");
    assert_eq!((count(&database, "a"), count(&database, "b")), (3, 3), "each counted once by each");
    assert_eq!(db.pools()[0].retries, 1);
}

/// Reads and then writes one row in a transaction that allows no other to come in between.
fn increment(conn: &mut Conn, meet: Option<&Barrier>) -> Result<(), StorageError> {
    conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")?;
    if let Some(meet) = meet {
        meet.wait();
    }
    touch(conn, "a")
}

#[test]
fn what_could_not_be_serialized_is_run_again() {
    let (database, db) = open();
    let runs = Arc::new(AtomicUsize::new(0));
    let meet = Arc::new(Barrier::new(2));
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let (runs, meet) = (Arc::clone(&runs), Arc::clone(&meet));
            db.write(move |conn| {
                let is_first = runs.fetch_add(1, Ordering::SeqCst) < 2;
                increment(conn, is_first.then_some(&*meet))
            })
        })
        .collect();
    for job in jobs {
        assert_eq!(job.wait(), Ok(()));
    }
    assert_eq!((runs.load(Ordering::SeqCst), count(&database, "a")), (3, 3));
}

#[test]
fn conflicts_without_end_are_given_up() {
    let (_database, db) = open();
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let answer = db.write(move |conn| {
        counting.fetch_add(1, Ordering::SeqCst);
        let raise = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$";
        Ok::<(), StorageError>(conn.batch_execute(raise)?)
    });
    assert_eq!(answer.wait(), Err(StorageError::Overloaded));
    assert_eq!(runs.load(Ordering::SeqCst), 4, "once, and three times more");
}

#[test]
fn a_closure_that_cannot_be_cloned_runs_once() {
    let (_database, db) = open();
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let answer = db.write_once(move |conn| {
        counting.fetch_add(1, Ordering::SeqCst);
        conn.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
        Ok::<(), StorageError>(())
    });
    assert!(matches!(answer.wait(), Err(StorageError::Unavailable(_))));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_connection_that_is_lost_before_the_commit_costs_nothing() {
    let (_database, db) = open();
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let write = db.write(move |conn| {
        revoked_token::insert(conn, "once", Timestamp(1))?;
        if counting.fetch_add(1, Ordering::SeqCst) == 0 {
            conn.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
        }
        Ok::<(), StorageError>(())
    });
    assert_eq!(write.wait(), Ok(()));
    assert_eq!((runs.load(Ordering::SeqCst), is_marked(&db, "once")), (2, Ok(true)));
}

#[test]
fn a_connection_that_is_lost_during_the_commit_is_never_tried_again() {
    let (_database, db) = open();
    let mut runs = Vec::new();
    // Ends the session from inside its own commit.
    let trap = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON revoked_tokens
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap()";
    db.write(move |conn| Ok::<(), StorageError>(conn.batch_execute(trap)?)).wait().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    let answer = db.write(move |conn| {
        counting.fetch_add(1, Ordering::SeqCst);
        revoked_token::insert(conn, "unsettled", Timestamp(1))
    });
    let answer = answer.wait();
    runs.push(count.load(Ordering::SeqCst));
    assert!(
        matches!(&answer, Err(StorageError::Unavailable(why)) if why.contains("may have happened")),
        "{answer:?}"
    );
    assert_eq!(runs, [1]);
}

#[test]
fn a_job_that_passes_over_a_failed_statement_is_not_told_that_it_succeeded() {
    let (_database, db) = open();
    let answer = db.write(|conn| {
        revoked_token::insert(conn, "lost", Timestamp(1))?;
        let _ = conn.batch_execute("SELECT 1 / 0");
        Ok::<(), StorageError>(())
    });
    assert!(matches!(answer.wait(), Err(StorageError::Inconsistent(_))));
    assert_eq!(is_marked(&db, "lost"), Ok(false));
}

#[test]
fn a_statement_that_fails_in_a_savepoint_spoils_nothing_around_it() {
    use diesel::Connection;
    let (_database, db) = open();
    let answer = db.write(|conn| {
        revoked_token::insert(conn, "kept", Timestamp(1))?;
        let failed = conn.transaction(|conn| conn.batch_execute("SELECT 1 / 0"));
        assert!(failed.is_err());
        Ok::<(), StorageError>(())
    });
    assert_eq!((answer.wait(), is_marked(&db, "kept")), (Ok(()), Ok(true)));
}

#[test]
fn connections_are_replaced_before_they_are_too_old() {
    let mut database = TestDatabase::postgres();
    database.settings_mut().pool_size = 1;
    database.settings_mut().max_lifetime = Duration::from_millis(50);
    let db = database.open();
    crate::cluster::until(Duration::from_secs(10), || {
        is_marked(&db, "a").unwrap();
        db.pools()[0].opened >= 5
    });
    assert_eq!(db.pools()[0].lost, 0, "none of them failed");
}
