//! Clients that register themselves, and what lets them.

use vestibule_model::{
    ClientId, GrantId, Timestamp,
    client::{Client, Registration},
};
use vestibule_storage::{
    Db, StorageError, client, consent, expiry, grant, initial_access_token, testing::TestDatabase,
};

use crate::fixtures::{
    NOW, a_client, a_consent, a_grant, an_initial_access_token, hash, read, with_grant, write,
};

on_both!(
    what_came_with_a_registration_reads_back,
    a_client_that_nobody_used_goes_at_its_end,
    a_deleted_client_takes_what_was_granted_to_it,
    a_token_is_used_as_often_as_it_may_be,
    a_token_goes_at_its_end,
);

fn registered(id: &str, unused_until: Option<Timestamp>) -> Client {
    Client {
        sealed_secret: Some("v1.sealed".to_owned()),
        registration: Some(Registration {
            access_token_hash: hash("registration token"),
            initial_access_token: Some("t1".to_owned()),
            unused_until,
        }),
        ..a_client(id)
    }
}

fn find(db: &Db, id: &'static str) -> Option<Client> {
    read(db, move |conn| client::find(conn, &ClientId::new(id)))
}

fn what_came_with_a_registration_reads_back(database: &TestDatabase) {
    let db = database.open();
    let new = registered("new", Some(NOW));
    let kept = new.registration.clone();
    write(&db, move |conn| {
        client::insert(conn, &new)?;
        client::insert(conn, &a_client("old"))
    });
    let found = find(&db, "new").unwrap();
    assert_eq!((found.registration, found.sealed_secret.as_deref()), (kept, Some("v1.sealed")));
    assert_eq!(find(&db, "old").unwrap().registration, None);
    let hold = |id: &'static str| write(&db, move |conn| client::hold(conn, &ClientId::new(id)));
    assert!(hold("new"));
    assert!(!hold("nobody"));
    assert!(!hold("no\0body"));
}

fn a_client_that_nobody_used_goes_at_its_end(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        for id in ["unused", "used", "also used"] {
            client::insert(conn, &registered(id, Some(NOW.plus(100))))?;
        }
        client::insert(conn, &a_client("made by hand"))?;
        client::used(conn, &ClientId::new("used"))?;
        client::used(conn, &ClientId::new("made by hand"))
    });
    let count = |now| read(&db, move |conn| client::count_unused(conn, now));
    assert_eq!((count(NOW), count(NOW.plus(99)), count(NOW.plus(100))), (2, 2, 0));
    write(&db, |conn| {
        expiry::delete_expired(conn, NOW.plus(99), 10)?;
        client::used(conn, &ClientId::new("also used"))?;
        expiry::delete_expired(conn, NOW.plus(100), 10)
    });
    assert!(find(&db, "unused").is_none());
    for id in ["used", "also used", "made by hand"] {
        let client = find(&db, id).unwrap();
        assert_eq!(client.registration.and_then(|known| known.unused_until), None, "{id}");
    }
}

fn a_deleted_client_takes_what_was_granted_to_it(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| consent::save(conn, &a_consent()));
    let (app, user) = (a_grant("g1").client_id, a_grant("g1").user_id);
    let delete = |app: ClientId| write(&db, move |conn| client::delete(conn, &app));
    assert!(delete(app.clone()));
    assert!(!delete(app.clone()));
    assert!(!delete(ClientId::new("no\0body")));
    assert!(read(&db, |conn| grant::find(conn, &GrantId::new("g1"))).is_none());
    assert!(read(&db, move |conn| consent::find(conn, &user, &app)).is_none());
    let open = read(&db, |conn| client::origin_registered(conn, "https://app.example"));
    assert!(!open, "its scripts may call nothing any more");
}

fn a_token_is_used_as_often_as_it_may_be(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        initial_access_token::insert(conn, &an_initial_access_token("twice", Some(2)))?;
        initial_access_token::insert(conn, &an_initial_access_token("often", None))
    });
    let uses = |name: &'static str, now| {
        write(&db, move |conn| initial_access_token::use_one(conn, &hash(name), now))
    };
    assert!(uses("twice", NOW) && uses("twice", NOW));
    assert!(!uses("twice", NOW));
    for _ in 0..5 {
        assert!(uses("often", NOW.plus(3_599)));
    }
    assert!(!uses("often", NOW.plus(3_600)), "its time is over");
    assert!(!uses("unknown", NOW));
    let left = |name: &'static str| {
        read(&db, move |conn| initial_access_token::find(conn, &hash(name))).unwrap().uses_left
    };
    assert_eq!((left("twice"), left("often")), (Some(0), None));
    let twice = db
        .write(|conn| initial_access_token::insert(conn, &an_initial_access_token("often", None)))
        .wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "initial access token" }));
    let delete = || write(&db, |conn| initial_access_token::delete(conn, "often"));
    assert!(delete());
    assert!(!delete());
    assert!(!uses("often", NOW));
}

fn a_token_goes_at_its_end(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        initial_access_token::insert(conn, &an_initial_access_token("t1", Some(0)))?;
        expiry::delete_expired(conn, NOW.plus(3_599), 10)
    });
    let all = read(&db, initial_access_token::list);
    assert_eq!(all, [an_initial_access_token("t1", Some(0))]);
    write(&db, |conn| expiry::delete_expired(conn, NOW.plus(3_600), 10));
    assert!(read(&db, initial_access_token::list).is_empty());
}
