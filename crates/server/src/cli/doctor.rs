//! `vestibule doctor`: what is wrong with this installation, and how to mend it.

use std::time::Duration;

use clap::{Args, builder::PossibleValuesParser};

use super::output::Output;
use crate::config::{Loaded, Mistakes, duration_in_seconds};
use crate::doctor::{NAMES, Question, Report, Status, examine};
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Judge as for a server that people rely on: what is fit for development only fails.
    #[arg(long)]
    production: bool,
    /// Make these checks only.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',',
        value_parser = PossibleValuesParser::new(NAMES))]
    only: Vec<String>,
    /// How long each look may take: at a database, a server, a name.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = limit)]
    timeout: Duration,
}

fn limit(text: &str) -> Result<Duration, String> {
    match duration_in_seconds(text)? {
        seconds @ 1..=300 => Ok(Duration::from_secs(seconds.unsigned_abs())),
        _ => Err("must be between 1s and 5m".to_owned()),
    }
}

pub(super) fn run(
    arguments: &Arguments,
    load: impl FnOnce() -> Result<Loaded, Mistakes>,
    output: &mut Output,
) -> Result<(), Fault> {
    let question = Question {
        production: arguments.production,
        only: arguments.only.clone(),
        limit: arguments.timeout,
    };
    let report: Report = examine(&load(), &question)?;
    output.answer(&report.to_json(), &report.to_words())?;
    match report.names(Status::Failed).len() {
        0 => Ok(()),
        1 => Err(Fault::refused("a check failed")),
        count => Err(Fault::refused(format!("{count} checks failed"))),
    }
}
