//! Every look-up has an index. The statements are those that the repositories really send: a walk
//! through every public function records them, and the database is asked how it would run each.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl,
    connection::{InstrumentationEvent, SimpleConnection},
    sql_query,
    sql_types::Text,
};
use vestibule_model::{
    ClientId, DeviceId, GrantId, InteractionId, SessionId, SignInId, UserId,
    audit::AuditEvent,
    guess::Counter,
    interaction::Progress,
    sealed::{SealedColumn, StoredDataKey},
    verification::VerificationKind,
};
use vestibule_storage::{
    Conn, StorageError, audit, authorization_code, browser_session, client, client_assertion,
    consent, data_key, device, encryption_key, expiry,
    expiry::{Ended, Retention},
    factor, grant, guess, health, initial_access_token, interaction, lease, logout_delivery,
    opaque_access_token, outbox, passkey, recovery_code, refresh_token, resealing, revoked_token,
    session_client, setup_link, sign_in, signing_key, spent_challenge, terms,
    testing::TestDatabase,
    totp_device, user, verification,
};

use crate::fixtures::{
    NOW, a_client, a_code, a_consent, a_device, a_grant, a_key, a_mail, a_passkey, a_record,
    a_refresh_token, a_session, a_sign_in, a_totp_device, a_use, a_user, a_verification,
    an_encryption_key, an_initial_access_token, an_interaction, an_opaque_token, hash,
};

/// Calls every function of every repository.
fn walk(conn: &mut Conn) -> Result<(), StorageError> {
    let app = ClientId::new("app");
    let mut told = a_client("app");
    told.metadata.backchannel_logout_uri = Some("https://app.example/out".to_owned());
    client::insert(conn, &told)?;
    client::find(conn, &app)?;
    client::find_many(conn, &[app.clone(), ClientId::new("other")])?;
    client::update(conn, &told)?;
    client::list(conn)?;
    client::origin_registered(conn, "https://app.example")?;
    client::hold(conn, &app)?;
    client::used(conn, &app)?;
    client::count_unused(conn, NOW)?;
    client::insert(conn, &a_client("gone"))?;
    client::delete(conn, &ClientId::new("gone"))?;
    walk_initial_access_tokens(conn)?;
    walk_users(conn)?;
    walk_sessions(conn)?;
    walk_grants(conn)?;
    walk_consent(conn)?;
    walk_sign_in(conn)?;
    walk_factors(conn)?;
    walk_mails(conn)?;
    walk_keys(conn)?;
    walk_sealed(conn)?;
    walk_leases(conn)?;
    health::ping(conn)?;
    user::erase(conn, &UserId::new("u1"), NOW)?;
    expiry::delete_expired(conn, NOW, 10)?;
    walk_expiry(conn)?;
    Ok(())
}

fn walk_initial_access_tokens(conn: &mut Conn) -> Result<(), StorageError> {
    initial_access_token::insert(conn, &an_initial_access_token("t1", None))?;
    initial_access_token::find(conn, &hash("t1"))?;
    initial_access_token::use_one(conn, &hash("t1"), NOW)?;
    initial_access_token::list(conn)?;
    initial_access_token::delete(conn, "t1")?;
    Ok(())
}

fn walk_expiry(conn: &mut Conn) -> Result<(), StorageError> {
    let retention = Retention { audit: Some(0), consent_records: Some(0), mails: Some(0) };
    for ended in Ended::ALL {
        expiry::lag(conn, ended, NOW, &retention)?;
        expiry::delete_batch(conn, ended, NOW, &retention, 10)?;
    }
    Ok(())
}

fn walk_leases(conn: &mut Conn) -> Result<(), StorageError> {
    let ask = lease::Ask {
        name: "work".to_owned(),
        holder: "somebody".to_owned(),
        now: NOW,
        lasts: 8,
        rests: 0,
    };
    let lease::Taken::Mine(mine) = lease::take(conn, &ask)? else { unreachable!() };
    lease::take(conn, &ask)?;
    lease::renew(conn, &mine, NOW, 8)?;
    lease::guard(conn, &mine)?;
    lease::holder(conn, "work", NOW)?;
    lease::release(conn, &mine, NOW, true)
}

