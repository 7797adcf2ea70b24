//! `vestibule config …`: never touches the database.

use clap::Subcommand;
use serde_json::json;

use super::output::{Output, table};
use crate::config::{Loaded, Mistakes, Problem, example};
use crate::fault::Fault;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a configuration file with every key, its explanation and its default.
    Example,
    /// Look for mistakes, all at once. Exit code 0 if there are none.
    Check,
    /// Print every value that holds and where it comes from. Secrets are masked.
    Show,
}

pub(super) fn run(
    command: &Command,
    load: impl FnOnce() -> Result<Loaded, Mistakes>,
    output: &mut Output,
) -> Result<(), Fault> {
    match command {
        Command::Example => {
            let text = example();
            output.answer(&json!({ "toml": text }), &text)
        }
        Command::Check => check(load(), output),
        Command::Show => show(&load()?, output),
    }
}

fn check(loaded: Result<Loaded, Mistakes>, output: &mut Output) -> Result<(), Fault> {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(mistakes) => {
            // The verdict is the answer, so a program finds it on standard output.
            if output.is_json() {
                let problems: Vec<_> = mistakes.0.iter().map(Problem::to_json).collect();
                let verdict = json!({ "ok": false, "mistakes": problems, "warnings": [] });
                output.answer(&verdict, "")?;
            }
            return Err(mistakes.into());
        }
    };
    let warnings: Vec<_> = loaded.warnings.iter().map(Problem::to_json).collect();
    let file = loaded.file.as_ref().map(|path| path.display().to_string());
    let mut words = match &file {
        Some(path) => format!("The configuration in {path} is sound."),
        None => "There is no configuration file; the defaults are sound.".to_owned(),
    };
    for warning in &loaded.warnings {
        words.push_str("\nwarning: ");
        words.push_str(&warning.to_string());
    }
    let verdict = json!({ "ok": true, "file": file, "mistakes": [], "warnings": warnings });
    output.answer(&verdict, &words)
}

fn show(loaded: &Loaded, output: &mut Output) -> Result<(), Fault> {
    let values: serde_json::Map<_, _> = loaded
        .values
        .iter()
        .map(|shown| {
            let value = json!({ "value": shown.value, "source": shown.origin.to_string() });
            (shown.key.path.to_owned(), value)
        })
        .collect();
    let rows: Vec<Vec<String>> = loaded
        .values
        .iter()
        .map(|shown| {
            let value = shown.value.clone().unwrap_or_else(|| "(not set)".to_owned());
            vec![shown.key.path.to_owned(), value, shown.origin.to_string()]
        })
        .collect();
    output.answer(&values.into(), &table(&["KEY", "VALUE", "FROM"], &rows))
}
