//! Clients, users, sessions, consent, set-up links, the audit log.

use vestibule_model::{ClientId, SessionId, TokenHash, UserId, audit::AuditEvent};
use vestibule_storage::{
    StorageError, audit, browser_session, client, consent, health, setup_link,
    testing::TestDatabase, user,
};

use crate::fixtures::{
    NOW, a_client, a_consent, a_session, a_user, hash, read, scope, with_grant, write,
};

on_both!(
    a_client_comes_back_as_it_was_registered,
    a_client_is_updated_and_listed,
    an_origin_is_known_while_a_client_has_it,
    a_user_is_found_by_name_or_address_in_any_case,
    a_name_or_address_belongs_to_one_user,
    an_address_beats_a_name_that_looks_like_it,
    a_password_hash_is_replaced_only_while_it_is_the_old_one,
    an_administrator_is_noticed,
    a_session_lives_is_renewed_and_ends,
    consent_is_remembered_replaced_and_forgotten,
    a_setup_link_works_once_and_not_after_its_end,
    the_audit_log_gives_its_newest_lines_first,
    nul_in_a_key_is_not_found_and_no_error,
    the_database_answers_a_ping,
);

fn a_client_comes_back_as_it_was_registered(database: &TestDatabase) {
    let db = database.open();
    let registered = a_client("app");
    let same = registered.clone();
    write(&db, move |conn| client::insert(conn, &registered));
    let found = read(&db, |conn| client::find(conn, &ClientId::new("app"))).unwrap();
    assert_eq!(found.metadata, same.metadata);
    assert_eq!(found.secret_hash, same.secret_hash);
    assert_eq!((found.created_at, found.disabled_at), (NOW, None));
    assert!(read(&db, |conn| client::find(conn, &ClientId::new("App"))).is_none(), "case counts");
    let again = db.write(|conn| client::insert(conn, &a_client("app"))).wait();
    assert_eq!(again, Err(StorageError::Duplicate { what: "client_id" }));
}

fn a_client_is_updated_and_listed(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        client::insert(conn, &a_client("b"))?;
        client::insert(conn, &a_client("B"))?;
        client::insert(conn, &a_client("a"))
    });
    let mut changed = a_client("b");
    changed.secret_hash = None;
    changed.disabled_at = Some(NOW.plus(1));
    changed.metadata.client_name = None;
    assert!(write(&db, move |conn| client::update(conn, &changed)));
    assert!(!write(&db, |conn| client::update(conn, &a_client("nobody"))));
    let all = read(&db, client::list);
    let ids: Vec<&str> = all.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(ids, ["B", "a", "b"], "byte order, on both databases");
    assert_eq!(all[2].secret_hash, None, "a value can be taken away");
    assert_eq!(all[2].disabled_at, Some(NOW.plus(1)));
    assert_eq!(all[2].metadata.client_name, None);
    assert!(all[1].secret_hash.is_some(), "the neighbour is as it was");
}

fn an_origin_is_known_while_a_client_has_it(database: &TestDatabase) {
    let db = database.open();
    let is_known = |origin| read(&db, move |conn| client::origin_registered(conn, origin));
    let with = |id: &str, uris: &[&str]| {
        let mut client = a_client(id);
        client.metadata.redirect_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
        client
    };
    let two = with("a", &["https://app.example/cb", "https://app.example/other"]);
    let other = with("b", &["https://app.example/cb", "https://b.example:8443/cb"]);
    write(&db, move |conn| {
        client::insert(conn, &two)?;
        client::insert(conn, &other)
    });
    assert!(is_known("https://app.example") && is_known("https://b.example:8443"));
    for unknown in ["http://app.example", "https://app.example:8443", "null", "", "\0"] {
        assert!(!is_known(unknown), "{unknown:?}");
    }
    let moved = with("b", &["https://c.example/cb"]);
    assert!(write(&db, move |conn| client::update(conn, &moved)));
    assert!(!is_known("https://b.example:8443") && is_known("https://c.example"));
    assert!(is_known("https://app.example"), "the other client still has it");
}

