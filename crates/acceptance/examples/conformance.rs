//! Prints `docs/conformance.md`.

use std::{io::Write, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = vestibule_acceptance::conformance::render(&root);
    let done = page.and_then(|page| {
        std::io::stdout().write_all(page.as_bytes()).map_err(|fault| fault.to_string())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}
