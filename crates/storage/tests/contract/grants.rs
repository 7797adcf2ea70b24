//! Grants.

use vestibule_model::{GrantId, SessionId, claims::ClaimsRequest};
use vestibule_storage::{StorageError, browser_session, grant, testing::TestDatabase};

use crate::fixtures::{NOW, a_grant, a_session, read, scope, with_grant, write};

on_both!(
    a_grant_comes_back_as_it_was_given,
    a_grant_is_revoked_once,
    a_grant_lives_longer_never_shorter,
    the_end_of_a_session_revokes_its_online_grants_only,
    a_grant_of_nobody_is_refused,
);

fn a_grant_comes_back_as_it_was_given(database: &TestDatabase) {
    let db = with_grant(database);
    let mut given = a_grant("g2");
    given.claims.userinfo.insert("email".to_owned(), None);
    let claims: ClaimsRequest = given.claims.clone();
    write(&db, move |conn| grant::insert(conn, &given));
    let found = read(&db, |conn| grant::find(conn, &GrantId::new("g2"))).unwrap();
    assert_eq!((found.scope, found.claims), (scope("profile openid"), claims));
    assert_eq!((found.auth_time, found.revoked_at), (NOW, None));
    assert!(read(&db, |conn| grant::find(conn, &GrantId::new("g3"))).is_none());
    assert!(read(&db, |conn| grant::find(conn, &GrantId::new("\0"))).is_none());
    let twice = db.write(|conn| grant::insert(conn, &a_grant("g2"))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "grant" }));
}

fn a_grant_is_revoked_once(database: &TestDatabase) {
    let db = with_grant(database);
    let revoke =
        |id: &'static str, at| write(&db, move |conn| grant::revoke(conn, &GrantId::new(id), at));
    assert!(revoke("g1", NOW));
    assert!(!revoke("g1", NOW.plus(1)));
    assert!(!revoke("unknown", NOW));
    let found = read(&db, |conn| grant::find(conn, &GrantId::new("g1"))).unwrap();
    assert_eq!(found.revoked_at, Some(NOW), "the first revocation counts");
}

fn a_grant_lives_longer_never_shorter(database: &TestDatabase) {
    let db = with_grant(database);
    let extend = |at| write(&db, move |conn| grant::extend(conn, &GrantId::new("g1"), at));
    let end = || read(&db, |conn| grant::find(conn, &GrantId::new("g1"))).unwrap().expires_at;
    let before = end();
    assert!(!extend(before));
    assert!(extend(before.plus(10)));
    assert!(!extend(before.plus(5)));
    assert_eq!(end(), before.plus(10));
}

fn the_end_of_a_session_revokes_its_online_grants_only(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        browser_session::insert(conn, &a_session("s1", "cookie"))?;
        grant::insert(conn, &a_grant("online"))?;
        let mut offline = a_grant("offline");
        offline.scope = scope("openid offline_access");
        grant::insert(conn, &offline)?;
        // A name that merely contains the other.
        let mut online = a_grant("nearly offline");
        online.scope = scope("my_offline_access_log");
        grant::insert(conn, &online)?;
        let mut elsewhere = a_grant("elsewhere");
        elsewhere.session_id = SessionId::new("s2");
        grant::insert(conn, &elsewhere)
    });
    let end = |at| {
        write(&db, move |conn| browser_session::end(conn, &SessionId::new("s1"), NOW.plus(at)))
    };
    assert!(end(0));
    assert!(!end(5), "and nothing is written anew");
    for (id, revoked_at, session_ended_at) in [
        ("g1", Some(NOW), None),
        ("online", Some(NOW), None),
        ("nearly offline", Some(NOW), None),
        ("offline", None, Some(NOW)),
        ("elsewhere", None, None),
    ] {
        let found = read(&db, move |conn| grant::find(conn, &GrantId::new(id))).unwrap();
        assert_eq!((found.revoked_at, found.session_ended_at), (revoked_at, session_ended_at));
    }
}

fn a_grant_of_nobody_is_refused(database: &TestDatabase) {
    let db = database.open();
    let refused = db.write(|conn| grant::insert(conn, &a_grant("g1"))).wait();
    assert!(matches!(refused, Err(StorageError::Inconsistent(_))), "{refused:?}");
}