fn a_user_is_found_by_name_or_address_in_any_case(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| user::insert(conn, &a_user("u1", "Ärger", "Ärger@Example.org")));
    for login in ["Ärger", "ärger", "ÄRGER", "ärger@example.ORG"] {
        let found = read(&db, move |conn| user::find_by_login(conn, login)).unwrap();
        assert_eq!(found.id.as_str(), "u1", "{login}");
        assert_eq!(found.username, "Ärger", "shown as it was written");
    }
    assert!(read(&db, |conn| user::find_by_login(conn, "arger")).is_none());
    assert!(read(&db, |conn| user::find_by_login(conn, "")).is_none());
    let found = read(&db, |conn| user::find(conn, &UserId::new("u1"))).unwrap();
    assert_eq!(found.profile.name.as_deref(), Some("Ada Lovelace"));
    assert!(found.email_verified && !found.is_admin);
    assert!(read(&db, |conn| user::find(conn, &UserId::new("u2"))).is_none());
}

fn a_name_or_address_belongs_to_one_user(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| user::insert(conn, &a_user("u1", "ada", "ada@example.org")));
    for (id, name, email, what) in [
        ("u2", "ADA", "other@example.org", "username"),
        ("u2", "other", "Ada@Example.org", "email"),
        ("u1", "other", "other@example.org", "user id"),
    ] {
        let refused = db.write(move |conn| user::insert(conn, &a_user(id, name, email))).wait();
        assert_eq!(refused, Err(StorageError::Duplicate { what }));
    }
    assert_eq!(read(&db, user::list).len(), 1);
}

fn an_address_beats_a_name_that_looks_like_it(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        user::insert(conn, &a_user("u1", "ada@example.org", "mallory@example.org"))?;
        user::insert(conn, &a_user("u2", "ada", "ada@example.org"))
    });
    let found = read(&db, |conn| user::find_by_login(conn, "ada@example.org")).unwrap();
    assert_eq!(found.id.as_str(), "u2");
}

fn a_password_hash_is_replaced_only_while_it_is_the_old_one(database: &TestDatabase) {
    let db = with_grant(database);
    let replace = |old: &'static str, new: &'static str| {
        write(&db, move |conn| user::replace_password_hash(conn, &UserId::new("u1"), old, new))
    };
    assert!(!replace("$argon2id$other", "$argon2id$new"));
    assert!(replace("$argon2id$old", "$argon2id$new"));
    assert!(!replace("$argon2id$old", "$argon2id$newer"));
    let found = read(&db, |conn| user::find(conn, &UserId::new("u1"))).unwrap();
    assert_eq!(found.password_hash, "$argon2id$new");
}

fn an_administrator_is_noticed(database: &TestDatabase) {
    let db = with_grant(database);
    assert!(!read(&db, user::has_admin));
    let mut admin = a_user("u2", "root", "root@example.org");
    admin.is_admin = true;
    write(&db, move |conn| user::insert(conn, &admin));
    assert!(read(&db, user::has_admin));
}

fn a_session_lives_is_renewed_and_ends(database: &TestDatabase) {
    let db = with_grant(database);
    let id = || SessionId::new("s1");
    write(&db, |conn| browser_session::insert(conn, &a_session("s1", "first cookie")));
    write(&db, move |conn| browser_session::touch(conn, &id(), NOW.plus(61)));
    let found = read(&db, |conn| browser_session::find(conn, &hash("first cookie"))).unwrap();
    assert_eq!((found.last_seen_at, found.amr), (NOW.plus(61), vec!["pwd".to_owned()]));

    let mut renewed = a_session("s1", "second cookie");
    renewed.auth_time = NOW.plus(100);
    renewed.amr = vec!["pwd".to_owned(), "otp".to_owned()];
    renewed.acr = "better".to_owned();
    renewed.expires_at = NOW.plus(9_000);
    assert!(write(&db, move |conn| browser_session::renew(conn, &renewed)));
    let gone = read(&db, |conn| browser_session::find(conn, &hash("first cookie")));
    assert!(gone.is_none(), "the cookie from before the sign-in is worth nothing");
    let found = read(&db, |conn| browser_session::find(conn, &hash("second cookie"))).unwrap();
    assert_eq!((found.auth_time, found.acr.as_str()), (NOW.plus(100), "better"));
    assert_eq!((found.amr.len(), found.expires_at), (2, NOW.plus(9_000)));

    let is_open = |at| read(&db, move |conn| browser_session::is_open(conn, &id(), at));
    assert!(is_open(NOW.plus(8_999)) && !is_open(NOW.plus(9_000)));
    assert!(write(&db, move |conn| browser_session::end(conn, &id(), NOW)));
    assert!(!write(&db, move |conn| browser_session::end(conn, &id(), NOW)));
    assert!(!is_open(NOW));
    assert!(!write(&db, |conn| browser_session::renew(conn, &a_session("s1", "third"))));
}

