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
    ClientId, GrantId, InteractionId, SessionId, UserId, audit::AuditEvent, interaction::Progress,
};
use vestibule_storage::{
    Conn, StorageError, audit, authorization_code, browser_session, client, client_assertion,
    consent, expiry, grant, health, interaction, opaque_access_token, refresh_token, revoked_token,
    setup_link, signing_key, testing::TestDatabase, user,
};

use crate::fixtures::{
    NOW, a_client, a_code, a_consent, a_grant, a_key, a_refresh_token, a_session, a_use, a_user,
    an_interaction, an_opaque_token, hash,
};

/// Calls every function of every repository.
fn walk(conn: &mut Conn) -> Result<(), StorageError> {
    let (app, u1) = (ClientId::new("app"), UserId::new("u1"));
    client::insert(conn, &a_client("app"))?;
    client::find(conn, &app)?;
    client::update(conn, &a_client("app"))?;
    client::list(conn)?;
    client::origin_registered(conn, "https://app.example")?;
    user::insert(conn, &a_user("u1", "ada", "ada@example.org"))?;
    user::find(conn, &u1)?;
    user::find_by_login(conn, "ada")?;
    user::replace_password_hash(conn, &u1, "old", "new")?;
    user::has_admin(conn)?;
    user::list(conn)?;
    walk_sessions(conn)?;
    walk_grants(conn)?;
    walk_keys(conn)?;
    consent::save(conn, &a_consent())?;
    consent::find(conn, &u1, &app)?;
    consent::delete(conn, &u1, &app)?;
    health::ping(conn)?;
    expiry::delete_expired(conn, NOW, 10)?;
    Ok(())
}

fn walk_sessions(conn: &mut Conn) -> Result<(), StorageError> {
    let s1 = SessionId::new("s1");
    browser_session::insert(conn, &a_session("s1", "cookie"))?;
    browser_session::find(conn, &hash("cookie"))?;
    browser_session::renew(conn, &a_session("s1", "other"))?;
    browser_session::touch(conn, &s1, NOW)?;
    browser_session::is_open(conn, &s1, NOW)?;
    browser_session::end(conn, &s1)?;
    let i1 = InteractionId::new("i1");
    interaction::insert(conn, &an_interaction("i1"))?;
    interaction::find(conn, &i1)?;
    interaction::save_progress(conn, &i1, &Progress::default())?;
    Ok(())
}

fn walk_grants(conn: &mut Conn) -> Result<(), StorageError> {
    let g1 = GrantId::new("g1");
    grant::insert(conn, &a_grant("g1"))?;
    grant::find(conn, &g1)?;
    grant::extend(conn, &g1, NOW)?;
    grant::revoke(conn, &g1, NOW)?;
    grant::revoke_online_of_session(conn, &SessionId::new("s1"), NOW)?;
    authorization_code::insert(conn, &a_code("code"))?;
    authorization_code::find(conn, &hash("code"))?;
    authorization_code::consume(conn, &hash("code"), NOW)?;
    refresh_token::insert(conn, &a_refresh_token("r1", 0))?;
    refresh_token::find(conn, &hash("r1"))?;
    refresh_token::rotate(conn, &hash("r1"), &a_use("r2"))?;
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
    setup_link::insert(conn, &hash("link"), NOW)?;
    setup_link::is_open(conn, &hash("link"), NOW)?;
    setup_link::consume(conn, &hash("link"), NOW)?;
    let event = AuditEvent {
        at: NOW,
        event: "walked",
        user_id: None,
        client_id: None,
        request_id: String::new(),
        detail: String::new(),
    };
    audit::insert(conn, &event)?;
    audit::list_recent(conn, 10)?;
    Ok(())
}

/// The tables that are read as a whole: keys are few, and the lists are for administrators.
const LISTED: [&str; 4] = ["audit_events", "clients", "signing_keys", "users"];

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
    assert!(functions > 45, "{functions}");
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
    assert!(all.len() > 35, "{all:#?}");
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
