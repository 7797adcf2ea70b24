//! The embedded migrations.

use diesel::{Connection, migration::Migration};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{Conn, StorageError, dialect};

/// SQLite's migrations. Names are the same as PostgreSQL's.
pub(crate) const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
/// PostgreSQL's migrations.
pub(crate) const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// Runs what is missing. Several processes may start at once: one works, the others wait and then
/// find nothing to do.
pub(crate) fn run(conn: &mut Conn) -> Result<(), StorageError> {
    dialect::run_migrations(conn).map_err(|error| StorageError::Migration(error.to_string()))
}

/// Undoes every migration, newest first.
#[cfg(feature = "testing")]
pub(crate) fn revert(conn: &mut Conn) -> Result<(), StorageError> {
    dialect::revert_migrations(conn).map_err(|error| StorageError::Migration(error.to_string()))
}

/// Brings the tables to the shape that they had right after the migration `version`, from before or
/// from after it.
#[cfg(feature = "testing")]
pub(crate) fn move_to(conn: &mut Conn, version: &str) -> Result<(), StorageError> {
    dialect::move_migrations(conn, version)
        .map_err(|error| StorageError::Migration(error.to_string()))
}

/// The same on one of the databases.
#[cfg(feature = "testing")]
pub(crate) fn move_on<C>(
    conn: &mut C,
    migrations: fn() -> EmbeddedMigrations,
    version: &str,
) -> diesel::migration::Result<()>
where
    C: Connection + MigrationHarness<C::Backend>,
    EmbeddedMigrations: diesel::migration::MigrationSource<C::Backend>,
{
    let target = diesel::migration::MigrationVersion::from(version);
    // Newest first.
    while conn.applied_migrations()?.first().is_some_and(|newest| *newest > target) {
        conn.revert_last_migration(migrations())?;
    }
    for missing in conn.pending_migrations(migrations())? {
        if missing.name().version() <= target {
            conn.run_migration(&missing)?;
        }
    }
    Ok(())
}

/// Runs what is missing of `migrations`, and refuses a database that a newer program has changed.
pub(crate) fn run_on<C>(
    conn: &mut C,
    migrations: EmbeddedMigrations,
) -> diesel::migration::Result<()>
where
    C: Connection + MigrationHarness<C::Backend>,
    EmbeddedMigrations: diesel::migration::MigrationSource<C::Backend>,
{
    let known: Vec<Box<dyn Migration<C::Backend>>> =
        diesel::migration::MigrationSource::migrations(&migrations)?;
    for applied in conn.applied_migrations()? {
        if !known.iter().any(|migration| migration.name().version() == applied) {
            return Err(format!(
                "the database has the migration {applied}, which this version of Vestibule does \
                 not know: it was last used by a newer one"
            )
            .into());
        }
    }
    conn.run_pending_migrations(migrations)?;
    Ok(())
}
