//! `vestibule export` and `vestibule import`: every row, from one database to another.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use crate::config::Config;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write; it must not be there yet.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file that `vestibule export` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn export(
    _arguments: &Export,
    _config: Config,
    _output: &mut Output,
) -> Result<(), Fault> {
    Err(Fault::refused("not there yet"))
}

pub(super) fn import(
    _arguments: &Import,
    _config: Config,
    _output: &mut Output,
) -> Result<(), Fault> {
    Err(Fault::refused("not there yet"))
}
