//! Sessions of one person, known devices, sign-ins that wait for a second factor.

use vestibule_model::{
    DeviceId, SessionId, SignInId, UserId, browser_session::BrowserSession, device::Device,
};
use vestibule_storage::{
    Conn, Db, StorageError, browser_session, device, expiry, grant, sign_in, spent_challenge,
    testing::TestDatabase, user,
};

use crate::fixtures::{
    NOW, a_device, a_grant, a_session, a_sign_in, a_user, hash, read, scope, with_grant, write,
};

on_both!(
    a_session_remembers_where_it_is,
    a_person_sees_their_sessions_last_used_first,
    a_browser_finds_all_its_accounts,
    the_end_of_all_sessions_spares_the_kept_one,
    without_a_kept_one_every_session_ends,
    a_device_is_known_to_each_user_by_itself,
    a_device_is_seen_again,
    a_device_is_trusted_by_its_owner_only,
    a_device_is_forgotten_by_its_owner_only,
    a_sign_in_is_found_and_finishes_once,
    a_challenge_is_spent_once,
);

fn u1() -> UserId {
    UserId::new("u1")
}

fn a_session_remembers_where_it_is(database: &TestDatabase) {
    let db = with_grant(database);
    let session = BrowserSession {
        device_id: Some(DeviceId::new("d1")),
        ip: Some("2001:db8::1".to_owned()),
        user_agent: Some("Firefox\0 on Linux".to_owned()),
        ..a_session("s1", "cookie")
    };
    write(&db, move |conn| browser_session::insert(conn, &session));
    let find = |id: &'static str| {
        read(&db, move |conn| browser_session::find_by_id(conn, &SessionId::new(id)))
    };
    let found = find("s1").unwrap();
    assert_eq!(found.device_id, Some(DeviceId::new("d1")));
    assert_eq!(found.ip.as_deref(), Some("2001:db8::1"));
    assert_eq!(found.user_agent.as_deref(), Some("Firefox\u{fffd} on Linux"));
    assert!(find("s2").is_none() && find("\0").is_none());
    let moved = BrowserSession { ip: Some("192.0.2.7".to_owned()), ..a_session("s1", "new") };
    assert!(write(&db, move |conn| browser_session::renew(conn, &moved)));
    let found = find("s1").unwrap();
    assert_eq!((found.ip.as_deref(), found.device_id), (Some("192.0.2.7"), None));
}

/// Sessions `s1` to `s3` of `u1` and `other` of `u2`, the first last used.
fn sessions(conn: &mut Conn) -> Result<(), StorageError> {
    user::insert(conn, &a_user("u2", "bob", "bob@example.org"))?;
    for (id, user, seen) in
        [("s1", "u1", 30), ("s2", "u1", 10), ("s3", "u1", 20), ("other", "u2", 0)]
    {
        let user_id = UserId::new(user);
        let session = a_session(id, id);
        let last_seen_at = NOW.plus(seen);
        let session = BrowserSession { user_id, last_seen_at, ..session };
        browser_session::insert(conn, &session)?;
    }
    Ok(())
}

fn names(sessions: &[BrowserSession]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}

fn a_person_sees_their_sessions_last_used_first(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, sessions);
    let own = read(&db, |conn| browser_session::list_of_user(conn, &u1()));
    assert_eq!(names(&own), ["s1", "s3", "s2"]);
    assert!(read(&db, |conn| browser_session::list_of_user(conn, &UserId::new("u3"))).is_empty());
}

fn a_browser_finds_all_its_accounts(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, sessions);
    let find = |cookies: &'static [&'static str]| {
        let tokens: Vec<_> = cookies.iter().copied().map(hash).collect();
        read(&db, move |conn| browser_session::find_many(conn, &tokens))
    };
    assert_eq!(names(&find(&["s2", "unknown", "other"])), ["other", "s2"]);
    assert!(find(&[]).is_empty());
}

