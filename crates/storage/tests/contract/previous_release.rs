//! The schema changes over rows that the previous release wrote: none is lost, each reads back, and
//! the previous release's program may go on writing beside this one.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use vestibule_model::{
    ClientId, GrantId, InteractionId, ResponseType, SessionId, Timestamp, TokenHash, UserId,
    client::{AuthMethod, SigningAlg},
    encryption_key::EncryptionKeyType,
    grant::ConsentDecision,
    interaction::{AuthorizationRequest, Display, Progress},
    verification::VerificationKind,
};
use vestibule_storage::{
    Db, audit, authorization_code, browser_session, client, client_assertion, consent, data_key,
    device, encryption_key, factor, grant, guess, initial_access_token, interaction,
    logout_delivery, opaque_access_token, outbox, refresh_token, revoked_token, session_client,
    setup_link, sign_in, signing_key, spent_challenge, terms, testing::TestDatabase, user,
    verification,
};

use crate::{
    catalogue::{self, Cells},
    fixtures::{a_request, read, scope, write},
    parity::shape,
};

/// The newest migration of the release before this one.
const PREVIOUS: &str = "20261123000000";

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
    assert_eq!(tables.len(), 32, "{tables:?}");
    for ((table, column), values) in &before {
        assert!(!values.is_empty(), "{table}.{column}: the previous release wrote something there");
    }
    database.migrate().unwrap();
    let after = cells(database);
    for (column, values) in &before {
        assert_eq!(after.get(column), Some(values), "{column:?}");
    }
    assert!(after.len() > before.len(), "this release adds something");
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
    an_account_reads_back(db);
    factors_read_back(db);
    letters_and_marks_read_back(db);
    a_provider_reads_back(db);
}

fn at(last_digits: i64) -> Timestamp {
    Timestamp(1_700_000_000 + last_digits)
}

fn hash(text: &str) -> TokenHash {
    TokenHash::new(text)
}

