//! Who is told that a session ended, and the tokens on their way.

use vestibule_model::{
    ClientId, SessionId, Timestamp, UserId, client::Client, logout::LogoutDelivery,
};
use vestibule_storage::{
    Conn, Db, StorageError, browser_session, client, expiry, logout_delivery, session_client,
    testing::TestDatabase, user,
};

use crate::fixtures::{NOW, a_client, a_session, read, with_grant, write};

on_both!(
    a_client_is_noted_once_and_of_sessions_that_are_there,
    the_end_of_a_session_is_put_on_its_way_to_clients_that_listen,
    every_way_to_end_a_session_tells_them,
    a_session_that_is_merely_over_tells_nobody,
    the_erased_are_signed_out_everywhere,
    due_tokens_are_claimed_by_one_for_a_while,
    what_a_wrong_clock_put_off_is_due_once_the_clock_is_right,
    a_busy_client_waits_and_the_others_do_not,
    a_delivered_token_stays_delivered,
    a_failed_one_comes_again_or_is_given_up,
    a_session_ends_once_however_many_end_it,
    no_client_is_noted_after_the_end_without_being_told,
);

fn listening(id: &str) -> Client {
    let mut client = a_client(id);
    client.metadata.backchannel_logout_uri = Some(format!("https://{id}.example/out"));
    client
}

fn note(conn: &mut Conn, session: &str, client: &str, at: i64) -> Result<bool, StorageError> {
    let (session, client) = (SessionId::new(session), ClientId::new(client));
    session_client::note(conn, &session, &client, &format!("sub at {client}"), NOW.plus(at))
}

/// `s1` and `s2` of Ada, which both led to `app` (deaf), `shop` and `notes`.
fn signed_in(database: &TestDatabase) -> Db {
    let db = with_grant(database);
    write(&db, |conn| {
        client::insert(conn, &listening("shop"))?;
        client::insert(conn, &listening("notes"))?;
        for session in ["s1", "s2"] {
            browser_session::insert(conn, &a_session(session, session))?;
            for (at, client) in ["shop", "app", "notes"].into_iter().enumerate() {
                assert!(note(conn, session, client, i64::try_from(at).unwrap())?);
            }
        }
        Ok(())
    });
    db
}

fn to(db: &Db, client: &'static str) -> Vec<LogoutDelivery> {
    read(db, move |conn| logout_delivery::list_of_client(conn, &ClientId::new(client), 99))
}

fn told(db: &Db) -> Vec<String> {
    let all = ["app", "notes", "shop"].into_iter().flat_map(|client| to(db, client));
    let mut names: Vec<String> = all.map(|one| one.id).collect();
    names.sort();
    names
}

fn end(db: &Db, session: &'static str, at: i64) -> bool {
    write(db, move |conn| browser_session::end(conn, &SessionId::new(session), NOW.plus(at)))
}

fn a_client_is_noted_once_and_of_sessions_that_are_there(database: &TestDatabase) {
    let db = signed_in(database);
    write(&db, |conn| {
        let (session, client) = (SessionId::new("s1"), ClientId::new("shop"));
        session_client::note(conn, &session, &client, "somebody else", NOW.plus(99))
    });
    let of = |ids: &'static [&str]| {
        let ids: Vec<SessionId> = ids.iter().map(|id| SessionId::new(*id)).collect();
        read(&db, move |conn| session_client::of_sessions(conn, &ids))
    };
    let found = of(&["s1", "s2", "s3", "\0"]);
    let names: Vec<_> =
        found.iter().map(|one| (one.session_id.as_str(), one.client_id.as_str())).collect();
    let expected = ["shop", "app", "notes"];
    assert_eq!(names[..3], expected.map(|client| ("s1", client)), "the first gone to first");
    assert_eq!(names[3..], expected.map(|client| ("s2", client)));
    assert_eq!((found[0].sub.as_str(), found[0].first_at), ("sub at shop", NOW), "as it was");
    assert!(of(&[]).is_empty());
    for session in ["s3", "\0"] {
        assert!(!write(&db, move |conn| note(conn, session, "shop", 0)), "{session}");
    }
    assert!(end(&db, "s1", 5));
    assert!(!write(&db, |conn| note(conn, "s1", "shop", 9)), "it has ended");
    assert!(of(&["s1"]).is_empty());
}