fn walk_users(conn: &mut Conn) -> Result<(), StorageError> {
    let u1 = UserId::new("u1");
    user::insert(conn, &a_user("u1", "ada", "ada@example.org"))?;
    user::find(conn, &u1)?;
    user::hold(conn, &u1)?;
    user::find_many(conn, std::slice::from_ref(&u1))?;
    user::find_by_login(conn, "ada")?;
    user::find_by_email(conn, "ada@example.org")?;
    user::save(conn, &a_user("u1", "ada", "ada@example.org"))?;
    user::replace_password_hash(conn, &u1, "old", "new")?;
    user::set_password(conn, &u1, "new", 1, NOW, "h1".to_owned())?;
    user::set_password(conn, &u1, "newer", 1, NOW.plus(1), "h2".to_owned())?;
    user::former_passwords(conn, &u1, 3)?;
    user::set_disabled(conn, &u1, Some(NOW))?;
    user::set_deletion(conn, &u1, Some(NOW))?;
    user::due_for_erasure(conn, NOW, 3)?;
    user::has_admin(conn)?;
    user::has_other_admin(conn, &u1)?;
    user::list(conn)?;
    terms::accept(conn, &u1, "1", NOW)?;
    terms::accepted(conn, &u1, "1")?;
    terms::list_of_user(conn, &u1)?;
    Ok(())
}

fn walk_sessions(conn: &mut Conn) -> Result<(), StorageError> {
    let s1 = SessionId::new("s1");
    browser_session::insert(conn, &a_session("s1", "cookie"))?;
    browser_session::find(conn, &hash("cookie"))?;
    browser_session::renew(conn, &a_session("s1", "other"))?;
    browser_session::touch(conn, &s1, NOW)?;
    browser_session::is_open(conn, &s1, NOW)?;
    browser_session::find_by_id(conn, &s1)?;
    browser_session::find_many(conn, &[hash("cookie"), hash("other")])?;
    browser_session::list_of_user(conn, &UserId::new("u1"))?;
    let i1 = InteractionId::new("i1");
    interaction::insert(conn, &an_interaction("i1"))?;
    interaction::find(conn, &i1)?;
    interaction::save_progress(conn, &i1, &Progress::default())?;
    let mark = Progress { signed_in: Some(s1.clone()), ..Progress::default() };
    interaction::save_progress(conn, &i1, &mark)?;
    session_client::note(conn, &s1, &ClientId::new("app"), "u1", NOW)?;
    session_client::of_sessions(conn, &[s1.clone(), SessionId::new("s2")])?;
    browser_session::end(conn, &s1, NOW)?;
    browser_session::end_many(conn, &[s1.clone(), SessionId::new("s2")], NOW)?;
    browser_session::end_all_of_user(conn, &UserId::new("u1"), Some(&s1), NOW)?;
    Ok(())
}

fn walk_grants(conn: &mut Conn) -> Result<(), StorageError> {
    let g1 = GrantId::new("g1");
    grant::insert(conn, &a_grant("g1"))?;
    grant::find(conn, &g1)?;
    grant::extend(conn, &g1, NOW)?;
    grant::revoke(conn, &g1, NOW)?;
    let (u1, s1) = (UserId::new("u1"), SessionId::new("s1"));
    grant::list_of_user(conn, &u1, NOW)?;
    grant::revoke_all_of_user(conn, &u1, Some(&s1), NOW)?;
    grant::revoke_of_client(conn, &u1, &ClientId::new("app"), NOW)?;
    authorization_code::insert(conn, &a_code("code"))?;
    authorization_code::find(conn, &hash("code"))?;
    authorization_code::consume(conn, &hash("code"), NOW)?;
    refresh_token::insert(conn, &a_refresh_token("r1", 0))?;
    refresh_token::find(conn, &hash("r1"))?;
    refresh_token::rotate(conn, &hash("r1"), &a_use("r2"))?;
    refresh_token::last_issued(conn, &[g1])?;
    opaque_access_token::insert(conn, &an_opaque_token("o", "g1.o"))?;
    opaque_access_token::find(conn, &hash("o"))?;
    revoked_token::insert(conn, "jti", NOW)?;
    revoked_token::contains(conn, "jti")?;
    client_assertion::claim(conn, &ClientId::new("app"), "jti", NOW)?;
    Ok(())
}

