//! Databases for tests, each test alone in its own, thrown away with the value.
//!
//! PostgreSQL is the server that `VESTIBULE_TEST_POSTGRES_URL` names (a role that may create
//! databases), else a private one that this process starts from Debian's binaries and that ends
//! with it. Either way a test's database is a copy of a migrated template, which is named after the
//! migrations' content and made once.

mod private_pooler;
mod private_server;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::PathBuf,
    sync::OnceLock,
};

use diesel::{Connection, PgConnection, RunQueryDsl, connection::SimpleConnection};
use vestibule_model::Secret;

use crate::{
    DatabaseSettings, DatabaseUrl, Db, StorageError,
    connection::{self, Purpose},
    migrate,
};

/// The version that [`TestDatabase::next_release`] notes.
pub const NEXT_VERSION: &str = "29990101000000";

const NEXT_RELEASE: &str = "
    BEGIN;
    ALTER TABLE users ADD COLUMN shoe_size BIGINT NOT NULL DEFAULT 42;
    ALTER TABLE clients ADD COLUMN shoe_shop TEXT;
    ALTER TABLE grants ADD COLUMN shoes TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE refresh_tokens ADD COLUMN shoe TEXT;
    ALTER TABLE browser_sessions ADD COLUMN in_shoes BOOLEAN NOT NULL DEFAULT FALSE;
    CREATE TABLE shoes (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL);
    CREATE INDEX shoes_user_id ON shoes (user_id);
    INSERT INTO schema_migrations (version) VALUES ('29990101000000');
    COMMIT;";

/// Keeps two processes from making the same template.
const TEMPLATE_LOCK: i64 = 0x7673_7469_0003;

/// A migrated, empty database of one test. Keep the value as long as the database is used: it is
/// deleted with it.
pub struct TestDatabase {
    settings: DatabaseSettings,
    throwaway: Throwaway,
}

enum Throwaway {
    Folder { _removed_with_it: tempfile::TempDir },
    Database { name: String },
}

impl TestDatabase {
    /// A new SQLite file.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its database must fail, and say why")]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test's database");
        let path = folder.path().join("vestibule.db");
        let settings = DatabaseSettings::new(DatabaseUrl::Sqlite { path });
        migrate_at(&settings).expect("the migrations run on SQLite");
        Self { settings, throwaway: Throwaway::Folder { _removed_with_it: folder } }
    }

    /// A new PostgreSQL database.
    ///
    /// # Panics
    /// If there is no server and none can be started; the message says what to install.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its database must fail, and say why")]
    pub fn postgres() -> Self {
        let template = template();
        let name = format!("vestibule_test_{:016x}", random());
        administrate(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .expect("the test's database is copied from the template");
        let settings = postgres_settings(&name);
        Self { settings, throwaway: Throwaway::Database { name } }
    }

    /// A new PostgreSQL database behind a PgBouncer in transaction mode.
    ///
    /// # Panics
    /// If there is no server or no PgBouncer; the message says what to install.
    #[must_use]
    pub fn pooled() -> Self {
        let mut database = Self::postgres();
        if let Throwaway::Database { name } = &database.throwaway {
            let url = Secret::new(format!("{}/{name}", private_pooler::url()));
            database.settings.url = DatabaseUrl::Postgres { url };
            database.settings.transaction_pooling = true;
        }
        database
    }

    /// How to open it.
    #[must_use]
    pub const fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }

    /// The same, to be changed before [`open`](Self::open).
    pub const fn settings_mut(&mut self) -> &mut DatabaseSettings {
        &mut self.settings
    }

    /// The URL as the configuration has it: `sqlite:…` or `postgres://…`.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.settings.url {
            DatabaseUrl::Sqlite { path } => format!("sqlite:{}", path.display()),
            DatabaseUrl::Postgres { url } => url.expose().to_owned(),
        }
    }

    /// The SQLite file; `None` on PostgreSQL.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        match &self.settings.url {
            DatabaseUrl::Sqlite { path } => Some(path.clone()),
            DatabaseUrl::Postgres { .. } => None,
        }
    }

    /// Opens it.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its database must fail, and say why")]
    pub fn open(&self) -> Db {
        Db::open(&self.settings).expect("the test's database opens")
    }

    /// Brings the tables to this version's shape.
    pub fn migrate(&self) -> Result<(), StorageError> {
        migrate_at(&self.settings)
    }

    /// Undoes every migration.
    pub fn revert(&self) -> Result<(), StorageError> {
        migrate::revert(&self.settings)
    }

    /// Brings the tables to the shape that they had right after the migration `version` (its number
    /// alone), from before or from after it: a database as an earlier release left it.
    pub fn migrate_to(&self, version: &str) -> Result<(), StorageError> {
        migrate::move_to(&self.settings, version)
    }

    /// Does what the migration of a next release may do, as its program would while this one serves:
    /// adds columns, an index and a table, and notes that. For another thread: it waits for locks.
    pub fn next_release(&self) -> impl FnOnce() -> Result<(), StorageError> + Send + 'static {
        let settings = self.settings.clone();
        move || {
            let mut conn = connection::open(&settings, Purpose::Migrate)?;
            Ok(conn.batch_execute(NEXT_RELEASE)?)
        }
    }

    /// Lets the version before serve here, as on a database that it made.
    ///
    /// # Errors
    /// The database's.
    pub fn lower_floor(&self) -> Result<(), StorageError> {
        let statement = format!("UPDATE schema_floor SET version = '{}'", migrate::BASELINE);
        Ok(self.connect()?.batch_execute(&statement)?)
    }

    /// A connection of its own, beside those of [`open`](Self::open).
    pub fn connect(&self) -> Result<crate::Conn, StorageError> {
        connection::open(&self.settings, Purpose::Write)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Throwaway::Database { name } = &self.throwaway {
            // A leftover costs some disk on the test server, and a failing drop must not hide why
            // the test itself failed.
            let _ = administrate(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn migrate_at(settings: &DatabaseSettings) -> Result<(), StorageError> {
    migrate::up(settings).map(drop)
}

/// Two draws never meet: `RandomState` is seeded by the operating system.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The URL of the server's own database, without the part that names it.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "test support has no configuration file")]
        let given = std::env::var("VESTIBULE_TEST_POSTGRES_URL").ok();
        match given.filter(|url| !url.is_empty()) {
            Some(url) => Server::of(&url),
            None => Server::of(private_server::url()),
        }
    })
}

