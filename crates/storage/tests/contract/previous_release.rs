//! The schema changes over rows that the previous release wrote: none is lost, each reads back, and
//! the previous release's program may go on writing beside this one.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use vestibule_model::{
    ClientId, GrantId, InteractionId, ResponseType, SessionId, Timestamp, TokenHash, UserId,
    client::{AuthMethod, SigningAlg},
    interaction::{AuthorizationRequest, Display, Progress},
};
use vestibule_storage::{
    Db, audit, authorization_code, browser_session, client, client_assertion, consent, grant,
    interaction, opaque_access_token, refresh_token, revoked_token, setup_link, signing_key,
    testing::TestDatabase, user,
};

use crate::{
    catalogue::{self, Cells},
    fixtures::{a_request, read, scope, write},
    parity::shape,
};

/// The newest migration of the release before this one.
const PREVIOUS: &str = "20261121000000";

/// What the previous release wrote, a row of each of its tables at least.
const ROWS: &str = include_str!("previous_release.sql");

on_both!(
    every_row_reads_back_after_the_migration,
    the_migration_changes_no_value_and_takes_no_column_away,
    the_previous_program_may_write_to_the_new_tables,
    the_way_back_loses_no_row_either,
);

fn fill(database: &TestDatabase) {
    database.connect().unwrap().batch_execute(ROWS).unwrap();
}

/// A database as the previous release left it, and nothing of this one ever in it.
fn as_left_by_the_previous_release(database: &TestDatabase) {
    database.revert().unwrap();
    assert!(shape(&mut database.connect().unwrap()).is_empty());
    database.migrate_to(PREVIOUS).unwrap();
    fill(database);
}

/// Every value of every table, by table and column.
fn cells(database: &TestDatabase) -> Cells {
    catalogue::cells(&mut database.connect().unwrap())
}

fn every_row_reads_back_after_the_migration(database: &TestDatabase) {
    as_left_by_the_previous_release(database);
    reads_back(&database.open());
}

fn the_migration_changes_no_value_and_takes_no_column_away(database: &TestDatabase) {
    as_left_by_the_previous_release(database);
    let before = cells(database);
    let tables: BTreeSet<&str> = before.keys().map(|(table, _)| table.as_str()).collect();
    assert_eq!(tables.len(), 15, "{tables:?}");
    for ((table, column), values) in &before {
        assert!(!values.is_empty(), "{table}.{column}: the previous release wrote something there");
    }
    database.migrate().unwrap();
    let after = cells(database);
    for (column, values) in &before {
        assert_eq!(after.get(column), Some(values), "{column:?}");
    }
    assert!(after.len() > before.len() + 80, "{} columns are new", after.len() - before.len());
}

fn the_previous_program_may_write_to_the_new_tables(database: &TestDatabase) {
    fill(database);
    reads_back(&database.open());
}

fn the_way_back_loses_no_row_either(database: &TestDatabase) {
    as_left_by_the_previous_release(database);
    let (before, tables) = (cells(database), shape(&mut database.connect().unwrap()));
    database.migrate().unwrap();
    database.migrate_to(PREVIOUS).unwrap();
    assert_eq!(cells(database), before);
    assert_eq!(shape(&mut database.connect().unwrap()), tables);
    database.migrate().unwrap();
    reads_back(&database.open());
}

/// Every row of `ROWS`, through the repositories; `Timestamp`s are told by their last three digits.
fn reads_back(db: &Db) {
    clients_read_back(db);
    people_read_back(db);
    requests_read_back(db);
    grants_read_back(db);
    credentials_read_back(db);
    keys_and_events_read_back(db);
}

fn at(last_digits: i64) -> Timestamp {
    Timestamp(1_700_000_000 + last_digits)
}

fn hash(text: &str) -> TokenHash {
    TokenHash::new(text)
}

fn clients_read_back(db: &Db) {
    let clients = read(db, client::list);
    let [app, off] = &clients[..] else { panic!("{clients:?}") };
    assert_eq!(app.metadata.client_name.as_deref(), Some("Ünïcode & <b>Co</b>"));
    assert_eq!(app.metadata.token_endpoint_auth_method, AuthMethod::PrivateKeyJwt);
    assert_eq!(app.metadata.scope, scope("openid offline_access"));
    assert_eq!(app.metadata.default_max_age, Some(300));
    assert!(app.metadata.first_party);
    assert!(app.metadata.optional_scope.is_empty() && app.metadata.required_acr.is_none());
    assert_eq!((&app.secret_hash, app.disabled_at), (&Some(hash("c11e")), None));
    assert_eq!((app.created_at, app.updated_at), (at(1), at(2)));
    assert_eq!((off.id.as_str(), &off.secret_hash), ("off", &None));
    assert_eq!((off.created_at, off.updated_at, off.disabled_at), (at(3), at(4), Some(at(5))));
    assert!(read(db, |conn| client::origin_registered(conn, "https://app.example")));
}