/// Grants of `u1`: two of the session `s1`, one of `s2` online, one of `s2` offline; one of `u2`.
fn grants(conn: &mut Conn) -> Result<(), StorageError> {
    for (id, user, session, scopes) in [
        ("kept", "u1", "s1", "openid"),
        ("kept offline", "u1", "s1", "openid offline_access"),
        ("online", "u1", "s2", "openid"),
        ("offline", "u1", "s2", "openid offline_access"),
        ("others", "u2", "s9", "openid"),
    ] {
        let mut grant = a_grant(id);
        grant.user_id = UserId::new(user);
        grant.session_id = SessionId::new(session);
        grant.scope = scope(scopes);
        grant::insert(conn, &grant)?;
    }
    Ok(())
}

/// The names of grants that are alive, of both users.
fn alive(db: &Db) -> Vec<String> {
    let mut all = read(db, |conn| {
        let mut grants = grant::list_of_user(conn, &u1(), NOW)?;
        grants.extend(grant::list_of_user(conn, &UserId::new("u2"), NOW)?);
        Ok(grants)
    });
    all.retain(|grant| grant.id.as_str() != "g1");
    let mut names: Vec<String> = all.iter().map(|grant| grant.id.as_str().to_owned()).collect();
    names.sort();
    names
}

fn the_end_of_all_sessions_spares_the_kept_one(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        sessions(conn)?;
        grants(conn)
    });
    let end = || {
        let ended = write(&db, |conn| {
            browser_session::end_all_of_user(conn, &u1(), Some(&SessionId::new("s1")), NOW)
        });
        let mut names: Vec<_> = ended.iter().map(|id| id.as_str().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(end(), ["s2", "s3"]);
    assert!(end().is_empty());
    let left = read(&db, |conn| browser_session::list_of_user(conn, &u1()));
    assert_eq!(names(&left), ["s1"]);
    assert_eq!(alive(&db), ["kept", "kept offline", "offline", "others"]);
    let other = read(&db, |conn| browser_session::is_open(conn, &SessionId::new("other"), NOW));
    assert!(other, "somebody else's session goes on");
}

fn without_a_kept_one_every_session_ends(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        sessions(conn)?;
        grants(conn)
    });
    let ended = write(&db, |conn| browser_session::end_all_of_user(conn, &u1(), None, NOW));
    assert_eq!(ended.len(), 3);
    assert!(read(&db, |conn| browser_session::list_of_user(conn, &u1())).is_empty());
    assert_eq!(alive(&db), ["kept offline", "offline", "others"]);
}

fn a_device_is_known_to_each_user_by_itself(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        user::insert(conn, &a_user("u2", "bob", "bob@example.org"))?;
        device::insert(conn, &a_device("d1", "cookie", "u1"))?;
        device::insert(conn, &a_device("d2", "cookie", "u2"))
    });
    let find =
        |cookie, user| read(&db, move |conn| device::find(conn, &hash(cookie), &UserId::new(user)));
    let found: Device = find("cookie", "u1").unwrap();
    assert_eq!((found.id.as_str(), found.user_agent.as_str()), ("d1", "Firefox on Linux"));
    assert_eq!((found.ip.as_deref(), found.trusted_until), (Some("192.0.2.1"), None));
    assert_eq!((found.created_at, found.expires_at), (NOW, NOW.plus(180 * 86_400)));
    assert_eq!(find("cookie", "u2").unwrap().id.as_str(), "d2");
    assert!(find("cookie", "u3").is_none() && find("other", "u1").is_none());
    let again = db.write(|conn| device::insert(conn, &a_device("d3", "cookie", "u1"))).wait();
    assert_eq!(again, Err(StorageError::Duplicate { what: "device" }));
}

fn a_device_is_seen_again(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        device::insert(conn, &a_device("d1", "one", "u1"))?;
        device::insert(conn, &a_device("d2", "two", "u1"))?;
        let (now, end) = (NOW.plus(60), NOW.plus(999));
        device::seen(conn, &DeviceId::new("d2"), None, "Chrome on Android", now, end)
    });
    let list = read(&db, |conn| device::list_of_user(conn, &u1()));
    let seen: Vec<_> = list
        .iter()
        .map(|one| (one.user_agent.as_str(), one.last_seen_at, one.expires_at))
        .collect();
    let untouched = ("Firefox on Linux", NOW, NOW.plus(180 * 86_400));
    assert_eq!(seen, [("Chrome on Android", NOW.plus(60), NOW.plus(999)), untouched]);
    assert_eq!(list[0].ip, None);
}

