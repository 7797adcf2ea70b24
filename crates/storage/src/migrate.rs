//! The shape of the tables: the embedded migrations, what of them a database has, and whether this
//! program can serve on it.
//!
//! Migrations only expand, so that the previous program serves beside the next one on the next one's
//! tables. What is noted in the database about those that it has:
//! - `__diesel_schema_migrations`: those up to [`BASELINE`]. Programs of that age refuse a row there
//!   that they do not know.
//! - `schema_migrations`: those from then on.
//! - `schema_floor`: the oldest newest migration that a program may know and still serve. A migration
//!   that takes away what older programs need raises it. Programs that know no floor are kept out by a row
//!   in the first of these tables then.

#[cfg(test)]
mod lint;
mod loss;
mod plan;
mod runner;
mod sql;

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;

use crate::{
    Conn, DatabaseSettings, DatabaseUrl, StorageError,
    backup::InUse,
    connection::{self, Purpose},
    dialect::migrations as dialect,
    settings::AtStart,
};

pub use loss::Loss;
pub use plan::{Blocks, Planned, Step};

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The newest of the migrations that were there before programs could serve beside newer ones.
pub(crate) const BASELINE: &str = "20261123000000";

/// The first migration whose programs find tokens that carry the second they are from.
const DATED_TOKENS: &str = "20261125000000";

/// Tables about the database itself: what is in them is nobody's data.
pub const BOOKKEEPING: [&str; 4] =
    ["__diesel_schema_migrations", "schema_migrations", "schema_floor", "leases"];

/// A migration, as it is embedded.
#[derive(Debug)]
pub(crate) struct Migration {
    /// When it was written; sorts.
    pub(crate) version: &'static str,
    pub(crate) name: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
}

impl Migration {
    /// What people know it by.
    pub(crate) fn id(&self) -> String {
        format!("{}_{}", self.version, self.name)
    }
}

/// The newest migration that this program knows, by its time.
pub(crate) fn newest_known() -> Option<&'static str> {
    SQLITE.last().map(|newest| newest.version)
}

/// How the tables of a database stand to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The migrations that both have, oldest first, as `TIME_NAME`.
    pub applied: Vec<String>,
    /// Those that the database lacks.
    pub missing: Vec<String>,
    /// Those that only the database knows, by their time: a newer program made them.
    pub unknown: Vec<String>,
    /// The newest that this program knows, by its time.
    pub newest: String,
    /// What a program must know to serve on these tables; `None` before the first floor.
    pub floor: Option<String>,
}

impl Standing {
    /// Why this program cannot serve on these tables, even if what is missing were added.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let floor = self.floor.as_ref().filter(|floor| **floor > self.newest)?;
        Some(format!(
            "the database has been changed by a newer version of Vestibule, and serves only versions \
             that know the migration {floor}; this one knows those up to {}; fix: run the newer \
             version, or let it undo its migrations first (`vestibule migrate down`)",
            self.newest
        ))
    }

    /// Whether nothing is missing and this program can serve.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.missing.is_empty() && self.refusal().is_none()
    }

    /// Whether tokens may carry the second they are from: no program that cannot find such tokens serves
    /// on these tables.
    pub(crate) fn takes_dated_tokens(&self) -> bool {
        self.floor.as_deref().is_some_and(|floor| floor >= DATED_TOKENS)
    }

    /// What keeps a program that must not change tables from serving.
    fn lack(&self) -> Option<String> {
        if self.missing.is_empty() {
            return None;
        }
        Some(format!(
            "the database lacks {}, and database.migrate is \"check\"; fix: run `vestibule migrate \
             up` as a role that may change tables",
            self.missing.join(", ")
        ))
    }
}

/// How the tables stand. Looks only: neither a file nor a table is made.
///
/// # Errors
/// The database's.
pub fn standing(settings: &DatabaseSettings) -> Result<Standing, StorageError> {
    match opened(settings)? {
        Some(mut conn) => dialect::looked(&mut conn, standing_of),
        None => Ok(stands(SQLITE, &BTreeSet::new(), None)),
    }
}

/// Opens the database, unless it is a file that is not there.
fn opened(settings: &DatabaseSettings) -> Result<Option<Conn>, StorageError> {
    match &settings.url {
        DatabaseUrl::Sqlite { path } if !path.exists() => Ok(None),
        _ => connection::open(settings, Purpose::Migrate).map(Some),
    }
}

pub(crate) fn standing_of(conn: &mut Conn) -> Result<Standing, StorageError> {
    let tables = dialect::tables(conn)?;
    let has = |table: &str| tables.iter().any(|name| name == table);
    let mut versions = BTreeSet::new();
    for table in ["__diesel_schema_migrations", "schema_migrations"] {
        if has(table) {
            versions.extend(dialect::texts(conn, table, "version")?);
        }
    }
    let floor = if has("schema_floor") {
        dialect::texts(conn, "schema_floor", "version")?.into_iter().max()
    } else {
        None
    };
    Ok(stands(dialect::migrations(conn), &versions, floor))
}

/// Keeps programs out that do not know the migration `version`: those that know the floor, and those of
/// before it, which refuse a row that they do not know where they note theirs.
fn keep_out_before(conn: &mut Conn, version: &str) -> Result<(), StorageError> {
    Ok(conn.batch_execute(&format!(
        "UPDATE schema_floor SET version = '{version}' WHERE version < '{version}';
         INSERT INTO __diesel_schema_migrations (version) SELECT '{version}'
         WHERE NOT EXISTS (SELECT 1 FROM __diesel_schema_migrations WHERE version = '{version}');"
    ))?)
}