fn walk_keys(conn: &mut Conn) -> Result<(), StorageError> {
    signing_key::lock(conn)?;
    signing_key::insert(conn, &a_key("k1", NOW))?;
    signing_key::list(conn)?;
    signing_key::activate(conn, "k1", NOW)?;
    signing_key::retire(conn, "k1", NOW, NOW)?;
    signing_key::forget(conn, "k1")?;
    encryption_key::insert(conn, &an_encryption_key("e1", NOW))?;
    encryption_key::list(conn)?;
    encryption_key::retire(conn, "e1", NOW, NOW)?;
    encryption_key::forget(conn, "e1")?;
    setup_link::insert(conn, &hash("link"), NOW)?;
    setup_link::is_open(conn, &hash("link"), NOW)?;
    setup_link::consume(conn, &hash("link"), NOW)?;
    let walked = AuditEvent::new(NOW, "walked", "");
    audit::insert(conn, &walked)?;
    audit::insert_many(conn, &[walked.clone(), walked])?;
    audit::list_of_user(conn, &UserId::new("u1"), 10, Some(9))?;
    audit::list_recent(conn, 10)?;
    Ok(())
}

fn walk_consent(conn: &mut Conn) -> Result<(), StorageError> {
    let (app, u1) = (ClientId::new("app"), UserId::new("u1"));
    consent::save(conn, &a_consent())?;
    consent::keep(conn, &u1, &app)?;
    consent::find(conn, &u1, &app)?;
    consent::list_of_user(conn, &u1)?;
    consent::delete(conn, &u1, &app)?;
    consent::record(conn, &a_record("c1"))?;
    consent::records_of_user(conn, &u1, 3)?;
    Ok(())
}

fn walk_sign_in(conn: &mut Conn) -> Result<(), StorageError> {
    let (u1, d1, s1) = (UserId::new("u1"), DeviceId::new("d1"), SignInId::new("s1"));
    device::insert(conn, &a_device("d1", "cookie", "u1"))?;
    device::find(conn, &hash("cookie"), &u1)?;
    device::list_of_user(conn, &u1)?;
    device::seen(conn, &d1, None, "Firefox", NOW, NOW)?;
    device::trust(conn, &d1, &u1, Some(NOW))?;
    device::distrust_all(conn, &u1)?;
    device::rekey(conn, &hash("device"), &hash("renamed"))?;
    device::delete(conn, &d1, &u1)?;
    sign_in::insert(conn, &a_sign_in("s1", "cookie"))?;
    sign_in::find(conn, &hash("cookie"))?;
    sign_in::end_all_of_user(conn, &u1, None)?;
    sign_in::take(conn, &s1)?;
    spent_challenge::spend(conn, &hash("challenge"), NOW)?;
    let nobody = ["a".to_owned(), "b".to_owned()];
    guess::load(conn, &nobody)?;
    let counter = Counter { failures: 1, first_at: NOW, last_at: NOW, locked_until: None };
    guess::count(conn, "a", 60, NOW)?;
    guess::update(conn, "a", |_| NOW, |_| counter)?;
    guess::clear(conn, &nobody)
}

