//! `vestibule migrate …`: the shape of the database's tables.

use clap::{Args, Subcommand};

use super::output::Output;
use crate::config::Config;
use crate::fault::Fault;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    /// Say whether the tables have this version's shape; the exit code is 0 only if they do.
    #[arg(long, conflicts_with = "plan")]
    check: bool,
    /// Show what `up` would do: each statement, the lock it takes and how many rows it meets.
    #[arg(long)]
    plan: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the migrations that are missing.
    Up,
    /// Undo migrations, newest first.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
        /// Undo them, though columns and their values go with them.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(
    _arguments: &Arguments,
    _config: Config,
    _output: &mut Output,
) -> Result<(), Fault> {
    Err(Fault::refused("not there yet"))
}
