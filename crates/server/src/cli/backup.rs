//! `vestibule backup` and `vestibule restore`.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use crate::config::Config;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write; it must not be there yet.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `vestibule backup` or `vestibule export` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace what is in the database.
    #[arg(long)]
    yes: bool,
}

pub(super) fn backup(
    _arguments: &Backup,
    _config: Config,
    _output: &mut Output,
) -> Result<(), Fault> {
    Err(Fault::refused("not there yet"))
}

pub(super) fn restore(
    _arguments: &Restore,
    _config: Config,
    _output: &mut Output,
) -> Result<(), Fault> {
    Err(Fault::refused("not there yet"))
}
