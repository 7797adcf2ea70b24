//! Whether the database can be relied on.

mod postgres;
mod sqlite;

use std::time::Duration;

use vestibule_storage::inspect::Facts;
use vestibule_storage::{DatabaseSettings, DatabaseUrl};

use super::base::{Base, Unknown};
use super::finding::Finding;
use crate::config::Config;

/// An answer that takes longer than this is slow.
const SLOW: Duration = Duration::from_millis(50);

/// What was learned of the database.
pub(super) struct Seen {
    latency: Duration,
    facts: Facts,
    /// What else there is to know of a file; `None` for a server.
    file: Option<sqlite::File>,
}

/// Asks a database that could be reached.
pub(super) async fn look(base: &Base, config: &Config, limit: Duration) -> Result<Seen, Unknown> {
    let (latency, facts) = base.ask(|lookout| Ok((lookout.latency()?, lookout.facts()?))).await?;
    let file = match &config.database.url {
        DatabaseUrl::Sqlite { path } => Some(sqlite::look(path, limit).await?),
        DatabaseUrl::Postgres { .. } => None,
    };
    Ok(Seen { latency, facts, file })
}

impl Seen {
    /// The server's clock; a file has none.
    pub(super) fn now(&self) -> Option<i64> {
        match &self.facts {
            Facts::Postgres(facts) => Some(facts.server.now),
            Facts::Sqlite(_) => None,
        }
    }
}

/// The database of `settings` cannot be reached.
pub(super) fn unreachable(settings: &DatabaseSettings, why: &str) -> Finding {
    match &settings.url {
        DatabaseUrl::Sqlite { path } => {
            let fix = if path.exists() {
                "restore the file from a backup, or let the server's user read it"
            } else {
                "the server makes it when it first starts (`vestibule serve`); if there was one, \
                 restore it, or correct database.url or data_dir"
            };
            Finding::failed("reachable", why, fix)
        }
        DatabaseUrl::Postgres { .. } => {
            Finding::failed("reachable", format!("cannot connect: {why}"), postgres::mend(why))
        }
    }
}

/// The server of `database.read_url` cannot be reached.
pub(super) fn unreachable_replica(why: &str) -> Finding {
    let told = format!("cannot connect: {why}; reads go to the primary meanwhile");
    Finding::failed("reachable", told, postgres::mend(why).replace(".url", ".read_url"))
}

pub(super) fn judge(seen: &Seen, settings: &DatabaseSettings) -> Vec<Finding> {
    let mut found = match (&seen.facts, &settings.url) {
        (Facts::Sqlite(facts), _) => sqlite::judge(facts, seen.file.as_ref()),
        (Facts::Postgres(facts), DatabaseUrl::Postgres { url }) => {
            postgres::judge(facts, url.expose(), settings.pool_size)
        }
        (Facts::Postgres(facts), DatabaseUrl::Sqlite { .. }) => postgres::judge(facts, "", 1),
    };
    found.push(latency(seen.latency));
    found
}

fn latency(latency: Duration) -> Finding {
    let told = format!("answers in {:.2} ms", latency.as_secs_f64() * 1_000.0);
    if latency > SLOW {
        let fix = "bring servers and database closer together: a sign-in asks it several times";
        return Finding::warning("latency", told, fix);
    }
    Finding::ok("latency", told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn a_slow_answer_is_worth_a_warning() {
        assert_eq!(latency(Duration::from_millis(2)).status, Status::Ok);
        assert_eq!(latency(Duration::from_millis(51)).status, Status::Warning);
        assert_eq!(latency(Duration::from_micros(1_250)).detail, "answers in 1.25 ms");
    }
}