fn consent_is_remembered_replaced_and_forgotten(database: &TestDatabase) {
    let db = with_grant(database);
    let (user, client) = (|| UserId::new("u1"), || ClientId::new("app"));
    let find = move || read(&db, move |conn| consent::find(conn, &user(), &client()));
    assert_eq!(find(), None);
    let db = database.open();
    write(&db, |conn| consent::save(conn, &a_consent()));
    assert_eq!(find(), Some(a_consent()));
    let mut wider = a_consent();
    wider.scope = scope("email openid profile");
    wider.claims = vec![];
    wider.granted_at = NOW.plus(9);
    let same = wider.clone();
    write(&db, move |conn| consent::save(conn, &wider));
    assert_eq!(find(), Some(same));
    assert!(write(&db, move |conn| consent::delete(conn, &user(), &client())));
    assert!(!write(&db, move |conn| consent::delete(conn, &user(), &client())));
    assert_eq!(find(), None);
}

fn a_setup_link_works_once_and_not_after_its_end(database: &TestDatabase) {
    let db = database.open();
    let end = NOW.plus(100);
    write(&db, move |conn| {
        setup_link::insert(conn, &hash("link"), end)?;
        setup_link::insert(conn, &hash("late"), end)
    });
    let is_open = |link, at| read(&db, move |conn| setup_link::is_open(conn, &hash(link), at));
    let consume = |link, at| write(&db, move |conn| setup_link::consume(conn, &hash(link), at));
    assert!(is_open("link", NOW) && is_open("link", end.plus(-1)));
    assert!(!is_open("link", end), "its end is the first moment it does not work");
    assert!(!is_open("unknown", NOW) && !consume("unknown", NOW));
    assert!(consume("link", NOW));
    assert!(!is_open("link", NOW) && !consume("link", NOW));
    assert!(!consume("late", end));
}

fn the_audit_log_gives_its_newest_lines_first(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        let line = |detail: &str| {
            let event = AuditEvent::new(NOW, "refresh_token.reused", "r").detail(detail);
            event.of_client(&ClientId::new("no such client"))
        };
        let of_user = |detail| line(detail).of_user(&UserId::new("u1"));
        audit::insert(conn, &line("first"))?;
        audit::insert_many(conn, &[])?;
        audit::insert_many(conn, &[of_user("second"), of_user("third \0")])
    });
    let lines = read(&db, |conn| audit::list_recent(conn, 2));
    let details: Vec<&str> = lines.iter().map(|line| line.detail.as_str()).collect();
    assert_eq!(details, ["third \u{fffd}", "second"]);
    assert_eq!(lines[0].event, "refresh_token.reused");
    assert_eq!(lines[0].user_id, Some(UserId::new("u1")));
    assert_eq!(read(&db, |conn| audit::list_recent(conn, 10))[2].user_id, None);
}

fn nul_in_a_key_is_not_found_and_no_error(database: &TestDatabase) {
    let db = database.open();
    let nothing = read(&db, |conn| {
        let user = user::find(conn, &UserId::new("\0"))?.is_none();
        let login = user::find_by_login(conn, "a\0")?.is_none();
        let client = client::find(conn, &ClientId::new("a\0"))?.is_none();
        let session = browser_session::find(conn, &TokenHash::new("00"))?.is_none();
        Ok(user && login && client && session)
    });
    assert!(nothing);
}

fn the_database_answers_a_ping(database: &TestDatabase) {
    let db = database.open();
    read(&db, health::ping);
}
