//! Whose the files are that commands make, and that the documented command lines work for a server
//! that is a user of its own.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::site::{Site, text};

/// A user that every system has.
const SERVER: &str = "nobody";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// Gives what is there to the server's user; without root there is one user only.
fn give(path: &Path) {
    if is_root() {
        run("chown", &["-R", SERVER, path.to_str().unwrap()]);
    }
}

/// All that is in the folder is the folder's owner's.
fn all_is_the_owners(folder: &Path) -> Vec<String> {
    let owner = fs::metadata(folder).unwrap();
    assert!(!is_root() || owner.uid() != 0, "the folder is the server's");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let seen = entry.metadata().unwrap();
        assert_eq!((seen.uid(), seen.gid()), (owner.uid(), owner.gid()), "{name}");
        if seen.is_dir() {
            all_is_the_owners(&entry.path());
        }
        names.push(name);
    }
    names.sort();
    names
}

#[test]
fn what_root_makes_in_the_servers_folder_is_the_servers() {
    let from = Site::new();
    from.json("client create --client-id app --redirect-uri https://app.example/cb");
    from.json("backup b");
    from.json("export e");
    let key = ("VESTIBULE__KEYS__MASTER_KEY_FILE", from.path("data/master.key"));
    for (line, there) in [
        ("client create --client-id app --redirect-uri https://app.example/cb", true),
        ("migrate up", false),
        ("import e", false),
        ("restore b", false),
        ("restore e", false),
    ] {
        let site = Site::new();
        fs::create_dir(site.path("data")).unwrap();
        give(&site.path("data"));
        for name in ["b", "e"] {
            fs::copy(from.path(name), site.path(name)).unwrap();
        }
        let mut command = site.command(line);
        if line != "migrate up" && !there {
            command.env(key.0, &key.1);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        let names = all_is_the_owners(&site.path("data"));
        assert!(names.contains(&"vestibule.db".to_owned()), "{line}: {names:?}");
        assert_eq!(names.contains(&"master.key".to_owned()), there, "{line}: {names:?}");
    }
}

#[test]
fn what_root_restores_stays_the_servers() {
    let site = Site::new();
    site.json("client create --client-id app --redirect-uri https://app.example/cb");
    site.json("backup b");
    site.json("export e");
    give(&site.path("data"));
    for line in ["restore b --yes", "restore e --yes"] {
        site.json(line);
        all_is_the_owners(&site.path("data"));
    }
    // A folder within the server's.
    let output = site
        .command("migrate up")
        .env("VESTIBULE__DATABASE__URL", "sqlite:data/deep/er/vestibule.db")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(all_is_the_owners(&site.path("data")).contains(&"deep".to_owned()));
}

const BACKUPS: &str = include_str!("../../../../docs/operations/backup.md");
const UNIT: &str = include_str!("../../../../deploy/vestibule.service");

/// The first block of the page's shell lines that has `part` in it.
fn lines(part: &str) -> &'static str {
    let mut blocks =
        BACKUPS.split("\n```sh\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0);
    blocks.find(|block| block.contains(part)).unwrap()
}

/// An installation as the unit's first lines make it, elsewhere and for another user.
struct Installed {
    folder: TempDir,
}

impl Installed {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let made = Self { folder };
        for name in ["bin", "var/lib", "var/backups", "etc"] {
            fs::create_dir_all(made.path(name)).unwrap();
        }
        // Nobody else may enter the folder that it was built in.
        fs::copy(env!("CARGO_BIN_EXE_vestibule"), made.path("bin/vestibule")).unwrap();
        // systemd is not here; the database is free all the same.
        fs::write(made.path("bin/systemctl"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(made.path("bin/systemctl"), fs::Permissions::from_mode(0o755)).unwrap();
        made.shell(
            &UNIT
                .lines()
                .filter_map(|line| line.strip_prefix("#   "))
                .filter(|line| {
                    ["install ", "openssl ", "vestibule "].iter().any(|w| line.starts_with(w))
                })
                .collect::<Vec<_>>()
                .join("\n"),
        );
        let stated: Vec<_> = UNIT
            .lines()
            .filter_map(|line| line.strip_prefix("#   "))
            .skip_while(|line| !line.starts_with("data_dir"))
            .take(3)
            .collect();
        let toml = "[password]\nmemory_kib = 7168\niterations = 5\n[metrics]\nlisten = \"off\"\n";
        let stated = made.here(&stated.join("\n"));
        fs::write(made.path("etc/vestibule/vestibule.toml"), format!("{stated}\n{toml}")).unwrap();
        made
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The page's lines, for this place and user.
    fn here(&self, lines: &str) -> String {
        let root = self.folder.path().display();
        let (user, group, run_as) = if is_root() {
            let group = Command::new("id").args(["-gn", SERVER]).output().unwrap().stdout;
            let group = format!("-g {}", text(&group).trim());
            (format!("-o {SERVER}"), group, format!("runuser -u {SERVER} -- "))
        } else {
            Default::default()
        };
        lines
            .replace("runuser -u vestibule -- ", &run_as)
            .replace("-o vestibule", &user)
            .replace("-g vestibule", &group)
            .replace("/etc/vestibule", &format!("{root}/etc/vestibule"))
            .replace("/var/", &format!("{root}/var/"))
    }

    fn output(&self, lines: &str) -> Output {
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.path("bin").display());
        Command::new("bash")
            .args(["-ec", &self.here(lines)])
            .env_clear()
            .env("PATH", path)
            .current_dir(self.path("var"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn shell(&self, lines: &str) -> String {
        let output = self.output(lines);
        assert!(output.status.success(), "{lines}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The documented lines behind the documented function.
    fn documented(&self, lines: &str) -> String {
        self.shell(&format!("{}\n{lines}", self::lines("vestibule() {")))
    }
}

#[test]
fn the_documented_lines_work_with_the_shipped_unit() {
    let place = Installed::new();
    let create = "client create --client-id app --redirect-uri https://app.example/cb";
    place.documented("vestibule migrate up");
    place.documented(&format!("vestibule {create}"));
    let before = place.documented("vestibule client list");
    assert!(before.contains("app"), "{before}");
    place.documented(lines("vestibule backup vestibule-"));
    let made = fs::read_dir(place.path("var/backups/vestibule")).unwrap().next().unwrap().unwrap();
    let name = made.file_name().into_string().unwrap();
    place.documented("vestibule client create --client-id later --redirect-uri https://l.example/");
    let restore = lines("vestibule restore vestibule-");
    place.documented(&restore.replace("vestibule-2026-11-20.backup", &name));
    assert_eq!(place.documented("vestibule client list"), before);
    all_is_the_owners(&place.path("var/lib/vestibule"));
    place.documented("vestibule migrate --check");
    // To another database, which the new URL names.
    let url = place.path("etc/vestibule/new_url");
    fs::write(&url, format!("sqlite:{}/new.db", place.path("var/lib/vestibule").display()))
        .unwrap();
    place.documented(lines("vestibule import"));
    assert!(place.path("var/lib/vestibule/new.db").exists());
    // The unit's own line: the doctor finds the folder, the key and the database.
    let line = UNIT.lines().find_map(|line| line.strip_prefix("#   runuser ")).unwrap();
    let said = text(&place.output(&format!("runuser {line} --json")).stdout);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let checks = report["checks"].as_array().unwrap();
    for name in ["configuration", "data_dir", "master_key", "database", "migrations"] {
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        assert_ne!(check["status"], "failed", "{check:#}");
        assert_ne!(check["status"], "skipped", "{check:#}");
    }
}
