//! One instance at a time, and another soon after its end.

use std::{sync::mpsc::RecvTimeoutError, thread, time::Duration};

use vestibule_model::Timestamp;
use vestibule_storage::{
    Db, StorageError,
    lease::{self, Ask, Lease, Taken},
    testing::TestDatabase,
};

use crate::fixtures::{NOW, read, write};

on_both!(
    one_of_two_has_it_until_its_end,
    whoever_renews_keeps_it,
    a_lease_given_back_is_free_at_once,
    whoever_was_done_just_now_need_not_be_followed,
    a_former_holder_is_told,
    a_clock_that_was_wrong_stops_nobody,
    of_many_at_once_one_gets_it,
    nobody_takes_it_while_a_holder_writes,
);

const LASTS: i64 = 8;

fn ask(holder: &str, now: Timestamp, rests: i64) -> Ask {
    let (name, holder) = ("sweep".to_owned(), holder.to_owned());
    Ask { name, holder, now, lasts: LASTS, rests }
}

fn take(db: &Db, holder: &str, now: Timestamp) -> Taken {
    let ask = ask(holder, now, 0);
    write(db, move |conn| lease::take(conn, &ask))
}

fn taken(db: &Db, holder: &str, now: Timestamp) -> Lease {
    match take(db, holder, now) {
        Taken::Mine(lease) => lease,
        other @ Taken::NotBefore(_) => panic!("{holder}: {other:?}"),
    }
}

fn release(db: &Db, lease: &Lease, now: Timestamp, done: bool) {
    let lease = lease.clone();
    write(db, move |conn| lease::release(conn, &lease, now, done));
}

fn one_of_two_has_it_until_its_end(database: &TestDatabase) {
    let (one, other) = (database.open(), database.open());
    let mine = taken(&one, "a", NOW);
    assert_eq!((mine.fence, mine.expires_at), (1, NOW.plus(LASTS)));
    assert_eq!(take(&other, "b", NOW), Taken::NotBefore(NOW.plus(LASTS)));
    assert_eq!(take(&other, "b", NOW.plus(LASTS - 1)), Taken::NotBefore(NOW.plus(LASTS)));
    let holder = |now| read(&other, move |conn| lease::holder(conn, "sweep", now));
    assert_eq!(holder(NOW).map(|lease| lease.holder).as_deref(), Some("a"));
    assert_eq!(holder(NOW.plus(LASTS)), None);
    let next = taken(&other, "b", NOW.plus(LASTS));
    assert_eq!((next.holder.as_str(), next.fence), ("b", 2));
}

fn whoever_renews_keeps_it(database: &TestDatabase) {
    let db = database.open();
    let mine = taken(&db, "a", NOW);
    let again = mine.clone();
    assert!(write(&db, move |conn| lease::renew(conn, &again, NOW.plus(6), LASTS)));
    assert_eq!(take(&db, "b", NOW.plus(LASTS)), Taken::NotBefore(NOW.plus(6 + LASTS)));
    assert_eq!(taken(&db, "b", NOW.plus(6 + LASTS)).fence, mine.fence + 1);
}

fn a_lease_given_back_is_free_at_once(database: &TestDatabase) {
    let db = database.open();
    release(&db, &taken(&db, "a", NOW), NOW, false);
    assert_eq!(read(&db, |conn| lease::holder(conn, "sweep", NOW)), None);
    let ask = ask("b", NOW, 1_000);
    let next = write(&db, move |conn| lease::take(conn, &ask));
    assert!(matches!(next, Taken::Mine(Lease { fence: 2, .. })), "not done, so no rest: {next:?}");
}

fn whoever_was_done_just_now_need_not_be_followed(database: &TestDatabase) {
    let db = database.open();
    release(&db, &taken(&db, "a", NOW), NOW, true);
    let next = |now: Timestamp| {
        let ask = ask("b", now, 30);
        write(&db, move |conn| lease::take(conn, &ask))
    };
    assert_eq!(next(NOW.plus(1)), Taken::NotBefore(NOW.plus(30)));
    assert_eq!(next(NOW.plus(29)), Taken::NotBefore(NOW.plus(30)));
    assert!(matches!(next(NOW.plus(30)), Taken::Mine(_)));
}

fn a_former_holder_is_told(database: &TestDatabase) {
    let db = database.open();
    let former = taken(&db, "a", NOW);
    let later = NOW.plus(LASTS);
    let present = taken(&db, "a", later);
    let (renewed, guarded) = write(&db, {
        let former = former.clone();
        move |conn| {
            let renewed = lease::renew(conn, &former, later, LASTS)?;
            Ok((renewed, lease::guard(conn, &former)?))
        }
    });
    assert!(!renewed && !guarded, "the same process, but an earlier turn");
    release(&db, &former, later, true);
    let kept = present.clone();
    assert!(write(&db, move |conn| lease::guard(conn, &kept)), "only one's own is given back");
    release(&db, &present, later, true);
}

fn a_clock_that_was_wrong_stops_nobody(database: &TestDatabase) {
    let db = database.open();
    let ahead = NOW.plus(86_400);
    taken(&db, "a", ahead);
    assert_eq!(taken(&db, "b", NOW).fence, 2, "it died while its clock was a day ahead");
    release(&db, &taken(&db, "a", ahead), ahead, true);
    let ask = ask("b", NOW, 30);
    let next = write(&db, move |conn| lease::take(conn, &ask));
    assert!(matches!(next, Taken::Mine(_)), "done tomorrow is not done just now: {next:?}");
}

fn of_many_at_once_one_gets_it(database: &TestDatabase) {
    let db = database.open();
    for round in 0..5 {
        let now = NOW.plus(round * 100);
        let takers = (0..8).map(|number| {
            let db = db.clone();
            thread::spawn(move || matches!(take(&db, &format!("{number}"), now), Taken::Mine(_)))
        });
        let takers: Vec<_> = takers.collect();
        let got = takers.into_iter().filter_map(|one| one.join().ok()).filter(|got| *got).count();
        assert_eq!(got, 1, "round {round}");
    }
}

/// What a holder does under [`lease::guard`] is done before anybody else has the lease.
fn nobody_takes_it_while_a_holder_writes(database: &TestDatabase) {
    let (one, other) = (database.open(), database.open());
    let mine = taken(&one, "a", NOW);
    let (entered, wait) = std::sync::mpsc::channel();
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let guarded = one.write_once(move |conn| {
        let guarded = lease::guard(conn, &mine)?;
        entered.send(()).unwrap();
        waits.recv().unwrap();
        Ok::<_, StorageError>(guarded)
    });
    wait.recv().unwrap();
    let late = ask("b", NOW.plus(LASTS), 0);
    let next = other.write(move |conn| lease::take(conn, &late));
    let (tell, told) = std::sync::mpsc::channel();
    let waits = thread::spawn(move || tell.send(next.wait()).unwrap());
    // The other waits for the row, or for SQLite's lock; it cannot have it before.
    let early = told.recv_timeout(Duration::from_millis(300));
    assert_eq!(early, Err(RecvTimeoutError::Timeout));
    go_on.send(()).unwrap();
    assert!(guarded.wait().unwrap());
    assert!(matches!(told.recv().unwrap(), Ok(Taken::Mine(Lease { fence: 2, .. }))));
    waits.join().unwrap();
}
