//! `vestibule doctor`: what is wrong with this installation, and how to mend it.

use clap::Args;

use super::output::Output;
use crate::config::{Loaded, Mistakes};
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(
    _arguments: &Arguments,
    _load: impl FnOnce() -> Result<Loaded, Mistakes>,
    _output: &mut Output,
) -> Result<(), Fault> {
    Err(Fault::refused("not there yet"))
}
