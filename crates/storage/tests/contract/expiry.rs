//! Rows that are over, and rows that look like it.

use vestibule_model::{
    ClientId, GrantId, InteractionId, SessionId, Timestamp, UserId, device::Device, guess::Counter,
    mail::OutboxMail, sign_in::SignIn, verification::Verification,
};
use vestibule_storage::{
    Conn, Db, StorageError, authorization_code, browser_session, client, client_assertion, device,
    expiry, grant, guess, interaction, opaque_access_token, outbox, refresh_token, revoked_token,
    setup_link, sign_in, spent_challenge, testing::TestDatabase, verification,
};

use crate::fixtures::{
    NOW, a_client, a_code, a_device, a_grant, a_mail, a_refresh_token, a_session, a_sign_in, a_use,
    a_verification, an_interaction, an_opaque_token, hash, read, with_grant, write,
};

on_both!(
    each_row_goes_at_its_end_and_not_before,
    the_grant_takes_its_family_along,
    a_sealed_reply_goes_long_before_its_token,
    a_batch_bounds_the_work,
    another_clients_assertion_mark_stays,
);

/// A row of each table, all ending at `NOW + 1000`; the grant of the codes and tokens lives on.
fn one_of_each(database: &TestDatabase) -> Db {
    let db = with_grant(database);
    let end = NOW.plus(1_000);
    write(&db, move |conn| {
        let mut session = a_session("s1", "cookie");
        session.expires_at = end;
        browser_session::insert(conn, &session)?;
        let mut request = an_interaction("i1");
        request.expires_at = end;
        interaction::insert(conn, &request)?;
        let mut code = a_code("code");
        code.expires_at = end;
        authorization_code::insert(conn, &code)?;
        let mut refresh = a_refresh_token("refresh", 0);
        refresh.expires_at = end;
        refresh_token::insert(conn, &refresh)?;
        let mut opaque = an_opaque_token("opaque", "g1.jti");
        opaque.claims.exp = end;
        opaque_access_token::insert(conn, &opaque)?;
        let mut old = a_grant("old");
        old.expires_at = end;
        grant::insert(conn, &old)?;
        revoked_token::insert(conn, "jti", end)?;
        client_assertion::claim(conn, &ClientId::new("app"), "jti", end)?;
        setup_link::insert(conn, &hash("link"), end)?;
        of_accounts(conn, end)
    });
    db
}

fn of_accounts(conn: &mut Conn, expires_at: Timestamp) -> Result<(), StorageError> {
    device::insert(conn, &Device { expires_at, ..a_device("d1", "device", "u1") })?;
    sign_in::insert(conn, &SignIn { expires_at, ..a_sign_in("i1", "sign-in") })?;
    spent_challenge::spend(conn, &hash("challenge"), expires_at)?;
    outbox::insert(conn, &OutboxMail { expires_at, ..a_mail("m1") })?;
    let counter = Counter { failures: 9, first_at: NOW, last_at: NOW, locked_until: None };
    guess::update(conn, "subject", |_| expires_at, |_| counter)?;
    verification::insert(conn, &Verification { expires_at, ..a_verification("v1") })
}

/// Which of them are there, by name.
fn present(conn: &mut Conn) -> Result<Vec<&'static str>, StorageError> {
    let client = ClientId::new("app");
    let all = [
        ("session", browser_session::is_open(conn, &SessionId::new("s1"), Timestamp(0))?),
        ("interaction", interaction::find(conn, &InteractionId::new("i1"))?.is_some()),
        ("code", authorization_code::find(conn, &hash("code"))?.is_some()),
        ("refresh", refresh_token::find(conn, &hash("refresh"))?.is_some()),
        ("opaque", opaque_access_token::find(conn, &hash("opaque"))?.is_some()),
        ("grant", grant::find(conn, &GrantId::new("old"))?.is_some()),
        ("revoked", revoked_token::contains(conn, "jti")?),
        // Claiming would make the mark anew; undone with the transaction.
        ("assertion", !client_assertion::claim(conn, &client, "jti", NOW)?),
        ("link", setup_link::is_open(conn, &hash("link"), Timestamp(0))?),
        ("device", device::find(conn, &hash("device"), &UserId::new("u1"))?.is_some()),
        ("sign-in", sign_in::find(conn, &hash("sign-in"))?.is_some()),
        // As with the assertion.
        ("challenge", !spent_challenge::spend(conn, &hash("challenge"), NOW)?),
        ("mail", !outbox::list_recent(conn, 9)?.is_empty()),
        ("guess", !guess::load(conn, &["subject".to_owned()])?.is_empty()),
        ("verification", verification::find(conn, "v1")?.is_some()),
    ];
    Ok(all.into_iter().filter_map(|(name, there)| there.then_some(name)).collect())
}

