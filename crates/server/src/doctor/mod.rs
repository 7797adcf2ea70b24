//! `vestibule doctor`: what is wrong with an installation, and how to mend it.
//!
//! One file a check. Each first looks, which is I/O and bounded in time, and then judges what was
//! seen, which is a pure function of it. Nothing here changes anything: no table, no key, no file.
//! To add a check: a file, a name in [`NAMES`], a line in [`verdicts::of`], a row in
//! `docs/operations/doctor.md`.

mod base;
mod clock;
mod configuration;
mod data_dir;
mod database;
mod finding;
mod instance;
mod issuer;
mod jobs;
mod keys;
mod limits;
mod mail;
mod master_key;
mod migrations;
pub mod mirror;
mod redis;
mod replica;
mod report;
mod seen;
mod verdicts;

use std::time::Duration;

use self::seen::{Needs, Seen};
pub use self::{
    finding::{Finding, Status},
    report::{Checked, Report},
};
use crate::config::{Config, Loaded, Mistakes};
use crate::fault::Fault;

/// Every check, in the order of the report. Others script against these names.
pub const NAMES: [&str; 14] = [
    "configuration",
    "data_dir",
    "master_key",
    "database",
    "migrations",
    "replica",
    "redis",
    "clock",
    "issuer",
    "keys",
    "mail",
    "jobs",
    "limits",
    "instance",
];

/// What is asked of the doctor.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whether what is fit for development only fails.
    pub production: bool,
    /// The checks to make; empty for all of them.
    pub only: Vec<String>,
    /// How long each look may take.
    pub limit: Duration,
}

/// Makes the checks. Blocks, for little longer than two times the limit.
///
/// # Errors
/// No runtime could be started.
pub fn examine(loaded: &Result<Loaded, Mistakes>, question: &Question) -> Result<Report, Fault> {
    let mut checks = Vec::new();
    let look = loaded.as_ref().ok().map(|loaded| look(&loaded.config, question)).transpose()?;
    for name in NAMES.into_iter().filter(|name| question.asks(name)) {
        let findings = match (name, loaded, &look) {
            ("configuration", _, _) => configuration::judge(loaded),
            (_, Ok(loaded), Some(seen)) => {
                verdicts::of(name, seen, &loaded.config).unwrap_or_default()
            }
            _ => vec![Finding::skipped("settings", "the configuration has mistakes")],
        };
        let findings = if question.production {
            findings.into_iter().map(Finding::strictly).collect()
        } else {
            findings
        };
        checks.push(Checked { name, findings });
    }
    Ok(Report(checks))
}

impl Question {
    fn asks(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// Which looks it takes to answer.
    fn needs(&self) -> Needs {
        let any = |names: &[&str]| names.iter().any(|name| self.asks(name));
        Needs {
            database: any(&[
                "master_key",
                "database",
                "migrations",
                "replica",
                "clock",
                "issuer",
                "keys",
                "mail",
                "jobs",
                "instance",
            ]),
            redis: any(&["redis", "clock"]),
            smtp: any(&["mail"]),
            issuer: any(&["issuer", "clock", "limits"]),
        }
    }
}

fn look(config: &Config, question: &Question) -> Result<Seen, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Fault::io("cannot start"))?;
    let seen = runtime.block_on(Seen::look(config, question.limit, question.needs()));
    // Whoever still waits for an answer is left behind.
    runtime.shutdown_background();
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_looked_at() {
        let asked = |names: &[&str]| Question {
            production: false,
            only: names.iter().map(|name| (*name).to_owned()).collect(),
            limit: Duration::from_secs(1),
        };
        let needs = |database, redis, smtp, issuer| Needs { database, redis, smtp, issuer };
        assert_eq!(asked(&[]).needs(), needs(true, true, true, true));
        assert_eq!(
            asked(&["configuration", "data_dir"]).needs(),
            needs(false, false, false, false)
        );
        assert_eq!(asked(&["limits"]).needs(), needs(false, false, false, true));
        assert_eq!(asked(&["redis"]).needs(), needs(false, true, false, false));
        assert_eq!(asked(&["mail", "jobs"]).needs(), needs(true, false, true, false));
    }
}