fn clients_read_back(db: &Db) {
    let clients = read(db, client::list);
    let [app, off, _] = &clients[..] else { panic!("{clients:?}") };
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

fn u3() -> UserId {
    UserId::new("u3")
}

fn an_account_reads_back(db: &Db) {
    let cleo = read(db, |conn| user::find(conn, &u3())).unwrap();
    assert_eq!(cleo.language.as_deref(), Some("fr"));
    assert_eq!((&cleo.groups[..], cleo.is_admin), (&["staff".to_owned()][..], false));
    assert_eq!(cleo.sealed_profile.as_deref(), Some("v2.sealed profile"));
    assert_eq!((cleo.password_changed_at, cleo.deletion_at), (Some(at(142)), Some(at(143))));
    assert_eq!(cleo.passkey_offer_after, Some(at(144)));
    let former = read(db, |conn| user::former_passwords(conn, &u3(), 9));
    assert_eq!(former, ["$argon2id$former"]);
    let device = read(db, |conn| device::find(conn, &hash("d0"), &u3())).unwrap();
    assert_eq!((device.ip.as_deref(), device.trusted_until), (Some("192.0.2.1"), Some(at(152))));
    let session = read(db, |conn| browser_session::find(conn, &hash("5e53"))).unwrap();
    assert_eq!(session.device_id, Some(device.id));
    assert_eq!(session.user_agent.as_deref(), Some("Firefox on Linux"));
    let half = read(db, |conn| sign_in::find(conn, &hash("51"))).unwrap();
    assert_eq!((half.session_id, half.auth_time), (Some(SessionId::new("s3")), at(160)));
    let consents = read(db, |conn| consent::list_of_user(conn, &u3()));
    let [allowed] = &consents[..] else { panic!("{consents:?}") };
    assert_eq!((&allowed.declined, allowed.wording.as_str()), (&scope("email"), "2026-01"));
    let records = read(db, |conn| consent::records_of_user(conn, &u3(), 9));
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!((record.decision, record.at), (ConsentDecision::Given, at(197)));
    assert!(read(db, |conn| terms::accepted(conn, &u3(), "2026-01")));
    assert!(read(db, |conn| interaction::find(conn, &InteractionId::new("i3"))).is_some());
    let events = read(db, |conn| audit::list_of_user(conn, &u3(), 9, None));
    let [failed] = &events[..] else { panic!("{events:?}") };
    assert_eq!((failed.ip.as_deref(), failed.at), (Some("192.0.2.1"), at(132)));
}

fn factors_read_back(db: &Db) {
    let factors = read(db, |conn| factor::of_user(conn, &u3()));
    let [totp] = &factors.totp[..] else { panic!("{factors:?}") };
    assert_eq!(
        (totp.sealed_secret.as_str(), totp.last_step),
        ("v2.sealed secret", Some(56_666_672))
    );
    assert_eq!((totp.confirmed_at, totp.last_used_at), (Some(at(181)), Some(at(182))));
    let [passkey] = &factors.passkeys[..] else { panic!("{factors:?}") };
    assert_eq!((passkey.id.as_str(), passkey.credential.as_str()), ("p1", "{\"counter\":7}"));
    assert!(passkey.backed_up && passkey.last_used_at == Some(at(184)));
    assert_eq!(factors.recovery_codes_left, 1);
}

fn letters_and_marks_read_back(db: &Db) {
    let link = read(db, |conn| verification::find_by_token(conn, &hash("71"))).unwrap();
    assert_eq!((link.id.as_str(), link.kind), ("v1", VerificationKind::ResetPassword));
    assert_eq!((link.code_hash, link.attempts), (Some(hash("72")), 2));
    assert_eq!(
        (link.sealed_data.as_deref(), link.consumed_at),
        (Some("v2.sealed data"), Some(at(166)))
    );
    let mails = read(db, |conn| outbox::list_of_user(conn, &u3(), 9));
    let [sent, waits] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((sent.id.as_str(), sent.sent_at), ("m2", Some(at(175))));
    assert_eq!((waits.next_attempt_at, waits.leased_until), (Some(at(171)), Some(at(172))));
    assert_eq!(waits.last_error.as_deref(), Some("no answer"));
    let counters = read(db, |conn| guess::load(conn, &["5b".to_owned()]));
    let [(_, counter)] = &counters[..] else { panic!("{counters:?}") };
    assert_eq!((counter.failures, counter.locked_until), (5, Some(at(192))));
    let is_new = write(db, |conn| spent_challenge::spend(conn, &hash("5c"), at(163)));
    assert!(!is_new, "used before the migration");
    let keys = read(db, data_key::list);
    let retired: Vec<_> = keys.iter().map(|key| (key.id.as_str(), key.retired_at)).collect();
    assert_eq!(retired, [("dk1", Some(at(199))), ("dk2", None)]);
}

fn a_provider_reads_back(db: &Db) {
    let reg = read(db, |conn| client::find(conn, &ClientId::new("reg"))).unwrap();
    assert_eq!(reg.sealed_secret.as_deref(), Some("v2.sealed secret"));
    let registration = reg.registration.unwrap();
    assert_eq!(registration.access_token_hash, hash("4e6"));
    assert_eq!(registration.initial_access_token.as_deref(), Some("iat1"));
    assert_eq!(registration.unused_until, Some(at(202)));
    let token = read(db, |conn| initial_access_token::find(conn, &hash("1a7"))).unwrap();
    assert_eq!((token.label.as_str(), token.uses_left), ("partners", Some(3)));
    let keys = read(db, encryption_key::list);
    let [key] = &keys[..] else { panic!("{keys:?}") };
    assert_eq!((key.key_type, key.retired_at), (EncryptionKeyType::EcP256, Some(at(206))));
    let offline = read(db, |conn| grant::find(conn, &GrantId::new("g3"))).unwrap();
    assert_eq!(offline.session_ended_at, Some(at(211)));
    let told = read(db, |conn| session_client::of_sessions(conn, &[SessionId::new("s3")]));
    let [noted] = &told[..] else { panic!("{told:?}") };
    assert_eq!((noted.sub.as_str(), noted.first_at), ("u3", at(212)));
    let app = ClientId::new("app");
    let deliveries = read(db, move |conn| logout_delivery::list_of_client(conn, &app, 9));
    let [sent, waits] = &deliveries[..] else { panic!("{deliveries:?}") };
    assert_eq!((sent.id.as_str(), sent.sent_at), ("s9.app", Some(at(225))));
    assert_eq!((waits.next_attempt_at, waits.leased_until), (Some(at(221)), Some(at(222))));
}
