//! Every row of every table goes from either database to the other and back, or none does.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use vestibule_model::{
    GrantId, InteractionId, Timestamp, UserId, audit::AuditEvent, device::Device,
};
use vestibule_storage::{
    Conn, StorageError, audit, browser_session, device, grant, interaction,
    migrate::BOOKKEEPING,
    sign_in,
    testing::TestDatabase,
    transfer::{self, Counts, Kind, Place, Source, Stamp, Step, TABLES, Table, TransferError},
    verification,
};

use crate::{
    catalogue::{self, Cells},
    fixtures::{
        NOW, a_client, a_device, a_session, a_sign_in, a_verification, an_interaction, hash, read,
        with_grant, write,
    },
};

on_both!(
    the_list_has_every_table_and_column,
    every_row_goes_there_and_back,
    an_export_is_of_one_moment,
    keys_that_the_database_draws_go_on,
    a_database_with_rows_is_left_alone,
    a_database_with_rows_is_replaced_if_that_is_asked,
    what_is_not_whole_changes_nothing,
    what_fails_at_the_end_changes_nothing,
    tables_of_another_shape_are_not_exported,
    what_was_half_done_is_ended_with_the_sessions,
);

const STAMP: Stamp<'_> = Stamp { version: "0.0.0-test", now: NOW, counts_first: true };

/// Everything of the database, as `vestibule export` writes it.
pub fn exported(database: &TestDatabase) -> String {
    let mut text = Vec::new();
    transfer::export(database.settings(), &STAMP, &mut text, &mut |_| ()).unwrap();
    String::from_utf8(text).unwrap()
}

fn import(database: &TestDatabase, text: &str, place: Place) -> Result<Counts, TransferError> {
    let mut source = Source::open(text.as_bytes())?;
    transfer::import(database.settings(), &mut source, place, &mut |_| Ok(()), &mut |_| ())
}

/// The same without the header, which says when and from where.
fn rows(text: &str) -> &str {
    text.split_once('\n').unwrap().1
}

/// Every value that is somebody's data.
fn cells(database: &TestDatabase) -> Cells {
    let mut cells = catalogue::cells(&mut database.connect().unwrap());
    cells.retain(|(table, _), _| !BOOKKEEPING.contains(&table.as_str()));
    cells
}

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Described {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    column: String,
    #[diesel(sql_type = Text)]
    kind: String,
    /// Its place in the primary key, from 1.
    #[diesel(sql_type = BigInt)]
    key: i64,
    #[diesel(sql_type = BigInt)]
    nullable: i64,
}

const SQLITE: &str = "
    SELECT t.name AS \"table\", c.name AS \"column\", lower(c.type) AS kind, c.pk AS key,
        NOT c.\"notnull\" AS nullable
    FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";

const POSTGRES: &str = "
    SELECT c.table_name::text AS table, c.column_name::text AS column, data_type::text AS kind,
        coalesce(k.ordinal_position, 0)::bigint AS key, (is_nullable = 'YES')::int::bigint AS nullable
    FROM information_schema.columns c
    LEFT JOIN information_schema.table_constraints t
        ON t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY'
    LEFT JOIN information_schema.key_column_usage k
        ON k.constraint_name = t.constraint_name AND k.column_name = c.column_name
    WHERE c.table_schema = 'public'";

fn described(conn: &mut Conn) -> Vec<Described> {
    match conn {
        Conn::Sqlite(inner) => sql_query(SQLITE).load(inner).unwrap(),
        Conn::Postgres(inner) => sql_query(POSTGRES).load(inner).unwrap(),
    }
}

fn kind_of(kind: &str) -> Kind {
    match kind {
        "text" => Kind::Text,
        "bigint" | "integer" => Kind::Integer,
        "boolean" => Kind::Boolean,
        other => panic!("{other}: teach transfers this type"),
    }
}

fn the_list_has_every_table_and_column(database: &TestDatabase) {
    let found = described(&mut database.connect().unwrap());
    let mut tables: BTreeMap<&str, Vec<&Described>> = BTreeMap::new();
    for column in &found {
        tables.entry(&column.table).or_default().push(column);
    }
    let aside: BTreeSet<_> = BOOKKEEPING.into();
    let there: BTreeSet<&str> = tables.keys().copied().filter(|t| !aside.contains(t)).collect();
    let listed: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
    assert_eq!(there, listed, "src/transfer/tables.rs has other tables than the database");
    for table in TABLES {
        let columns = &tables[table.name];
        let there: BTreeMap<&str, Kind> =
            columns.iter().map(|c| (c.column.as_str(), kind_of(&c.kind))).collect();
        let listed: BTreeMap<&str, Kind> =
            table.columns.iter().map(|column| (column.name, column.kind)).collect();
        assert_eq!(there.len(), listed.len(), "{}: {there:?} {listed:?}", table.name);
        assert_eq!(there, listed, "{}", table.name);
        let mut key: Vec<_> = columns.iter().filter(|column| column.key > 0).collect();
        key.sort_by_key(|column| column.key);
        let key: Vec<&str> = key.iter().map(|column| column.column.as_str()).collect();
        assert_eq!(key, table.key, "{}", table.name);
    }
}

