//! Whatever decides whether a token lives, and every client, is told of when it changes.

use std::{collections::BTreeSet, fs, path::Path};

use vestibule_model::{ClientId, GrantId, SessionId, UserId, client::Registration, grant::Grant};
use vestibule_storage::{
    Conn, StorageError, browser_session,
    changes::{Changes, Kind},
    client, expiry, grant, revoked_token,
    testing::TestDatabase,
    user,
};

use crate::fixtures::{NOW, a_client, a_grant, a_session, a_user, hash, scope, with_grant, write};

on_both!(every_end_is_told, what_rolls_back_is_not_told, a_swept_client_is_told);

type Step = fn(&mut Conn) -> Result<(), StorageError>;

/// What is told: each kind with its keys.
type Told = &'static [(Kind, &'static [&'static str])];

/// What ends something, and what it is told as.
const ENDS: [(&str, Step, Told); 12] = [
    (
        "a grant",
        |conn| grant::revoke(conn, &GrantId::new("g1"), NOW).map(drop),
        &[(Kind::Grant, &["g1"])],
    ),
    (
        "a session",
        |conn| browser_session::end(conn, &SessionId::new("s1"), NOW).map(drop),
        &[(Kind::Grant, &["g1", "offline"])],
    ),
    (
        "the sessions of a user",
        |conn| browser_session::end_all_of_user(conn, &UserId::new("u1"), None, NOW).map(drop),
        &[(Kind::Grant, &["g1", "offline", "over"])],
    ),
    (
        "the grants of a user",
        |conn| grant::revoke_all_of_user(conn, &UserId::new("u1"), None, NOW).map(drop),
        &[(Kind::Grant, &["g1", "offline", "over"])],
    ),
    (
        "what was granted to a client",
        |conn| {
            let app = ClientId::new("app");
            grant::revoke_of_client(conn, &UserId::new("u1"), &app, NOW).map(drop)
        },
        &[(Kind::Grant, &["g1", "offline", "over"])],
    ),
    (
        "a token",
        |conn| revoked_token::insert(conn, "g1.7", NOW.plus(60)).map(drop),
        &[(Kind::Token, &["g1.7"])],
    ),
    (
        "a locked user",
        |conn| user::set_disabled(conn, &UserId::new("u1"), Some(NOW)).map(drop),
        &[(Kind::User, &["u1"])],
    ),
    (
        "an erased user",
        |conn| user::erase(conn, &UserId::new("u1"), NOW).map(drop),
        &[(Kind::Grant, &["g1", "offline", "over"]), (Kind::User, &["u1"])],
    ),
    (
        "a renamed user",
        |conn| user::save(conn, &a_user("u1", "Ada2", "Ada@Example.org")).map(drop),
        &[(Kind::User, &["u1"])],
    ),
    (
        "a changed client",
        |conn| client::update(conn, &a_client("app")).map(drop),
        &[(Kind::Client, &["app"])],
    ),
    (
        "a removed client",
        |conn| client::delete(conn, &ClientId::new("app")).map(drop),
        &[(Kind::Client, &["app"])],
    ),
    ("nothing", |conn| client::hold(conn, &ClientId::new("app")).map(drop), &[]),
];

fn told(changes: Changes) -> Vec<(Kind, Vec<String>)> {
    changes.into_kinds().collect()
}

fn every_end_is_told(database: &TestDatabase) {
    let db = database.open();
    for (what, step, expected) in ENDS {
        write(&db, begin_anew);
        let ((), changes) = db.write_noted(step).wait().unwrap();
        let expected = expected.iter().map(|(kind, names)| (*kind, owned(names)));
        assert_eq!(told(changes), expected.collect::<Vec<_>>(), "{what}");
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A client, a user with an open session, and a grant of each kind.
fn begin_anew(conn: &mut Conn) -> Result<(), StorageError> {
    client::delete(conn, &ClientId::new("app"))?;
    user::erase(conn, &UserId::new("u1"), NOW)?;
    client::insert(conn, &a_client("app"))?;
    user::insert(conn, &a_user("u1", "Ada", "Ada@Example.org"))?;
    browser_session::insert(conn, &a_session("s1", "cookie"))?;
    grant::insert(conn, &a_grant("g1"))?;
    grant::insert(conn, &Grant { scope: scope("openid offline_access"), ..a_grant("offline") })?;
    let session_id = SessionId::new("over");
    grant::insert(conn, &Grant { session_id, ..a_grant("over") })
}

fn what_rolls_back_is_not_told(database: &TestDatabase) {
    let db = with_grant(database);
    let refused = db.write_noted(|conn| {
        grant::revoke(conn, &GrantId::new("g1"), NOW)?;
        Err::<(), _>(StorageError::Inconsistent("on purpose".to_owned()))
    });
    assert!(refused.wait().is_err());
    let after = db.write_noted(|_| Ok::<_, StorageError>(()));
    assert!(after.wait().unwrap().1.is_empty());
}

fn a_swept_client_is_told(database: &TestDatabase) {
    let db = with_grant(database);
    let mut unused = a_client("unused");
    unused.registration = Some(Registration {
        access_token_hash: hash("registration"),
        initial_access_token: None,
        unused_until: Some(NOW),
    });
    write(&db, move |conn| client::insert(conn, &unused));
    let swept = db.write_noted(|conn| expiry::delete_expired(conn, NOW, 10));
    let (_, changes) = swept.wait().unwrap();
    assert_eq!(told(changes), [(Kind::Client, vec!["unused".to_owned()])]);
}

/// Functions that write what instances keep and need not tell, with why.
const SILENT: [(&str, &str); 13] = [
    ("grant::insert", "a grant that was not there is kept nowhere"),
    ("grant::extend", "how long it may be refreshed decides nothing about a token that was minted"),
    ("client::hold", "changes nothing"),
    ("client::insert_origins", "its callers tell"),
    ("user::insert", "a user who was not there is kept nowhere"),
    ("user::set_password", "whoever changes it ends sessions and grants, which tell"),
    ("user::prune_history", "a history"),
    ("user::hold", "changes nothing"),
    ("user::replace_password_hash", "the same password, hashed anew"),
    ("user::set_deletion", "a date to come"),
    ("opaque_access_token::insert", "a token that was not there is kept nowhere"),
    ("dialect::insert_revoked_token", "its caller tells"),
    ("transfer/ending::end_everything", "no server runs beside a restore"),
];

/// The tables of what instances keep. Each has a module of its own.
const KEPT: [(&str, &str); 5] = [
    ("client", "clients"),
    ("grant", "grants"),
    ("revoked_token", "revoked_tokens"),
    ("user", "users"),
    ("opaque_access_token", "opaque_access_tokens"),
];

/// The files below `folder`, each by its name as a module.
fn modules(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inside = modules(&path).into_iter();
            found.extend(inside.map(|(name, text)| (format!("{stem}/{name}"), text)));
        } else {
            found.push((stem, fs::read_to_string(path).unwrap()));
        }
    }
    found
}

/// A new function that writes these tables calls `note`, or says here why it need not. Elsewhere than
/// in their own modules, each that writes and names one of them is looked at.
#[test]
fn every_function_that_writes_what_is_kept_tells_of_it() {
    let mut silent = BTreeSet::new();
    for (module, text) in modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let is_theirs = KEPT.iter().any(|(own, _)| *own == module);
        for body in text.split("\nfn ").flat_map(|part| part.split(" fn ")).skip(1) {
            let Some((name, body)) = body.split_once('(') else { continue };
            let name = name.split('<').next().unwrap();
            let mut verbs = vec!["diesel::update(", "diesel::delete(", "diesel::insert_into("];
            verbs.extend(is_theirs.then_some("dialect::"));
            let names_one = KEPT.iter().any(|(_, table)| {
                let mut parts: Vec<&str> = body.split(&format!("{table}::")).collect();
                parts.pop();
                let is_longer = |c: char| c.is_alphanumeric() || c == '_';
                parts.iter().any(|before| !before.ends_with(is_longer))
            });
            let writes = verbs.iter().any(|verb| body.contains(verb));
            if writes && (is_theirs || names_one) && !body.contains("note(Kind::") {
                silent.insert(format!("{module}::{name}"));
            }
        }
    }
    let known: BTreeSet<String> = SILENT.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(silent, known, "call `note` where tokens die or clients change");
}
