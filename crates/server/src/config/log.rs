//! `[log]`: what is written down, and how.

use tracing_subscriber::filter::Targets;

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "log",
    doc: "What is logged to standard output. Secrets never are.",
    keys: &[
        Key::new(
            "log.format",
            "\"auto\"",
            "\"json\" for machines, \"pretty\" for people, \"auto\" for pretty on a terminal only.",
        ),
        Key::new(
            "log.level",
            "\"info\"",
            "error, warn, info, debug or trace; also by part, as in \"info,vestibule_storage=debug\".",
        ),
    ],
};

/// What is logged.
#[derive(Clone, Debug)]
pub struct Log {
    /// Its form.
    pub format: LogFormat,
    /// Which lines.
    pub level: Targets,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

pub(super) fn read(reader: &mut Reader) -> Log {
    let format = reader.parsed("log.format", |text| match text {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        other => Err(format!("must be auto, json or pretty, not {other:?}")),
    });
    let level = reader.parsed("log.level", parse_level);
    Log { format: format.unwrap_or(LogFormat::Auto), level: level.unwrap_or_default() }
}

fn parse_level(text: &str) -> Result<Targets, String> {
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let help =
        "write error, warn, info, debug or trace, or parts like \"info,vestibule_web=debug\"";
    // The parser takes a bare unknown word for the name of a part; here it is a slip.
    if let Some(slip) = text
        .split(',')
        .map(str::trim)
        .find(|part| !part.contains('=') && !levels.contains(&part.to_lowercase().as_str()))
    {
        return Err(format!("{slip:?} is not a level: {help}"));
    }
    text.parse().map_err(|fault| format!("{text:?} is not understood ({fault}): {help}"))
}
