//! `vestibule user lock` and `reset-mfa`, and a restore, beside somebody who is just signing in.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use vestibule_model::browser_session::BrowserSession;
use vestibule_model::claims::ClaimsRequest;
use vestibule_model::grant::Grant;
use vestibule_model::{ClientId, GrantId, ScopeSet, SessionId, Timestamp, TokenHash, UserId};
use vestibule_storage::testing::TestDatabase;
use vestibule_storage::{Conn, Db, StorageError, browser_session, grant, session_client};

use crate::site::{Site, text};

const NOW: Timestamp = Timestamp(1_795_000_000);
const GRANT: &str = "on-its-way";

fn session(user: &UserId) -> BrowserSession {
    BrowserSession {
        id: SessionId::new("s1"),
        token_hash: TokenHash::new("cookie"),
        user_id: user.clone(),
        auth_time: NOW,
        amr: vec!["pwd".to_owned()],
        acr: "1".to_owned(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW.plus(1_000_000_000),
        device_id: None,
        ip: None,
        user_agent: None,
    }
}

fn offline(user: &UserId) -> Grant {
    Grant {
        id: GrantId::new(GRANT),
        client_id: ClientId::new("app"),
        user_id: user.clone(),
        session_id: SessionId::new("s1"),
        scope: ScopeSet::parse("openid offline_access").unwrap(),
        claims: ClaimsRequest::default(),
        auth_time: NOW,
        acr: "1".to_owned(),
        amr: vec!["pwd".to_owned()],
        created_at: NOW,
        expires_at: NOW.plus(1_000_000_000),
        revoked_at: None,
        session_ended_at: None,
    }
}

/// What the authorization endpoint does in its transaction.
fn give(conn: &mut Conn, user: &UserId) -> Result<(), StorageError> {
    let (session, client) = (SessionId::new("s1"), ClientId::new("app"));
    assert!(session_client::note(conn, &session, &client, user.as_str(), NOW)?);
    grant::insert(conn, &offline(user))
}

/// Waits until somebody waits for a lock in the database.
fn somebody_waits(url: &str) {
    let began = Instant::now();
    let ask = "SELECT count(*) FROM pg_stat_activity \
               WHERE wait_event_type = 'Lock' AND datname = current_database()";
    loop {
        let said = Command::new("psql").args(["-XAtqc", ask, url]).output().unwrap();
        assert!(said.status.success(), "{}", text(&said.stderr));
        if text(&said.stdout).trim() != "0" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nobody waits");
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// Somebody's grant that was given in a transaction while the command waited for that; the command has
/// ended. Session and backup `b` are there before.
fn left_of_what_was_on_its_way(line: &str) -> Option<Grant> {
    let (site, database) = (Site::new(), TestDatabase::postgres());
    let url = database.url();
    let command = |line: &str| {
        let mut command = site.command(line);
        command.env("VESTIBULE__DATABASE__URL", &url);
        // Of a restore it hides that somebody is connected, and changes nothing else.
        command.env(
            "VESTIBULE__DATABASE__TRANSACTION_POOLING",
            line.starts_with("restore").to_string(),
        );
        command
    };
    for made in [
        "user create --username ana --email ana@example.com --password-file password",
        "client create --client-id app --auth-method none --redirect-uri https://a.example/cb",
    ] {
        let done = command(made).output().unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
    }
    let db: Db = database.open();
    let user = db.read(|conn| vestibule_storage::user::find_by_login(conn, "ana")).wait();
    let user = user.unwrap().unwrap().id;
    let begun = session(&user);
    db.write(move |conn| browser_session::insert(conn, &begun)).wait().unwrap();
    assert!(command("backup b").output().unwrap().status.success());

    let ((given, is_given), (go_on, goes_on)) = (mpsc::channel(), mpsc::channel::<()>());
    let giving = db.write_once(move |conn| {
        give(conn, &user)?;
        given.send(()).unwrap();
        // Long before the lock's time is over.
        goes_on.recv().unwrap();
        Ok::<_, StorageError>(())
    });
    is_given.recv().unwrap();
    let ending = command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    somebody_waits(&url);
    go_on.send(()).unwrap();
    giving.wait().unwrap();
    let ended = ending.wait_with_output().unwrap();
    assert!(ended.status.success(), "{line}: {}", text(&ended.stderr));
    db.read(|conn| grant::find(conn, &GrantId::new(GRANT))).wait().unwrap()
}

#[test]
fn a_grant_on_its_way_ends_with_the_others() {
    for line in ["user lock ana", "user reset-mfa ana"] {
        let left = left_of_what_was_on_its_way(line).unwrap();
        assert!(left.revoked_at.is_some(), "{line}: {left:?}");
    }
}

/// Behind a pooler nobody can see that a server is still there.
#[test]
fn a_grant_on_its_way_is_gone_after_a_restore() {
    let left = left_of_what_was_on_its_way("restore b --yes --end-sessions");
    assert!(left.is_none(), "{left:?}");
}