fn walk_factors(conn: &mut Conn) -> Result<(), StorageError> {
    let u1 = UserId::new("u1");
    totp_device::insert(conn, &a_totp_device("t1"))?;
    totp_device::find(conn, "t1")?;
    totp_device::list_of_user(conn, &u1)?;
    totp_device::confirm(conn, "t1", 1, NOW)?;
    totp_device::use_step(conn, "t1", 2, NOW)?;
    totp_device::rename(conn, "t1", &u1, "Tablet")?;
    totp_device::delete(conn, "t1", &u1)?;
    passkey::insert(conn, &a_passkey("p1"))?;
    passkey::find(conn, "p1")?;
    passkey::list_of_user(conn, &u1)?;
    passkey::used(conn, "p1", "{}", true, NOW)?;
    passkey::rename(conn, "p1", &u1, "Key")?;
    passkey::delete(conn, "p1", &u1)?;
    recovery_code::replace_all(conn, &u1, &[hash("r1")], NOW)?;
    recovery_code::use_one(conn, &u1, &hash("r1"), NOW)?;
    recovery_code::left(conn, &u1)?;
    recovery_code::delete_all(conn, &u1)?;
    factor::of_user(conn, &u1)?;
    factor::remove_since(conn, &u1, NOW)?;
    Ok(())
}

fn walk_mails(conn: &mut Conn) -> Result<(), StorageError> {
    let kind = VerificationKind::ResetPassword;
    verification::insert(conn, &a_verification("v1"))?;
    verification::find_by_token(conn, &hash("v1"))?;
    verification::find(conn, "v1")?;
    verification::latest(conn, kind, "u1")?;
    verification::sent_since(conn, kind, "u1", NOW)?;
    verification::count_attempt(conn, "v1")?;
    verification::consume(conn, "v1", NOW)?;
    verification::void(conn, kind, "u1", NOW)?;
    verification::void_of_user(conn, kind, &UserId::new("u1"), NOW, NOW)?;
    logout_delivery::next_due(conn)?;
    logout_delivery::waiting(conn)?;
    logout_delivery::claim(conn, NOW, NOW.plus(60), &[ClientId::new("busy")], 5)?;
    logout_delivery::keep(conn, &["s1.app".to_owned()], NOW)?;
    logout_delivery::failed(conn, "s1.app", None, "no answer")?;
    logout_delivery::sent(conn, "s1.app", NOW)?;
    logout_delivery::list_of_client(conn, &ClientId::new("app"), 3)?;
    outbox::insert(conn, &a_mail("m1"))?;
    outbox::next_due(conn)?;
    outbox::waiting(conn)?;
    outbox::claim(conn, NOW, NOW.plus(60), 5)?;
    outbox::keep(conn, &["m1".to_owned()], NOW)?;
    outbox::failed(conn, "m1", None, "no answer")?;
    outbox::sent(conn, "m1", NOW)?;
    outbox::list_recent(conn, 3)?;
    outbox::list_of_user(conn, &UserId::new("u1"), 3)?;
    Ok(())
}

fn walk_sealed(conn: &mut Conn) -> Result<(), StorageError> {
    data_key::lock(conn)?;
    let key = StoredDataKey {
        id: "k1".to_owned(),
        sealed_key: "sealed".to_owned(),
        created_at: NOW,
        retired_at: None,
    };
    data_key::insert(conn, &key)?;
    data_key::list(conn)?;
    data_key::retire(conn, "k1", NOW)?;
    data_key::erase(conn, "k1", NOW)?;
    for column in SealedColumn::ALL {
        resealing::page(conn, column, "", 10)?;
        resealing::replace(conn, column, "x", "old", "new")?;
    }
    Ok(())
}

/// The tables that are read as a whole: keys are few, and the lists are for administrators.
const LISTED: [&str; 8] = [
    "audit_events",
    "clients",
    "data_keys",
    "encryption_keys",
    "initial_access_tokens",
    "outbox",
    "signing_keys",
    "users",
];

