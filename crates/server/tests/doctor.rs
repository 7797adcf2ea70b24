//! `vestibule doctor`, on installations in every kind of trouble.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "command_line/site.rs"]
#[expect(dead_code, reason = "the other tests of the binary need more of it")]
mod site;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};
use vestibule_storage::testing::TestDatabase;

use site::{KEY, Server, Site, text};

/// What others script against.
const NAMES: [&str; 14] = [
    "configuration",
    "data_dir",
    "master_key",
    "database",
    "migrations",
    "replica",
    "redis",
    "clock",
    "issuer",
    "keys",
    "mail",
    "jobs",
    "limits",
    "instance",
];

/// What the doctor says, and its exit code. Whatever is wrong, it answers on standard output.
fn examined(site: &Site, line: &str, variables: &[(&str, &str)]) -> (Value, Option<i32>) {
    let line = format!("doctor --json --timeout 3s {line}");
    let output = site.command(&line).envs(variables.iter().copied()).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| {
        panic!("{line}: {fault}: {} {}", text(&output.stdout), text(&output.stderr));
    });
    (report, output.status.code())
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {report}"))
}

/// How a check stands, and all that it says.
fn told(report: &Value, name: &str) -> (String, String) {
    let check = check(report, name);
    let word = |member: &str| check[member].as_str().unwrap_or_default().to_owned();
    (word("status"), format!("{} | {}", word("detail"), word("fix")))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that listens where its issuer says.
fn running(site: &Site, port: u16) -> Server {
    let (issuer, listen) = (format!("http://localhost:{port}"), format!("127.0.0.1:{port}"));
    site.serve(&[("VESTIBULE__ISSUER", &issuer), ("VESTIBULE__SERVER__LISTEN", &listen)])
}

/// Every file below `folder` with its content's size and its times.
fn files(folder: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            let name = entry.path().display().to_string();
            found.insert(name, (metadata.len(), metadata.modified().unwrap()));
        }
    }
    found
}

