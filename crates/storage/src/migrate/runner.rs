//! Runs and undoes migrations, while nobody else does.

use diesel::connection::SimpleConnection;

use super::{
    BASELINE, Migration, keep_out_before,
    sql::{self, Action, Statement},
    standing_of,
};
use crate::{
    Conn, DatabaseSettings, StorageError,
    connection::{self, Purpose},
    dialect::migrations as dialect,
};

/// How often a migration is tried whose locks somebody else holds; each waits two seconds.
const TRIES: usize = 30;

/// Runs what is missing. Returns what it ran.
pub(super) fn up(
    settings: &DatabaseSettings,
    conn: &mut Conn,
) -> Result<Vec<String>, StorageError> {
    // Every version is before this.
    up_to(settings, conn, "~")
}

/// Runs what is missing of those up to `version`.
pub(super) fn up_to(
    settings: &DatabaseSettings,
    conn: &mut Conn,
    version: &str,
) -> Result<Vec<String>, StorageError> {
    let wanted = |migration: &&Migration| migration.version <= version;
    let done = |conn: &mut Conn| {
        let missing = dialect::looked(conn, standing_of)?.missing;
        let known = dialect::migrations(conn).iter().filter(wanted);
        Ok(!known.into_iter().any(|one| missing.contains(&one.id())))
    };
    let Some(_lock) = locked(settings, conn, done)? else { return Ok(Vec::new()) };
    let mut ran = Vec::new();
    for migration in dialect::migrations(conn).iter().filter(wanted) {
        if run(conn, migration, Direction::Up)? {
            tracing::info!(event = "migration.done", migration = migration.id());
            ran.push(migration.id());
        }
    }
    Ok(ran)
}

/// Undoes the migrations, in their order. Returns what it undid.
pub(super) fn down(
    settings: &DatabaseSettings,
    conn: &mut Conn,
    migrations: &[&Migration],
) -> Result<Vec<String>, StorageError> {
    let Some(_lock) = locked(settings, conn, |_| Ok(false))? else { return Ok(Vec::new()) };
    let mut undone = Vec::new();
    for migration in migrations {
        if run(conn, migration, Direction::Down)? {
            tracing::info!(event = "migration.undone", migration = migration.id());
            undone.push(migration.id());
        }
    }
    Ok(undone)
}

/// A connection that holds off everybody else who migrates, as long as it lives. `None` if it turned
/// out while waiting that there is nothing left to do.
fn locked(
    settings: &DatabaseSettings,
    conn: &mut Conn,
    done: impl Fn(&mut Conn) -> Result<bool, StorageError>,
) -> Result<Option<Conn>, StorageError> {
    let mut holder = connection::open(settings, Purpose::Migrate)?;
    while !dialect::try_migration_lock(&mut holder)? {
        if done(conn)? {
            return Ok(None);
        }
        dialect::pause(&mut holder)?;
    }
    Ok(Some(holder))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// `false` if there was nothing to do. Tries again while somebody else holds the locks: waiting for
/// them any longer at a time would make everybody else wait behind us.
fn run(conn: &mut Conn, migration: &Migration, direction: Direction) -> Result<bool, StorageError> {
    let mut tries = 1;
    loop {
        match run_once(conn, migration, direction) {
            Err(StorageError::Overloaded) if tries < TRIES => {
                tries += 1;
                tracing::warn!(event = "migration.waits", migration = migration.id(), tries);
                dialect::pause(conn)?;
            }
            Err(StorageError::Overloaded) => {
                return Err(StorageError::Migration(format!(
                    "{} found its tables locked {TRIES} times; fix: look for a long transaction \
                     (pg_stat_activity), end it, and start again: nothing was changed",
                    migration.id()
                )));
            }
            Err(error) => {
                return Err(StorageError::Migration(format!("{}: {error}", migration.id())));
            }
            Ok(ran) => return Ok(ran),
        }
    }
}

fn run_once(
    conn: &mut Conn,
    migration: &Migration,
    direction: Direction,
) -> Result<bool, StorageError> {
    let text = match direction {
        Direction::Up => migration.up,
        Direction::Down => migration.down,
    };
    let statements = sql::statements(text);
    if statements.iter().any(Statement::is_concurrent) {
        return run_outside(conn, migration, direction, &statements);
    }
    dialect::settled(conn, |conn| {
        dialect::begin_step(conn)?;
        if is_there(conn, migration)? == (direction == Direction::Up) {
            return Ok(false);
        }
        match direction {
            Direction::Up => {
                conn.batch_execute(text)?;
                note(conn, migration)?;
            }
            Direction::Down => {
                // First: the table that it is noted in may be among those that go.
                forget(conn, migration)?;
                conn.batch_execute(text)?;
            }
        }
        Ok(true)
    })
}

/// Runs statements that PostgreSQL takes outside a transaction only. Each can be run again after it
/// ran, or ended half way.
fn run_outside(
    conn: &mut Conn,
    migration: &Migration,
    direction: Direction,
    statements: &[Statement],
) -> Result<bool, StorageError> {
    if dialect::looked(conn, |conn| is_there(conn, migration))? == (direction == Direction::Up) {
        return Ok(false);
    }
    for statement in statements {
        if let Action::CreateIndex { index, .. } = &statement.action {
            dialect::drop_invalid_index(conn, index)?;
        }
        conn.batch_execute(&statement.text)?;
    }
    dialect::settled(conn, |conn| {
        // Nothing held off whoever lost the first lock in the middle of this: he may be done by now.
        if is_there(conn, migration)? == (direction == Direction::Up) {
            return Ok(false);
        }
        match direction {
            Direction::Up => note(conn, migration)?,
            Direction::Down => forget(conn, migration)?,
        }
        Ok(true)
    })
}

fn is_there(conn: &mut Conn, migration: &Migration) -> Result<bool, StorageError> {
    Ok(standing_of(conn)?.applied.contains(&migration.id()))
}

/// Those of the baseline where programs of that age look for them.
fn note(conn: &mut Conn, migration: &Migration) -> Result<(), StorageError> {
    let version = migration.version;
    if version > BASELINE {
        let note = format!("INSERT INTO schema_migrations (version) VALUES ('{version}')");
        conn.batch_execute(&note)?;
        if standing_of(conn)?.floor.as_deref() == Some(version) {
            keep_out_before(conn, version)?;
        }
        return Ok(());
    }
    Ok(conn.batch_execute(&format!(
        "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
             version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
         );
         INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}');"
    ))?)
}

fn forget(conn: &mut Conn, migration: &Migration) -> Result<(), StorageError> {
    let tables = dialect::tables(conn)?;
    for table in ["__diesel_schema_migrations", "schema_migrations"] {
        if tables.iter().any(|name| name == table) {
            let version = migration.version;
            conn.batch_execute(&format!("DELETE FROM {table} WHERE version = '{version}'"))?;
        }
    }
    Ok(())
}