#[test]
fn the_walk_calls_every_public_function() {
    let walk = include_str!("plans.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut functions = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(module) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let Ok(source) = fs::read_to_string(&path) else { continue };
        for function in source.split("\npub fn ").skip(1) {
            let (name, parameters) = function.split_once('(').unwrap();
            if parameters.trim_start().starts_with("conn: &mut Conn") {
                functions += 1;
                assert!(walk.contains(&format!("    {module}::{name}(conn")), "{module}::{name}");
            }
        }
    }
    assert!(functions > 110, "{functions}");
}

/// The distinct statements of the walk, placeholders in place of values.
fn statements(database: &TestDatabase) -> BTreeSet<String> {
    let recorded = Arc::new(Mutex::new(BTreeSet::new()));
    let sink = Arc::clone(&recorded);
    let mut conn = database.connect().unwrap();
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let text = text.split(" -- binds:").next().unwrap();
            sink.lock().unwrap().insert(text.replace('\n', " ").trim().to_owned());
        }
    });
    walk(&mut conn).unwrap();
    let mut all = recorded.lock().unwrap().clone();
    all.retain(|text| {
        !text.starts_with("INSERT") && text.contains(" FROM ") || text.starts_with("UPDATE")
    });
    assert!(all.len() > 90, "{all:#?}");
    all
}

/// Takes the lists out and checks that they are the known ones.
fn lookups(database: &TestDatabase) -> Vec<String> {
    let (lookups, lists): (Vec<_>, Vec<_>) =
        statements(database).into_iter().partition(|text| text.contains(" WHERE "));
    let listed: Vec<String> = lists
        .iter()
        .map(|text| {
            text.split(" FROM ").nth(1).unwrap().split(' ').next().unwrap().replace(['"', '`'], "")
        })
        .collect();
    assert_eq!(listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), LISTED.into());
    lookups
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[test]
fn on_sqlite_every_lookup_searches() {
    let database = TestDatabase::sqlite();
    let Conn::Sqlite(mut conn) = database.connect().unwrap() else { unreachable!() };
    for statement in lookups(&database) {
        let steps: Vec<Step> =
            sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut conn).unwrap();
        assert!(steps.iter().any(|step| step.detail.starts_with("SEARCH")), "{statement}");
        for step in steps {
            assert!(!step.detail.starts_with("SCAN"), "{}: {statement}", step.detail);
        }
    }
}

#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

#[test]
fn on_postgres_every_lookup_has_an_index_condition() {
    let database = TestDatabase::postgres();
    let Conn::Postgres(mut conn) = database.connect().unwrap() else { unreachable!() };
    // Empty tables would be read whole for good reason; what counts is what could be used. A
    // generic plan knows no more about the values than the program does.
    conn.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        .unwrap();
    for (number, statement) in lookups(&database).into_iter().enumerate() {
        let parameters = (1..99).take_while(|nr| statement.contains(&format!("${nr}"))).count();
        let arguments = vec!["NULL"; parameters].join(", ");
        let arguments = if parameters == 0 { arguments } else { format!("({arguments})") };
        conn.batch_execute(&format!("PREPARE s{number} AS {statement}")).unwrap();
        let plan: Vec<PlanLine> =
            sql_query(format!("EXPLAIN EXECUTE s{number}{arguments}")).load(&mut conn).unwrap();
        let text = plan.iter().map(|line| line.line.as_str()).collect::<Vec<_>>().join("\n");
        let scans = ["Index Scan", "Index Only Scan"].map(|kind| text.matches(kind).count());
        let scans = scans.iter().sum::<usize>();
        assert!(!text.contains("Seq Scan"), "{statement}\n{text}");
        assert!(scans > 0, "{statement}\n{text}");
        assert_eq!(scans, text.matches("Index Cond:").count(), "{statement}\n{text}");
    }
}
