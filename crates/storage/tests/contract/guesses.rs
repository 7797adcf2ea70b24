//! Counters of wrong guesses.

use vestibule_model::guess::Counter;
use vestibule_storage::{Db, expiry, guess, testing::TestDatabase};

use crate::fixtures::{NOW, read, write};

on_both!(
    a_counter_begins_changes_and_is_forgotten,
    counters_are_loaded_together,
    a_failed_transaction_counts_nothing,
    a_counter_goes_when_it_decides_nothing_any_more,
    a_window_counts_until_it_ends_and_then_another_opens,
);

const FIRST: Counter = Counter { failures: 1, first_at: NOW, last_at: NOW, locked_until: None };

fn load(db: &Db, subjects: &[&str]) -> Vec<(String, Counter)> {
    let subjects: Vec<String> = subjects.iter().copied().map(str::to_owned).collect();
    read(db, move |conn| guess::load(conn, &subjects))
}

fn set(db: &Db, subject: &'static str, counter: Counter) {
    write(db, move |conn| guess::update(conn, subject, |_| NOW.plus(900), |_| counter));
}

fn a_counter_begins_changes_and_is_forgotten(database: &TestDatabase) {
    let db = database.open();
    let update = |next: Counter| {
        let (report, seen) = std::sync::mpsc::channel();
        let new = write(&db, move |conn| {
            guess::update(
                conn,
                "a",
                |_| NOW.plus(900),
                |old| {
                    report.send(old).unwrap();
                    next
                },
            )
        });
        assert_eq!(new, next);
        seen.recv().unwrap()
    };
    assert_eq!(update(FIRST), None);
    let locked = Counter {
        failures: 3,
        first_at: NOW.plus(30),
        last_at: NOW.plus(2),
        locked_until: Some(NOW.plus(32)),
    };
    assert_eq!(update(locked), Some(FIRST));
    assert_eq!(load(&db, &["a"]), [("a".to_owned(), locked)]);
    let opened = Counter { locked_until: None, failures: 0, ..locked };
    assert_eq!(update(opened), Some(locked));
    assert_eq!(update(FIRST), Some(opened), "no failures is not the same as no counter");
    write(&db, |conn| guess::clear(conn, &["a".to_owned(), "b".to_owned()]));
    assert!(load(&db, &["a"]).is_empty());
    assert_eq!(update(FIRST), None);
}

fn counters_are_loaded_together(database: &TestDatabase) {
    let db = database.open();
    let worse = Counter { failures: 7, ..FIRST };
    set(&db, "b", worse);
    set(&db, "a", FIRST);
    set(&db, "c", FIRST);
    let found = load(&db, &["b", "unknown", "a"]);
    assert_eq!(found, [("a".to_owned(), FIRST), ("b".to_owned(), worse)]);
    assert!(load(&db, &[]).is_empty());
}

fn a_failed_transaction_counts_nothing(database: &TestDatabase) {
    let db = database.open();
    let refused = db
        .write(|conn| {
            guess::update(conn, "a", |_| NOW, |_| FIRST)?;
            Err::<(), _>(vestibule_storage::StorageError::Overloaded)
        })
        .wait();
    assert!(refused.is_err());
    assert!(load(&db, &["a"]).is_empty(), "nor is there half a row");
}

fn a_counter_goes_when_it_decides_nothing_any_more(database: &TestDatabase) {
    let db = database.open();
    let end = |counter: &Counter| counter.last_at.plus(100);
    write(&db, move |conn| guess::update(conn, "a", end, |_| FIRST));
    let later = Counter { last_at: NOW.plus(50), ..FIRST };
    write(&db, move |conn| guess::update(conn, "a", end, |_| later));
    let sweep = |at| write(&db, move |conn| expiry::delete_expired(conn, NOW.plus(at), 9));
    assert_eq!(sweep(149), 0, "each change moves the end");
    assert_eq!(sweep(150), 1);
    assert!(load(&db, &["a"]).is_empty());
}

fn a_window_counts_until_it_ends_and_then_another_opens(database: &TestDatabase) {
    let db = database.open();
    let count = |subject: &'static str, after: i64| {
        let counter = write(&db, move |conn| guess::count(conn, subject, 60, NOW.plus(after)));
        (counter.failures, counter.first_at.since(NOW))
    };
    assert_eq!(count("a", 0), (1, 0));
    assert_eq!(count("a", 59), (2, 0));
    assert_eq!(count("b", 59), (1, 59));
    assert_eq!(count("b", 58), (2, 59), "the clock of another instance");
    let left = write(&db, |conn| expiry::delete_expired(conn, NOW.plus(59), 10));
    assert_eq!(left, 0);
    assert_eq!(count("a", 60), (1, 60));
    assert_eq!(count("a", -1), (1, -1), "no window lasts longer, whatever a clock said");
    assert!(write(&db, |conn| expiry::delete_expired(conn, NOW.plus(200), 10)) > 0);
    assert!(load(&db, &["a", "b"]).is_empty());
}
