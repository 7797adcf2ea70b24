//! Keys in templates and sources beside those of the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use vestibule_text::Lang;

use crate::{
    sentences,
    tree::{sources, templates},
};

/// Every `"…"` of a source that is made like a key, with what stands before it.
fn literals(source: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut parts = source.split('"').peekable();
    let mut before = parts.next().unwrap_or_default();
    while let Some(part) = parts.next() {
        let like_a_key = part.contains('-')
            && part.split('-').all(|word| {
                !word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        if like_a_key && parts.peek().is_some() {
            found.push((before, part));
        }
        before = part;
    }
    found
}

/// Whether a literal after this is handed to a function that looks it up.
fn looks_up(before: &str) -> bool {
    let before = before.trim_end();
    let calls =
        ["Message::new(", "shell.t(", "shell.ta(", "shell.rich(", "text(lang,", "format(lang,"];
    calls.iter().any(|call| before.ends_with(call))
}

fn everything() -> Vec<(std::path::PathBuf, String)> {
    let mut all = templates();
    all.extend(sources());
    all
}

#[test]
fn every_key_that_is_looked_up_exists() {
    let sentences = sentences::of(Lang::En);
    let mut missing = BTreeMap::new();
    let mut seen = 0;
    for (path, source) in everything() {
        for (before, key) in literals(&source) {
            if looks_up(before) {
                seen += 1;
                if !sentences.contains_key(key) {
                    missing.insert(key.to_owned(), path.clone());
                }
            }
        }
    }
    assert!(seen > 100, "{seen} keys: is this test out of date?");
    assert!(missing.is_empty(), "no sentence for {missing:#?}");
}

#[test]
fn every_sentence_is_used() {
    let sentences = sentences::of(Lang::En);
    let mut unused: BTreeSet<&str> = sentences.keys().map(String::as_str).collect();
    let sources = everything();
    for (_, source) in &sources {
        for (_, key) in literals(source) {
            unused.remove(key);
        }
    }
    for sentence in sentences.values() {
        for part in &sentence.parts {
            unused.remove(part.as_str());
        }
    }
    // The crate's own: `time.rs` looks these up.
    unused.retain(|key| !key.starts_with("time-"));
    assert!(unused.is_empty(), "nobody says {unused:#?}");
}

#[test]
fn literals_are_found_with_what_is_before_them() {
    let found = literals(r#"{{ shell.t("login-heading") }} id="x" Message::new("a-b")"#);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|(before, _)| looks_up(before)), "{found:?}");
    assert!(literals(r#"name="csrf_token" class="A-b" "no key""#).is_empty());
}