/// As [`keep_out_before`], for rows that come from elsewhere: tokens that carry their second may be
/// among them.
pub(crate) fn keep_out_before_dated_tokens(conn: &mut Conn) -> Result<(), StorageError> {
    keep_out_before(conn, DATED_TOKENS)
}

fn stands(known: &[Migration], versions: &BTreeSet<String>, floor: Option<String>) -> Standing {
    let (applied, missing): (Vec<_>, Vec<_>) =
        known.iter().partition(|migration| versions.contains(migration.version));
    let ids = |migrations: Vec<&Migration>| migrations.into_iter().map(Migration::id).collect();
    let is_known = |version: &&String| known.iter().any(|one| one.version == version.as_str());
    Standing {
        applied: ids(applied),
        missing: ids(missing),
        unknown: versions.iter().filter(|version| !is_known(version)).cloned().collect(),
        newest: known.last().map(|newest| newest.version.to_owned()).unwrap_or_default(),
        floor,
    }
}

/// What opening the database does first: brings the tables to this program's shape, or only looks
/// whether they have it. Returns how they stand then.
///
/// # Errors
/// [`StorageError::Migration`] says why this program cannot serve on these tables.
pub(crate) fn at_start(settings: &DatabaseSettings) -> Result<Standing, StorageError> {
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    let standing = dialect::looked(&mut conn, standing_of)?;
    if let Some(why) = standing.refusal() {
        return Err(StorageError::Migration(why));
    }
    if !standing.unknown.is_empty() {
        tracing::warn!(
            event = "migrations.newer",
            unknown = standing.unknown.join(", "),
            "a newer version has added to the tables; this one serves on them as well"
        );
    }
    match (settings.at_start, standing.lack()) {
        (_, None) => Ok(standing),
        (AtStart::Check, Some(why)) => Err(StorageError::Migration(why)),
        (AtStart::Migrate, Some(_)) => {
            runner::up(settings, &mut conn)?;
            dialect::looked(&mut conn, standing_of)
        }
    }
}

/// Runs what is missing, and returns it. Several processes may be at it at once: one works, the
/// others wait and then find nothing to do. Servers go on meanwhile.
///
/// # Errors
/// [`StorageError::Migration`]; those that ran before it stay.
pub fn up(settings: &DatabaseSettings) -> Result<Vec<String>, StorageError> {
    let _in_use = InUse::of(settings)?;
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    match dialect::looked(&mut conn, standing_of)?.refusal() {
        Some(why) => Err(StorageError::Migration(why)),
        None => runner::up(settings, &mut conn),
    }
}

/// Undoes the newest `steps` migrations, newest first, and returns them.
///
/// # Errors
/// [`StorageError::Migration`], also for those that only a newer program knows how to undo.
pub fn down(settings: &DatabaseSettings, steps: usize) -> Result<Vec<String>, StorageError> {
    let _in_use = InUse::of(settings)?;
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    let undone = to_undo(&mut conn, steps)?;
    runner::down(settings, &mut conn, &undone)
}

/// What undoing the newest `steps` migrations would lose: tables and columns that hold something.
///
/// # Errors
/// As for [`down`].
pub fn losses(settings: &DatabaseSettings, steps: usize) -> Result<Vec<Loss>, StorageError> {
    let Some(mut conn) = opened(settings)? else { return Ok(Vec::new()) };
    let undone = to_undo(&mut conn, steps)?;
    dialect::looked(&mut conn, |conn| loss::of(conn, &undone))
}

/// What [`up`] would do.
///
/// # Errors
/// The database's.
pub fn plan(settings: &DatabaseSettings) -> Result<Vec<Planned>, StorageError> {
    let Some(mut conn) = opened(settings)? else {
        return Ok(SQLITE.iter().map(plan::of_nothing).collect());
    };
    dialect::looked(&mut conn, |conn| {
        let missing = standing_of(conn)?.missing;
        let known = dialect::migrations(conn).iter();
        known
            .filter(|migration| missing.contains(&migration.id()))
            .map(|migration| plan::of(conn, migration))
            .collect()
    })
}

fn to_undo(conn: &mut Conn, steps: usize) -> Result<Vec<&'static Migration>, StorageError> {
    let standing = dialect::looked(conn, standing_of)?;
    if !standing.unknown.is_empty() {
        return Err(StorageError::Migration(format!(
            "the database has {}, which this version does not know how to undo; fix: run \
             `vestibule migrate down` of the version that made them first",
            standing.unknown.join(", ")
        )));
    }
    let applied = dialect::migrations(conn).iter().rev();
    Ok(applied.filter(|one| standing.applied.contains(&one.id())).take(steps).collect())
}

/// Undoes every migration, newest first.
#[cfg(feature = "testing")]
pub(crate) fn revert(settings: &DatabaseSettings) -> Result<(), StorageError> {
    down(settings, usize::MAX).map(drop)
}

/// Brings the tables to the shape that they had right after the migration `version`, from before or
/// from after it.
#[cfg(feature = "testing")]
pub(crate) fn move_to(settings: &DatabaseSettings, version: &str) -> Result<(), StorageError> {
    let mut conn = connection::open(settings, Purpose::Migrate)?;
    let known = dialect::migrations(&conn);
    let newer: Vec<&Migration> = known.iter().rev().filter(|one| one.version > version).collect();
    runner::down(settings, &mut conn, &newer)?;
    runner::up_to(settings, &mut conn, version).map(drop)
}
