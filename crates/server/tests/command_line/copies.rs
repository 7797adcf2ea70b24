//! `vestibule export`, `import`, `backup` and `restore`: what they write, and what they refuse.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use crate::restore_drill::House;
use crate::site::{KEY, Site, text};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Names in the data folder that have nothing to do with the database in use.
fn leftovers(site: &Site) -> Vec<String> {
    // A command that ends at once may leave the log to the next one.
    let usual =
        ["vestibule.db", "vestibule.db-wal", "vestibule.db-shm", "vestibule.db.lock", "master.key"];
    let entries = fs::read_dir(site.path("data")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !usual.contains(&name.as_str())).collect()
}

/// A site with a client, and so with a database, a master key and a data key.
fn lived_in() -> Site {
    let site = Site::new();
    site.json("client create --client-id app --redirect-uri https://app.example/cb");
    site.json("keys rotate");
    site
}

#[test]
fn copies_are_their_owners_alone_and_take_nobodys_place() {
    let site = lived_in();
    for line in ["backup one", "export two"] {
        let name = line.split(' ').nth(1).unwrap();
        let made = site.json(line);
        assert_eq!(mode(&site.path(name)), 0o600, "{line}");
        assert_eq!(made["bytes"], fs::metadata(site.path(name)).unwrap().len());
        assert_eq!(made["not_held"][0], "data/master.key", "{made}");
        assert!(site.failure(line).contains("is there already"), "{line}");
    }
    let said = text(&site.run("backup three").stdout);
    assert!(said.contains("data/master.key") && said.contains("vestibule restore"), "{said}");
    let said = site.failure("backup nowhere/four");
    assert!(said.contains("nowhere"), "{said}");
    let drafts = fs::read_dir(site.path("."))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(drafts.count(), 0);
}

#[test]
fn where_there_is_no_database_there_is_nothing_to_copy() {
    let site = Site::new();
    for line in ["backup b", "export e"] {
        assert!(site.failure(line).contains("there is no database at data/vestibule.db"), "{line}");
    }
    assert!(!site.path("data").exists() && !site.path("b").exists() && !site.path("e").exists());
}

#[test]
fn a_stream_goes_from_one_database_to_another() {
    let site = lived_in();
    let out = site.run("export -");
    assert!(out.status.success());
    assert!(out.stdout.starts_with(b"{\"vestibule_export\":1,"), "{}", text(&out.stdout));
    let other = Site::new();
    fs::create_dir(other.path("data")).unwrap();
    fs::copy(site.path("data/master.key"), other.path("data/master.key")).unwrap();
    let mut import = other.command("import - --json");
    let import = import.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = import.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&out.stdout).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "no progress beside JSON: {}", text(&output.stderr));
    assert_eq!(other.json("client list"), site.json("client list"));
    assert_eq!(other.json("keys list"), site.json("keys list"));
    let said = other.rows(|conn| vestibule_storage::audit::list_recent(conn, 1));
    assert_eq!(said[0].event, "database.imported");
    assert!(said[0].detail.contains("from sqlite"), "{}", said[0].detail);
}

