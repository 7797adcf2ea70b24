//! The files that the tests look at.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Our crates and templates.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `folder` whose name ends with one of `kinds`, with its text.
pub fn files(folder: &Path, kinds: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if path.is_dir() {
                waiting.push(path);
            } else if kinds.contains(&kind) {
                found.push((path.clone(), fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    found.sort();
    found
}

/// The templates of pages and mails.
pub fn templates() -> Vec<(PathBuf, String)> {
    files(&root().join("templates"), &["html", "txt"])
}

/// The sources of every crate but this one and those that are made of tests, without their tests.
pub fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(root().join("crates")).expect("a folder") {
        let krate = entry.expect("an entry").path();
        let own =
            krate.ends_with("text") || krate.ends_with("acceptance") || krate.ends_with("demo");
        if !own && krate.join("src").is_dir() {
            sources.extend(files(&krate.join("src"), &["rs"]));
        }
    }
    for (_, source) in &mut sources {
        if let Some((code, _)) = source.split_once("#[cfg(test)]\nmod ") {
            *source = code.to_owned();
        }
    }
    sources
}