fn the_end_of_a_session_is_put_on_its_way_to_clients_that_listen(database: &TestDatabase) {
    let db = signed_in(database);
    write(&db, |conn| {
        client::insert(conn, &Client { disabled_at: Some(NOW), ..listening("disabled") })?;
        note(conn, "s1", "disabled", 0)
    });
    assert!(end(&db, "s1", 7));
    assert_eq!(told(&db), ["s1.notes", "s1.shop"]);
    assert!(to(&db, "disabled").is_empty());
    let one = to(&db, "shop").remove(0);
    assert_eq!((one.client_id.as_str(), one.session_id.as_str()), ("shop", "s1"));
    assert_eq!((one.sub.as_str(), one.attempts), ("sub at shop", 0));
    assert_eq!((one.created_at, one.next_attempt_at), (NOW.plus(7), Some(NOW.plus(7))));
    assert_eq!((one.leased_until, one.sent_at, one.last_error), (None, None, None));
    assert_eq!(one.expires_at, NOW.plus(7 + 2 * 86_400));
    assert!(!end(&db, "s1", 8), "once");
    assert_eq!(told(&db).len(), 2);
    let sweep = |at| write(&db, move |conn| expiry::delete_expired(conn, NOW.plus(at), 99));
    sweep(6 + 2 * 86_400);
    assert_eq!(told(&db).len(), 2);
    sweep(7 + 2 * 86_400);
    assert!(told(&db).is_empty(), "the record is kept for a while");
}

fn every_way_to_end_a_session_tells_them(database: &TestDatabase) {
    let db = signed_in(database);
    let ids = ["s1", "s3", "\0", "s1"].map(SessionId::new);
    let ended = write(&db, move |conn| browser_session::end_many(conn, &ids, NOW));
    assert_eq!(ended, [SessionId::new("s1")]);
    assert_eq!(told(&db), ["s1.notes", "s1.shop"]);
    let ended =
        write(&db, |conn| browser_session::end_all_of_user(conn, &UserId::new("u1"), None, NOW));
    assert_eq!(ended, [SessionId::new("s2")]);
    assert_eq!(told(&db), ["s1.notes", "s1.shop", "s2.notes", "s2.shop"]);
}

fn a_session_that_is_merely_over_tells_nobody(database: &TestDatabase) {
    let db = signed_in(database);
    write(&db, |conn| expiry::delete_expired(conn, NOW.plus(3_600), 99));
    assert!(!end(&db, "s1", 3_600));
    assert!(told(&db).is_empty());
}

fn the_erased_are_signed_out_everywhere(database: &TestDatabase) {
    let db = signed_in(database);
    assert!(write(&db, |conn| user::erase(conn, &UserId::new("u1"), NOW)));
    assert_eq!(told(&db), ["s1.notes", "s1.shop", "s2.notes", "s2.shop"]);
}

fn claim(db: &Db, at: i64, busy: &'static [&str], limit: i64) -> Vec<String> {
    let now = NOW.plus(at);
    let busy: Vec<ClientId> = busy.iter().map(|id| ClientId::new(*id)).collect();
    let claim =
        move |conn: &mut Conn| logout_delivery::claim(conn, now, now.plus(60), &busy, limit);
    write(db, claim).into_iter().map(|one| one.id).collect()
}

fn due_tokens_are_claimed_by_one_for_a_while(database: &TestDatabase) {
    let db = signed_in(database);
    assert_eq!(
        (read(&db, logout_delivery::next_due), read(&db, logout_delivery::waiting)),
        (None, 0)
    );
    end(&db, "s1", 10);
    end(&db, "s2", 20);
    assert_eq!(read(&db, logout_delivery::next_due), Some(NOW.plus(10)));
    assert_eq!(read(&db, logout_delivery::waiting), 4);
    assert!(claim(&db, 9, &[], 9).is_empty());
    assert_eq!(claim(&db, 10, &[], 9), ["s1.notes", "s1.shop"], "due is due");
    assert_eq!(claim(&db, 20, &[], 1).len(), 1);
    assert_eq!(claim(&db, 20, &[], 9).len(), 1);
    assert!(claim(&db, 69, &[], 9).is_empty(), "leased");
    assert_eq!(claim(&db, 70, &[], 9), ["s1.notes", "s1.shop"], "whoever had them is late");
    let attempts: Vec<i64> = to(&db, "shop").iter().map(|one| one.attempts).collect();
    assert_eq!(attempts, [1, 2]);
}

