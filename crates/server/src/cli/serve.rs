//! `vestibule serve`.

use std::io::Write;
use std::mem::ManuallyDrop;

use actix_web::rt::System;

use crate::config::Loaded;
use crate::fault::Fault;
use crate::setup_link::SetupLink;
use crate::start::{self, Started};
use crate::stop::StopSignals;
use crate::{run, telemetry, times};

pub(super) fn run(loaded: Loaded) -> Result<(), Fault> {
    start_log(&loaded);
    // The process ends with the command: see `run::run` on why the system is not dropped before.
    let system = ManuallyDrop::new(System::new());
    system.block_on(async {
        let mut signals = StopSignals::take()?;
        let Some(started) = start::start(loaded.config, &mut signals).await? else {
            tracing::info!(event = "server.stopped");
            return Ok(());
        };
        let Started { wired, listening, link } = started;
        run::run(wired, listening, signals, || link.iter().for_each(announce)).await
    })
}

/// Not by the log: whoever has the link becomes administrator.
fn announce(link: &SetupLink) {
    let _ = writeln!(
        std::io::stderr(),
        "\nThere is no administrator yet. Open this address to make the first, until {}:\n\n  {}\n",
        times::written(link.expires_at),
        link.url.expose()
    );
}

/// Starts the log and writes down what the configuration makes worth saying.
pub(super) fn start_log(loaded: &Loaded) {
    telemetry::start_log(&loaded.config.log);
    for warning in &loaded.warnings {
        let key = warning.key.as_deref().unwrap_or_default();
        tracing::warn!(event = "configuration.warning", key, "{}", warning.message);
    }
}
