//! The rules of migrations: each may run while servers of this version and of the one before read
//! and write, on tables of any size.

use std::collections::BTreeSet;

use super::{
    Migration, POSTGRES, SQLITE,
    sql::{self, Action, Statement},
};

/// Migrations from before the first release, which nobody can have been running servers beside.
const EXEMPT: [&str; 3] =
    ["20261121000000_first_tables", "20261122000000_accounts", "20261123000000_openid"];

/// What is wrong with an `up.sql`, a sentence each.
fn faults(up: &str, is_postgres: bool) -> Vec<String> {
    let statements = sql::statements(up);
    let concurrent = statements.iter().any(Statement::is_concurrent);
    let mut made: BTreeSet<String> = BTreeSet::new();
    let mut held: BTreeSet<String> = BTreeSet::new();
    let mut faults = Vec::new();
    for Statement { text, action } in &statements {
        if let Action::CreateTable { table, .. } = action {
            made.insert(table.clone());
        }
        if let Some(fault) = locks(action, &made, &mut held).filter(|_| is_postgres) {
            faults.push(format!("{text}: {fault}"));
        }
        if let Some(fault) = fault(action, &made, is_postgres) {
            faults.push(format!("{text}: {fault}"));
        }
        if concurrent && !can_run_again(action) {
            let fault = "stands beside CONCURRENTLY, so it must be one that can run again: CREATE \
                         INDEX CONCURRENTLY IF NOT EXISTS, in a migration of its own";
            faults.push(format!("{text}: {fault}"));
        }
    }
    faults
}

/// What is wrong with the locks that a statement comes to, by those that the migration has `held` since
/// its other statements: all of them until its end.
fn locks(
    action: &Action,
    made: &BTreeSet<String>,
    held: &mut BTreeSet<String>,
) -> Option<&'static str> {
    match action {
        Action::AddColumn { table, .. } | Action::AddConstraint { table, .. }
            if !made.contains(table) =>
        {
            held.insert(table.clone());
            (held.len() > 1).then_some(
                "waits for this table while it keeps everybody from another; alter one table that \
                 was there in a migration",
            )
        }
        Action::ValidateConstraint { table } => held.contains(table).then_some(
            "reads every row while this migration keeps everybody from them; do so in a later one",
        ),
        _ => None,
    }
}

fn can_run_again(action: &Action) -> bool {
    matches!(action, Action::CreateIndex { concurrently: true, if_not_exists: true, .. })
}

fn fault(action: &Action, made: &BTreeSet<String>, is_postgres: bool) -> Option<&'static str> {
    let is_new = |table: &String| made.contains(table);
    match action {
        Action::CreateIndex { table, concurrently, .. } => {
            (is_postgres && !concurrently && !is_new(table))
                .then_some("holds off every writer until it is built; write CONCURRENTLY")
        }
        Action::AddColumn { table, rest, .. } if !is_new(table) => added(rest),
        Action::AddConstraint { table, not_valid: false, .. } if !is_new(table) => Some(
            "reads every row under its lock; write NOT VALID, and VALIDATE in a later migration",
        ),
        Action::AddColumn { .. }
        | Action::AddConstraint { .. }
        | Action::CreateTable { .. }
        | Action::SetStorage { .. }
        | Action::ValidateConstraint { .. }
        | Action::Insert { values: true, .. } => None,
        Action::Insert { .. } => Some("reads tables of any size; let a job do it in batches"),
        // The floor is a row of ours.
        Action::Update { table } if table == "schema_floor" => None,
        Action::Update { .. } | Action::Delete { .. } => {
            Some("may touch any number of rows; let a job do it in batches")
        }
        Action::DropTable { .. } | Action::DropColumn { .. } | Action::DropIndex { .. } => {
            Some("takes away what the version before needs; do so one release later")
        }
        Action::Other { .. } => Some("is none of the forms whose effect is known"),
    }
}

/// What is wrong with a column for a table that has rows.
fn added(rest: &[String]) -> Option<&'static str> {
    let has = |word: &str| rest.iter().any(|token| token.eq_ignore_ascii_case(word));
    let default = sql::default_of(rest);
    let of_type = rest.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    if of_type.contains("SERIAL") {
        return Some("has another value for each row, and rewrites the table; fill it by a job");
    }
    if has("NOT") && default.is_none() {
        return Some("rows that are there have no value; give it a DEFAULT");
    }
    if has("UNIQUE") || has("PRIMARY") || has("CHECK") || has("REFERENCES") || has("GENERATED") {
        return Some("reads or rewrites every row under its lock; add it apart, NOT VALID");
    }
    let is_literal = |value: &[String]| {
        let known = ["TRUE", "FALSE", "NULL"];
        match value {
            [one] => {
                one.starts_with('\'')
                    || one.chars().all(|character| character.is_ascii_digit())
                    || known.iter().any(|word| one.eq_ignore_ascii_case(word))
            }
            _ => false,
        }
    };
    let value: Option<Vec<String>> = default.map(|value| {
        let end = value.iter().position(|token| token.eq_ignore_ascii_case("NOT"));
        value.get(..end.unwrap_or(value.len())).unwrap_or_default().to_vec()
    });
    value
        .is_some_and(|value| !is_literal(&value))
        .then_some("may be another value for each row, and rewrites the table; write a literal")
}

fn checked(migrations: &[Migration], is_postgres: bool) {
    for migration in migrations {
        if EXEMPT.contains(&migration.id().as_str()) {
            continue;
        }
        let faults = faults(migration.up, is_postgres);
        assert!(faults.is_empty(), "{}: {faults:#?}", migration.id());
    }
}

#[test]
fn every_migration_may_run_beside_servers() {
    checked(POSTGRES, true);
    checked(SQLITE, false);
}

