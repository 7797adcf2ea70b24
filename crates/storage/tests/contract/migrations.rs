//! Up, down and up again; many who start at once; databases that newer programs made.

use std::{thread, time::Duration};

use diesel::{QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types};
use vestibule_model::{ClientId, UserId};
use vestibule_storage::{
    AtStart, Conn, DatabaseSettings, Db, StorageError, client,
    migrate::{self, Blocks, Loss, Standing},
    testing::{NEXT_VERSION as FUTURE, TestDatabase},
    user,
};

use crate::{
    catalogue::cells,
    fixtures::{a_user, read, with_grant, write},
    parity::shape,
};

on_both!(
    up_down_and_up_again_gives_the_same_tables,
    one_step_down_and_up_again_keeps_every_row,
    running_them_twice_changes_nothing,
    many_who_start_at_once_migrate_once,
    a_start_that_must_not_migrate_says_what_to_do,
    a_newer_programs_tables_are_served,
    a_newer_programs_floor_is_respected,
    what_only_a_newer_program_can_undo_stays,
    tokens_carry_their_second_where_no_older_program_can_be,
    this_versions_migrations_are_noted_where_older_programs_do_not_look,
    the_plan_names_locks_and_rows,
    what_the_way_down_would_lose_is_told,
    looking_makes_nothing,
);

/// The migration before those of this release.
const BEFORE: &str = "20261123000000";

/// How many are of this release.
const OF_THIS_RELEASE: usize = 3;

/// What every server makes before it first serves.
const A_SIGNING_KEY: &str = "INSERT INTO signing_keys \
     (kid, alg, public_jwk, sealed_private_jwk, published_at) VALUES ('k1', 'ES256', '{}', 'v1.x', 1)";

fn execute(database: &TestDatabase, sql: &str) {
    database.connect().unwrap().batch_execute(sql).unwrap();
}

fn standing(database: &TestDatabase) -> Standing {
    migrate::standing(database.settings()).unwrap()
}

/// As a program of the next release would leave the tables: what it adds is there.
fn by_the_next_release(database: &TestDatabase) {
    database.next_release()().unwrap();
}

fn up_down_and_up_again_gives_the_same_tables(database: &TestDatabase) {
    let before = shape(&mut database.connect().unwrap());
    assert!(before.len() > 80, "{before:#?}");
    database.revert().unwrap();
    assert!(shape(&mut database.connect().unwrap()).is_empty());
    database.migrate().unwrap();
    assert_eq!(shape(&mut database.connect().unwrap()), before);
    drop(with_grant(database));
}

fn one_step_down_and_up_again_keeps_every_row(database: &TestDatabase) {
    drop(with_grant(database));
    let (before, tables) =
        (cells(&mut database.connect().unwrap()), shape(&mut database.connect().unwrap()));
    let of_people = |(table, _): &(String, String)| !migrate::BOOKKEEPING.contains(&&**table);
    let undone = migrate::down(database.settings(), OF_THIS_RELEASE).unwrap();
    assert_eq!(undone.len(), OF_THIS_RELEASE, "{undone:?}");
    assert!(undone.is_sorted_by(|one, next| one > next), "newest first: {undone:?}");
    assert!(standing(database).missing.iter().eq(undone.iter().rev()));
    let without: Vec<_> = cells(&mut database.connect().unwrap()).into_iter().collect();
    let mut without = without.iter().filter(|(column, _)| of_people(column));
    assert!(without.all(|(column, values)| before[column] == *values));
    let again = migrate::up(database.settings()).unwrap();
    assert!(again.iter().eq(undone.iter().rev()));
    assert_eq!(shape(&mut database.connect().unwrap()), tables);
    let after = cells(&mut database.connect().unwrap());
    for (column, values) in before.iter().filter(|(column, _)| of_people(column)) {
        assert_eq!(&after[column], values, "{column:?}");
    }
}

fn running_them_twice_changes_nothing(database: &TestDatabase) {
    drop(with_grant(database));
    database.migrate().unwrap();
    let db = database.open();
    assert!(read(&db, |conn| user::find(conn, &UserId::new("u1"))).is_some());
    assert!(migrate::up(database.settings()).unwrap().is_empty());
}

fn many_who_start_at_once_migrate_once(database: &TestDatabase) {
    database.revert().unwrap();
    let starting: Vec<_> = (0..6)
        .map(|_| {
            let settings = database.settings().clone();
            thread::spawn(move || migrate::up(&settings).unwrap().len())
        })
        .collect();
    let ran: Vec<usize> = starting.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(ran.iter().sum::<usize>(), standing(database).applied.len(), "{ran:?}");
    assert!(standing(database).is_current());
}

