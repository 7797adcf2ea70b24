//! What changes in an account: its details, its password, whether it may be used, its end.

use std::{sync::mpsc, thread, time::Duration};

use vestibule_model::{Timestamp, UserId, user::User};
use vestibule_storage::{Conn, Db, StorageError, terms, testing::TestDatabase, user};

use crate::fixtures::{NOW, a_user, read, with_grant, write};

on_both!(
    what_a_form_changes_is_saved,
    a_form_read_before_a_lock_does_not_unlock,
    a_saved_name_or_address_belongs_to_one_user,
    an_address_finds_its_user_in_any_case,
    a_new_password_remembers_the_old_ones,
    a_first_password_leaves_no_history,
    nobodys_password_is_not_set,
    an_account_is_disabled_and_enabled,
    an_account_is_due_for_erasure_when_its_time_has_come,
    nobody_is_told_that_an_account_stays_which_is_being_erased,
    an_account_that_is_just_kept_is_not_due,
    terms_are_accepted_once_a_version,
);

fn u1() -> UserId {
    UserId::new("u1")
}

fn found(db: &Db) -> User {
    read(db, |conn| user::find(conn, &u1())).unwrap()
}

fn what_a_form_changes_is_saved(database: &TestDatabase) {
    let db = with_grant(database);
    let before = found(&db);
    assert_eq!((before.groups.len(), before.language, before.sealed_profile), (0, None, None));
    assert_eq!(before.password_changed_at, Some(NOW), "as it was made");
    let changed = User {
        email_verified: false,
        is_admin: true,
        groups: vec!["staff".to_owned(), "Zürich \"1\"".to_owned()],
        language: Some("de".to_owned()),
        sealed_profile: Some("v2.sealed".to_owned()),
        updated_at: NOW.plus(5),
        passkey_offer_after: Some(NOW.plus(9)),
        password_hash: "not by save".to_owned(),
        password_changed_at: None,
        created_at: NOW.plus(1),
        ..a_user("u1", "Countess", "Countess@Example.org")
    };
    let saved = changed.clone();
    assert!(write(&db, move |conn| user::save(conn, &saved)));
    let after = found(&db);
    assert_eq!((&after.username, &after.email), (&changed.username, &changed.email));
    assert_eq!((after.email_verified, after.is_admin), (false, true));
    assert_eq!((&after.groups, &after.language), (&changed.groups, &changed.language));
    assert_eq!(after.sealed_profile, changed.sealed_profile);
    assert_eq!(after.passkey_offer_after, Some(NOW.plus(9)));
    assert_eq!((after.created_at, after.updated_at), (NOW, NOW.plus(5)));
    assert_eq!(after.password_hash, "$argon2id$old");
    assert_eq!(after.password_changed_at, Some(NOW));
    let by_login = |login| read(&db, move |conn| user::find_by_login(conn, login));
    assert!(by_login("countess").is_some() && by_login("ada").is_none());

    let nothing = User { language: None, sealed_profile: None, groups: vec![], ..changed };
    assert!(write(&db, move |conn| user::save(conn, &nothing)));
    let after = found(&db);
    assert_eq!((after.language, after.sealed_profile), (None, None), "a value can be taken away");
    assert!(!write(&db, |conn| user::save(conn, &a_user("u2", "x", "x@example.org"))));
}

fn a_form_read_before_a_lock_does_not_unlock(database: &TestDatabase) {
    let db = with_grant(database);
    let form = found(&db);
    write(&db, |conn| {
        user::set_disabled(conn, &u1(), Some(NOW))?;
        user::set_deletion(conn, &u1(), Some(NOW.plus(7)))
    });
    assert!(write(&db, move |conn| user::save(conn, &form)));
    let after = found(&db);
    assert_eq!((after.disabled_at, after.deletion_at), (Some(NOW), Some(NOW.plus(7))));
}

