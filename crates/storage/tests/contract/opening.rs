//! Opening a database: its file, its time, its quiet.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::{Duration, Instant},
};

use vestibule_model::{Secret, Timestamp};
use vestibule_storage::{
    DatabaseSettings, DatabaseUrl, Db, StorageError,
    backup::{self, Vacant},
    migrate,
    testing::TestDatabase,
    transfer::{self, Stamp, TransferError},
    user,
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

/// Whoever owns the folder might have put it there for a command of root.
#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::write(&other, "somebody else's").unwrap();
    fs::set_permissions(&other, Permissions::from_mode(0o644)).unwrap();
    let seen = || {
        let seen = fs::metadata(&other).unwrap();
        (seen.mode(), seen.uid(), seen.gid(), seen.modified().unwrap(), seen.ctime_nsec())
    };
    let before = seen();
    let path = folder.path().join("new.db");
    let settings = DatabaseSettings::new(DatabaseUrl::Sqlite { path: path.clone() });
    let lock = folder.path().join("new.db.lock");
    std::os::unix::fs::symlink(&other, &lock).unwrap();
    for refused in [
        Db::open(&settings).map(drop).map_err(|error| error.to_string()),
        migrate::up(&settings).map(drop).map_err(|error| error.to_string()),
        Vacant::take(&path).map(drop).map_err(|error| error.to_string()),
    ] {
        let why = refused.unwrap_err();
        assert!(why.contains("new.db.lock"), "{why}");
    }
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    Db::open(&settings).map(drop).unwrap_err();
    assert_eq!(seen(), before);
}

#[test]
fn nobody_begins_to_use_a_file_that_is_being_replaced() {
    let database = TestDatabase::sqlite();
    let (settings, path) = (database.settings(), database.path().unwrap());
    let copy = tempfile::NamedTempFile::new().unwrap();
    let stamp = Stamp { version: "0.0.0-test", now: Timestamp(1), counts_first: false };
    let try_all = || {
        [
            Db::open(settings).map(drop).map_err(TransferError::from),
            migrate::up(settings).map(drop).map_err(TransferError::from),
            migrate::down(settings, 0).map(drop).map_err(TransferError::from),
            backup::copy(&path, copy.path()),
            transfer::export(settings, &stamp, &mut Vec::new(), &mut |_| ()).map(drop),
        ]
    };
    let place = Vacant::take(&path).unwrap();
    for (number, tried) in try_all().into_iter().enumerate() {
        let why = tried.unwrap_err().to_string();
        assert!(why.contains("`vestibule restore` is replacing it"), "{number}: {why}");
    }
    drop(place);
    for tried in try_all() {
        tried.unwrap();
    }
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