fn a_start_that_must_not_migrate_says_what_to_do(database: &TestDatabase) {
    let mut settings: DatabaseSettings = database.settings().clone();
    settings.at_start = AtStart::Check;
    drop(Db::open(&settings).unwrap());
    database.migrate_to(BEFORE).unwrap();
    let refused = Db::open(&settings).unwrap_err();
    let StorageError::Migration(why) = &refused else { panic!("{refused:?}") };
    assert!(why.contains("20261124000000_instances"), "{why}");
    assert!(why.contains("fix: run `vestibule migrate up`"), "{why}");
    assert!(!standing(database).is_current());
    migrate::up(database.settings()).unwrap();
    drop(Db::open(&settings).unwrap());
}

fn a_newer_programs_tables_are_served(database: &TestDatabase) {
    drop(with_grant(database));
    by_the_next_release(database);
    let db = Db::open(database.settings()).unwrap();
    write(&db, |conn| user::insert(conn, &a_user("u2", "bob", "bob@example.org")));
    assert!(read(&db, |conn| client::find(conn, &ClientId::new("app"))).is_some());
    let standing = standing(database);
    assert_eq!((standing.unknown, standing.missing.len()), (vec![FUTURE.to_owned()], 0));
    // The same where programs of before this release noted theirs.
    let old = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990102000000')";
    execute(database, old);
    drop(Db::open(database.settings()).unwrap());
}

fn a_newer_programs_floor_is_respected(database: &TestDatabase) {
    by_the_next_release(database);
    let newest = standing(database).newest;
    execute(database, &format!("UPDATE schema_floor SET version = '{newest}'"));
    drop(Db::open(database.settings()).unwrap());
    execute(database, &format!("UPDATE schema_floor SET version = '{FUTURE}'"));
    let refused = Db::open(database.settings()).unwrap_err();
    let StorageError::Migration(why) = &refused else { panic!("{refused:?}") };
    for part in ["newer version of Vestibule", FUTURE, &newest, "fix: run the newer version"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let refused = migrate::up(database.settings()).unwrap_err();
    assert!(matches!(refused, StorageError::Migration(_)));
    assert!(!standing(database).is_current());
}

fn what_only_a_newer_program_can_undo_stays(database: &TestDatabase) {
    by_the_next_release(database);
    let before = shape(&mut database.connect().unwrap());
    let refused = migrate::down(database.settings(), 1).unwrap_err();
    assert!(matches!(&refused, StorageError::Migration(why) if why.contains(FUTURE)));
    assert_eq!(shape(&mut database.connect().unwrap()), before);
}

fn tokens_carry_their_second_where_no_older_program_can_be(database: &TestDatabase) {
    let (opens, floor) = (database.open(), standing(database).floor);
    assert!(opens.takes_dated_tokens(), "nobody was here before: {floor:?}");
    drop(opens);
    // A server of before made the database, and has begun to use it.
    database.revert().unwrap();
    database.migrate_to(BEFORE).unwrap();
    execute(database, A_SIGNING_KEY);
    let db = database.open();
    assert_eq!(standing(database).floor.as_deref(), Some(BEFORE));
    assert!(!db.takes_dated_tokens(), "the one before may serve beside this one");
    drop(db);
    // The release after this one.
    execute(
        database,
        &format!("UPDATE schema_floor SET version = '{}'", standing(database).newest),
    );
    assert!(database.open().takes_dated_tokens());
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = sql_types::Text)]
    version: String,
}

fn this_versions_migrations_are_noted_where_older_programs_do_not_look(database: &TestDatabase) {
    let noted = || {
        let query = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
        let old: Vec<Version> = match &mut database.connect().unwrap() {
            Conn::Sqlite(inner) => sql_query(query).load(inner).unwrap(),
            Conn::Postgres(inner) => sql_query(query).load(inner).unwrap(),
        };
        old.into_iter().map(|row| row.version).collect::<Vec<_>>()
    };
    // They know no floor, and must not serve where tokens are of a kind that they do not find.
    let baseline = ["20261121000000", "20261122000000", BEFORE];
    assert_eq!(noted(), [&baseline[..], &["20261125000000"]].concat());
    database.migrate_to(BEFORE).unwrap();
    execute(database, A_SIGNING_KEY);
    database.migrate().unwrap();
    assert_eq!(noted(), baseline);
}

