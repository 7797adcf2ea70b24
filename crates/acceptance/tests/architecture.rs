//! The arrows between the crates, and other rules of the tree that a compiler does not hold.

#![expect(clippy::expect_used, reason = "a test that cannot go on has to fail")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// No source file is longer, so that each can be read at one sitting.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("cargo metadata of the workspace")
}

/// Every crate of ours with what it names: in its library, binary and build script, and with
/// `with_tests` in its tests.
fn named(with_tests: bool) -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata.workspace_packages().into_iter().map(|package| {
        let named = package
            .dependencies
            .iter()
            .filter(|dependency| with_tests || dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.clone())
            .collect();
        (package.name.to_string(), named)
    });
    packages.collect()
}

/// What each crate of ours may build on. A crate that is not here has no place yet: give it one.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    const BELOW_WEB: &[&str] =
        &["model", "policy", "storage", "cache", "keys", "text", "outbound", "pages", "identity"];
    const HANDLERS: &[&str] =
        &["model", "policy", "storage", "keys", "text", "pages", "identity", "web"];
    const PROTOCOL: &[&str] =
        &["model", "policy", "storage", "keys", "text", "outbound", "pages", "identity", "web"];
    const ALL: &[&str] = &[
        "model",
        "cache",
        "policy",
        "storage",
        "keys",
        "text",
        "mail",
        "outbound",
        "pages",
        "identity",
        "web",
        "protocol",
        "interaction",
        "demo",
        "server",
    ];
    Some(match name {
        "model" | "cache" | "demo" => &[],
        "policy" | "keys" | "storage" | "text" | "mail" | "outbound" => &["model"],
        "pages" => &["model", "text"],
        "identity" => &["model", "policy", "storage", "keys"],
        "web" => BELOW_WEB,
        "protocol" => PROTOCOL,
        "interaction" => HANDLERS,
        "server" | "acceptance" => ALL,
        _ => return None,
    })
}

#[test]
fn crates_depend_downwards_only() {
    let crates = named(false);
    assert!(crates.len() >= 11, "{:?}", crates.keys());
    for (name, named) in &crates {
        let short = name.strip_prefix("vestibule-").expect("a crate of ours");
        let allowed = allowed(short).unwrap_or_else(|| panic!("{short} has no place yet"));
        for other in named.iter().filter_map(|other| other.strip_prefix("vestibule-")) {
            assert!(allowed.contains(&other), "{short} must not build on {other}");
        }
    }
}

/// The demo is a stranger's client: it knows the server over HTTP only, in its tests as well.
#[test]
fn the_demo_client_knows_nothing_of_ours() {
    let crates = named(true);
    let named = &crates["vestibule-demo"];
    assert!(named.contains("openidconnect"), "{named:?}");
    assert!(!named.iter().any(|name| name.starts_with("vestibule-")), "{named:?}");
}

/// Each outside crate that could spread is named by one crate of ours, so that it can be replaced.
#[test]
fn outside_crates_stay_where_they_belong() {
    let crates = named(false);
    let owners = [
        ("diesel", &["storage"][..]),
        ("libsqlite3-sys", &["storage"]),
        ("pq-sys", &["storage"]),
        ("r2d2", &["storage"]),
        ("redis", &["cache"]),
        ("oxide-auth", &["policy"]),
        // web renders the pages, and so meets askama's error type.
        ("askama", &["pages", "web"]),
        // acceptance is made of tests: its forger must not be the code under test.
        ("josekit", &["keys", "acceptance"]),
        ("rsa", &["keys"]),
        ("chacha20poly1305", &["keys"]),
        ("argon2", &["identity"]),
        ("fluent-bundle", &["text"]),
        ("lettre", &["mail"]),
        // What a stranger names is fetched by rules, and by one crate.
        ("hyper", &["outbound"]),
        ("reqwest", &["demo", "acceptance"]),
        ("tokio-openssl", &["mail", "outbound"]),
        ("clap", &["server"]),
        ("toml", &["server"]),
        ("openidconnect", &["demo"]),
        ("maud", &["demo"]),
    ];
    for (outside, owners) in owners {
        let naming: Vec<_> = crates
            .iter()
            .filter(|(_, named)| named.contains(outside))
            .filter_map(|(name, _)| name.strip_prefix("vestibule-"))
            .collect();
        assert!(!naming.is_empty(), "nobody names {outside}: is this test out of date?");
        for name in naming {
            assert!(owners.contains(&name), "{name} must not name {outside}");
        }
    }
}

