//! Opening a database: its file, its time, its quiet.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use vestibule_model::Secret;
use vestibule_storage::{
    DatabaseSettings, DatabaseUrl, Db, StorageError, testing::TestDatabase, user,
};

use crate::fixtures::{a_user, read, with_grant, write};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_sqlite_files_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let settings = DatabaseSettings::new(DatabaseUrl::Sqlite { path: path.clone() });
    let db = Db::open(&settings).unwrap();
    // The log and its index are there while a connection is.
    read(&db, user::has_admin);
    write(&db, |conn| user::insert(conn, &a_user("u1", "ada", "ada@example.org")));
    for name in ["new.db", "new.db-wal", "new.db-shm"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
    drop(db);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let _db = Db::open(&settings).unwrap();
    assert_eq!(mode(&path), 0o600, "a careless copy is put right");
}

#[test]
fn many_processes_may_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let settings = DatabaseSettings::new(DatabaseUrl::Sqlite { path });
    open_at_once(&settings);
}

#[test]
fn many_processes_may_migrate_a_server_at_once() {
    let database = TestDatabase::postgres();
    database.revert().unwrap();
    open_at_once(database.settings());
}

fn open_at_once(settings: &DatabaseSettings) {
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let settings = settings.clone();
            std::thread::spawn(move || read(&Db::open(&settings).unwrap(), user::list).len())
        })
        .collect();
    for opener in openers {
        assert_eq!(opener.join().unwrap(), 0);
    }
}

#[test]
fn an_existing_file_opens_quickly() {
    let database = TestDatabase::sqlite();
    drop(with_grant(&database));
    let fastest = (0..5)
        .map(|_| {
            let start = Instant::now();
            let db = database.open();
            read(&db, user::has_admin);
            start.elapsed()
        })
        .min()
        .unwrap();
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let path = "/nonexistent/vestibule.db".into();
    let refused = Db::open(&DatabaseSettings::new(DatabaseUrl::Sqlite { path })).unwrap_err();
    assert!(matches!(&refused, StorageError::Database(why) if why.contains("/nonexistent")));
    let url = Secret::new("postgres://nobody:hunter2@127.0.0.1:1/none");
    let settings = DatabaseSettings::new(DatabaseUrl::Postgres { url });
    let refused = Db::open(&settings).unwrap_err().to_string();
    assert!(refused.contains("cannot connect"), "{refused}");
    assert!(!refused.contains("hunter2") && !format!("{settings:?}").contains("hunter2"));
}

/// An idle program asks PostgreSQL for nothing: no statement begins after the last job's.
#[test]
fn an_idle_pool_runs_no_statement() {
    use diesel::{Connection, RunQueryDsl};
    #[derive(diesel::QueryableByName)]
    struct Newest {
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
        at: Option<String>,
    }
    let database = TestDatabase::postgres();
    let db = database.open();
    read(&db, user::has_admin);
    let mut other = diesel::PgConnection::establish(&database.url()).unwrap();
    let mut newest = || {
        diesel::sql_query(
            "SELECT max(query_start)::text AS at FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .get_result::<Newest>(&mut other)
        .unwrap()
        .at
    };
    let (_never, quiet) = std::sync::mpsc::channel::<()>();
    // The pool opens a spare connection when the first is taken.
    let _ = quiet.recv_timeout(Duration::from_millis(500));
    let before = newest();
    // Long enough for any timer that runs by the second.
    let _ = quiet.recv_timeout(Duration::from_millis(1_500));
    assert!(before.is_some());
    assert_eq!(newest(), before);
    drop(db);
}
