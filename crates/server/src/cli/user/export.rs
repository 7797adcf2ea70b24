//! `vestibule user export`.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;
use vestibule_model::OAuthError;
use vestibule_model::audit::AuditEvent;
use vestibule_web::data_export;

use super::Who;
use crate::cli::output::Output;
use crate::fault::Fault;
use crate::premises::Premises;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    who: Who,
    /// Write to this file, which only you can read, instead of to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(export: &Export, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let user = export.who.find(premises)?;
    let (id, now, sealer) = (user.id.clone(), premises.now(), premises.sealer());
    let written = premises.db.write(move |conn| {
        let document = data_export::document(conn, &sealer, &id, now)?;
        let event = AuditEvent::new(now, "account.exported", "command-line").of_user(&id);
        vestibule_storage::audit::insert(conn, &event)?;
        Ok::<_, OAuthError>(document)
    });
    let document = written.wait()?;
    let text = format!("{document:#}");
    let Some(path) = &export.output else { return output.answer(&document, &text) };
    write(path, &text).map_err(Fault::io(format!("cannot write {}", path.display())))?;
    let words = format!("Wrote what is kept about {} to {}.", user.username, path.display());
    output.answer(&json!({ "sub": user.id, "file": path }), &words)
}

/// Writes beside the place and then puts it there, so that no half of it is ever taken for the
/// whole. Temporary files are made with mode 0600.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    writeln!(file, "{text}")?;
    file.persist(path)?;
    Ok(())
}
