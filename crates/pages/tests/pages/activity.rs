//! Each event of the audit log that concerns a person has its sentence on the activity page.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use vestibule_pages::ACTIVITY;

/// Events that concern nobody who could read of them, and the end of an account.
const OF_NOBODY: [&str; 14] = [
    "account.erased",
    "client.created",
    "client.deleted",
    "client.registered",
    "client.updated",
    "data_keys.rotated",
    "database.imported",
    "database.restored",
    "initial_access_token.created",
    "initial_access_token.deleted",
    "invitation.created",
    "logout.given_up",
    "logout.refused",
    "signing_keys.rotated",
];

/// Literals of the same form that name something else: what a text is sealed for.
const NO_EVENTS: [&str; 3] = ["end_session.after", "refresh_token.reply", "vestibule.db"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// Every `"some.event"` of a source that is no name of a log line (`event = "…"`).
fn events(source: &str) -> BTreeSet<&str> {
    let is_event = |text: &str| {
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        text.split_once('.').is_some_and(|(subject, verb)| word(subject) && word(verb))
    };
    let parts: Vec<&str> = source.split('"').collect();
    let literals = parts.windows(2).filter(|pair| !pair[0].trim_end().ends_with("event ="));
    literals.map(|pair| pair[1]).filter(|text| is_event(text)).collect()
}

/// The events that our sources write to the audit log.
fn written() -> BTreeSet<String> {
    let mut files = Vec::new();
    for of in ["interaction", "protocol", "server", "web"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("src"), &mut files);
    }
    let mut written = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(file).expect("UTF-8");
        // What follows are tests.
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        // Such a source makes lines, hands names to what makes them, or has them made for it.
        let makes = ["AuditEvent", "event(http, ", "misuse::event("];
        if makes.iter().any(|mark| source.contains(mark)) {
            written.extend(events(source).into_iter().map(str::to_owned));
        }
    }
    written
}

#[test]
fn every_event_has_its_sentence() {
    let told: BTreeSet<&str> = ACTIVITY.iter().map(|(event, _)| *event).collect();
    assert_eq!(told.len(), ACTIVITY.len(), "an event is there twice");
    let written = written();
    let silent: Vec<_> = written
        .iter()
        .map(String::as_str)
        .filter(|event| !told.contains(event) && !OF_NOBODY.contains(event))
        .filter(|event| !NO_EVENTS.contains(event))
        .collect();
    assert!(silent.is_empty(), "no sentence for {silent:#?}");
    let never: Vec<_> = told.iter().chain(&OF_NOBODY).filter(|e| !written.contains(**e)).collect();
    assert!(never.is_empty(), "nobody writes {never:#?}");
}

#[test]
fn events_are_found_beside_other_literals() {
    let source = r#"AuditEvent::new(now, "a_b.c", "r"); info!(event = "x.y"); "No. 1"; "toml""#;
    assert_eq!(events(source), BTreeSet::from(["a_b.c"]));
}
