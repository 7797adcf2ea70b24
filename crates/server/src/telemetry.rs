//! Logs and metrics: what an operator sees of a running server.

pub mod gauges;
pub mod json;
pub mod metrics;
pub mod pools;

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Starts the log of the server, on standard output. A second call changes nothing.
pub fn start_log(settings: &Log) {
    let pretty = match settings.format {
        LogFormat::Json => false,
        LogFormat::Pretty => true,
        LogFormat::Auto => std::io::stdout().is_terminal(),
    };
    let layer: Box<dyn Layer<Registry> + Send + Sync> = if pretty {
        let colours = std::io::stdout().is_terminal();
        Box::new(fmt::layer().compact().with_target(false).with_ansi(colours))
    } else {
        Box::new(json::layer(std::io::stdout))
    };
    let levels = quieter(settings.level.clone());
    // Fails only if there is a log already, as in tests.
    let _ = tracing_subscriber::registry().with(layer.with_filter(levels)).try_init();
}

/// The web framework tells of every worker thread; only its warnings are wanted, unless somebody
/// asked for more by name.
fn quieter(levels: Targets) -> Targets {
    if levels.default_level() <= Some(LevelFilter::WARN) {
        return levels;
    }
    let named = |name: &str| levels.iter().any(|(target, _)| target.starts_with(name));
    let unnamed: Vec<_> =
        ["actix_server", "actix_http", "mio"].into_iter().filter(|name| !named(name)).collect();
    levels.with_targets(unnamed.into_iter().map(|name| (name, LevelFilter::WARN)))
}

/// Starts the log of a command that ends by itself: warnings, on standard error, so that standard
/// output holds the answer alone.
pub fn start_command_log() {
    let layer = fmt::layer().compact().with_target(false).with_writer(std::io::stderr);
    let layer = layer.with_ansi(std::io::stderr().is_terminal());
    let _ = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::WARN)).try_init();
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_framework_is_quiet_unless_asked() {
        for (levels, told) in
            [("info", false), ("debug", false), ("info,actix_server=info", true), ("warn", false)]
        {
            let levels = quieter(levels.parse().unwrap());
            assert_eq!(levels.would_enable("actix_server::worker", &Level::INFO), told, "{levels}");
            assert!(levels.would_enable("actix_server", &Level::WARN), "{levels}");
        }
        let levels = quieter("off".parse().unwrap());
        assert!(!levels.would_enable("actix_server", &Level::WARN));
    }
}