#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
}

#[test]
fn parents_come_before_their_children() {
    let Conn::Sqlite(mut conn) = TestDatabase::sqlite().connect().unwrap() else { unreachable!() };
    let references: Vec<Reference> = sql_query(
        "SELECT t.name AS child, f.\"table\" AS parent
         FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    )
    .load(&mut conn)
    .unwrap();
    let place = |name: &str| TABLES.iter().position(|table| table.name == name).unwrap();
    assert!(references.len() > 20);
    for Reference { child, parent } in references {
        assert!(place(&parent) < place(&child), "{parent} before {child}");
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Who draws keys has to be told to go on behind those that came.
#[test]
fn only_audit_events_draw_their_keys() {
    let database = TestDatabase::postgres();
    let Conn::Postgres(mut conn) = database.connect().unwrap() else { unreachable!() };
    let drawn: Vec<Name> = sql_query(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns
         WHERE table_schema = 'public'
         AND (is_identity = 'YES' OR column_default LIKE '%nextval%')",
    )
    .load(&mut conn)
    .unwrap();
    let drawn: Vec<&str> = drawn.iter().map(|drawn| drawn.name.as_str()).collect();
    assert_eq!(drawn, ["audit_events.id"], "see DRAWN in src/transfer/tables.rs");
}

/// A value for every column: text that is hard to write down, and references to the row of the same
/// number in the table that they lead to.
fn value(table: &Table, name: &str, kind: Kind, number: i64) -> String {
    match kind {
        Kind::Integer => (number * 1_000_003 - 7).to_string(),
        Kind::Boolean => if number % 2 == 0 { "FALSE" } else { "TRUE" }.to_owned(),
        Kind::Text if name.ends_with("id") || table.key.contains(&name) => format!("'Ki{number}'"),
        Kind::Text => {
            format!("'{number} {}.{name} ''\" \\ \t\r\n é 🔑 {{\"a\":\"\\u0000\"}}'", table.name)
        }
    }
}

/// Puts rows into every table: two with a value in every column, and one with none where none need
/// be.
fn fill(database: &TestDatabase) {
    let mut conn = database.connect().unwrap();
    let columns = described(&mut TestDatabase::sqlite().connect().unwrap());
    let overriding = if database.path().is_some() { "" } else { "OVERRIDING SYSTEM VALUE " };
    for table in TABLES {
        for number in 1..=3 {
            let values: Vec<String> = table
                .columns
                .iter()
                .map(|column| {
                    let nullable = columns.iter().any(|c| {
                        c.table == table.name && c.column == column.name && c.nullable == 1
                    });
                    let empty = number == 3 && nullable;
                    if empty {
                        "NULL".to_owned()
                    } else {
                        value(table, column.name, column.kind, number)
                    }
                })
                .collect();
            let names: Vec<String> =
                table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
            let statement = format!(
                "INSERT INTO {} ({}) {overriding}VALUES ({})",
                table.name,
                names.join(", "),
                values.join(", ")
            );
            conn.batch_execute(&statement).unwrap_or_else(|why| panic!("{statement}: {why}"));
        }
    }
}

/// Another database, of the other kind.
fn other(database: &TestDatabase) -> TestDatabase {
    if database.path().is_some() { TestDatabase::postgres() } else { TestDatabase::sqlite() }
}

fn every_row_goes_there_and_back(database: &TestDatabase) {
    fill(database);
    let first = exported(database);
    assert_eq!(first.lines().count(), TABLES.len() * 3 + 2);
    let there = other(database);
    let counts = import(&there, &first, Place::Empty).unwrap();
    assert!(counts.len() == TABLES.len() && counts.values().all(|count| *count == 3), "{counts:?}");
    let second = exported(&there);
    assert_eq!(rows(&first), rows(&second));
    let back = other(&there);
    import(&back, &second, Place::Empty).unwrap();
    assert_eq!(rows(&first), rows(&exported(&back)));
    assert_eq!(cells(database), cells(&back));
    let header = Source::open(first.as_bytes()).unwrap().header().clone();
    let from = if database.path().is_some() { "sqlite" } else { "postgres" };
    assert_eq!((header.from.as_str(), header.exported_at), (from, NOW.0));
}

fn an_export_is_of_one_moment(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| vestibule_storage::client::insert(conn, &a_client("before")));
    let mut text = Vec::new();
    let mut steps = Vec::new();
    transfer::export(database.settings(), &STAMP, &mut text, &mut |step| {
        if step == Step::Table("data_keys", Some(0)) {
            write(&db, |conn| vestibule_storage::client::insert(conn, &a_client("after")));
        }
        steps.push(step);
    })
    .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\"before\"") && !text.contains("\"after\""), "{text}");
    assert_eq!(read(&db, vestibule_storage::client::list).len(), 2);
    let clients = steps.iter().position(|step| *step == Step::Table("clients", Some(1))).unwrap();
    assert_eq!(steps[clients + 1], Step::Rows(1), "{steps:?}");
}

