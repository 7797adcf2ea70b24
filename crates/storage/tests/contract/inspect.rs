//! A look at a database changes nothing, and tells how it stands.

use std::{path::PathBuf, time::Duration};

use vestibule_model::Timestamp;
use vestibule_storage::{
    DatabaseUrl, StorageError, health,
    inspect::{Facts, Lookout, Mails},
    outbox,
    testing::TestDatabase,
    user,
};

use crate::fixtures::{NOW, a_mail, a_session, a_user};

const PATIENCE: Duration = Duration::from_secs(5);

fn lookout(database: &TestDatabase) -> Lookout {
    Lookout::open(&database.settings().url, PATIENCE).unwrap()
}

fn it_cannot_write(database: &TestDatabase) {
    let mut lookout = lookout(database);
    let written = lookout.read(|conn| user::insert(conn, &a_user("u1", "ada", "ada@example.org")));
    assert!(written.is_err());
    // Whatever happened to the transaction, the next question is answered.
    assert!(lookout.latency().unwrap() < PATIENCE);
    assert!(lookout.read(user::list).unwrap().is_empty());
}

fn it_tells_how_the_tables_stand(database: &TestDatabase) {
    let at_work = database.open();
    at_work.read(health::ping).wait().unwrap();
    let mut lookout = lookout(database);
    assert!(lookout.standing().unwrap().is_current());
    assert_eq!(lookout.damage().unwrap(), Vec::<String>::new());
    assert_eq!(lookout.leases().unwrap(), Vec::new());
    match lookout.facts().unwrap() {
        Facts::Sqlite(facts) => {
            assert!(facts.journal_mode.as_deref() == Some("wal") && facts.bytes > 0, "{facts:?}");
            assert_eq!(lookout.log_position().unwrap(), None);
            assert_eq!(lookout.replica().unwrap(), None);
        }
        Facts::Postgres(facts) => {
            let server = &facts.server;
            assert!(server.version_number >= 140_000 && server.is_local, "{facts:?}");
            assert!(!server.in_recovery && !server.read_only && server.may_create, "{facts:?}");
            assert!(server.connection_limit > server.connections && server.connections > 0);
            assert_eq!((server.tls.as_str(), server.encoding.as_str()), ("", "UTF8"));
            assert!(facts.closed.is_empty(), "{facts:?}");
            assert!(lookout.log_position().unwrap().is_some());
            assert!(!lookout.replica().unwrap().unwrap().in_recovery);
        }
    }
}

fn it_tells_what_waits(database: &TestDatabase) {
    let mut conn = database.connect().unwrap();
    assert_eq!(lookout(database).ended().unwrap(), Vec::new());
    assert_eq!(lookout(database).mails().unwrap(), Mails::default());
    user::insert(&mut conn, &a_user("u1", "ada", "ada@example.org")).unwrap();
    let session = a_session("s1", "cookie");
    vestibule_storage::browser_session::insert(&mut conn, &session).unwrap();
    let mail = a_mail("m1");
    outbox::insert(&mut conn, &mail).unwrap();
    outbox::failed(&mut conn, "m1", Some(NOW.plus(60)), "AUTH: 535").unwrap();
    let ended = lookout(database).ended().unwrap();
    let found: Vec<_> = ended.iter().map(|ended| (ended.table, ended.removable_at)).collect();
    assert_eq!(found, [("browser_sessions", session.expires_at)]);
    let mails = lookout(database).mails().unwrap();
    let oldest: Option<Timestamp> = Some(mail.created_at);
    let last_error = Some("AUTH: 535".to_owned());
    assert_eq!(mails, Mails { waiting: 1, oldest, last_error });
}

fn an_empty_database_is_told_apart(database: &TestDatabase) {
    database.revert().unwrap();
    let mut lookout = lookout(database);
    assert!(!lookout.standing().unwrap().is_current());
    assert!(matches!(lookout.ended(), Err(StorageError::Database(_))));
    assert!(lookout.facts().is_ok());
}

on_both!(
    it_cannot_write,
    it_tells_how_the_tables_stand,
    it_tells_what_waits,
    an_empty_database_is_told_apart,
);

#[test]
fn what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("vestibule.db");
    assert!(Lookout::open(&DatabaseUrl::Sqlite { path: path.clone() }, PATIENCE).is_err());
    assert!(!path.exists());
}
