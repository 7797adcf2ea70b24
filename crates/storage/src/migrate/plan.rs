//! What a migration would do to those who use the tables meanwhile.

use std::collections::BTreeSet;

use super::{
    Migration,
    sql::{self, Action},
};
use crate::{Conn, StorageError, dialect::migrations as dialect};

/// A migration that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name, `TIME_NAME`.
    pub migration: String,
    /// Whether all of it happens or nothing; else each statement can be run again.
    pub in_one_transaction: bool,
    /// Its statements.
    pub steps: Vec<Step>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its text, on one line.
    pub statement: String,
    /// The table that was there before and that it locks.
    pub table: Option<String>,
    /// The lock, by the name that the database's manual gives it.
    pub lock: &'static str,
    /// Whom that lock keeps waiting while the statement runs.
    pub blocks: Blocks,
    /// How long it takes, in words.
    pub takes: &'static str,
    /// About how many rows the table has.
    pub rows: Option<i64>,
}

/// Whom a lock keeps waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// Nobody who reads or writes rows.
    Nobody,
    /// Those who write.
    Writes,
    /// Those who read and those who write.
    ReadsAndWrites,
}

impl Blocks {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Writes => "writes",
            Self::ReadsAndWrites => "reads and writes",
        }
    }
}

const AT_ONCE: &str = "no time: only the catalogue changes";
const BY_ROWS: &str = "as long as reading the whole table";

/// A lock and what is to be known about it.
struct Effect {
    table: Option<String>,
    lock: &'static str,
    blocks: Blocks,
    takes: &'static str,
}

fn effect(table: String, lock: &'static str, blocks: Blocks, takes: &'static str) -> Effect {
    Effect { table: Some(table), lock, blocks, takes }
}

/// What PostgreSQL does (its manual, 13.3.1 and the page of each statement).
fn on_postgres(action: Action) -> Effect {
    use Blocks::{Nobody, ReadsAndWrites, Writes};
    match action {
        Action::CreateTable { references, .. } => match references.into_iter().next() {
            Some(other) => effect(other, "SHARE ROW EXCLUSIVE", Writes, AT_ONCE),
            None => Effect { table: None, lock: "none", blocks: Nobody, takes: AT_ONCE },
        },
        Action::CreateIndex { table, concurrently: true, .. }
        | Action::ValidateConstraint { table } => {
            effect(table, "SHARE UPDATE EXCLUSIVE", Nobody, BY_ROWS)
        }
        Action::CreateIndex { table, .. } => effect(table, "SHARE", Writes, BY_ROWS),
        Action::AddColumn { table, .. } | Action::DropColumn { table, .. } => {
            effect(table, "ACCESS EXCLUSIVE", ReadsAndWrites, AT_ONCE)
        }
        Action::AddConstraint { table, not_valid, references } => {
            let takes = if not_valid { AT_ONCE } else { BY_ROWS };
            match references {
                Some(_) => effect(table, "SHARE ROW EXCLUSIVE", Writes, takes),
                None => effect(table, "ACCESS EXCLUSIVE", ReadsAndWrites, takes),
            }
        }
        Action::SetStorage { table } => effect(table, "SHARE UPDATE EXCLUSIVE", Nobody, AT_ONCE),
        Action::Insert { table, .. } => effect(table, "ROW EXCLUSIVE", Nobody, AT_ONCE),
        Action::Update { table } | Action::Delete { table } => {
            effect(table, "ROW EXCLUSIVE", Nobody, BY_ROWS)
        }
        Action::DropTable { table } => effect(table, "ACCESS EXCLUSIVE", ReadsAndWrites, AT_ONCE),
        Action::DropIndex { index, concurrently: true } => {
            effect(index, "SHARE UPDATE EXCLUSIVE", Nobody, AT_ONCE)
        }
        Action::DropIndex { index, .. } => {
            effect(index, "ACCESS EXCLUSIVE", ReadsAndWrites, AT_ONCE)
        }
        Action::Other { table } => {
            Effect { table, lock: "ACCESS EXCLUSIVE", blocks: ReadsAndWrites, takes: BY_ROWS }
        }
    }
}

/// SQLite has one lock for all who write; whoever reads goes on (WAL).
fn on_sqlite(action: Action) -> Effect {
    let Effect { table, takes, .. } = on_postgres(action);
    Effect { table, lock: "the database's write lock", blocks: Blocks::Writes, takes }
}

/// The plan for a database that holds nothing yet.
pub(super) fn of_nothing(migration: &Migration) -> Planned {
    planned(migration, on_sqlite, |_| Ok(None)).unwrap_or_else(|_: StorageError| Planned {
        migration: migration.id(),
        in_one_transaction: true,
        steps: Vec::new(),
    })
}

pub(super) fn of(conn: &mut Conn, migration: &Migration) -> Result<Planned, StorageError> {
    let there = dialect::tables(conn)?;
    let effect = if dialect::is_server(conn) { on_postgres } else { on_sqlite };
    planned(migration, effect, |table| {
        let known = there.iter().any(|name| name == table);
        known.then(|| dialect::estimate(conn, table)).transpose()
    })
}

fn planned(
    migration: &Migration,
    effect: fn(Action) -> Effect,
    mut rows: impl FnMut(&str) -> Result<Option<i64>, StorageError>,
) -> Result<Planned, StorageError> {
    let statements = sql::statements(migration.up);
    let in_one_transaction = !statements.iter().any(sql::Statement::is_concurrent);
    let mut made = BTreeSet::new();
    let mut steps = Vec::new();
    for statement in statements {
        if let Action::CreateTable { table, .. } = &statement.action {
            made.insert(table.clone());
        }
        let Effect { table, lock, blocks, takes } = effect(statement.action);
        // Nobody else knows a table yet that this migration makes.
        let table = table.filter(|table| !made.contains(table));
        let rows = table.as_deref().map(&mut rows).transpose()?.flatten();
        let (lock, blocks) = match &table {
            None if lock != "the database's write lock" => ("none", Blocks::Nobody),
            _ => (lock, blocks),
        };
        let takes = if table.is_none() { AT_ONCE } else { takes };
        steps.push(Step { statement: statement.text, table, lock, blocks, takes, rows });
    }
    Ok(Planned { migration: migration.id(), in_one_transaction, steps })
}
