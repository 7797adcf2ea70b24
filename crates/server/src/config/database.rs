//! `[database]`: where rows live.

use std::time::Duration;

use vestibule_model::Secret;
use vestibule_storage::{AtStart, PostgresUrl};
pub use vestibule_storage::{DatabaseSettings as Database, DatabaseUrl};

use super::instance::Instance;
use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "database",
    doc: "Where users, clients and tokens are kept.",
    keys: &[
        Key::absent(
            "database.url",
            "\"postgres://vestibule:password@db.example.com/vestibule\"",
            "sqlite:PATH or postgres://…. Without it: an embedded SQLite database in data_dir.",
        )
        .secret(),
        Key::absent(
            "database.url_file",
            "\"/run/secrets/database_url\"",
            "A file that holds the URL, instead of `url`: keeps the password out of this file.",
        ),
        Key::new(
            "database.migrate",
            "\"auto\"",
            "auto: a start brings the tables up to date. check: it refuses if they lack something.",
        ),
        Key::absent(
            "database.read_url",
            "\"postgres://vestibule:password@replica.example.com/vestibule\"",
            "A streaming replica, for the few reads that may lag. The primary serves them otherwise.",
        )
        .secret(),
        Key::absent(
            "database.read_url_file",
            "\"/run/secrets/database_read_url\"",
            "A file that holds that URL, instead of `read_url`.",
        ),
        Key::new(
            "database.pool_size",
            "8",
            "Connections to the database (for SQLite: readers beside the one writer).",
        ),
        Key::new("database.read_pool_size", "4", "Connections to the replica."),
        Key::new(
            "database.max_replica_lag",
            "\"10s\"",
            "A replica that is further behind serves nothing until it has caught up.",
        ),
        Key::new(
            "database.acquire_timeout",
            "\"5s\"",
            "How long a request may wait for a connection before it is turned away (503).",
        ),
        Key::new(
            "database.connect_timeout",
            "\"3s\"",
            "How long a connection may take to come about, on each host; whole seconds, at least 2.",
        ),
        Key::new("database.statement_timeout", "\"10s\"", "How long one statement may take."),
        Key::new(
            "database.lock_timeout",
            "\"2s\"",
            "How long a statement may wait for somebody else's lock.",
        ),
        Key::new(
            "database.idle_in_transaction_timeout",
            "\"10s\"",
            "The server ends a transaction that does nothing for so long.",
        ),
        Key::new(
            "database.idle_timeout",
            "\"10m\"",
            "A connection that is unused for so long is closed; 0s: none is.",
        ),
        Key::new(
            "database.max_lifetime",
            "\"30m\"",
            "A connection is replaced before it is older; 0s: none is.",
        ),
        Key::new(
            "database.transaction_pooling",
            "false",
            "true if PgBouncer, or the like, is in between with pool_mode = transaction.",
        ),
        Key::new(
            "database.slow_statement",
            "\"1s\"",
            "A statement that takes longer is logged, without its values; 0s: none is.",
        ),
        Key::new(
            "database.queue",
            "1024",
            "Requests that may wait for the database; more are turned away at once (503).",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader, instance: &Instance) -> Database {
    let embedded = || DatabaseUrl::Sqlite { path: instance.data_dir.join("vestibule.db") };
    let url = match reader.secret("database.url") {
        None => embedded(),
        Some(secret) => parse(&secret).unwrap_or_else(|message| {
            let fix = "write sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME";
            reader.mistake("database.url", message, Some(fix.to_owned()));
            embedded()
        }),
    };
    if let DatabaseUrl::Postgres { url } = &url {
        warn_of_readers(reader, "database.url", url);
    }
    let read_url = read_url(reader, &url);
    let size = |size: i64| u32::try_from(size).unwrap_or(8);
    let queue = reader.integer("database.queue", 1..=100_000);
    let (brief, long) = (Duration::from_millis(10), Duration::from_mins(5));
    let second = Duration::from_secs(1);
    let or_never = Duration::ZERO..=Duration::from_hours(24);
    Database {
        url,
        at_start: reader.parsed("database.migrate", at_start).unwrap_or_default(),
        read_url,
        pool_size: size(reader.integer("database.pool_size", 1..=500)),
        read_pool_size: size(reader.integer("database.read_pool_size", 1..=500)),
        max_replica_lag: reader.duration("database.max_replica_lag", second..=long),
        acquire_timeout: reader.duration("database.acquire_timeout", brief..=long),
        connect_timeout: reader.duration("database.connect_timeout", brief..=long),
        statement_timeout: reader.duration("database.statement_timeout", brief..=long),
        lock_timeout: reader.duration("database.lock_timeout", brief..=long),
        idle_in_transaction_timeout: reader
            .duration("database.idle_in_transaction_timeout", brief..=long),
        idle_timeout: reader.duration("database.idle_timeout", or_never.clone()),
        max_lifetime: reader.duration("database.max_lifetime", or_never.clone()),
        transaction_pooling: reader.boolean("database.transaction_pooling"),
        slow_statement: reader.duration("database.slow_statement", or_never),
        queue: usize::try_from(queue).unwrap_or(1_024),
    }
}

fn read_url(reader: &mut Reader, primary: &DatabaseUrl) -> Option<Secret> {
    let path = "database.read_url";
    let secret = reader.secret(path)?;
    let fix = "write postgres://USER:PASSWORD@HOST/NAME";
    if let Err(message) = PostgresUrl::parse(secret.expose()) {
        reader.mistake(path, message, Some(fix.to_owned()));
        return None;
    }
    if matches!(primary, DatabaseUrl::Sqlite { .. }) {
        let fix =
            "set database.url to the PostgreSQL server that it is a replica of, or leave it out";
        reader.mistake(path, "is set, but database.url is SQLite", Some(fix.to_owned()));
        return None;
    }
    warn_of_readers(reader, path, &secret);
    Some(secret)
}

/// Warns of a server that is not on this machine and whose certificate nobody looks at.
fn warn_of_readers(reader: &mut Reader, path: &str, url: &Secret) {
    let is_protected = PostgresUrl::parse(url.expose()).is_ok_and(|url| url.is_protected());
    if !is_protected {
        let message = "does not say sslmode=verify-full: whoever is on the way to the server can read \
                       all that is stored, or pretend to be it; add ?sslmode=verify-full&sslrootcert=\
                       FILE, or sslrootcert=system if a public authority signed its certificate";
        reader.warn(path, message);
    }
}

fn at_start(text: &str) -> Result<AtStart, String> {
    match text {
        "auto" => Ok(AtStart::Migrate),
        "check" => Ok(AtStart::Check),
        other => Err(format!("must be \"auto\" or \"check\", not {other:?}")),
    }
}

/// Reads a database URL. The message never repeats it: it may hold a password.
fn parse(secret: &Secret) -> Result<DatabaseUrl, String> {
    let text = secret.expose();
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return match path {
            "" => Err("names no file after `sqlite:`".to_owned()),
            _ if path.contains(":memory:") => {
                Err("cannot be in memory: every connection would see a database of its own"
                    .to_owned())
            }
            _ if path.contains('?') => Err("takes no `?` options after the file".to_owned()),
            _ => Ok(DatabaseUrl::Sqlite { path: path.into() }),
        };
    }
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        let scheme = text.split_once(':').map_or("no scheme at all", |(scheme, _)| scheme);
        return Err(format!("starts with {scheme}, which is no database that Vestibule knows"));
    }
    PostgresUrl::parse(text)?;
    Ok(DatabaseUrl::Postgres { url: secret.clone() })
}