/// A `postgres://` URL around its database name.
struct Server {
    before: String,
    database: String,
    after: String,
}

impl Server {
    fn of(url: &str) -> Self {
        let (main, query) = url.split_once('?').unwrap_or((url, ""));
        let after = if query.is_empty() { String::new() } else { format!("?{query}") };
        let authority = main.find("://").map_or(0, |at| at + 3);
        let (before, database) = match main.get(authority..).and_then(|rest| rest.find('/')) {
            Some(slash) => main.split_at(authority + slash),
            None => (main, ""),
        };
        let database = match database.trim_start_matches('/') {
            "" => "postgres",
            name => name,
        };
        Self { before: before.to_owned(), database: database.to_owned(), after }
    }

    fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.before, self.after)
    }
}

fn postgres_settings(database: &str) -> DatabaseSettings {
    DatabaseSettings::new(DatabaseUrl::Postgres { url: Secret::new(server().url(database)) })
}

fn administrate(statement: &str) -> Result<(), StorageError> {
    administrator()?.batch_execute(statement)?;
    Ok(())
}

fn administrator() -> Result<PgConnection, StorageError> {
    let url = server().url(&server().database);
    PgConnection::establish(&url).map_err(|error| StorageError::Database(error.to_string()))
}

/// The template's name; made if the server has none of these migrations.
#[expect(clippy::expect_used, reason = "a test without its database must fail, and say why")]
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = concat!("vestibule_template_", env!("VESTIBULE_MIGRATIONS_FINGERPRINT"));
        make_template(name).expect("the template database is made");
        name.to_owned()
    })
}

fn make_template(name: &str) -> Result<(), StorageError> {
    let mut conn = administrator()?;
    // Released when this connection ends.
    conn.batch_execute(&format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})"))?;
    let there = diesel::sql_query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind::<diesel::sql_types::Text, _>(name)
        .execute(&mut conn)?;
    if there == 0 {
        // Renamed once it is whole, so that nobody copies half of it.
        let draft = format!("{name}_{:016x}", random());
        conn.batch_execute(&format!("CREATE DATABASE {draft}"))?;
        migrate_at(&postgres_settings(&draft))?;
        conn.batch_execute(&format!("ALTER DATABASE {draft} RENAME TO {name}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn the_database_of_a_url_can_be_exchanged() {
        for (url, database, changed) in [
            (
                "postgres://u:p@h:1/main?sslmode=disable",
                "main",
                "postgres://u:p@h:1/x?sslmode=disable",
            ),
            ("postgres://h", "postgres", "postgres://h/x"),
            ("postgres://h/", "postgres", "postgres://h/x"),
        ] {
            let server = Server::of(url);
            assert_eq!(server.database, database);
            assert_eq!(server.url("x"), changed);
        }
    }
}
