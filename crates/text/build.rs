//! Embeds `templates/locales/{lang}/*.ftl`: whoever adds an area drops a file into each folder.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    // Asked at run time: a target folder that two copies of the project share holds one program.
    let here = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let root = Path::new(&here).join("../../templates/locales");
    tell_cargo(&format!("rerun-if-changed={}", root.display()))?;

    let mut table = String::from("pub(crate) const FILES: &[(&str, &str)] = &[\n");
    for lang in sorted(&root)? {
        let tag = lang.file_name().and_then(|name| name.to_str()).ok_or("a folder's name")?;
        for file in sorted(&lang)? {
            if file.extension().is_some_and(|kind| kind == "ftl") {
                let full = fs::canonicalize(&file)?;
                let full = full.to_str().ok_or("the path is not UTF-8")?;
                writeln!(table, "    ({tag:?}, include_str!({full:?})),")?;
            }
        }
    }
    table.push_str("];\n");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("files.rs"), table)?;
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

/// Cargo listens on standard output; the print macros are banned by the workspace's lints.
fn tell_cargo(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "cargo::{line}")
}
