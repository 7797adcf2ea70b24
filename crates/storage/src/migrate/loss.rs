//! What undoing migrations would lose.

use super::{
    BOOKKEEPING, Migration,
    sql::{self, Action},
};
use crate::{Conn, StorageError, dialect::migrations as dialect};

/// A table or a column that would go, and holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The migration that would be undone, as `TIME_NAME`.
    pub migration: String,
    /// The table.
    pub table: String,
    /// The column; `None` is the whole table.
    pub column: Option<String>,
    /// How many of its rows hold something there.
    pub rows: i64,
}

pub(super) fn of(conn: &mut Conn, undone: &[&Migration]) -> Result<Vec<Loss>, StorageError> {
    let mut all: Vec<Loss> = Vec::new();
    for migration in undone {
        for statement in sql::statements(migration.down) {
            let (table, column) = match statement.action {
                Action::DropTable { table } => (table, None),
                Action::DropColumn { table, column } => (table, Some(column)),
                _ => continue,
            };
            if BOOKKEEPING.contains(&table.as_str()) {
                continue;
            }
            let condition = match &column {
                Some(column) => dialect::differs(conn, column, &default(migration, &table, column)),
                None => "1 = 1".to_owned(),
            };
            let rows = dialect::count(conn, &table, &condition)?;
            if rows > 0 {
                all.push(Loss { migration: migration.id(), table, column, rows });
            }
        }
    }
    Ok(all)
}

/// What the column held in rows that were there before it: that is no loss.
fn default(migration: &Migration, table: &str, column: &str) -> String {
    let added =
        sql::statements(migration.up).into_iter().find_map(|statement| match statement.action {
            Action::AddColumn { table: its, column: named, rest }
                if its == table && named == column =>
            {
                Some(rest)
            }
            _ => None,
        });
    let default = added.as_deref().and_then(sql::default_of).and_then(|rest| rest.first().cloned());
    default.unwrap_or_else(|| "NULL".to_owned())
}
