//! Authenticator apps, passkeys, recovery codes.

use vestibule_model::UserId;
use vestibule_storage::{
    Conn, StorageError, factor, passkey, recovery_code, testing::TestDatabase, totp_device, user,
};

use crate::fixtures::{NOW, a_passkey, a_totp_device, a_user, hash, read, with_grant, write};

on_both!(
    an_app_is_confirmed_once,
    a_time_step_is_spent_with_those_before_it,
    an_app_belongs_to_its_user,
    a_passkey_comes_back_and_notes_its_use,
    a_passkey_belongs_to_its_user,
    a_recovery_code_works_once_for_its_user,
    new_recovery_codes_replace_the_old,
    all_factors_are_seen_together,
);

fn u1() -> UserId {
    UserId::new("u1")
}

fn an_app_is_confirmed_once(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| totp_device::insert(conn, &a_totp_device("t1")));
    let find = |id| read(&db, move |conn| totp_device::find(conn, id));
    let found = find("t1").unwrap();
    assert_eq!((found.name.as_str(), found.sealed_secret.as_str()), ("Phone", "v2.sealed secret"));
    assert_eq!((found.user_id, found.created_at), (u1(), NOW));
    assert_eq!((found.confirmed_at, found.last_step, found.last_used_at), (None, None, None));
    assert!(find("t2").is_none() && find("\0").is_none());
    let confirm = |step, at| write(&db, move |conn| totp_device::confirm(conn, "t1", step, at));
    assert!(confirm(100, NOW.plus(5)));
    assert!(!confirm(101, NOW.plus(6)));
    let found = find("t1").unwrap();
    assert_eq!((found.confirmed_at, found.last_step), (Some(NOW.plus(5)), Some(100)));
    assert!(!write(&db, |conn| totp_device::confirm(conn, "t2", 1, NOW)));
}

fn a_time_step_is_spent_with_those_before_it(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| totp_device::insert(conn, &a_totp_device("t1")));
    let spend =
        |step| write(&db, move |conn| totp_device::use_step(conn, "t1", step, NOW.plus(step)));
    assert!(!spend(100), "not confirmed yet");
    assert!(write(&db, |conn| totp_device::confirm(conn, "t1", 100, NOW)));
    assert!(!spend(100), "the code that confirmed it");
    assert!(spend(102));
    for spent in [102, 101, 0, -1] {
        assert!(!spend(spent), "{spent}");
    }
    assert!(spend(103));
    let found = read(&db, |conn| totp_device::find(conn, "t1")).unwrap();
    assert_eq!((found.last_step, found.last_used_at), (Some(103), Some(NOW.plus(103))));
}

fn an_app_belongs_to_its_user(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        let mut newer = a_totp_device("a newer one");
        newer.created_at = NOW.plus(1);
        totp_device::insert(conn, &newer)?;
        totp_device::insert(conn, &a_totp_device("t1"))
    });
    let list = |user| read(&db, move |conn| totp_device::list_of_user(conn, &UserId::new(user)));
    let ids: Vec<String> = list("u1").into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["t1", "a newer one"]);
    assert!(list("u2").is_empty());
    let rename = |id, user, name| {
        write(&db, move |conn| totp_device::rename(conn, id, &UserId::new(user), name))
    };
    assert!(rename("t1", "u1", "Tab\0let"));
    assert!(!rename("t1", "u2", "Mine") && !rename("t9", "u1", "x") && !rename("\0", "u1", "x"));
    assert_eq!(list("u1")[0].name, "Tab\u{fffd}let");
    let delete =
        |id, user| write(&db, move |conn| totp_device::delete(conn, id, &UserId::new(user)));
    assert!(!delete("t1", "u2") && !delete("\0", "u1"));
    assert!(delete("t1", "u1"));
    assert!(!delete("t1", "u1"));
    assert_eq!(list("u1").len(), 1);
}

fn a_passkey_comes_back_and_notes_its_use(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| passkey::insert(conn, &a_passkey("p1")));
    let find = |id| read(&db, move |conn| passkey::find(conn, id));
    let (found, given) = (find("p1").unwrap(), a_passkey("p1"));
    assert_eq!((&found.user_id, &found.name), (&given.user_id, &given.name));
    assert_eq!((&found.credential, &found.aaguid), (&given.credential, &given.aaguid));
    assert_eq!((found.backed_up, found.created_at, found.last_used_at), (true, NOW, None));
    assert!(find("P1").is_none(), "case counts");
    assert!(find("\0").is_none());
    write(&db, |conn| passkey::used(conn, "p1", "{\"counter\":2}", false, NOW.plus(7)));
    let found = find("p1").unwrap();
    assert_eq!((found.credential.as_str(), found.backed_up), ("{\"counter\":2}", false));
    assert_eq!(found.last_used_at, Some(NOW.plus(7)));
    let twice = db.write(|conn| passkey::insert(conn, &a_passkey("p1"))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "passkey" }));
}