/// The URL with nothing in it that must stay secret.
pub(super) fn masked(text: &str) -> String {
    match PostgresUrl::parse(text) {
        Ok(url) => url.masked(),
        Err(_) if text.starts_with("sqlite:") => text.to_owned(),
        Err(_) => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        match parse(&Secret::new(text)) {
            Ok(DatabaseUrl::Sqlite { path }) => path.display().to_string(),
            Ok(DatabaseUrl::Postgres { .. }) => "postgres".to_owned(),
            Err(message) => message,
        }
    }

    #[test]
    fn both_databases_are_told_by_their_scheme() {
        assert_eq!(path("sqlite:vestibule.db"), "vestibule.db");
        assert_eq!(path("sqlite:/var/lib/v.db"), "/var/lib/v.db");
        assert_eq!(path("sqlite:///var/lib/v.db"), "/var/lib/v.db");
        assert_eq!(path("postgres://u:p@h/d"), "postgres");
        assert_eq!(path("postgresql:///d?host=/run"), "postgres");
        assert_eq!(path("postgres://u:p@h1:5432,h2:5432/d?target_session_attrs=any"), "postgres");
    }

    #[test]
    fn other_urls_are_refused_without_repeating_them() {
        for text in [
            "mysql://u:hunter2@h/d",
            "sqlite::memory:",
            "sqlite:",
            "hunter2",
            "sqlite:a?b=c",
            "postgres://u:hunter2@h:x/d",
        ] {
            assert!(parse(&Secret::new(text)).is_err(), "{text}");
            assert!(!path(text).contains("hunter2"), "{}", path(text));
        }
    }

    #[test]
    fn a_shown_url_keeps_its_password() {
        assert_eq!(masked("postgres://u:hunter2@h/d"), "postgres://u:***@h/d");
        assert_eq!(masked("postgres://h/d?password=hunter2"), "postgres://h/d?***");
        assert_eq!(masked("hunter2"), "***");
        assert_eq!(masked("sqlite:a.db"), "sqlite:a.db");
    }
}