fn the_plan_names_locks_and_rows(database: &TestDatabase) {
    drop(with_grant(database));
    database.migrate_to("20261121000000").unwrap();
    let plan = migrate::plan(database.settings()).unwrap();
    assert!(plan.iter().map(|one| &one.migration).eq(&standing(database).missing));
    let accounts = &plan[0];
    assert!(accounts.in_one_transaction);
    let step = |start: &str| {
        let found = accounts.steps.iter().find(|step| step.statement.starts_with(start));
        found.unwrap_or_else(|| panic!("{start}: {accounts:#?}")).clone()
    };
    let added = step("ALTER TABLE users ADD COLUMN language");
    assert_eq!((added.table.as_deref(), added.rows), (Some("users"), Some(1)));
    let index = step("CREATE INDEX users_deletion_at");
    let made = step("CREATE INDEX sign_ins_user_id");
    assert_eq!(made.table, None, "nobody else knows the table yet");
    if database.path().is_some() {
        assert_eq!((added.lock, added.blocks), ("the database's write lock", Blocks::Writes));
        return;
    }
    assert_eq!((added.lock, added.blocks), ("ACCESS EXCLUSIVE", Blocks::ReadsAndWrites));
    assert_eq!((index.lock, index.blocks), ("SHARE", Blocks::Writes));
    assert_eq!((made.lock, made.blocks), ("none", Blocks::Nobody));
    let built_beside = plan.iter().find(|one| !one.in_one_transaction).unwrap();
    let step = &built_beside.steps[0];
    assert_eq!((step.lock, step.blocks), ("SHARE UPDATE EXCLUSIVE", Blocks::Nobody));
}

