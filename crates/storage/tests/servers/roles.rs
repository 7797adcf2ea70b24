//! Two roles, as docs/operations/postgresql.md sets them up: one owns the tables, the other serves.

use std::io::BufReader;

use diesel::{PgConnection, connection::SimpleConnection, prelude::*};
use vestibule_model::{Timestamp, audit::AuditEvent};
use vestibule_storage::{
    AtStart, DatabaseSettings, Db, StorageError, audit, migrate,
    transfer::{self, Place, Source, Stamp, TransferError},
};

use crate::{
    cluster::{Cluster, is_marked, mark, settings},
    pages::block,
};

const PAGE: &str = include_str!("../../../../docs/operations/postgresql.md");

/// A server on which the page's first statements have run.
fn set_up() -> Cluster {
    let cluster = Cluster::new("");
    // The page's own names are free: the superuser of before has one of them.
    cluster.ask("CREATE ROLE chief SUPERUSER LOGIN");
    cluster.script("chief", "postgres", "ALTER ROLE vestibule RENAME TO former");
    cluster.script("chief", "postgres", block(PAGE, "sql", "CREATE ROLE"));
    cluster
}

fn as_role(cluster: &Cluster, role: &str) -> DatabaseSettings {
    settings(&format!("postgres://{role}@{}/vestibule", cluster.host()))
}

fn as_owner(cluster: &Cluster) -> DatabaseSettings {
    as_role(cluster, "vestibule_migrate")
}

/// As the page says that servers run.
fn as_server(cluster: &Cluster) -> DatabaseSettings {
    DatabaseSettings { at_start: AtStart::Check, ..as_role(cluster, "vestibule") }
}

fn migrated() -> Cluster {
    let cluster = set_up();
    migrate::up(&as_owner(&cluster)).unwrap();
    cluster.script("chief", "vestibule", block(PAGE, "sql", "REVOKE INSERT"));
    cluster
}

fn exported(settings: &DatabaseSettings) -> Vec<u8> {
    let stamp = Stamp { version: "0.0.0-test", now: Timestamp(1), counts_first: false };
    let mut text = Vec::new();
    transfer::export(settings, &stamp, &mut text, &mut |_| ()).unwrap();
    text
}

fn taken_in(settings: &DatabaseSettings, text: &[u8], place: Place) -> Result<(), String> {
    let mut source = Source::open(BufReader::new(text)).unwrap();
    let taken = transfer::import(settings, &mut source, place, &mut |_| Ok(()), &mut |_| ());
    taken.map(drop).map_err(|error: TransferError| error.to_string())
}

/// Everything that a server does with rows: keys that are drawn, locks, deletions.
fn serves(cluster: &Cluster) {
    let db = Db::open(&as_server(cluster)).unwrap();
    assert_eq!(mark(&db, "a").wait(), Ok(()));
    assert_eq!(is_marked(&db, "a"), Ok(true));
    let event = AuditEvent::new(Timestamp(1), "sign_in.ok", "tester");
    let drawn = db.write(move |conn| audit::insert(conn, &event));
    drawn.wait().unwrap();
}

#[test]
fn the_documented_roles_serve_before_and_after_the_next_migration() {
    let cluster = migrated();
    serves(&cluster);
    // Everything but the baseline goes, and comes again: tables that are made later.
    let steps = migrate::standing(&as_owner(&cluster)).unwrap().applied.len() - 1;
    let undone = migrate::down(&as_owner(&cluster), steps).unwrap();
    assert!(undone.iter().any(|name| name.ends_with("_accounts")), "{undone:?}");
    let missing = Db::open(&as_server(&cluster)).unwrap_err().to_string();
    assert!(missing.contains("vestibule migrate up"), "{missing}");
    migrate::up(&as_owner(&cluster)).unwrap();
    cluster.script("chief", "vestibule", block(PAGE, "sql", "REVOKE INSERT"));
    serves(&cluster);
}

#[test]
fn a_server_of_another_set_up_gets_its_rights_from_the_documented_statements() {
    let cluster = set_up();
    let later = "ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_migrate IN SCHEMA public
                 REVOKE ALL ON TABLES FROM vestibule";
    cluster.script("chief", "vestibule", later);
    migrate::up(&as_owner(&cluster)).unwrap();
    let refused = Db::open(&as_server(&cluster)).unwrap_err();
    assert!(refused.to_string().contains("permission denied for table"), "{refused}");
    assert!(refused.to_string().contains("fix: "), "{refused}");
    cluster.script("vestibule_migrate", "vestibule", block(PAGE, "sql", "ON ALL TABLES"));
    serves(&cluster);
}

#[test]
fn the_serving_role_changes_neither_tables_nor_what_is_noted_of_them() {
    let cluster = migrated();
    let url = format!("postgres://vestibule@{}/vestibule", cluster.host());
    let mut conn = PgConnection::establish(&url).unwrap();
    for (statement, part) in [
        ("UPDATE schema_floor SET version = '1'", "permission denied for table schema_floor"),
        ("DELETE FROM schema_migrations", "permission denied for table schema_migrations"),
        (
            "DELETE FROM __diesel_schema_migrations",
            "permission denied for table __diesel_schema_migrations",
        ),
        ("ALTER TABLE users ADD COLUMN shoe_size BIGINT", "must be owner of table users"),
        ("CREATE TABLE shoes (id TEXT)", "permission denied for schema public"),
    ] {
        let refused = StorageError::from(conn.batch_execute(statement).unwrap_err()).to_string();
        assert!(refused.contains(part) && refused.contains("; fix: "), "{statement}: {refused}");
    }
}

#[test]
fn rows_come_and_go_by_the_owner_of_the_tables_and_leave_by_the_server() {
    let cluster = migrated();
    let text = exported(&as_server(&cluster));
    for place in [Place::Empty, Place::Replaced] {
        let refused = taken_in(&as_server(&cluster), &text, place).unwrap_err();
        for part in ["belong to the role vestibule_migrate", "fix: ", "DATABASE__URL_FILE"] {
            assert!(refused.contains(part), "{refused}");
        }
        taken_in(&as_owner(&cluster), &text, place).unwrap();
    }
    serves(&cluster);
}

#[test]
fn a_restore_sees_a_server_whatever_it_is_called() {
    let cluster = migrated();
    let text = exported(&as_server(&cluster));
    let named = format!("postgres://vestibule@{}/vestibule?application_name=eu-1", cluster.host());
    let server = Db::open(&settings(&named)).unwrap();
    assert_eq!(mark(&server, "a").wait(), Ok(()));
    // Another program, which is nobody's business.
    let other = format!("postgres://chief@{}/vestibule", cluster.host());
    let _other = PgConnection::establish(&other).unwrap();
    let refused = taken_in(&as_owner(&cluster), &text, Place::Replaced).unwrap_err();
    assert!(refused.contains("sessions of Vestibule are connected"), "{refused}");
    drop(server);
    taken_in(&as_owner(&cluster), &text, Place::Replaced).unwrap();
}
