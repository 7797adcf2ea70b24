//! The drill: a server with people at work is backed up, goes on, dies, and is restored, and the
//! same people and apps go on where they were when the backup was made.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use vestibule_identity::totp::Totp;
use vestibule_model::factor::TotpDevice;
use vestibule_model::sealed::SealedColumn;
use vestibule_model::{Timestamp, UserId};
use vestibule_server::config::{self, Environment};
use vestibule_server::entropy::OsEntropy;
use vestibule_server::premises::Premises;
use vestibule_storage::testing::TestDatabase;

use crate::site::{Server, Site, text};
use crate::visitor::{METADATA, Tokens, Visitor};

pub const PASSWORD: &str = "correct horse battery";

/// One installation at one address, on whichever database.
pub struct House {
    pub site: Site,
    variables: Vec<(String, String)>,
    pub issuer: String,
    /// Kept as long as it is used.
    database: Option<TestDatabase>,
}

impl House {
    /// Embedded.
    pub fn on_sqlite() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::new(port, None)
    }

    pub fn on_postgres() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::new(port, Some(TestDatabase::postgres()))
    }

    /// Another machine that takes this one's place: its address and its master key, and nothing
    /// else.
    pub fn successor(&self, database: Option<TestDatabase>) -> Self {
        let port = self.issuer.rsplit_once(':').unwrap().1.parse().unwrap();
        let next = Self::new(port, database);
        std::fs::create_dir(next.site.path("data")).unwrap();
        let key = "data/master.key";
        std::fs::copy(self.site.path(key), next.site.path(key)).unwrap();
        next
    }

    fn new(port: u16, database: Option<TestDatabase>) -> Self {
        let site = Site::new();
        let issuer = format!("http://localhost:{port}");
        let mut variables = vec![
            ("VESTIBULE__ISSUER".to_owned(), issuer.clone()),
            ("VESTIBULE__SERVER__LISTEN".to_owned(), format!("127.0.0.1:{port}")),
        ];
        if let Some(database) = &database {
            variables.push(("VESTIBULE__DATABASE__URL".to_owned(), database.url()));
        }
        Self { site, variables, issuer, database }
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = self.site.command(line);
        command.envs(self.variables.clone());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// Keeps everybody else from a table of PostgreSQL, until the answer's input is closed.
    pub fn hold(&self, table: &str) -> Child {
        hold(&self.database.as_ref().unwrap().url(), table)
    }

    /// The JSON that a command answers; it must succeed.
    pub fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} --json"));
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command says when it fails; it must.
    pub fn failure(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    pub fn serve(&self) -> Server {
        let variables: Vec<_> =
            self.variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.site.serve(&variables)
    }

    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.issuer)
    }

    /// The same installation from within.
    pub fn premises(&self) -> Premises {
        let data = self.site.path("data");
        let mut variables: Vec<_> =
            self.variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        variables.push(("VESTIBULE__DATA_DIR", data.to_str().unwrap()));
        let file = self.site.path("vestibule.toml");
        let loaded = config::load(Some(&file), &Environment::of(variables)).unwrap();
        Premises::open(loaded.config).unwrap()
    }

    /// Ana with an authenticator, and the app.
    pub fn settle_in(&self) -> Totp {
        std::fs::write(self.site.path("app.json"), METADATA).unwrap();
        self.json("client create --client-id app --metadata-file app.json");
        let made = self.json(
            "user create --username ana --email ana@example.com --password-file password --admin",
        );
        let premises = self.premises();
        let totp = Totp::generate(&OsEntropy);
        let purpose = SealedColumn::TotpSecret.purpose("t1");
        let sealed = premises.sealer().seal(&purpose, totp.secret_bytes(), &OsEntropy).unwrap();
        let now = premises.now();
        let device = TotpDevice {
            id: "t1".to_owned(),
            user_id: UserId::new(made["sub"].as_str().unwrap()),
            name: "Phone".to_owned(),
            sealed_secret: sealed,
            created_at: now,
            confirmed_at: Some(now),
            last_used_at: None,
            last_step: None,
        };
        let stored =
            premises.db.write(move |conn| vestibule_storage::totp_device::insert(conn, &device));
        stored.wait().unwrap();
        totp
    }

    pub fn now(&self) -> Timestamp {
        self.premises().now()
    }
}

/// Keeps everybody else from a table of the PostgreSQL there, until the answer's input is closed.
pub fn hold(url: &str, table: &str) -> Child {
    let mut psql = Command::new("psql");
    let psql = psql.args(["-XAtq", url]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = psql.spawn().expect("install it: apt-get install -y postgresql");
    writeln!(holder.stdin.as_mut().unwrap(), "BEGIN; LOCK TABLE {table};\n\\echo held").unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "held\n");
    holder
}

/// What was there when the backup was made.
struct Before {
    totp: Totp,
    ana: Visitor,
    tokens: Tokens,
    jwks: Value,
}