fn note(database: &TestDatabase) -> i64 {
    let db = database.open();
    write(&db, |conn| audit::insert(conn, &AuditEvent::new(NOW, "login.succeeded", "r")));
    read(&db, |conn| audit::list_recent(conn, 1))[0].id
}

fn keys_that_the_database_draws_go_on(database: &TestDatabase) {
    fill(database);
    let there = other(database);
    import(&there, &exported(database), Place::Empty).unwrap();
    // The greatest number that `fill` wrote, and one.
    assert_eq!(note(&there), 3 * 1_000_003 - 6);
    import(database, &exported(&other(database)), Place::Replaced).unwrap();
    assert_eq!(note(database), 1, "nothing was there to go on behind");
}

fn a_database_with_rows_is_left_alone(database: &TestDatabase) {
    fill(database);
    let text = exported(database);
    let there = other(database);
    write(&there.open(), |conn| vestibule_storage::client::insert(conn, &a_client("app")));
    let before = cells(&there);
    let refused = import(&there, &text, Place::Empty).unwrap_err().to_string();
    for part in ["not empty", "clients 1", "client_origins 1", "fix: "] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert_eq!(cells(&there), before);
    let counts = transfer::occupied(there.settings()).unwrap();
    assert_eq!(counts["clients"], 1);
    assert_eq!(counts.len(), 2, "{counts:?}");
}

fn a_database_with_rows_is_replaced_if_that_is_asked(database: &TestDatabase) {
    fill(database);
    let there = other(database);
    fill(&there);
    write(&there.open(), |conn| vestibule_storage::client::insert(conn, &a_client("later")));
    // As one that the version before made: it would not find the tokens that come.
    there.lower_floor().unwrap();
    assert!(!there.open().takes_dated_tokens());
    import(&there, &exported(database), Place::Replaced).unwrap();
    assert!(there.open().takes_dated_tokens());
    assert_eq!(rows(&exported(&there)), rows(&exported(database)));
}

/// Every way in which a file can be something else than what was exported, with what is said.
fn broken(text: &str) -> Vec<(String, &'static str)> {
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let last = lines.len() - 1;
    let cut = |at: usize| String::from_utf8_lossy(&text.as_bytes()[..at]).into_owned();
    let without = |number: usize| {
        let mut rest = lines.clone();
        rest.remove(number);
        joined(&rest)
    };
    let mut swapped = lines.clone();
    swapped.swap(1, last - 1);
    let mut repeated = lines.clone();
    repeated.insert(last, lines[last - 1]);
    let header = |from: &str, to: &str| {
        assert!(lines[0].contains(from), "{}", lines[0]);
        joined(&[&[lines[0].replace(from, to).as_str()], &lines[1..]].concat())
    };
    let schema = Source::open(text.as_bytes()).unwrap().header().schema.clone();
    vec![
        (String::new(), "the file is empty"),
        (joined(&lines[..1]), "breaks off after line 1"),
        (joined(&lines[..last]), "its end is missing"),
        (cut(text.len() / 2), "is no row of an export"),
        (cut(text.len() - 9), "is no row of an export"),
        (without(3), "counts other rows"),
        (joined(&repeated), "counts other rows"),
        (joined(&swapped), "not in its place"),
        (text.replace("Ki1", "Kj1"), "the digest is not that of the rows"),
        (text.replace("\"sealed_key\":\"", "\"sealed_kex\":\""), "has not the columns"),
        (text.replace("\"created_at\":999996", "\"created_at\":\"999996\""), "of another type"),
        (text.replace("\"email_verified\":true", "\"email_verified\":1"), "of another type"),
        (text.replace("\"table\":\"users\"", "\"table\":\"losers\""), "names a table"),
        (format!("{text}\n"), "something follows the end"),
        (format!("{text}{text}"), "something follows the end"),
        (without(0), "is no export of Vestibule"),
        ("{\"vestibule_export\":1}\n".to_owned(), "is no export of Vestibule"),
        ("[]\n".to_owned(), "is no export of Vestibule"),
        (header("_export\":1", "_export\":2"), "has the format 2"),
        (header(&schema, "20990101000000"), "use that version, or a newer one"),
        (header(&schema, "20250101000000"), "import it with that version"),
        ("SQLite format 3\0 and so on".to_owned(), "use `vestibule restore`"),
        ("PGDMP\u{1}".to_owned(), "written by pg_dump"),
    ]
}

