//! `vestibule migrate …`.

use serde_json::Value;

use crate::site::{Site, text};

/// What `--check` answers, whatever its exit code.
fn check(site: &Site) -> (Option<i32>, Value) {
    let output = site.run("migrate --check --json");
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn a_database_is_checked_planned_and_brought_up_before_any_server_was_there() {
    let site = Site::new();
    let (code, answer) = check(&site);
    assert_eq!((code, &answer["current"]), (Some(1), &Value::Bool(false)));
    let missing = names(&answer["missing"]).len();
    assert!(missing >= 5, "{answer}");
    assert!(site.failure("migrate --check").contains("fix: run `vestibule migrate up`"));
    let plan = site.json("migrate --plan");
    assert_eq!(plan.as_array().unwrap().len(), missing);
    let step = &plan[0]["steps"][0];
    assert!(step["statement"].as_str().unwrap().starts_with("CREATE TABLE clients"), "{step}");
    assert!(!site.path("data/vestibule.db").exists(), "looking makes no file");
    assert_eq!(names(&site.json("migrate up")["ran"]).len(), missing);
    assert_eq!(names(&site.json("migrate up")["ran"]).len(), 0);
    assert_eq!(site.json("migrate --plan"), Value::Array(Vec::new()));
    let (code, answer) = check(&site);
    assert_eq!((code, &answer["current"]), (Some(0), &Value::Bool(true)));
    assert!(text(&site.run("migrate --check").stdout).contains("have this version's shape"));
}

#[test]
fn what_the_way_down_would_lose_has_to_be_agreed_to() {
    let site = Site::new();
    let create = "user create --username ana --email ana@example.com --password-file password";
    assert!(site.run(create).status.success());
    let undone = site.json("migrate down");
    assert_eq!(names(&undone["undone"]).len(), 1, "nothing is lost, so nobody is asked: {undone}");
    let refusal = site.failure("migrate down --steps 9");
    for part in ["the table users: 1 row", "the table data_keys: 1 row", "backup", "--yes"] {
        assert!(refusal.contains(part), "{part}: {refusal}");
    }
    assert_eq!(check(&site).0, Some(1));
    let undone = site.json("migrate down --steps 9 --yes");
    assert!(names(&undone["undone"]).len() >= 4, "{undone}");
    assert!(!undone["lost"].as_array().unwrap().is_empty());
    assert!(names(&check(&site).1["applied"]).is_empty());
}

#[test]
fn a_server_that_must_not_migrate_says_what_to_do() {
    let site = Site::new();
    assert!(site.run("migrate up").status.success());
    assert!(site.run("migrate down").status.success());
    let mut serve = site.command("serve");
    let refused = serve.env("VESTIBULE__DATABASE__MIGRATE", "check").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("fix: run `vestibule migrate up`"), "{refused:?}");
    assert!(site.run("migrate up").status.success());
    let server = site.serve(&[("VESTIBULE__DATABASE__MIGRATE", "check")]);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn tables_are_changed_while_a_server_runs() {
    let site = Site::new();
    let server = site.serve(&[]);
    // The newest migration adds an index only, which nobody misses.
    assert_eq!(names(&site.json("migrate down")["undone"]).len(), 1);
    assert!(server.get("/jwks").starts_with("HTTP/1.1 200"));
    assert_eq!(names(&site.json("migrate up")["ran"]).len(), 1);
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