/// The pure crates touch neither network nor runtime.
#[test]
fn pure_crates_name_no_io() {
    let crates = named(false);
    for name in ["model", "policy", "keys", "text", "pages"] {
        let named = &crates[&format!("vestibule-{name}")];
        for io in ["actix-web", "tokio", "reqwest", "diesel", "tracing-subscriber"] {
            assert!(!named.contains(io), "{name} must not name {io}");
        }
    }
}

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

/// Files that write without telling other instances what changed: nothing of that do they keep.
const UNTOLD: [(&str, &str); 13] = [
    ("web/src/state.rs", "`AppState::commit` itself, where nobody keeps anything"),
    ("interaction/src/charged.rs", "counters of guesses"),
    ("server/src/jobs/logout.rs", "deliveries"),
    ("server/src/jobs/mail.rs", "the outbox"),
    ("server/src/jobs/turn.rs", "a lease"),
    ("server/src/jobs/reseal.rs", "data keys; the rows are written with `commit`"),
    ("server/src/setup_link.rs", "a link"),
    ("server/src/data_keys.rs", "data keys"),
    ("server/src/signing_keys.rs", "signing keys, which have a watch of their own"),
    ("server/src/cli/invite.rs", "a link"),
    ("server/src/cli/user/create.rs", "an account that was not there"),
    ("server/src/cli/user/export.rs", "a line of the audit log"),
    ("server/src/cli/keys.rs", "keys"),
];

/// Instances keep clients and whether tokens live. Whoever writes with `AppState::commit` (or
/// `write`) or `Premises::write` tells them what changed, whatever that was.
#[test]
fn nobody_writes_past_the_word_of_changes() {
    let mut writers = BTreeSet::new();
    for part in ["web", "protocol", "interaction", "server"] {
        let mut files = Vec::new();
        sources(&root().join("crates").join(part).join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("UTF-8");
            let text: String = text.split_whitespace().collect();
            if ["db.write(", "db.write_once(", "db.write_noted("].iter().any(|w| text.contains(w)) {
                let file = file.strip_prefix(root().join("crates")).expect("a file of ours");
                writers.insert(file.display().to_string());
            }
        }
    }
    // Both tell.
    let known = UNTOLD.iter().map(|(file, _)| *file).chain(["server/src/premises.rs"]);
    let known: BTreeSet<String> = known.map(str::to_owned).collect();
    let new: Vec<_> = writers.difference(&known).collect();
    assert!(new.is_empty(), "{new:?}: write with `commit`, or say in UNTOLD why not");
    let gone: Vec<_> = known.difference(&writers).collect();
    assert!(gone.is_empty(), "{gone:?} write no more: is UNTOLD out of date?");
}

#[test]
fn no_source_file_is_too_long() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    assert!(files.len() > 100, "{} files", files.len());
    for file in files {
        let lines = fs::read_to_string(&file).expect("UTF-8").lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines: split it", file.display());
    }
}

/// Every crate keeps to the lints of the workspace.
#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for package in metadata().workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path).expect("a manifest");
        let takes = manifest.contains("[lints]\nworkspace = true");
        assert!(takes, "{} has lints of its own", package.name);
    }
}

fn entries(folder: &Path) -> BTreeSet<String> {
    let listing = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name in UTF-8");
    listing.map(|entry| name(entry.expect("an entry"))).collect()
}

/// A step of one database without its twin would let them part.
#[test]
fn both_databases_have_the_same_migrations() {
    let migrations = root().join("migrations");
    let (sqlite, postgres) = (migrations.join("sqlite"), migrations.join("postgres"));
    assert_eq!(entries(&sqlite), entries(&postgres));
    assert!(!entries(&sqlite).is_empty());
    for step in entries(&sqlite) {
        let both_ways = BTreeSet::from(["up.sql".to_owned(), "down.sql".to_owned()]);
        assert_eq!(entries(&sqlite.join(&step)), both_ways, "{step}");
        assert_eq!(entries(&postgres.join(&step)), both_ways, "{step}");
    }
}

/// The table of what the specifications demand comes from the tests' own annotations.
#[test]
fn the_conformance_table_is_up_to_date() {
    let page = vestibule_acceptance::conformance::render(&root()).expect("annotations that read");
    let committed = fs::read_to_string(root().join("docs/conformance.md")).unwrap_or_default();
    assert!(page == committed, "docs/conformance.md is stale: run `just docs`");
}