#[test]
fn nothing_fails_where_a_server_runs_well() {
    let site = Site::new();
    let port = free_port();
    let (issuer, listen) = (format!("http://localhost:{port}"), format!("127.0.0.1:{port}"));
    let variables =
        [("VESTIBULE__ISSUER", issuer.as_str()), ("VESTIBULE__SERVER__LISTEN", listen.as_str())];
    let server = site.serve(&variables);
    let (report, code) = examined(&site, "", &variables);
    assert_eq!(
        (&report["ok"], &report["failed"], code),
        (&json!(true), &json!([]), Some(0)),
        "{report:#}"
    );
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    let names: Vec<_> = report["checks"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, NAMES);
    for name in ["configuration", "master_key", "database", "migrations", "issuer", "keys"] {
        assert_eq!(told(&report, name).0, "ok", "{:#}", check(&report, name));
    }
    for name in ["replica", "redis", "mail"] {
        assert_eq!(told(&report, name).0, "skipped", "{:#}", check(&report, name));
    }
    let (_, issuer) = told(&report, "issuer");
    for part in ["keys are the database's", "forged X-Forwarded-Host", "requests arrive from 127"] {
        assert!(issuer.contains(part), "{issuer}");
    }
    let members: Vec<_> = check(&report, "clock").as_object().unwrap().keys().collect();
    assert_eq!(members, ["name", "status", "detail", "fix", "findings"]);
    let (report, code) = examined(&site, "--production", &variables);
    assert_eq!((&report["failed"], code), (&json!(["instance"]), Some(1)), "{report:#}");
    // To whoever cannot show the master key there is nothing.
    assert!(server.get("/health/mirror").starts_with("HTTP/1.1 404"));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_server_that_does_not_run_is_told_and_nothing_is_changed() {
    let site = Site::new();
    let port = free_port();
    let server = running(&site, port);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    let (issuer, listen) = (format!("http://localhost:{port}"), format!("127.0.0.1:{port}"));
    let variables =
        [("VESTIBULE__ISSUER", issuer.as_str()), ("VESTIBULE__SERVER__LISTEN", listen.as_str())];
    let before = files(&site.path(""));
    let (report, code) = examined(&site, "", &variables);
    assert_eq!(files(&site.path("")), before, "looking changes nothing");
    assert_eq!((&report["failed"], code), (&json!(["issuer"]), Some(1)), "{report:#}");
    let (_, said) = told(&report, "issuer");
    assert!(said.contains("neither does a server on server.listen"), "{said}");
    assert!(said.contains("vestibule serve"), "{said}");
    let output = site.command("doctor").envs(variables).output().unwrap();
    let words = text(&output.stdout);
    assert!(words.contains("✗ issuer") && words.contains("fix: start the server"), "{words}");
    assert!(words.contains("– redis") && words.contains("Failed: issuer"), "{words}");
}

#[test]
fn before_the_first_start_it_says_so_and_makes_nothing() {
    let site = Site::new();
    let before = files(&site.path(""));
    let (report, code) = examined(&site, "", &[]);
    assert_eq!(files(&site.path("")), before);
    assert_eq!(code, Some(1));
    let (status, said) = told(&report, "database");
    assert_eq!(status, "failed");
    assert!(said.contains("when it first starts"), "{said}");
    for name in ["migrations", "keys", "jobs"] {
        let (status, said) = told(&report, name);
        assert_eq!(status, "skipped", "{said}");
        assert!(said.contains("database cannot be reached"), "{said}");
    }
    assert_eq!(told(&report, "master_key").0, "warning");
}

#[test]
fn tables_of_an_earlier_version_are_told() {
    let (site, database) = (Site::new(), TestDatabase::sqlite());
    database.migrate_to("20261122000000").unwrap();
    let url = database.url();
    let variables = [("VESTIBULE__DATABASE__URL", url.as_str())];
    let (report, code) = examined(&site, "--only migrations", &variables);
    assert_eq!((&report["failed"], code), (&json!(["migrations"]), Some(1)), "{report:#}");
    assert_eq!(report["checks"].as_array().unwrap().len(), 1);
    let (_, said) = told(&report, "migrations");
    assert!(said.contains("20261123000000_openid") && said.contains("migrate up"), "{said}");
    // What cannot be read for that reason is not a failure of its own.
    let (report, _) = examined(&site, "--only jobs", &variables);
    assert_ne!(told(&report, "jobs").0, "failed", "{report:#}");
}

#[test]
fn another_master_key_than_the_database_s_is_told() {
    let site = Site::new();
    site.json("keys rotate");
    let (report, code) =
        examined(&site, "--only master_key,keys", &[("VESTIBULE__KEYS__MASTER_KEY", KEY)]);
    assert_eq!((&report["failed"], code), (&json!(["master_key"]), Some(1)), "{report:#}");
    let (_, said) = told(&report, "master_key");
    assert!(said.contains("not the one this database was sealed with"), "{said}");
    assert!(!report.to_string().contains(KEY));
    fs::remove_file(site.path("data/master.key")).unwrap();
    let (report, _) = examined(&site, "--only master_key", &[]);
    let (_, said) = told(&report, "master_key");
    assert!(said.contains("is gone") && said.contains("restore master.key"), "{said}");
    assert!(!site.path("data/master.key").exists(), "no key is made");
}

#[test]
fn servers_that_are_away_are_told_without_their_passwords() {
    let site = Site::new();
    let away = free_port();
    let (database, redis) = (
        format!("postgres://vestibule:hunter2@127.0.0.1:{away}/vestibule"),
        format!("redis://vestibule:hunter2@127.0.0.1:{away}"),
    );
    let smtp = format!("smtp://vestibule:hunter2@127.0.0.1:{away}");
    let variables = [
        ("VESTIBULE__DATABASE__URL", database.as_str()),
        ("VESTIBULE__DATABASE__READ_URL", database.as_str()),
        ("VESTIBULE__REDIS__URL", redis.as_str()),
        ("VESTIBULE__MAIL__SMTP_URL", smtp.as_str()),
        ("VESTIBULE__MAIL__FROM", "id@example.com"),
    ];
    let only = "--only database,migrations,replica,redis,keys,mail,instance";
    let (report, code) = examined(&site, only, &variables);
    let failed = json!(["database", "replica", "redis", "mail"]);
    assert_eq!((&report["failed"], code), (&failed, Some(1)), "{report:#}");
    for (name, part) in [
        ("database", "start the server"),
        ("replica", "reads go to the primary"),
        ("redis", "works on without it"),
        ("mail", "mail.smtp_url"),
    ] {
        let (_, said) = told(&report, name);
        assert!(said.contains(part), "{name}: {said}");
    }
    assert_eq!(told(&report, "migrations").0, "skipped");
    assert!(!report.to_string().contains("hunter2"), "{report:#}");
}

#[test]
fn a_postgresql_server_is_looked_at() {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let url = database.url();
    let variables = [("VESTIBULE__DATABASE__URL", url.as_str())];
    let only = "--only database,migrations,clock,jobs,replica";
    let (report, _) = examined(&site, only, &variables);
    assert_eq!(report["failed"], json!([]), "{report:#}");
    let findings = check(&report, "database")["findings"].to_string();
    assert!(findings.contains("PostgreSQL 1") && findings.contains("connections in use"));
    for name in ["migrations", "clock", "jobs"] {
        assert_eq!(told(&report, name).0, "ok", "{report:#}");
    }
    // The server of the tests is fast, and forgets at a power cut.
    let (report, code) = examined(&site, "--only database --production", &variables);
    assert_eq!((&report["failed"], code), (&json!(["database"]), Some(1)), "{report:#}");
    assert!(told(&report, "database").1.contains("fsync is off"), "{report:#}");
    // It is a primary, and so no replica.
    let variables = [variables[0], ("VESTIBULE__DATABASE__READ_URL", url.as_str())];
    let (report, _) = examined(&site, "--only replica", &variables);
    assert!(told(&report, "replica").1.contains("no replica"), "{report:#}");
}

#[test]
fn a_broken_configuration_is_answered_with_every_mistake() {
    let site = Site::new();
    fs::write(site.path("bad.toml"), "isuer = 1\n[server]\nlisten = \"x\"\n").unwrap();
    let (report, code) = examined(&site, "--config bad.toml", &[]);
    assert_eq!((&report["failed"], code), (&json!(["configuration"]), Some(1)), "{report:#}");
    let (_, said) = told(&report, "configuration");
    assert!(said.contains("isuer") && said.contains("server.listen"), "{said}");
    assert_eq!(report["skipped"].as_array().unwrap().len(), NAMES.len() - 1, "{report:#}");
    let output = site.run("doctor --only nonsense");
    assert!(text(&output.stderr).contains("possible values: configuration"));
}
