//! Turns `static/` into a table of embedded files whose names carry a hash of their bytes, so
//! that a browser may keep them for ever and still never sees an old one.

use std::{
    env,
    error::Error,
    ffi::OsStr,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// The files pages link to: the constant's name, the file, what the constant is for.
const LINKED: [(&str, &str, &str); 7] = [
    ("PLAYGROUND_STYLE", "playground.css", "What the playground has beside the stylesheet."),
    ("PLAYGROUND_SCRIPT", "playground.js", "The playground's comforts."),
    ("STYLESHEET", "vestibule.css", "The stylesheet every page links."),
    ("SCRIPT", "vestibule.js", "The one script, deferred; every page works without it."),
    ("CHECK_SESSION", "check_session.js", "The script of the page in clients' frames."),
    ("FAVICON", "favicon.svg", "The icon of the browser's tab."),
    ("LOGO", "logo.svg", "The mark with its name, for README, documents and clients."),
];

fn main() -> Result<(), Box<dyn Error>> {
    // Asked at run time: a target folder that two copies of the project share holds one program.
    let here = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let root = Path::new(&here).join("../../static");
    tell_cargo(&format!("rerun-if-changed={}", root.display()))?;

    let mut files: Vec<PathBuf> =
        fs::read_dir(&root)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.is_file());
    files.sort();

    let mut table = String::from("const TABLE: &[Asset] = &[\n");
    let mut constants = String::new();
    for path in &files {
        let file = name_of(path)?;
        let hash = hash(&fs::read(path)?)?;
        let (stem, extension) = file.rsplit_once('.').ok_or(format!("{file} has no extension"))?;
        let hashed = format!("{stem}-{hash}.{extension}");
        let full = fs::canonicalize(path)?;
        let full = full.to_str().ok_or("the path is not UTF-8")?;
        writeln!(
            table,
            "    Asset {{ name: {hashed:?}, bytes: include_bytes!({:?}), content_type: {:?}, etag: {:?} }},",
            full,
            content_type(extension)?,
            format!("\"{hash}\""),
        )?;
        if let Some((constant, _, about)) = LINKED.iter().find(|(_, linked, _)| *linked == file) {
            writeln!(constants, "/// {about}\npub const {constant}: &str = {hashed:?};")?;
        }
    }
    table.push_str("];\n");

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("assets.rs"), constants + &table)?;
    Ok(())
}

fn name_of(path: &Path) -> Result<&str, Box<dyn Error>> {
    path.file_name()
        .and_then(OsStr::to_str)
        .ok_or_else(|| format!("{} is not UTF-8", path.display()).into())
}

/// The first 64 bits of SHA-256 in hex: enough to tell one version from another.
fn hash(bytes: &[u8]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(8) {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

fn content_type(extension: &str) -> Result<&'static str, String> {
    match extension {
        "css" => Ok("text/css; charset=utf-8"),
        "js" => Ok("text/javascript; charset=utf-8"),
        "svg" => Ok("image/svg+xml"),
        other => Err(format!("no content type is known for .{other}")),
    }
}

/// Cargo listens on standard output; the print macros are banned by the workspace's lints.
fn tell_cargo(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "cargo::{line}")
}