fn people_read_back(db: &Db) {
    let ada = read(db, |conn| user::find(conn, &UserId::new("u1"))).unwrap();
    assert_eq!((ada.username.as_str(), ada.email.as_str()), ("Ärger", "Ada@Example.org"));
    assert!(ada.email_verified && ada.is_admin && ada.disabled_at.is_none());
    assert_eq!(ada.password_hash, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
    assert_eq!(ada.profile.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(ada.profile.birthdate.as_deref(), Some("1815-12-10"));
    assert_eq!(ada.profile.phone_number.as_deref(), Some("+441234567"), "not sealed yet");
    assert_eq!(ada.profile.address, Some(serde_json::json!({"country": "GB"})));
    assert_eq!((ada.created_at, ada.updated_at), (at(10), at(11)));
    assert_eq!((ada.groups.len(), ada.language, ada.sealed_profile), (0, None, None));
    assert_eq!((ada.password_changed_at, ada.deletion_at), (None, None));
    assert_eq!(ada.passkey_offer_after, None);
    let bob = read(db, |conn| user::find_by_login(conn, "BOB")).unwrap();
    assert!(!bob.email_verified && !bob.is_admin);
    assert_eq!((bob.disabled_at, bob.password_hash.as_str()), (Some(at(13)), "$argon2id$bob"));

    let session = read(db, |conn| browser_session::find(conn, &hash("5e55"))).unwrap();
    assert_eq!((session.id.as_str(), session.user_id.as_str()), ("s1", "u1"));
    assert_eq!(
        (session.amr, session.acr.as_str()),
        (vec!["pwd".to_owned()], "urn:vestibule:acr:pwd")
    );
    assert_eq!((session.auth_time, session.created_at), (at(20), at(21)));
    assert_eq!((session.last_seen_at, session.expires_at), (at(22), at(23)));
    assert_eq!((session.device_id, session.ip, session.user_agent), (None, None, None));

    let consents = read(db, |conn| consent::list_of_user(conn, &UserId::new("u1")));
    let [allowed] = &consents[..] else { panic!("{consents:?}") };
    assert_eq!((allowed.client_id.as_str(), &allowed.scope), ("app", &scope("openid email")));
    assert_eq!((&allowed.claims[..], allowed.granted_at), (&["name".to_owned()][..], at(101)));
    assert!(allowed.declined.is_empty() && allowed.wording.is_empty());
}

fn requests_read_back(db: &Db) {
    let found = read(db, |conn| interaction::find(conn, &InteractionId::new("i1"))).unwrap();
    let wanted = AuthorizationRequest {
        response_type: ResponseType::Code,
        display: Display::Page,
        ..a_request()
    };
    assert_eq!(found.request, wanted);
    let signed_in = Progress { signed_in: Some(SessionId::new("s1")), ..Progress::default() };
    assert_eq!(found.progress, signed_in);
    assert_eq!((found.created_at, found.expires_at), (at(30), at(31)));
}

fn grants_read_back(db: &Db) {
    let find = |id: &'static str| read(db, move |conn| grant::find(conn, &GrantId::new(id)));
    let offline = find("g1").unwrap();
    assert_eq!((offline.client_id.as_str(), offline.user_id.as_str()), ("app", "u1"));
    assert_eq!(
        (offline.session_id.as_str(), &offline.scope),
        ("s1", &scope("openid offline_access"))
    );
    assert_eq!(offline.claims.userinfo.get("email"), Some(&None));
    assert_eq!((offline.auth_time, offline.acr.as_str()), (at(40), "urn:vestibule:acr:pwd"));
    assert_eq!((offline.amr, offline.created_at), (vec!["pwd".to_owned()], at(41)));
    assert_eq!((offline.expires_at, offline.revoked_at), (at(42), None));
    assert_eq!(find("g2").unwrap().revoked_at, Some(at(46)));
}

fn credentials_read_back(db: &Db) {
    let code = read(db, |conn| authorization_code::find(conn, &hash("c0de"))).unwrap();
    assert_eq!((code.grant_id.as_str(), code.nonce.as_deref()), ("g1", Some("a \0 nonce")));
    assert_eq!(code.redirect_uri, "https://app.example/cb?x=1");
    assert_eq!((code.expires_at, code.consumed_at), (at(51), Some(at(52))));
    let used = read(db, |conn| refresh_token::find(conn, &hash("0a"))).unwrap().used.unwrap();
    assert_eq!((used.at, used.successor), (at(62), hash("0b")));
    assert_eq!(used.sealed_reply, "v1.sealed");
    let successor = read(db, |conn| refresh_token::find(conn, &hash("0b"))).unwrap();
    assert_eq!((successor.generation, successor.created_at), (1, at(63)));
    assert!(successor.used.is_none() && successor.expires_at == at(64));
    let opaque = read(db, |conn| opaque_access_token::find(conn, &hash("0c"))).unwrap();
    assert_eq!((opaque.claims.jti.as_str(), opaque.claims.exp), ("g1.j", at(71)));
    assert!(read(db, |conn| revoked_token::contains(conn, "jti")));
    let replayed = write(db, |conn| {
        client_assertion::claim(conn, &ClientId::new("app"), "an assertion", at(90))
    });
    assert!(!replayed, "used before the migration");
}

fn keys_and_events_read_back(db: &Db) {
    let keys = read(db, signing_key::list);
    let [old, new] = &keys[..] else { panic!("{keys:?}") };
    assert_eq!((old.kid.as_str(), old.alg, new.alg), ("k1", SigningAlg::EdDSA, SigningAlg::ES256));
    assert_eq!(old.sealed_private_jwk, "v1.sealed key");
    assert_eq!((old.active_at, old.retired_at), (Some(at(111)), Some(at(112))));
    assert_eq!((new.published_at, new.active_at, new.expires_at), (at(114), None, None));
    let is_open = |link, now| read(db, move |conn| setup_link::is_open(conn, &hash(link), now));
    assert!(is_open("12", at(121)) && !is_open("12", at(122)));
    assert!(!is_open("11", at(0)), "used before the migration");

    let events = read(db, |conn| audit::list_of_user(conn, &UserId::new("u1"), 9, None));
    let [reused, login] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (login.event.as_str(), login.at, &login.client_id),
        ("login.succeeded", at(130), &None)
    );
    assert_eq!((reused.client_id.as_ref().unwrap().as_str(), reused.at), ("gone", at(131)));
    assert_eq!((reused.request_id.as_str(), &reused.ip), ("r2", &None));
    assert_eq!(reused.detail, "the family is revoked");
}
