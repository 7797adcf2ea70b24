//! Rows that are over, and rows that look like it.

use vestibule_model::{
    ClientId, GrantId, InteractionId, SessionId, Timestamp, UserId, audit::AuditEvent,
    device::Device, grant::ConsentRecord, guess::Counter, mail::OutboxMail, sign_in::SignIn,
    verification::Verification,
};
use vestibule_storage::{
    Conn, Db, StorageError, audit, authorization_code, browser_session, client, client_assertion,
    consent, device, expiry,
    expiry::{Ended, Retention},
    grant, guess, interaction, opaque_access_token, outbox, refresh_token, revoked_token,
    setup_link, sign_in, spent_challenge,
    testing::TestDatabase,
    verification,
};

use crate::fixtures::{
    NOW, a_client, a_code, a_device, a_grant, a_mail, a_record, a_refresh_token, a_session,
    a_sign_in, a_use, a_verification, an_interaction, an_opaque_token, hash, read, with_grant,
    write,
};

on_both!(
    each_row_goes_at_its_end_and_not_before,
    the_grant_takes_its_family_along,
    a_sealed_reply_goes_long_before_its_token,
    a_batch_bounds_the_work,
    another_clients_assertion_mark_stays,
    the_lag_is_the_age_of_the_oldest_row_that_should_have_gone,
    records_go_when_somebody_says_so,
    a_clock_that_was_ahead_does_not_keep_the_audit_log,
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
    let reusable = [
        "interaction",
        "code",
        "refresh",
        "grant",
        "revoked",
        "assertion",
        "challenge",
        "verification",
    ];
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

fn the_lag_is_the_age_of_the_oldest_row_that_should_have_gone(database: &TestDatabase) {
    let db = one_of_each(database);
    let end = NOW.plus(1_000);
    let lag =
        |ended, now| read(&db, move |conn| expiry::lag(conn, ended, now, &Retention::default()));
    for (ended, stays) in [
        (Ended::BrowserSessions, 0),
        (Ended::Guesses, 0),
        (Ended::RevokedTokens, expiry::CLOCK_MARGIN),
        (Ended::ClientAssertions, expiry::CLOCK_MARGIN),
        (Ended::RefreshTokens, expiry::REUSE_KNOWN_FOR),
        (Ended::Grants, expiry::REUSE_KNOWN_FOR),
    ] {
        assert_eq!(lag(ended, NOW), 0, "{ended:?}");
        assert_eq!(lag(ended, end.plus(stays)), 0, "{ended:?}");
        assert_eq!(lag(ended, end.plus(stays + 7)), 7, "{ended:?}");
    }
    for ended in Ended::ALL {
        after(&db, end.plus(expiry::REUSE_KNOWN_FOR + 7));
        assert_eq!(lag(ended, end.plus(expiry::REUSE_KNOWN_FOR + 7)), 0, "{ended:?}");
    }
}

fn a_clock_that_was_ahead_does_not_keep_the_audit_log(database: &TestDatabase) {
    let db = database.open();
    write(&db, |conn| {
        for age in [-31_536_000, 1_000, -31_536_000, 900, 10] {
            audit::insert(conn, &AuditEvent::new(NOW.plus(-age), "login.failed", "r"))?;
        }
        Ok(())
    });
    let kept = Retention { audit: Some(500), ..Retention::default() };
    let lag = |db: &Db| read(db, move |conn| expiry::lag(conn, Ended::AuditEvents, NOW, &kept));
    assert_eq!(lag(&db), 500);
    // Fewer at a time than were written ahead.
    let sweep =
        || write(&db, move |conn| expiry::delete_batch(conn, Ended::AuditEvents, NOW, &kept, 1));
    assert_eq!((sweep(), sweep(), sweep()), (2, 2, 0), "what lies between goes with them");
    assert_eq!(lag(&db), 0);
    assert_eq!(read(&db, |conn| audit::list_recent(conn, 9)).len(), 1);
}

fn records_go_when_somebody_says_so(database: &TestDatabase) {
    let db = with_grant(database);
    let ages = [("old", 1_000), ("young", 10)];
    write(&db, move |conn| {
        for (name, age) in ages {
            let event = AuditEvent::new(NOW.plus(-age), "login.failed", name);
            audit::insert(conn, &event)?;
            let record = ConsentRecord { at: NOW.plus(-age), ..a_record(name) };
            consent::record(conn, &record)?;
            let mail =
                OutboxMail { created_at: NOW.plus(-age), next_attempt_at: None, ..a_mail(name) };
            outbox::insert(conn, &mail)?;
        }
        let waiting = OutboxMail { created_at: NOW.plus(-1_000), ..a_mail("waiting") };
        outbox::insert(conn, &waiting)
    });
    let sweep = |retention: Retention| {
        let kinds = [Ended::AuditEvents, Ended::ConsentRecords, Ended::SentMails];
        write(&db, move |conn| {
            kinds
                .map(|kind| expiry::delete_batch(conn, kind, NOW, &retention, 10))
                .into_iter()
                .sum()
        })
    };
    let counted: usize = sweep(Retention::default());
    assert_eq!(counted, 0, "for ever, unless somebody says otherwise");
    let kept = Retention { audit: Some(500), consent_records: Some(500), mails: Some(500) };
    let lag = read(&db, move |conn| expiry::lag(conn, Ended::AuditEvents, NOW, &kept));
    assert_eq!(lag, 500);
    assert_eq!(sweep(kept), 3);
    assert_eq!(sweep(kept), 0);
    let mails = read(&db, |conn| outbox::list_recent(conn, 9));
    let mut left: Vec<_> = mails.iter().map(|mail| mail.id.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["waiting", "young"], "what was not sent yet is not over");
    assert_eq!(read(&db, |conn| audit::list_recent(conn, 9)).len(), 1);
    let records = read(&db, |conn| consent::records_of_user(conn, &UserId::new("u1"), 9));
    assert_eq!(records.len(), 1);
}

/// With many rows, PostgreSQL has the choice, and must not read or sort them all.
mod on_postgres {
    use std::sync::{Arc, Mutex};

    use diesel::{
        Connection, QueryableByName, RunQueryDsl,
        connection::{InstrumentationEvent, SimpleConnection},
        sql_query,
        sql_types::Text,
    };
    use vestibule_storage::expiry::{Ended, Retention};

    use super::*;

    const MANY: &str = "
        INSERT INTO revoked_tokens SELECT i::text, 1700000000 + i * 100 FROM generate_series(1, 20000) i;
        INSERT INTO spent_challenges SELECT i::text, 1700000000 + i * 100 FROM generate_series(1, 20000) i;
        INSERT INTO client_assertions SELECT i::text, 'app', 1700000000 + i * 100
            FROM generate_series(1, 20000) i;
        INSERT INTO guesses SELECT i::text, 1, i, i, NULL, 1700000000 + i * 100
            FROM generate_series(1, 20000) i;
        INSERT INTO grants (id, client_id, user_id, session_id, scope, is_offline, claims, auth_time,
            acr, amr, created_at, expires_at) SELECT 'g' || i, 'app', 'u1', i::text, '', true, '{}', 0,
            '', '[]', i, 1700000000 + i * 100 FROM generate_series(2, 20000) i;
        INSERT INTO refresh_tokens (hash, grant_id, generation, created_at, expires_at, used_at,
            sealed_reply) SELECT i::text, 'g1', i, i, 1700000000 + i * 100, 1700000000 + i * 100,
            CASE WHEN i % 9 = 0 THEN 'sealed' END FROM generate_series(1, 20000) i;
        INSERT INTO opaque_access_tokens SELECT i::text, 'app', 'g1', '{}', 1700000000 + i * 100
            FROM generate_series(1, 20000) i;
        INSERT INTO outbox (id, kind, sealed_message, created_at, attempts, expires_at)
            SELECT i::text, '', '', 1700000000 + i * 100, 0, 1700000000 + i * 100
            FROM generate_series(1, 20000) i;
        INSERT INTO consent_records SELECT i::text, 'u1', 'app', '', '', '', '', 1700000000 + i * 100
            FROM generate_series(1, 20000) i;
        INSERT INTO audit_events (at, event, request_id, detail) SELECT 1700000000 + i * 100, '', '', ''
            FROM generate_series(1, 20000) i;
        ANALYZE;";

    #[derive(QueryableByName)]
    struct PlanLine {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        line: String,
    }

    #[test]
    fn what_goes_is_found_by_an_index_among_many_rows() {
        let database = TestDatabase::postgres();
        drop(with_grant(&database));
        let mut conn = database.connect().unwrap();
        conn.batch_execute(MANY).unwrap();
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&recorded);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                sink.lock().unwrap().push(query.to_string().replace('\n', " "));
            }
        });
        let kinds = [
            Ended::SealedReplies,
            Ended::SpentChallenges,
            Ended::Guesses,
            Ended::Mails,
            Ended::OpaqueAccessTokens,
            Ended::RevokedTokens,
            Ended::ClientAssertions,
            Ended::RefreshTokens,
            Ended::Grants,
            Ended::SentMails,
            Ended::ConsentRecords,
            Ended::AuditEvents,
        ];
        let retention = Retention { audit: Some(0), consent_records: Some(0), mails: Some(0) };
        let now = Timestamp(1_701_000_000);
        for kind in kinds {
            assert!(expiry::lag(&mut conn, kind, now, &retention).unwrap() >= 0);
            assert_eq!(expiry::delete_batch(&mut conn, kind, now, &retention, 1).unwrap(), 1);
        }
        let Conn::Postgres(mut inner) = database.connect().unwrap() else { unreachable!() };
        let statements: Vec<String> = recorded.lock().unwrap().clone();
        let selects = statements.iter().filter(|text| text.starts_with("SELECT"));
        let mut checked = 0;
        for (number, text) in selects.enumerate() {
            let text = text.split(" -- binds:").next().unwrap();
            let parameters = (1..9).take_while(|nr| text.contains(&format!("${nr}"))).count();
            let values = ["1701000000", "200", "200"].get(..parameters).unwrap().join(", ");
            inner.batch_execute(&format!("PREPARE s{number} AS {text}")).unwrap();
            let plan: Vec<PlanLine> = sql_query(format!("EXPLAIN EXECUTE s{number} ({values})"))
                .load(&mut inner)
                .unwrap();
            let plan = plan.iter().map(|line| line.line.as_str()).collect::<Vec<_>>().join("\n");
            assert!(plan.contains("Index"), "{text}\n{plan}");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{text}\n{plan}");
            checked += 1;
        }
        assert!(checked >= 2 * kinds.len() - 1, "{checked}: {statements:#?}");
    }

    #[test]
    fn what_somebody_holds_is_not_waited_for() {
        let database = TestDatabase::postgres();
        let db = database.open();
        write(&db, |conn| {
            revoked_token::insert(conn, "held", NOW)?;
            revoked_token::insert(conn, "free", NOW)
        });
        let mut holder = database.connect().unwrap();
        holder
            .batch_execute("BEGIN; SELECT 1 FROM revoked_tokens WHERE jti = 'held' FOR UPDATE")
            .unwrap();
        let later = NOW.plus(expiry::CLOCK_MARGIN);
        assert_eq!(write(&db, move |conn| expiry::delete_expired(conn, later, 10)), 1);
        assert!(read(&db, |conn| revoked_token::contains(conn, "held")));
        holder.batch_execute("COMMIT").unwrap();
        assert_eq!(write(&db, move |conn| expiry::delete_expired(conn, later, 10)), 1);
    }
}