fn a_saved_name_or_address_belongs_to_one_user(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| user::insert(conn, &a_user("u2", "bob", "bob@example.org")));
    for (name, email, what) in
        [("ADA", "bob@example.org", "username"), ("bob", "ada@EXAMPLE.org", "email")]
    {
        let refused = db.write(move |conn| user::save(conn, &a_user("u2", name, email))).wait();
        assert_eq!(refused, Err(StorageError::Duplicate { what }));
    }
    let own = |conn: &mut _| user::save(conn, &a_user("u2", "BOB", "Bob@example.org"));
    assert!(write(&db, own), "one's own name in another case");
}

fn an_address_finds_its_user_in_any_case(database: &TestDatabase) {
    let db = with_grant(database);
    let by_email = |email| read(&db, move |conn| user::find_by_email(conn, email));
    assert_eq!(by_email("ADA@example.ORG").unwrap().id, u1());
    for other in ["ada", "", "ada@example.com", "\0"] {
        assert!(by_email(other).is_none(), "{other:?}");
    }
}

/// Sets the password `new` at `NOW + at`, keeping `keep` of the history.
fn set(db: &Db, new: &'static str, keep: i64, at: i64) {
    write(db, move |conn| {
        user::set_password(conn, &u1(), new, keep, NOW.plus(at), format!("history {at}"))
    });
}

fn former(db: &Db, limit: i64) -> Vec<String> {
    read(db, move |conn| user::former_passwords(conn, &u1(), limit))
}

fn a_new_password_remembers_the_old_ones(database: &TestDatabase) {
    let db = with_grant(database);
    set(&db, "one", 2, 10);
    let after = found(&db);
    assert_eq!(
        (after.password_hash.as_str(), after.password_changed_at),
        ("one", Some(NOW.plus(10)))
    );
    assert_eq!(after.updated_at, NOW, "the profile is the same");
    assert_eq!(former(&db, 9), ["$argon2id$old"]);
    set(&db, "two", 2, 20);
    assert_eq!(former(&db, 9), ["one", "$argon2id$old"], "newest first");
    assert_eq!(former(&db, 1), ["one"]);
    set(&db, "three", 2, 30);
    assert_eq!(former(&db, 9), ["two", "one"], "the oldest goes");
    set(&db, "four", 0, 40);
    assert!(former(&db, 9).is_empty());
    assert_eq!(found(&db).password_hash, "four");
}

fn a_first_password_leaves_no_history(database: &TestDatabase) {
    let db = database.open();
    let without = User { password_hash: String::new(), ..a_user("u1", "ada", "ada@example.org") };
    write(&db, move |conn| user::insert(conn, &without));
    set(&db, "first", 5, 10);
    assert!(former(&db, 9).is_empty(), "an empty hash is no password");
    assert_eq!(found(&db).password_hash, "first");
}

fn nobodys_password_is_not_set(database: &TestDatabase) {
    let db = database.open();
    set(&db, "new", 5, 10);
    assert!(former(&db, 9).is_empty());
}

fn an_account_is_disabled_and_enabled(database: &TestDatabase) {
    let db = with_grant(database);
    let set = |id: &'static str, at| {
        write(&db, move |conn| user::set_disabled(conn, &UserId::new(id), at))
    };
    assert!(set("u1", Some(NOW)));
    assert_eq!(found(&db).disabled_at, Some(NOW));
    assert!(set("u1", None));
    assert_eq!(found(&db).disabled_at, None);
    assert!(!set("u2", None));
}

fn an_account_is_due_for_erasure_when_its_time_has_come(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        for (id, at) in [("u2", Some(20)), ("u3", Some(10)), ("u4", Some(30)), ("u5", None)] {
            user::insert(conn, &a_user(id, id, &format!("{id}@example.org")))?;
            assert!(user::set_deletion(conn, &UserId::new(id), at.map(|at| NOW.plus(at)))?);
        }
        assert!(!user::set_deletion(conn, &UserId::new("nobody"), None)?);
        Ok(())
    });
    let due = |now: Timestamp, limit| {
        let ids = write(&db, move |conn| user::due_for_erasure(conn, now, limit));
        ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert!(due(NOW.plus(9), 9).is_empty());
    assert_eq!(due(NOW.plus(20), 9), ["u3", "u2"], "the longest overdue first");
    assert_eq!(due(NOW.plus(99), 2), ["u3", "u2"]);
    write(&db, |conn| user::set_deletion(conn, &UserId::new("u3"), None));
    assert_eq!(due(NOW.plus(99), 9), ["u2", "u4"], "taken back in time");
}

