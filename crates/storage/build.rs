//! Embeds the migrations, and gives test support a fingerprint of them, so that a template database
//! of older migrations is never taken for a present one.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

/// Cargo runs this in the package's folder.
const ROOT: &str = "../../migrations";

fn main() -> io::Result<()> {
    let root = Path::new(ROOT);
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = BTreeMap::new();
    collect(root, &mut files)?;
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    println!("cargo:rustc-env=VESTIBULE_MIGRATIONS_FINGERPRINT={:016x}", hasher.finish());
    let mut code = String::new();
    for folder in ["sqlite", "postgres"] {
        code.push_str(&list(&files, folder)?);
    }
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("migrations.rs"), code)
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        println!("cargo:rerun-if-changed={}", path.display());
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            let content = fs::read(&path)?;
            files.insert(path, content);
        }
    }
    Ok(())
}

/// A constant with every migration of the folder, oldest first: their names begin with their time.
fn list(files: &BTreeMap<PathBuf, Vec<u8>>, folder: &str) -> io::Result<String> {
    let mut code = format!("pub(super) const {}: &[Migration] = &[\n", folder.to_uppercase());
    for path in files.keys().filter(|path| path.ends_with("up.sql")) {
        let Ok(inside) = path.strip_prefix(Path::new(ROOT).join(folder)) else { continue };
        let name = inside.parent().and_then(Path::to_str);
        let (version, words) = name
            .and_then(|name| name.split_once('_'))
            .ok_or_else(|| io::Error::other(format!("{} is not TIME_NAME", path.display())))?;
        let file = |file: &str| {
            let file = format!("/{ROOT}/{folder}/{version}_{words}/{file}");
            format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {file:?}))")
        };
        let (up, down) = (file("up.sql"), file("down.sql"));
        let entry = format!(
            "Migration {{ version: {version:?}, name: {words:?}, up: {up}, down: {down} }},\n"
        );
        code.write_str(&entry).map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    Ok(code)
}