#[test]
fn both_databases_have_the_same_migrations_in_the_same_order() {
    let ids = |all: &[Migration]| all.iter().map(Migration::id).collect::<Vec<_>>();
    assert_eq!(ids(SQLITE), ids(POSTGRES));
    assert!(SQLITE.is_sorted_by(|one, other| one.version < other.version), "{:?}", ids(SQLITE));
    for migration in SQLITE.iter().chain(POSTGRES) {
        let is_time = |version: &str| version.len() == 14 && version.parse::<u64>().is_ok();
        assert!(is_time(migration.version), "{}: 14 digits, so that they sort", migration.id());
        assert!(!sql::statements(migration.up).is_empty(), "{}", migration.id());
        assert!(!sql::statements(migration.down).is_empty(), "{}: no way back", migration.id());
    }
}

#[test]
fn nothing_is_exempt_that_is_not_there() {
    for name in EXEMPT {
        assert!(POSTGRES.iter().any(|migration| migration.id() == name), "{name}");
        assert!(name < "20261123000001", "{name}: only the baseline is exempt");
    }
}

#[test]
fn what_would_stop_servers_is_found() {
    for (bad, why) in [
        ("CREATE INDEX i ON users (a)", "CONCURRENTLY"),
        ("CREATE UNIQUE INDEX IF NOT EXISTS i ON users (a)", "CONCURRENTLY"),
        ("CREATE INDEX CONCURRENTLY i ON users (a)", "run again"),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (a); SELECT 1", "run again"),
        ("ALTER TABLE users ADD COLUMN a TEXT NOT NULL", "give it a DEFAULT"),
        ("ALTER TABLE users ADD COLUMN a BIGINT DEFAULT now()", "literal"),
        ("ALTER TABLE users ADD COLUMN a BIGINT NOT NULL DEFAULT (random())", "literal"),
        ("ALTER TABLE users ADD COLUMN a TEXT DEFAULT CURRENT_TIMESTAMP", "literal"),
        ("ALTER TABLE users ADD COLUMN a TEXT REFERENCES clients (id)", "NOT VALID"),
        ("ALTER TABLE users ADD COLUMN a TEXT UNIQUE", "NOT VALID"),
        ("ALTER TABLE users ADD COLUMN a BIGINT GENERATED ALWAYS AS IDENTITY", "rewrites"),
        ("ALTER TABLE users ADD COLUMN a BIGSERIAL", "rewrites"),
        ("ALTER TABLE users ADD COLUMN a smallserial", "rewrites"),
        ("ALTER TABLE users ADD COLUMN a SERIAL8", "rewrites"),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)", "NOT VALID"),
        (
            "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID; \
             ALTER TABLE users VALIDATE CONSTRAINT c",
            "in a later one",
        ),
        (
            "ALTER TABLE users ADD COLUMN a TEXT; ALTER TABLE users VALIDATE CONSTRAINT c",
            "in a later one",
        ),
        ("ALTER TABLE users ADD COLUMN a TEXT; ALTER TABLE clients ADD COLUMN a TEXT", "one table"),
        ("ALTER TABLE users ADD COLUMN a TEXT, ADD COLUMN b TEXT", "none of the forms"),
        ("ALTER TABLE users ALTER COLUMN a TYPE BIGINT", "none of the forms"),
        ("ALTER TABLE users ALTER COLUMN a SET NOT NULL", "none of the forms"),
        ("ALTER TABLE users RENAME COLUMN a TO b", "none of the forms"),
        ("ALTER TABLE users RENAME TO people", "none of the forms"),
        ("ALTER TABLE users DROP COLUMN a", "one release later"),
        ("DROP TABLE users", "one release later"),
        ("DROP INDEX users_a", "one release later"),
        ("UPDATE users SET a = 1", "batches"),
        ("UPDATE users SET a = 1 WHERE a IS NULL", "batches"),
        ("DELETE FROM users WHERE a = 1", "batches"),
        ("INSERT INTO t SELECT * FROM users", "batches"),
        ("LOCK TABLE users", "none of the forms"),
        ("TRUNCATE users", "none of the forms"),
        ("VACUUM users", "none of the forms"),
        ("CREATE TABLE t (a TEXT); CREATE INDEX i ON users (a)", "CONCURRENTLY"),
    ] {
        let found = faults(bad, true);
        assert!(found.iter().any(|fault| fault.contains(why)), "{bad}: {found:?}");
    }
}

#[test]
fn what_servers_do_not_notice_is_allowed() {
    for good in [
        "CREATE TABLE t (a TEXT NOT NULL REFERENCES users (id)); CREATE INDEX i ON t (a); \
         ALTER TABLE t ADD CONSTRAINT c CHECK (a <> ''); INSERT INTO t (a) VALUES ('x')",
        "ALTER TABLE users ADD COLUMN a TEXT",
        "ALTER TABLE users ADD COLUMN a TEXT; ALTER TABLE users ADD COLUMN b TEXT",
        "ALTER TABLE users ADD COLUMN a TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE users ADD COLUMN a BIGINT DEFAULT 0 NOT NULL",
        "ALTER TABLE users ADD COLUMN a BOOLEAN NOT NULL DEFAULT FALSE",
        "ALTER TABLE users SET (fillfactor = 80)",
        "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE users VALIDATE CONSTRAINT c",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (a)",
        "UPDATE schema_floor SET version = '20270101000000'",
    ] {
        assert_eq!(faults(good, true), Vec::<String>::new(), "{good}");
    }
    let sqlite = "CREATE INDEX i ON users (a)";
    assert_eq!(faults(sqlite, false), Vec::<String>::new(), "it knows no CONCURRENTLY");
}
