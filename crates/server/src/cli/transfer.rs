//! `vestibule export` and `vestibule import`: every row, from one database to another.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use vestibule_model::audit::AuditEvent;
use vestibule_model::{Clock, Timestamp};
use vestibule_storage::transfer::{self, Counts, Place, Source, Stamp, TransferError};

use super::held_keys;
use super::new_file::NewFile;
use super::output::Output;
use super::progress::Progress;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::fault::Fault;
use crate::premises;

/// Bytes that are read or written at a time.
const BUFFER: usize = 1 << 17;

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The file to write, which only you can read; it must not be there yet. `-` is standard output.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// A file that `vestibule export` wrote. `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl From<TransferError> for Fault {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Storage(error) => Self::Storage(error),
            TransferError::Io(source) => {
                Self::Io { doing: "the transfer broke off".into(), source }
            }
            TransferError::Refused(why) => Self::refused(why),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its configuration over")]
pub(super) fn export(arguments: &Export, config: Config, output: &mut Output) -> Result<(), Fault> {
    if arguments.file == Path::new("-") {
        let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
        return write(&config, &mut out, output).map(drop);
    }
    let (counts, bytes) = to_file(&config, &arguments.file, output)?;
    let words = format!(
        "Wrote {} rows to {}. {}",
        total(&counts),
        arguments.file.display(),
        held_keys::not_held_words(&config)
    );
    let answer = json!({
        "file": arguments.file, "format": "export", "bytes": bytes, "rows": counts,
        "not_held": held_keys::not_held(&config),
    });
    output.answer(&answer, &words)
}

/// Writes an export, whole or not at all. Returns what is in it, and its size in bytes.
pub(super) fn to_file(
    config: &Config,
    path: &Path,
    output: &mut Output,
) -> Result<(Counts, u64), Fault> {
    let mut file = NewFile::create(path)?;
    let mut out = BufWriter::with_capacity(BUFFER, file.file());
    let counts = write(config, &mut out, output)?;
    drop(out);
    Ok((counts, file.keep()?))
}

fn write(config: &Config, out: &mut dyn Write, output: &mut Output) -> Result<Counts, Fault> {
    let mut progress = Progress::new(output);
    let stamp = Stamp {
        version: env!("CARGO_PKG_VERSION"),
        now: SystemClock.now(),
        counts_first: progress.wants_totals(),
    };
    let mut watch = |step| progress.step(step, output);
    let counts = transfer::export(&config.database, &stamp, out, &mut watch);
    progress.end(output);
    Ok(counts?)
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its configuration over")]
pub(super) fn import(arguments: &Import, config: Config, output: &mut Output) -> Result<(), Fault> {
    let mut progress = Progress::new(output);
    let mut source = Source::open(reader(&arguments.file, &mut progress)?)?;
    held_keys::check(&config, source.keys())?;
    premises::make_database_folder(&config.database)?;
    let now = SystemClock.now();
    let event = AuditEvent::new(now, "database.imported", "command-line").detail(told(&source));
    let counts = transfer::import(
        &config.database,
        &mut source,
        Place::Empty,
        &mut |conn| vestibule_storage::audit::insert(conn, &event),
        &mut |step| progress.step(step, output),
    );
    progress.end(output);
    let counts = counts?;
    let words = format!(
        "Took in {} rows, {}. Servers on this database need the same master key, issuer and \
         password.pepper as before.",
        total(&counts),
        told(&source)
    );
    output.answer(&json!({ "header": source.header(), "rows": counts }), &words)
}

/// Where the rows come from, in a sentence.
pub(super) fn told<R: io::BufRead>(source: &Source<R>) -> String {
    let header = source.header();
    format!(
        "exported on {} by Vestibule {} from {}",
        crate::times::written(Timestamp(header.exported_at)),
        header.version,
        header.from
    )
}

pub(super) fn total(counts: &Counts) -> u64 {
    counts.values().sum()
}

/// Reads the file, or standard input for `-`.
pub(super) fn reader<'a>(
    path: &Path,
    progress: &mut Progress,
) -> Result<BufReader<Box<dyn Read + 'a>>, Fault> {
    let input = if path == Path::new("-") {
        progress.reading(io::stdin(), None)
    } else {
        let doing = || Fault::io(format!("cannot read {}", path.display()));
        let file = File::open(path).map_err(doing())?;
        let length = file.metadata().map_err(doing())?.len();
        progress.reading(file, Some(length))
    };
    Ok(BufReader::with_capacity(BUFFER, input))
}
