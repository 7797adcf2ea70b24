//! `vestibule backup` and `vestibule restore`.

mod restore;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use vestibule_storage::{DatabaseUrl, backup as copies};

use super::new_file::NewFile;
use super::output::Output;
use super::progress::Progress;
use super::{held_keys, transfer as lines};
use crate::config::Config;
use crate::fault::Fault;

pub(super) use restore::restore;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write, which only you can read; it must not be there yet.
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
    /// End every session and revoke every grant, with its refresh tokens: a backup knows nothing of
    /// what was signed out, revoked or stolen after it. Everybody signs in again.
    #[arg(long)]
    end_sessions: bool,
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its configuration over")]
pub(super) fn backup(arguments: &Backup, config: Config, output: &mut Output) -> Result<(), Fault> {
    let path = &arguments.file;
    if path == Path::new("-") {
        let why = "a backup is a file; fix: name one, or use `vestibule export -`";
        return Err(Fault::refused(why));
    }
    let (format, bytes, rows) = match &config.database.url {
        DatabaseUrl::Sqlite { path: database } => {
            let file = NewFile::create(path)?;
            let mut progress = Progress::new(output);
            progress.doing(&format!("copying {}", database.display()), output);
            let length = database.metadata().map_or(0, |seen| seen.len());
            let copied = progress
                .while_growing(file.draft(), length, || copies::copy(database, file.draft()));
            progress.end(output);
            copied?;
            ("sqlite", file.keep()?, None)
        }
        DatabaseUrl::Postgres { .. } => {
            let (counts, bytes) = lines::to_file(&config, path, output)?;
            ("export", bytes, Some(counts))
        }
    };
    let words = format!(
        "Wrote the backup {} ({bytes} bytes). {}\nBring it back with `vestibule restore {}`.",
        path.display(),
        held_keys::not_held_words(&config),
        path.display()
    );
    let answer = json!({
        "file": path, "format": format, "bytes": bytes, "rows": rows,
        "not_held": held_keys::not_held(&config),
    });
    output.answer(&answer, &words)
}
