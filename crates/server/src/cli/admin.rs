//! `vestibule admin …`.

use clap::Subcommand;
use serde_json::json;

use super::output::Output;
use crate::config::Config;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::{setup_link, times};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a link that makes the first administrator, once.
    SetupLink,
}

pub(super) fn run(command: &Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    let premises = Premises::open(config)?;
    match command {
        Command::SetupLink => {
            let Some(link) = setup_link::offer(&premises)? else {
                return Err(Fault::refused(
                    "there is an administrator already; make more with `vestibule user create --admin`",
                ));
            };
            let url = link.url.expose();
            let end = times::written(link.expires_at);
            let words = format!(
                "Open this address to make the first administrator, until {end}:\n\n  {url}"
            );
            output.answer(&json!({ "url": url, "expires_at": link.expires_at }), &words)
        }
    }
}
