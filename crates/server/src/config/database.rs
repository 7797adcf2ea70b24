//! `[database]`: where rows live.

use std::time::Duration;

use url::Url;
use vestibule_model::Secret;
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
            "database.pool_size",
            "8",
            "Connections to the database (for SQLite: readers beside the one writer).",
        ),
        Key::new(
            "database.acquire_timeout",
            "\"5s\"",
            "How long a request may wait for a connection before it is turned away.",
        ),
        Key::new(
            "database.statement_timeout",
            "\"10s\"",
            "How long one statement may take, and how long a lock may be waited for.",
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
    let pool_size = reader.integer("database.pool_size", 1..=500);
    let queue = reader.integer("database.queue", 1..=100_000);
    let (brief, long) = (Duration::from_millis(10), Duration::from_mins(5));
    Database {
        url,
        pool_size: u32::try_from(pool_size).unwrap_or(8),
        acquire_timeout: reader.duration("database.acquire_timeout", brief..=long),
        statement_timeout: reader.duration("database.statement_timeout", brief..=long),
        queue: usize::try_from(queue).unwrap_or(1_024),
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
    match Url::parse(text) {
        Ok(_) => Ok(DatabaseUrl::Postgres { url: secret.clone() }),
        Err(fault) => Err(format!("is not a URL ({fault})")),
    }
}

/// The URL with nothing in it that must stay secret.
pub(super) fn masked(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if text.starts_with("postgres") => {
            let hides = url.password().is_some() && url.set_password(Some("***")).is_err();
            if url.query().is_some() {
                url.set_query(Some("***"));
            }
            if hides { "***".to_owned() } else { url.to_string() }
        }
        _ if text.starts_with("sqlite:") => text.to_owned(),
        _ => "***".to_owned(),
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
    }

    #[test]
    fn other_urls_are_refused_without_repeating_them() {
        for text in
            ["mysql://u:hunter2@h/d", "sqlite::memory:", "sqlite:", "hunter2", "sqlite:a?b=c"]
        {
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