fn a_passkey_belongs_to_its_user(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        passkey::insert(conn, &a_passkey("p2"))?;
        passkey::insert(conn, &a_passkey("p1"))
    });
    let list = |user| read(&db, move |conn| passkey::list_of_user(conn, &UserId::new(user)));
    let ids: Vec<String> = list("u1").into_iter().map(|one| one.id).collect();
    assert_eq!(ids, ["p1", "p2"]);
    assert!(list("u2").is_empty());
    let rename = |id, user, name| {
        write(&db, move |conn| passkey::rename(conn, id, &UserId::new(user), name))
    };
    assert!(rename("p1", "u1", "Key"));
    assert!(!rename("p1", "u2", "Mine") && !rename("\0", "u1", "x"));
    assert_eq!((list("u1")[0].name.as_str(), list("u1")[1].name.as_str()), ("Key", "Laptop"));
    let delete = |id, user| write(&db, move |conn| passkey::delete(conn, id, &UserId::new(user)));
    assert!(!delete("p1", "u2") && !delete("\0", "u1"));
    assert!(delete("p1", "u1"));
    assert!(!delete("p1", "u1"));
}

fn a_recovery_code_works_once_for_its_user(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| recovery_code::replace_all(conn, &u1(), &["a", "b"].map(hash), NOW));
    let left = || read(&db, |conn| recovery_code::left(conn, &u1()));
    let spend = |user, code| {
        write(&db, move |conn| recovery_code::use_one(conn, &UserId::new(user), &hash(code), NOW))
    };
    assert_eq!(left(), 2);
    assert!(!spend("u2", "a") && !spend("u1", "c"));
    assert!(spend("u1", "a"));
    assert!(!spend("u1", "a"));
    assert_eq!(left(), 1);
}

fn new_recovery_codes_replace_the_old(database: &TestDatabase) {
    let db = with_grant(database);
    let replace = |codes: &'static [&'static str]| {
        let hashes: Vec<_> = codes.iter().copied().map(hash).collect();
        write(&db, move |conn| recovery_code::replace_all(conn, &u1(), &hashes, NOW));
    };
    let left = || read(&db, |conn| recovery_code::left(conn, &u1()));
    replace(&["a", "b"]);
    assert!(write(&db, |conn| recovery_code::use_one(conn, &u1(), &hash("a"), NOW)));
    // One that comes again is new again.
    replace(&["a", "c", "d"]);
    assert_eq!(left(), 3);
    assert!(!write(&db, |conn| recovery_code::use_one(conn, &u1(), &hash("b"), NOW)));
    assert!(write(&db, |conn| recovery_code::use_one(conn, &u1(), &hash("a"), NOW)));
    write(&db, |conn| recovery_code::delete_all(conn, &u1()));
    assert_eq!(left(), 0);
}

fn enroll(conn: &mut Conn) -> Result<(), StorageError> {
    totp_device::insert(conn, &a_totp_device("begun"))?;
    passkey::insert(conn, &a_passkey("p1"))?;
    recovery_code::replace_all(conn, &u1(), &["a", "b"].map(hash), NOW)?;
    recovery_code::use_one(conn, &u1(), &hash("a"), NOW)?;
    Ok(())
}

fn all_factors_are_seen_together(database: &TestDatabase) {
    let db = with_grant(database);
    let of = |user| read(&db, move |conn| factor::of_user(conn, &UserId::new(user)));
    assert!(!of("u1").any());
    write(&db, enroll);
    let factors = of("u1");
    assert!(factors.totp.is_empty(), "enrolment that only began counts for nothing");
    assert_eq!((factors.passkeys.len(), factors.recovery_codes_left), (1, 1));
    assert!(write(&db, |conn| totp_device::confirm(conn, "begun", 1, NOW)));
    assert_eq!(of("u1").totp.len(), 1);
    write(&db, |conn| user::insert(conn, &a_user("u2", "bob", "bob@example.org")));
    let others = of("u2");
    assert!(!others.any() && others.recovery_codes_left == 0);
}