/// Two accounts whose time has come.
fn with_due(database: &TestDatabase) -> Db {
    let db = with_grant(database);
    write(&db, |conn| {
        for id in ["u2", "u3"] {
            user::insert(conn, &a_user(id, id, &format!("{id}@example.org")))?;
            user::set_deletion(conn, &UserId::new(id), Some(NOW))?;
        }
        Ok(())
    });
    db
}

/// Lets `first` begin, then starts `second` beside it, and lets `first` end. Returns what both
/// answered, and whether `second` did so before.
fn interleaved<A: Send + 'static, B: Send + 'static>(
    db: &Db,
    first: impl FnOnce(&mut Conn, &dyn Fn()) -> Result<A, StorageError> + Send + 'static,
    second: impl FnOnce(&mut Conn) -> Result<B, StorageError> + Send + 'static,
) -> (A, B, bool) {
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let first = db.write_once(move |conn| {
        first(conn, &|| {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        })
    });
    has_begun.recv().unwrap();
    let second = db.write_once(second);
    let (tell, told) = mpsc::channel();
    let waits = thread::spawn(move || tell.send(second.wait().unwrap()).unwrap());
    let early = told.recv_timeout(Duration::from_millis(300)).ok();
    go_on.send(()).unwrap();
    let is_early = early.is_some();
    let second = early.unwrap_or_else(|| told.recv().unwrap());
    waits.join().unwrap();
    (first.wait().unwrap(), second, is_early)
}

fn nobody_is_told_that_an_account_stays_which_is_being_erased(database: &TestDatabase) {
    let db = with_due(database);
    let erase = |conn: &mut Conn, pause: &dyn Fn()| {
        let due = user::due_for_erasure(conn, NOW, 9)?;
        pause();
        for id in &due {
            user::erase(conn, id, NOW)?;
        }
        Ok(due.len())
    };
    let keep = |conn: &mut Conn| user::set_deletion(conn, &UserId::new("u3"), None);
    let (erased, kept, _) = interleaved(&db, erase, keep);
    assert_eq!((erased, kept), (2, false));
}

fn an_account_that_is_just_kept_is_not_due(database: &TestDatabase) {
    let db = with_due(database);
    let keep = |conn: &mut Conn, pause: &dyn Fn()| {
        let kept = user::set_deletion(conn, &UserId::new("u3"), None);
        pause();
        kept
    };
    let (kept, due, early) = interleaved(&db, keep, |conn| user::due_for_erasure(conn, NOW, 9));
    let due: Vec<_> = due.iter().map(UserId::as_str).collect();
    assert_eq!((kept, &due[..]), (true, &["u2"][..]));
    assert_eq!(early, db.is_server(), "nobody waits for the others where rows are held one by one");
}

fn terms_are_accepted_once_a_version(database: &TestDatabase) {
    let db = with_grant(database);
    let accept = |version: &'static str, at| {
        write(&db, move |conn| terms::accept(conn, &u1(), version, NOW.plus(at)));
    };
    let accepted = |version| read(&db, move |conn| terms::accepted(conn, &u1(), version));
    assert!(!accepted("2026-01"));
    accept("2026-01", 0);
    accept("2026-01", 5);
    accept("2026-11", 9);
    assert!(accepted("2026-01") && accepted("2026-11") && !accepted("2026-1") && !accepted("\0"));
    let other = read(&db, |conn| terms::accepted(conn, &UserId::new("u2"), "2026-01"));
    assert!(!other, "somebody else's");
    let list = read(&db, |conn| terms::list_of_user(conn, &u1()));
    let list: Vec<_> = list.iter().map(|one| (one.version.as_str(), one.at)).collect();
    assert_eq!(list, [("2026-11", NOW.plus(9)), ("2026-01", NOW)], "the first time counts");
}
