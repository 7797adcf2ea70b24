//! What a person sees of the apps they allowed, and of what happened.

use vestibule_model::{
    ClientId, GrantId, SessionId, UserId,
    audit::AuditEvent,
    grant::{Consent, ConsentDecision, ConsentRecord},
};
use vestibule_storage::{
    Conn, Db, StorageError, audit, client, consent, grant, testing::TestDatabase, user,
};

use crate::fixtures::{
    NOW, a_client, a_consent, a_grant, a_record, a_user, read, scope, with_grant, write,
};

on_both!(
    many_clients_are_found_at_once,
    a_person_sees_their_live_grants_newest_first,
    all_grants_of_a_person_die_but_those_of_the_kept_session,
    the_grants_of_one_app_die,
    a_person_sees_what_they_allow,
    every_answer_is_recorded_newest_first,
    a_person_sees_their_own_part_of_the_audit_log_page_by_page,
);

fn u1() -> UserId {
    UserId::new("u1")
}

fn many_clients_are_found_at_once(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| client::insert(conn, &a_client("other")));
    let find = |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().copied().map(ClientId::new).collect();
        let found = read(&db, move |conn| client::find_many(conn, &ids));
        found.iter().map(|client| client.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find(&["other", "unknown", "app", "\0"]), ["app", "other"]);
    assert_eq!(find(&["app"]), ["app"]);
    assert!(find(&[]).is_empty());
}

/// `g2` newer, `over` and `dead` not alive, all of `u1`; `bobs` of `u2`.
fn grants(conn: &mut Conn) -> Result<(), StorageError> {
    user::insert(conn, &a_user("u2", "bob", "bob@example.org"))?;
    client::insert(conn, &a_client("other"))?;
    let mut newer = a_grant("g2");
    newer.created_at = NOW.plus(5);
    newer.scope = scope("openid offline_access");
    newer.client_id = ClientId::new("other");
    newer.session_id = SessionId::new("s2");
    let mut over = a_grant("over");
    over.expires_at = NOW.plus(10);
    let mut bobs = a_grant("bobs");
    bobs.user_id = UserId::new("u2");
    for grant in [newer, over, a_grant("dead"), bobs] {
        grant::insert(conn, &grant)?;
    }
    grant::revoke(conn, &GrantId::new("dead"), NOW)?;
    Ok(())
}

/// The live grants of both users at `NOW + 10`.
fn alive(db: &Db) -> Vec<String> {
    let of =
        |user| read(db, move |conn| grant::list_of_user(conn, &UserId::new(user), NOW.plus(10)));
    of("u1").into_iter().chain(of("u2")).map(|grant| grant.id.as_str().to_owned()).collect()
}

fn a_person_sees_their_live_grants_newest_first(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, grants);
    assert_eq!(alive(&db), ["g2", "g1", "bobs"]);
    let earlier = read(&db, |conn| grant::list_of_user(conn, &u1(), NOW.plus(9)));
    assert_eq!(earlier.len(), 3, "not over yet");
    assert_eq!(earlier[0].scope, scope("offline_access openid"));
}

fn all_grants_of_a_person_die_but_those_of_the_kept_session(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, grants);
    let revoke = |keep: Option<&'static str>| {
        let keep = keep.map(SessionId::new);
        write(&db, move |conn| grant::revoke_all_of_user(conn, &u1(), keep.as_ref(), NOW))
    };
    assert_eq!(revoke(Some("s2")), 2, "`g1`, and `over`, which the jobs have not swept");
    assert_eq!(alive(&db), ["g2", "bobs"]);
    assert_eq!(revoke(None), 1, "offline ones too");
    assert_eq!(revoke(None), 0);
    assert_eq!(alive(&db), ["bobs"]);
}