#[test]
fn progress_is_told_in_lines_where_nobody_sees_a_bar() {
    let site = lived_in();
    let output = site.run("export e");
    let said = text(&output.stderr);
    assert!(said.contains("data_keys: 1\n") && said.contains("clients: 1\n"), "{said}");
    assert!(!said.contains("users"), "only tables with rows: {said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn rows_are_taken_in_by_an_empty_database_only() {
    let site = lived_in();
    site.json("export e");
    let said = site.failure("import e");
    assert!(said.contains("clients 1") && said.contains("restore FILE --yes"), "{said}");
}

#[test]
fn the_master_key_has_to_be_the_one_of_before() {
    let site = lived_in();
    site.json("export e");
    site.json("backup b");
    for line in ["import e", "restore e", "restore b"] {
        let other = Site::new();
        let name = line.split(' ').nth(1).unwrap();
        fs::copy(site.path(name), other.path(name)).unwrap();
        let said = other.failure(line);
        assert!(said.contains("there is no master key at data/master.key"), "{line}: {said}");
        assert!(!other.path("data/master.key").exists(), "none is made");
        let output = other.command(line).env("VESTIBULE__KEYS__MASTER_KEY", KEY).output().unwrap();
        let said = text(&output.stderr);
        assert!(said.contains("sealed under another master key"), "{line}: {said}");
        assert!(!other.path("data/vestibule.db").exists(), "{line}: nothing is written");
    }
}

#[test]
fn a_running_server_keeps_its_database() {
    let site = lived_in();
    let server = site.serve(&[]);
    site.json("backup b");
    site.json("export e");
    for line in ["restore b --yes", "restore e --yes", "restore b"] {
        let said = site.failure(line);
        assert!(
            said.contains("data/vestibule.db is in use") && said.contains("stop the server"),
            "{said}"
        );
    }
    server.signal("TERM");
    server.wait();
    site.json("restore b --yes");
    assert_eq!(leftovers(&site), ["vestibule.db.before-restore-1"]);
}

/// A program that knows nothing of our lock file, for example the version before this one.
#[test]
fn another_program_keeps_the_database_as_well() {
    let site = lived_in();
    site.json("backup b");
    let database = vestibule_storage::DatabaseUrl::Sqlite { path: site.path("data/vestibule.db") };
    let settings = vestibule_storage::DatabaseSettings::new(database);
    let other = vestibule_storage::Db::open(&settings).unwrap();
    other.read(vestibule_storage::health::ping).wait().unwrap();
    fs::remove_file(site.path("data/vestibule.db.lock")).unwrap();
    assert!(site.failure("restore b --yes").contains("is in use"));
    drop(other);
    site.json("restore b --yes");
}

#[test]
fn what_a_restore_replaces_is_kept() {
    let site = lived_in();
    site.json("backup b");
    site.json("client create --client-id later --redirect-uri https://later.example/cb");
    let said = site.failure("restore b");
    assert!(said.contains("clients 2") && said.contains("--yes"), "{said}");
    assert_eq!(site.json("client list").as_array().unwrap().len(), 2);
    site.json("restore b --yes");
    assert_eq!(site.json("client list").as_array().unwrap().len(), 1);
    let kept = site.path("data/vestibule.db.before-restore-1");
    assert_eq!(mode(&kept), 0o600);
    assert_eq!(mode(&site.path("data/vestibule.db")), 0o600);
    // It is a whole database: nothing of it was left in a log.
    fs::copy(&kept, site.path("again")).unwrap();
    let restored = site.json("restore again --yes");
    assert_eq!(restored["kept"], "data/vestibule.db.before-restore-2");
    assert_eq!(site.json("client list").as_array().unwrap().len(), 2);
    let events = site.rows(|conn| vestibule_storage::audit::list_recent(conn, 1));
    assert_eq!(events[0].event, "database.restored");
}

#[test]
fn a_database_that_no_longer_reads_is_replaced_and_kept() {
    let site = lived_in();
    site.json("backup b");
    let path = site.path("data/vestibule.db");
    fs::write(&path, "no database at all, but 16 bytes and more").unwrap();
    let said = site.failure("restore b");
    assert!(said.contains("cannot be read") && said.contains("--yes"), "{said}");
    site.json("restore b --yes");
    assert_eq!(site.json("client list").as_array().unwrap().len(), 1);
    let kept = fs::read_to_string(site.path("data/vestibule.db.before-restore-1")).unwrap();
    assert!(kept.starts_with("no database"));
}

#[test]
fn what_is_no_whole_backup_changes_nothing() {
    let site = lived_in();
    site.json("backup b");
    site.json("export e");
    let before = site.json("client list");
    let whole = fs::read(site.path("b")).unwrap();
    let mut scratched = whole.clone();
    for byte in &mut scratched[4_096..20_000] {
        *byte ^= 0x5a;
    }
    let lines = fs::read(site.path("e")).unwrap();
    let changed = text(&lines).replace("app.example", "bad.example");
    for (name, bytes, part) in [
        ("short", &whole[..whole.len() / 2], "damaged"),
        ("header", &whole[..100], "damaged"),
        ("scratched", &scratched[..], "damaged"),
        ("empty", &[][..], "empty"),
        ("text", b"hello", "no export of Vestibule"),
        ("gzip", b"\x1f\x8b\x08", "unpack it"),
        ("cut", &lines[..lines.len() - 30], "is no row of an export"),
        ("changed", changed.as_bytes(), "digest"),
    ] {
        fs::write(site.path(name), bytes).unwrap();
        let said = site.failure(&format!("restore {name} --yes"));
        assert!(said.contains(part) && said.contains("fix: "), "{name}: {said}");
        assert_eq!(site.json("client list"), before, "{name}");
        assert_eq!(leftovers(&site), [""; 0], "{name}");
    }
    let said = site.failure("restore none --yes");
    assert!(said.contains("cannot read none"), "{said}");
}

/// Copies of as many migrations ago as there are.
#[test]
fn a_copy_of_an_older_version_is_brought_to_this_ones_tables() {
    let site = lived_in();
    for steps in 1..=3 {
        let (copy, url) = (format!("b{steps}"), format!("sqlite:b{steps}"));
        site.json(&format!("backup {copy}"));
        let down = format!("migrate down --yes --steps {steps}");
        let undone = site.command(&down).env("VESTIBULE__DATABASE__URL", url).output().unwrap();
        assert!(undone.status.success(), "{}", text(&undone.stderr));
        let read = fs::read(site.path(&copy)).unwrap();
        site.json(&format!("restore {copy} --yes"));
        assert_eq!(fs::read(site.path(&copy)).unwrap(), read, "the copy itself stays as it was");
        assert_eq!(site.json("migrate --check")["current"], true, "{steps}");
        assert_eq!(site.json("client list")[0]["client_id"], "app", "{steps}");
    }
}

#[test]
fn an_import_makes_no_tables_where_it_must_not() {
    let site = lived_in();
    site.json("export e");
    for house in [House::on_sqlite(), House::on_postgres()] {
        fs::copy(site.path("e"), house.site.path("e")).unwrap();
        fs::create_dir(house.site.path("data")).unwrap();
        fs::copy(site.path("data/master.key"), house.site.path("data/master.key")).unwrap();
        // The tests' databases come with their tables.
        house.json("migrate down --yes --steps 2");
        let run = |line: &str| {
            let mut command = house.command(line);
            command.env("VESTIBULE__DATABASE__MIGRATE", "check").output().unwrap()
        };
        let refused = run("import e");
        let said = text(&refused.stderr);
        assert!(
            !refused.status.success() && said.contains("fix: run `vestibule migrate"),
            "{said}"
        );
        assert!(run("migrate up").status.success());
        let taken = run("import e");
        assert!(taken.status.success(), "{}", text(&taken.stderr));
        assert_eq!(house.json("client list"), site.json("client list"));
    }
}

/// Killed while it waits for a table that somebody else holds.
#[test]
fn what_a_killed_export_leaves_goes_away_with_the_next() {
    let house = House::on_postgres();
    house.settle_in();
    let drafts = || {
        let names = fs::read_dir(house.site.path("."))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.')).count()
    };
    let mut holder = house.hold("users");
    let mut export = house.command("export e").spawn().unwrap();
    while drafts() == 0 {
        assert!(export.try_wait().unwrap().is_none(), "it waits");
        std::thread::yield_now();
    }
    export.kill().unwrap();
    export.wait().unwrap();
    assert_eq!(drafts(), 1, "nobody could take it away");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    house.json("export e");
    assert_eq!(drafts(), 0);
}

#[test]
fn databases_of_others_and_of_later_versions_are_refused() {
    let site = lived_in();
    site.json("backup b");
    let other = vestibule_storage::DatabaseUrl::Sqlite { path: site.path("b") };
    let db = vestibule_storage::Db::open(&vestibule_storage::DatabaseSettings::new(other)).unwrap();
    drop(db);
    let statements = [
        (
            "foreign",
            "DROP TABLE __diesel_schema_migrations; DROP TABLE schema_migrations;",
            "no database of Vestibule",
        ),
        (
            "later",
            "INSERT INTO schema_migrations (version) VALUES ('29990101000000');",
            "29990101000000",
        ),
    ];
    for (name, statement, part) in statements {
        fs::copy(site.path("b"), site.path(name)).unwrap();
        let path = site.path(name);
        let done = std::process::Command::new("sqlite3").arg(&path).arg(statement).status();
        assert!(done.expect("install it: apt-get install -y sqlite3").success());
        let said = site.failure(&format!("restore {name} --yes"));
        assert!(said.contains(part) && said.contains("fix: "), "{name}: {said}");
    }
}

#[test]
fn on_postgresql_a_refused_restore_changes_nothing() {
    let house = House::on_postgres();
    house.settle_in();
    house.json("backup b");
    let lines = fs::read(house.site.path("b")).unwrap();
    let before = house.json("user list");
    fs::write(house.site.path("cut"), &lines[..lines.len() / 2]).unwrap();
    let changed = text(&lines).replace("ana@example.com", "eve@example.com");
    fs::write(house.site.path("changed"), changed).unwrap();
    for (name, part) in [("cut", "fix: "), ("changed", "digest")] {
        let said = house.failure(&format!("restore {name} --yes"));
        assert!(said.contains(part), "{name}: {said}");
        assert_eq!(house.json("user list"), before);
    }
    assert!(house.failure("import b").contains("users 1"));
    let server = house.serve();
    let said = house.failure("restore b --yes");
    assert!(said.contains("sessions of Vestibule are connected"), "{said}");
    assert_eq!(house.json("user list"), before);
    server.signal("TERM");
    server.wait();
    house.json("restore b --yes");
    assert_eq!(house.json("user list"), before);
}