fn what_a_wrong_clock_put_off_is_due_once_the_clock_is_right(database: &TestDatabase) {
    let db = signed_in(database);
    end(&db, "s1", 3_600);
    assert!(claim(&db, 3_540, &[], 9).is_empty(), "as far apart as clocks may be");
    assert_eq!(claim(&db, 0, &["shop"], 9), ["s1.notes"]);
    assert!(claim(&db, 1, &["shop"], 9).is_empty(), "leased");
    write(&db, |conn| logout_delivery::failed(conn, "s1.notes", Some(NOW.plus(30)), "no answer"));
    assert_eq!(claim(&db, 1, &[], 9), ["s1.shop"], "what failed waits for its time");
    assert_eq!(claim(&db, 30, &[], 9), ["s1.notes"]);
}

fn a_busy_client_waits_and_the_others_do_not(database: &TestDatabase) {
    let db = signed_in(database);
    end(&db, "s1", 0);
    assert_eq!(claim(&db, 0, &["shop", "other"], 9), ["s1.notes"]);
    assert_eq!(claim(&db, 0, &[], 9), ["s1.shop"]);
}

fn a_delivered_token_stays_delivered(database: &TestDatabase) {
    let db = signed_in(database);
    end(&db, "s1", 0);
    claim(&db, 0, &[], 9);
    write(&db, |conn| {
        logout_delivery::failed(conn, "s1.shop", Some(NOW), "at first")?;
        logout_delivery::sent(conn, "s1.shop", NOW.plus(3))?;
        // Another one, whose lease had ended, comes late with bad news.
        logout_delivery::failed(conn, "s1.shop", Some(NOW.plus(4)), "no answer")
    });
    let one = to(&db, "shop").remove(0);
    assert_eq!((one.sent_at, one.next_attempt_at), (Some(NOW.plus(3)), None));
    assert_eq!((one.leased_until, one.last_error), (None, None));
    assert_eq!(claim(&db, 999, &[], 9), ["s1.notes"]);
}

fn a_failed_one_comes_again_or_is_given_up(database: &TestDatabase) {
    let db = signed_in(database);
    end(&db, "s1", 0);
    claim(&db, 0, &["notes"], 9);
    let fail = |next: Option<Timestamp>| {
        write(&db, move |conn| logout_delivery::failed(conn, "s1.shop", next, "no an\0swer"));
        to(&db, "shop").remove(0)
    };
    let one = fail(Some(NOW.plus(30)));
    assert_eq!((one.next_attempt_at, one.leased_until), (Some(NOW.plus(30)), None));
    assert_eq!((one.attempts, one.last_error.as_deref()), (1, Some("no an\u{fffd}swer")));
    assert!(claim(&db, 29, &["notes"], 9).is_empty());
    assert_eq!(claim(&db, 30, &["notes"], 9), ["s1.shop"]);
    let one = fail(None);
    assert_eq!((one.next_attempt_at, one.sent_at, one.attempts), (None, None, 2));
    assert!(claim(&db, 9_999, &["notes"], 9).is_empty());
}

/// Ends `s1` from many threads at once: exactly one of them did it.
fn a_session_ends_once_however_many_end_it(database: &TestDatabase) {
    let dbs = [signed_in(database), database.open()];
    let wins: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|nr| {
                let db = &dbs[nr % 2];
                scope.spawn(move || usize::from(end(db, "s1", 0)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(wins, 1);
    assert_eq!(told(&dbs[0]), ["s1.notes", "s1.shop"]);
}

/// A client is noted while the session ends: whoever was noted is told, whoever is not told was
/// refused.
fn no_client_is_noted_after_the_end_without_being_told(database: &TestDatabase) {
    let dbs = [signed_in(database), database.open()];
    for round in 0..20 {
        let session = format!("round {round}");
        let id = SessionId::new(session.clone());
        let begun = a_session(&session, &session);
        write(&dbs[0], move |conn| browser_session::insert(conn, &begun));
        let noted = std::thread::scope(|scope| {
            let noting = scope.spawn(|| {
                let session = session.clone();
                write(&dbs[1], move |conn| note(conn, &session, "shop", 0))
            });
            let ended = write(&dbs[0], move |conn| browser_session::end(conn, &id, NOW));
            assert!(ended);
            noting.join().unwrap()
        });
        let name = format!("{session}.shop");
        assert_eq!(told(&dbs[0]).contains(&name), noted, "{session}");
    }
}