fn what_the_way_down_would_lose_is_told(database: &TestDatabase) {
    let losses = |steps| migrate::losses(database.settings(), steps).unwrap();
    drop(with_grant(database));
    assert_eq!(losses(OF_THIS_RELEASE), [], "bookkeeping is nobody's data");
    execute(database, "UPDATE users SET password_changed_at = NULL");
    assert_eq!(losses(OF_THIS_RELEASE + 2), [], "columns at their defaults hold nothing");
    execute(
        database,
        "UPDATE users SET language = 'de', group_names = '[\"staff\"]';
         INSERT INTO guesses VALUES ('s', 1, 0, 0, NULL, 0);",
    );
    let found = losses(OF_THIS_RELEASE + 2);
    let loss = |table: &str, column: Option<&str>| Loss {
        migration: "20261122000000_accounts".to_owned(),
        table: table.to_owned(),
        column: column.map(str::to_owned),
        rows: 1,
    };
    let expected = [
        loss("guesses", None),
        loss("users", Some("group_names")),
        loss("users", Some("language")),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    assert!(expected.iter().all(|one| found.contains(one)), "{found:#?}");
}

fn looking_makes_nothing(database: &TestDatabase) {
    database.revert().unwrap();
    let before = shape(&mut database.connect().unwrap());
    let standing = standing(database);
    assert!(standing.applied.is_empty() && !standing.is_current());
    assert_eq!(migrate::plan(database.settings()).unwrap().len(), standing.missing.len());
    assert_eq!(shape(&mut database.connect().unwrap()), before);
    let Some(path) = database.path() else { return };
    for name in [path.clone(), path.with_extension("db-wal"), path.with_extension("db-shm")] {
        let _ = std::fs::remove_file(name);
    }
    assert_eq!(migrate::standing(database.settings()).unwrap().missing, standing.missing);
    assert!(!path.exists(), "a look makes no file");
}

/// What a process that was killed leaves, and what others hold meanwhile: PostgreSQL only, for
/// SQLite's one lock and its journal leave nothing half done.
mod on_postgres {
    use super::*;

    fn number(database: &TestDatabase, query: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = sql_types::BigInt)]
            number: i64,
        }
        let Conn::Postgres(mut inner) = database.connect().unwrap() else { unreachable!() };
        sql_query(query).get_result::<Row>(&mut inner).unwrap().number
    }

    /// The migration before the one that builds an index beside the traffic, and how many come after that.
    const BEFORE_THE_INDEX: &str = "20261124000000";
    const AFTER_IT: usize = 1;

    const INVALID: &str = "SELECT count(*) AS number FROM pg_index
        WHERE indexrelid = to_regclass('consent_records_at') AND NOT indisvalid";

    #[test]
    fn an_index_that_was_left_half_built_is_built_anew() {
        let database = TestDatabase::postgres();
        drop(with_grant(&database));
        database.migrate_to(BEFORE_THE_INDEX).unwrap();
        // A unique index over equal values fails at its end, and stays there, invalid: as it does
        // when the process that builds it is killed.
        execute(
            &database,
            "INSERT INTO consent_records (id, user_id, client_id, decision, scope, claims, wording, at)
             VALUES ('a', 'u1', 'app', '', '', '', '', 1), ('b', 'u1', 'app', '', '', '', '', 1)",
        );
        let half = "CREATE UNIQUE INDEX CONCURRENTLY consent_records_at ON consent_records (at)";
        assert!(database.connect().unwrap().batch_execute(half).is_err());
        assert_eq!(number(&database, INVALID), 1);
        migrate::up(database.settings()).unwrap();
        assert_eq!(number(&database, INVALID), 0);
        let whole = "SELECT count(*) AS number FROM pg_index
            WHERE indexrelid = to_regclass('consent_records_at') AND NOT indisunique";
        assert_eq!(number(&database, whole), 1);
    }

    #[test]
    fn an_index_that_another_has_built_meanwhile_stops_nobody() {
        let database = TestDatabase::postgres();
        drop(with_grant(&database));
        database.migrate_to(BEFORE_THE_INDEX).unwrap();
        // Whoever has written to the table is waited for.
        let mut writer = database.connect().unwrap();
        writer.batch_execute("BEGIN; DELETE FROM consent_records").unwrap();
        let settings = database.settings().clone();
        let migrating = thread::spawn(move || migrate::up(&settings));
        let waits = "SELECT count(*) AS number FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'
            AND wait_event_type = 'Lock'";
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while number(&database, waits) == 0 {
            assert!(std::time::Instant::now() < deadline);
        }
        let noted = "INSERT INTO schema_migrations (version) VALUES ('20261124000100')";
        execute(&database, noted);
        writer.batch_execute("COMMIT").unwrap();
        let ran = migrating.join().unwrap().unwrap();
        assert_eq!(ran.len(), AFTER_IT, "the other one did it: {ran:?}");
        assert!(standing(&database).missing.is_empty());
    }

    #[test]
    fn those_who_wait_do_not_stop_an_index_that_is_built_beside_them() {
        let database = TestDatabase::postgres();
        for _ in 0..3 {
            database.migrate_to(BEFORE_THE_INDEX).unwrap();
            let all: Vec<_> = (0..4)
                .map(|_| {
                    let settings = database.settings().clone();
                    thread::spawn(move || migrate::up(&settings).unwrap().len())
                })
                .collect();
            let ran: usize = all.into_iter().map(|one| one.join().unwrap()).sum();
            assert_eq!(ran, AFTER_IT + 1);
        }
    }

    #[test]
    fn a_lock_that_somebody_holds_is_waited_for_in_short_turns() {
        let database = TestDatabase::postgres();
        database.migrate_to(BEFORE).unwrap();
        let mut holder = database.connect().unwrap();
        holder
            .batch_execute("BEGIN; LOCK TABLE interactions IN SHARE UPDATE EXCLUSIVE MODE")
            .unwrap();
        let settings = database.settings().clone();
        let migrating = thread::spawn(move || migrate::up(&settings));
        let waits = "SELECT count(*) AS number FROM pg_locks
            WHERE NOT granted AND relation = 'interactions'::regclass";
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        let until = |wanted: i64| {
            while number(&database, waits) != wanted {
                assert!(std::time::Instant::now() < deadline, "{wanted}");
            }
        };
        until(1);
        // It gives way after two seconds, so that those behind it go on, and comes again.
        until(0);
        until(1);
        holder.batch_execute("COMMIT").unwrap();
        assert_eq!(migrating.join().unwrap().unwrap().len(), OF_THIS_RELEASE);
    }

    #[test]
    fn what_was_cut_off_in_the_middle_never_happened() {
        let database = TestDatabase::postgres();
        database.migrate_to(BEFORE).unwrap();
        let before = shape(&mut database.connect().unwrap());
        let mut holder = database.connect().unwrap();
        holder
            .batch_execute("BEGIN; LOCK TABLE interactions IN SHARE UPDATE EXCLUSIVE MODE")
            .unwrap();
        let settings = database.settings().clone();
        let migrating = thread::spawn(move || migrate::up(&settings));
        let others = "datname = current_database() AND pid <> pg_backend_pid()";
        let half = format!(
            "SELECT count(*) AS number FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE {others} AND NOT granted AND relation = 'interactions'::regclass"
        );
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while number(&database, &half) == 0 {
            assert!(std::time::Instant::now() < deadline);
        }
        // As when the process is killed: each of its connections is gone.
        let kill = format!(
            "SELECT count(pg_terminate_backend(pid)) AS number FROM pg_stat_activity WHERE {others}"
        );
        assert!(number(&database, &kill) >= 3, "it, its lock, and the holder");
        assert!(migrating.join().unwrap().is_err());
        assert_eq!(shape(&mut database.connect().unwrap()), before);
        assert_eq!(migrate::up(database.settings()).unwrap().len(), OF_THIS_RELEASE);
        assert!(migrate::standing(database.settings()).unwrap().is_current());
    }
}
