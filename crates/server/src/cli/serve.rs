//! `vestibule serve`.

use std::io::Write;

use crate::config::Loaded;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::setup_link::{self, SetupLink};
use crate::{run, telemetry, times, wire};

pub(super) fn run(loaded: Loaded) -> Result<(), Fault> {
    start_log(&loaded);
    let premises = Premises::open(loaded.config)?;
    wire::refuse_demo_client(&premises)?;
    let link = setup_link::offer(&premises)?;
    let wired = wire::wire(premises)?;
    actix_web::rt::System::new().block_on(run::run(wired, || link.iter().for_each(announce)))
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