fn a_device_is_trusted_by_its_owner_only(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        user::insert(conn, &a_user("u2", "bob", "bob@example.org"))?;
        device::insert(conn, &a_device("d1", "one", "u1"))?;
        device::insert(conn, &a_device("d2", "two", "u1"))?;
        device::insert(conn, &a_device("d3", "two", "u2"))
    });
    let trust = |id: &'static str, user, until| {
        write(&db, move |conn| device::trust(conn, &DeviceId::new(id), &UserId::new(user), until))
    };
    let trusted = |user: &'static str| {
        let mut list = read(&db, move |conn| device::list_of_user(conn, &UserId::new(user)));
        list.retain(|device| device.trusted_until.is_some());
        list.iter().map(|device| device.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    let end = Some(NOW.plus(9));
    assert!(trust("d1", "u1", end) && trust("d2", "u1", end) && trust("d3", "u2", end));
    assert!(!trust("d1", "u2", end) && !trust("d9", "u1", end) && !trust("\0", "u1", end));
    assert_eq!(trusted("u1"), ["d1", "d2"]);
    assert!(trust("d1", "u1", None));
    assert_eq!(trusted("u1"), ["d2"]);
    write(&db, |conn| device::distrust_all(conn, &u1()));
    assert!(trusted("u1").is_empty());
    assert_eq!(trusted("u2"), ["d3"]);
    assert_eq!(read(&db, |conn| device::list_of_user(conn, &u1())).len(), 2, "still known");
}

fn a_device_is_forgotten_by_its_owner_only(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| device::insert(conn, &a_device("d1", "one", "u1")));
    let delete = |id: &'static str, user: &'static str| {
        write(&db, move |conn| device::delete(conn, &DeviceId::new(id), &UserId::new(user)))
    };
    assert!(!delete("d1", "u2") && !delete("\0", "u1"));
    assert!(delete("d1", "u1"));
    assert!(!delete("d1", "u1"));
}

fn a_sign_in_is_found_and_finishes_once(database: &TestDatabase) {
    let db = with_grant(database);
    let begun = a_sign_in("i", "cookie");
    let id = || SignInId::new("i");
    let same = begun.clone();
    write(&db, move |conn| sign_in::insert(conn, &begun));
    let find = || read(&db, |conn| sign_in::find(conn, &hash("cookie")));
    let found = find().unwrap();
    assert_eq!((&found.user_id, &found.session_id), (&same.user_id, &same.session_id));
    assert_eq!((found.amr, found.auth_time, found.expires_at), (same.amr, NOW, NOW.plus(600)));
    assert!(read(&db, |conn| sign_in::find(conn, &hash("other"))).is_none());
    assert!(write(&db, move |conn| sign_in::take(conn, &id())));
    assert!(!write(&db, move |conn| sign_in::take(conn, &id())));
    assert!(find().is_none());
    // A session that proves more has one at a time, however often its page is opened.
    write(&db, |conn| sign_in::insert(conn, &a_sign_in("h", "older cookie")));
    write(&db, |conn| sign_in::insert(conn, &a_sign_in("j", "cookie")));
    assert!(read(&db, |conn| sign_in::find(conn, &hash("older cookie"))).is_none());
    assert_eq!(write(&db, |conn| sign_in::end_all_of_user(conn, &UserId::new("u1"), None)), 1);
    assert!(find().is_none());
}

fn a_challenge_is_spent_once(database: &TestDatabase) {
    let db = with_grant(database);
    let end = NOW.plus(300);
    let spend = |id| write(&db, move |conn| spent_challenge::spend(conn, &hash(id), end));
    assert!(spend("one") && spend("other"));
    assert!(!spend("one"));
    let last = end.plus(expiry::CLOCK_MARGIN);
    write(&db, move |conn| expiry::delete_expired(conn, last.plus(-1), 9));
    assert!(!spend("one"), "remembered as long as it could come again");
    assert_eq!(write(&db, move |conn| expiry::delete_expired(conn, last, 9)), 2);
}