fn after(db: &Db, now: Timestamp) -> Vec<&'static str> {
    write(db, move |conn| expiry::delete_expired(conn, now, 100));
    let (report, result) = std::sync::mpsc::channel();
    // Rolled back: looking must not change anything.
    let undone = db
        .write(move |conn| {
            report.send(present(conn)?).unwrap();
            Err::<(), _>(StorageError::Overloaded)
        })
        .wait();
    assert_eq!(undone, Err(StorageError::Overloaded));
    result.recv().unwrap()
}

fn each_row_goes_at_its_end_and_not_before(database: &TestDatabase) {
    let db = one_of_each(database);
    let end = NOW.plus(1_000);
    let all = [
        "session",
        "interaction",
        "code",
        "refresh",
        "opaque",
        "grant",
        "revoked",
        "assertion",
        "link",
        "device",
        "sign-in",
        "challenge",
        "mail",
        "guess",
        "verification",
    ];
    assert_eq!(after(&db, end.plus(-1)), all);
    let reusable =
        ["interaction", "code", "refresh", "grant", "revoked", "assertion", "verification"];
    assert_eq!(after(&db, end), reusable);
    assert_eq!(after(&db, end.plus(expiry::CLOCK_MARGIN - 1)), reusable);
    let reusable = ["interaction", "code", "refresh", "grant", "verification"];
    assert_eq!(after(&db, end.plus(expiry::CLOCK_MARGIN)), reusable);
    assert_eq!(after(&db, end.plus(expiry::REUSE_KNOWN_FOR - 1)), reusable);
    assert!(after(&db, end.plus(expiry::REUSE_KNOWN_FOR)).is_empty());
    let nothing = write(&db, move |conn| {
        expiry::delete_expired(conn, end.plus(expiry::REUSE_KNOWN_FOR), 100)
    });
    assert_eq!(nothing, 0);
    assert!(read(&db, |conn| grant::find(conn, &GrantId::new("g1"))).is_some());
}

fn the_grant_takes_its_family_along(database: &TestDatabase) {
    let db = with_grant(database);
    let later = a_grant("g1").expires_at.plus(expiry::REUSE_KNOWN_FOR);
    write(&db, move |conn| {
        let mut code = a_code("code");
        code.expires_at = later.plus(9);
        authorization_code::insert(conn, &code)?;
        let mut token = a_refresh_token("r1", 0);
        token.expires_at = later.plus(9);
        refresh_token::insert(conn, &token)?;
        expiry::delete_expired(conn, later, 100)
    });
    assert!(read(&db, |conn| grant::find(conn, &GrantId::new("g1"))).is_none());
    assert!(read(&db, |conn| authorization_code::find(conn, &hash("code"))).is_none());
    assert!(read(&db, |conn| refresh_token::find(conn, &hash("r1"))).is_none());
}

fn a_sealed_reply_goes_long_before_its_token(database: &TestDatabase) {
    let db = with_grant(database);
    write(&db, |conn| {
        refresh_token::insert(conn, &a_refresh_token("r1", 0))?;
        refresh_token::insert(conn, &a_refresh_token("r2", 1))?;
        refresh_token::rotate(conn, &hash("r1"), &a_use("r2"))
    });
    let reply = |now| {
        write(&db, move |conn| expiry::delete_expired(conn, now, 100));
        let token = read(&db, |conn| refresh_token::find(conn, &hash("r1"))).unwrap();
        token.used.unwrap().sealed_reply
    };
    let end = a_use("r2").at.plus(expiry::SEALED_REPLY_KEPT);
    assert_eq!(reply(end.plus(-1)), "v1.sealed-r2");
    assert_eq!(reply(end), "", "the use itself is remembered: reuse is still recognised");
}

fn a_batch_bounds_the_work(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        for number in 0..5 {
            revoked_token::insert(conn, &format!("t{number}"), NOW.plus(number))?;
        }
        Ok(())
    });
    let later = NOW.plus(expiry::CLOCK_MARGIN + 100);
    let delete = || write(&db, move |conn| expiry::delete_expired(conn, later, 2));
    assert_eq!(delete(), 2);
    assert!(!read(&db, |conn| revoked_token::contains(conn, "t1")), "oldest first");
    assert!(read(&db, |conn| revoked_token::contains(conn, "t2")));
    assert_eq!((delete(), delete(), delete()), (2, 1, 0));
}

fn another_clients_assertion_mark_stays(database: &TestDatabase) {
    let db = with_grant(database);
    let long = NOW.plus(9_000);
    write(&db, move |conn| {
        client::insert(conn, &a_client("attacker"))?;
        client_assertion::claim(conn, &ClientId::new("app"), "jti", long)?;
        client_assertion::claim(conn, &ClientId::new("attacker"), "jti", NOW)?;
        expiry::delete_expired(conn, NOW.plus(expiry::CLOCK_MARGIN), 100)
    });
    let claim = |client: &'static str| {
        write(&db, move |conn| client_assertion::claim(conn, &ClientId::new(client), "jti", long))
    };
    assert!(!claim("app"), "still marked");
    assert!(claim("attacker"), "gone");
}