fn what_is_not_whole_changes_nothing(database: &TestDatabase) {
    let full = TestDatabase::sqlite();
    fill(&full);
    let good = exported(&full);
    for (text, part) in broken(&good) {
        for place in [Place::Empty, Place::Replaced] {
            let refused = import(database, &text, place).unwrap_err();
            let TransferError::Refused(said) = refused else { panic!("{part}: {refused:?}") };
            assert!(said.contains(part) && said.contains("fix: "), "{part}: {said}");
        }
    }
    let there = cells(database);
    let full: Vec<_> = there.iter().filter(|(_, values)| !values.is_empty()).collect();
    assert!(full.is_empty(), "{full:?}");
    import(database, &good, Place::Empty).unwrap();
}

fn what_fails_at_the_end_changes_nothing(database: &TestDatabase) {
    fill(database);
    let before = cells(database);
    let empty = exported(&other(database));
    let mut source = Source::open(empty.as_bytes()).unwrap();
    let mut finish = |conn: &mut Conn| {
        assert_eq!(vestibule_storage::client::list(conn)?.len(), 0, "the rows are in place");
        Err(StorageError::Overloaded)
    };
    let place = Place::Replaced;
    let failed =
        transfer::import(database.settings(), &mut source, place, &mut finish, &mut |_| ());
    assert!(matches!(failed, Err(TransferError::Storage(StorageError::Overloaded))), "{failed:?}");
    assert_eq!(cells(database), before);
}

fn tables_of_another_shape_are_not_exported(database: &TestDatabase) {
    database.migrate_to("20261122000000").unwrap();
    let mut text = Vec::new();
    let refused =
        transfer::export(database.settings(), &STAMP, &mut text, &mut |_| ()).unwrap_err();
    assert!(refused.to_string().contains("vestibule migrate up"), "{refused}");
    assert!(text.is_empty());
}

fn what_was_half_done_is_ended_with_the_sessions(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        browser_session::insert(conn, &a_session("s1", "cookie"))?;
        interaction::insert(conn, &an_interaction("i1"))?;
        sign_in::insert(conn, &a_sign_in("n1", "half"))?;
        verification::insert(conn, &a_verification("v1"))?;
        let trusted_until = Some(NOW.plus(86_400));
        device::insert(conn, &Device { trusted_until, ..a_device("d1", "device", "u1") })
    });
    let ended = write(&db, |conn| transfer::end_everything(conn, NOW));
    assert_eq!((ended.sessions, ended.grants), (1, 1));
    let left = read(&db, |conn| {
        Ok([
            browser_session::find(conn, &hash("cookie"))?.is_some(),
            interaction::find(conn, &InteractionId::new("i1"))?.is_some(),
            sign_in::find(conn, &hash("half"))?.is_some(),
            verification::find(conn, "v1")?.is_some(),
        ])
    });
    assert_eq!(left, [false; 4], "session, interaction, sign-in, mailed link");
    let grant = read(&db, |conn| grant::find(conn, &GrantId::new("g1"))).unwrap();
    assert_eq!(grant.revoked_at, Some(NOW));
    let devices = read(&db, |conn| device::list_of_user(conn, &UserId::new("u1")));
    assert_eq!((devices.len(), devices[0].trusted_until), (1, None));
}

/// SQLite takes a text that PostgreSQL does not; the row is named, so that somebody can mend it.
#[test]
fn a_text_that_postgres_cannot_hold_is_named() {
    let (full, there) = (TestDatabase::sqlite(), TestDatabase::postgres());
    fill(&full);
    let nul = "UPDATE users SET language = 'a' || char(0) || 'b' WHERE id = 'Ki2'";
    full.connect().unwrap().batch_execute(nul).unwrap();
    let text = exported(&full);
    assert!(text.contains("a\\u0000b"), "the export has it whole");
    let refused = import(&there, &text, Place::Empty).unwrap_err().to_string();
    for part in ["users row Ki2: language", "U+0000", "fix: "] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(transfer::occupied(there.settings()).unwrap().is_empty());
    let back = TestDatabase::sqlite();
    import(&back, &text, Place::Empty).unwrap();
    assert_eq!(rows(&exported(&back)), rows(&text));
}

#[test]
fn times_are_not_touched() {
    let full = TestDatabase::sqlite();
    fill(&full);
    let line =
        exported(&full).lines().find(|line| line.contains("\"setup_links\"")).unwrap().to_owned();
    let expected = "{\"table\":\"setup_links\",\"row\":{\"hash\":\"Ki1\",\"expires_at\":999996,\
                    \"consumed_at\":999996}}";
    assert_eq!((line.as_str(), Timestamp(999_996)), (expected, Timestamp(999_996)));
}