/// A server with people at work, in the middle of which `back_up` is called; then it dies.
fn a_day_at_work(house: &House, back_up: impl FnOnce(&House)) -> Before {
    let server = house.serve();
    let totp = house.settle_in();
    let mut ana = house.visitor();
    let tokens = ana.sign_in("ana", PASSWORD, &totp.code_at(house.now()));
    assert_eq!(ana.userinfo(&tokens).status, 200);
    let jwks = ana.get("/jwks").json();
    back_up(house);
    // What comes after is lost.
    let later = ana.refreshed(&tokens);
    ana.refreshed(&later);
    house.json("user create --username ben --email ben@example.com --password-file password");
    server.signal("KILL");
    server.wait();
    Before { totp, ana, tokens, jwks }
}

/// All is as it was at the time of the backup.
fn all_is_as_before(house: &House, mut before: Before) {
    let _server = house.serve();
    let users = house.json("user list");
    let names: Vec<_> = users.as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["ana"], "ben came after the backup");
    // The session, the JWT, the keys and the refresh token of before.
    assert!(before.ana.is_signed_in(), "the cookie of before");
    let answer = before.ana.userinfo(&before.tokens);
    assert_eq!(answer.status, 200, "the access token of before: {answer:?}");
    assert_eq!(before.ana.get("/jwks").json(), before.jwks);
    let fresh = before.ana.refreshed(&before.tokens);
    assert_eq!(before.ana.userinfo(&fresh).status, 200);
    before.ana.refreshed(&fresh);
    // Password and authenticator, in a browser that has never been here. The code of the step that
    // signed in before the backup counts no more.
    let mut elsewhere = house.visitor();
    let code = before.totp.code_at(house.now().plus(30));
    let tokens = elsewhere.sign_in("ana", PASSWORD, &code);
    assert_eq!(elsewhere.userinfo(&tokens).status, 200);
}

#[test]
fn a_backup_of_the_embedded_database_brings_everybody_back() {
    let house = House::on_sqlite();
    let before = a_day_at_work(&house, |house| {
        let made = house.json("backup vestibule.backup");
        assert_eq!(
            (&made["format"], &made["file"]),
            (&"sqlite".into(), &"vestibule.backup".into())
        );
    });
    let said = house.failure("restore vestibule.backup");
    assert!(said.contains("users 2") && said.contains("--yes"), "{said}");
    let restored = house.json("restore vestibule.backup --yes");
    assert_eq!(restored["kept"], "data/vestibule.db.before-restore-1");
    all_is_as_before(&house, before);
}

#[test]
fn a_backup_of_postgresql_brings_everybody_back() {
    let house = House::on_postgres();
    let before = a_day_at_work(&house, |house| {
        assert_eq!(house.json("backup all.jsonl")["format"], "export");
    });
    let said = house.failure("restore all.jsonl");
    assert!(said.contains("users 2") && said.contains("--yes"), "{said}");
    assert!(house.json("restore all.jsonl --yes")["kept"].is_null());
    all_is_as_before(&house, before);
}

/// From one kind of database to the other, to another machine, with nothing but the master key.
#[test]
fn an_export_moves_everybody_from_sqlite_to_postgresql() {
    let house = House::on_sqlite();
    let before = a_day_at_work(&house, |house| {
        assert!(house.json("export all.jsonl")["rows"]["users"] == 1);
    });
    let next = house.successor(Some(TestDatabase::postgres()));
    std::fs::copy(house.site.path("all.jsonl"), next.site.path("all.jsonl")).unwrap();
    assert_eq!(next.json("import all.jsonl")["header"]["from"], "sqlite");
    all_is_as_before(&next, before);
    // And back.
    next.json("export back.jsonl");
    let third = house.successor(None);
    std::fs::copy(next.site.path("back.jsonl"), third.site.path("back.jsonl")).unwrap();
    third.json("import back.jsonl");
    assert_eq!(third.json("user list"), next.json("user list"));
    assert_eq!(third.json("keys list"), next.json("keys list"));
}

#[test]
fn a_copy_of_the_embedded_database_is_restored_into_postgresql() {
    let house = House::on_sqlite();
    let before = a_day_at_work(&house, |house| {
        house.json("backup vestibule.backup");
    });
    let next = house.successor(Some(TestDatabase::postgres()));
    std::fs::copy(house.site.path("vestibule.backup"), next.site.path("b")).unwrap();
    assert_eq!(next.json("restore b")["rows"]["users"], 1);
    all_is_as_before(&next, before);
}

/// A stolen token that was revoked after the backup does not come back to life.
#[test]
fn a_restore_can_end_every_session() {
    for house in [House::on_sqlite(), House::on_postgres()] {
        let mut before = a_day_at_work(&house, |house| {
            house.json("backup b");
        });
        let restored = house.json("restore b --yes --end-sessions");
        let ended = (&restored["sessions_ended"], &restored["grants_revoked"]);
        assert_eq!(ended, (&1.into(), &1.into()), "{restored}");
        let _server = house.serve();
        assert!(!before.ana.is_signed_in());
        assert_eq!(before.ana.userinfo(&before.tokens).status, 401);
        assert_eq!(before.ana.refresh(&before.tokens).json()["error"], "invalid_grant");
        let mut elsewhere = house.visitor();
        let code = before.totp.code_at(house.now().plus(30));
        elsewhere.sign_in("ana", PASSWORD, &code);
    }
}