fn the_grants_of_one_app_die(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, grants);
    let revoke = || {
        write(&db, |conn| grant::revoke_of_client(conn, &u1(), &ClientId::new("app"), NOW.plus(1)))
    };
    assert_eq!(revoke(), 2);
    assert_eq!(revoke(), 0);
    assert_eq!(alive(&db), ["g2", "bobs"]);
    let dead = read(&db, |conn| grant::find(conn, &GrantId::new("dead"))).unwrap();
    assert_eq!(dead.revoked_at, Some(NOW), "the first revocation counts");
}

fn a_person_sees_what_they_allow(database: &TestDatabase) {
    let db = with_grant(database);
    let again = || Consent { wording: "new".to_owned(), declined: scope("email"), ..a_consent() };
    write(&db, |conn| {
        client::insert(conn, &a_client("other"))?;
        consent::save(conn, &a_consent())?;
        let newer = Consent {
            client_id: ClientId::new("other"),
            granted_at: NOW.plus(1),
            wording: "2027-01".to_owned(),
            ..a_consent()
        };
        consent::save(conn, &newer)
    });
    let list = read(&db, |conn| consent::list_of_user(conn, &u1()));
    assert_eq!(list[0].client_id.as_str(), "other");
    assert_eq!(list[0].wording, "2027-01");
    assert_eq!(list[1..], [a_consent()]);
    write(&db, move |conn| consent::save(conn, &again()));
    let list = read(&db, |conn| consent::list_of_user(conn, &u1()));
    assert_eq!(list[1], again(), "in the place of what was there");
    assert!(read(&db, |conn| consent::list_of_user(conn, &UserId::new("u2"))).is_empty());
}

fn every_answer_is_recorded_newest_first(database: &TestDatabase) {
    let db = with_grant(database);
    let answers: Vec<ConsentRecord> = ConsentDecision::ALL
        .into_iter()
        .zip(1..)
        .map(|(decision, at)| ConsentRecord {
            decision,
            at: NOW.plus(at),
            client_id: ClientId::new("no longer there"),
            ..a_record(decision.as_str())
        })
        .collect();
    let given = answers.clone();
    write(&db, move |conn| given.iter().try_for_each(|one| consent::record(conn, one)));
    let list = |limit| read(&db, move |conn| consent::records_of_user(conn, &u1(), limit));
    assert_eq!(list(9), answers.iter().rev().cloned().collect::<Vec<_>>());
    assert_eq!(list(1), answers[2..]);
    assert!(read(&db, |conn| consent::records_of_user(conn, &UserId::new("u2"), 9)).is_empty());
    let twice = db.write(|conn| consent::record(conn, &a_record("given"))).wait();
    assert_eq!(twice, Err(StorageError::Duplicate { what: "consent record" }));
}

fn a_person_sees_their_own_part_of_the_audit_log_page_by_page(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        for number in 0..5 {
            let event = AuditEvent::new(NOW, "test", "r").detail(number.to_string());
            audit::insert(conn, &event.of_user(&u1()).from_ip(Some("192.0.2.1")))?;
            audit::insert(conn, &AuditEvent::new(NOW, "test", "r").of_user(&UserId::new("u2")))?;
        }
        Ok(())
    });
    let page =
        |limit, before| read(&db, move |conn| audit::list_of_user(conn, &u1(), limit, before));
    let details = |page: &[audit::RecordedEvent]| {
        page.iter().map(|line| line.detail.clone()).collect::<Vec<_>>()
    };
    let first = page(2, None);
    assert_eq!(details(&first), ["4", "3"]);
    assert_eq!((first[0].ip.as_deref(), first[0].user_id.clone()), (Some("192.0.2.1"), Some(u1())));
    let rest = page(9, Some(first[1].id));
    assert_eq!(details(&rest), ["2", "1", "0"]);
    assert!(page(9, Some(rest[2].id)).is_empty());
    let all = read(&db, |conn| audit::list_recent(conn, 99));
    assert_eq!(all.len(), 10);
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id));
    assert_eq!(all[0].ip, None);
}
