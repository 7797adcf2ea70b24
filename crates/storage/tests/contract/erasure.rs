//! An erased account leaves nothing behind but its id in the audit log.

use std::collections::BTreeSet;

use vestibule_model::{
    ClientId, DeviceId, GrantId, InteractionId, SessionId, SignInId, Subject, UserId,
    audit::AuditEvent,
    browser_session::BrowserSession,
    device::Device,
    factor::{Passkey, TotpDevice},
    grant::{AuthorizationCode, Consent, ConsentRecord, Grant, RefreshToken},
    interaction::{Interaction, Progress},
    mail::OutboxMail,
    sign_in::SignIn,
    user::{Profile, User},
    verification::{Verification, VerificationKind},
};
use vestibule_storage::{
    Conn, StorageError, audit, authorization_code, browser_session, client, consent, device, grant,
    interaction, opaque_access_token, outbox, passkey, recovery_code, refresh_token, sign_in,
    terms, testing::TestDatabase, totp_device, user, verification,
};

use crate::{
    catalogue::{self, Cells},
    fixtures::{
        NOW, a_client, a_code, a_consent, a_device, a_grant, a_mail, a_passkey, a_record,
        a_refresh_token, a_session, a_sign_in, a_totp_device, a_user, a_verification,
        an_interaction, an_opaque_token, hash, read, write,
    },
};

on_both!(
    nothing_personal_is_left_of_an_erased_account,
    the_audit_log_keeps_the_id_as_pseudonym,
    a_neighbour_is_not_touched,
    an_account_is_erased_once,
);

/// Fills every table that can hold something of a person. Whatever is personal contains `who`; ids
/// and the hashes of secrets contain `id`.
fn live(conn: &mut Conn, id: &str, who: &str) -> Result<(), StorageError> {
    let user_id = UserId::new(id);
    let profile = Profile {
        name: Some(format!("Name {who}")),
        phone_number: Some(format!("+49 {who}")),
        ..Profile::default()
    };
    let person = User {
        profile,
        sealed_profile: Some(format!("v2.profile {who}")),
        password_hash: format!("$argon2id${who}"),
        language: Some(who.to_owned()),
        groups: vec![who.to_owned()],
        ..a_user(id, &format!("User-{who}"), &address(who))
    };
    user::insert(conn, &person)?;
    user::set_password(conn, &user_id, &format!("new {who}"), 5, NOW, format!("history {id}"))?;
    terms::accept(conn, &user_id, "2026", NOW)?;
    signed_in(conn, id, who)?;
    enrolled(conn, id, who)?;
    allowed(conn, id, who)?;
    written_to(conn, id, who)?;
    for line in 0..3 {
        let event = AuditEvent::new(NOW, "login.succeeded", format!("request {line}"));
        audit::insert(conn, &event.of_user(&user_id).from_ip(Some(&format!("ip {who}"))))?;
    }
    Ok(())
}

fn address(who: &str) -> String {
    format!("Mail-{who}@Example.org")
}

fn signed_in(conn: &mut Conn, id: &str, who: &str) -> Result<(), StorageError> {
    let user_id = UserId::new(id);
    let (ip, user_agent) = (Some(format!("ip {who}")), format!("Browser {who}"));
    let device = a_device(&format!("device {id}"), &format!("device {id}"), id);
    device::insert(conn, &Device { ip: ip.clone(), user_agent: user_agent.clone(), ..device })?;
    // One session that goes on, and one that left its mark and ended.
    for name in ["open", "ended"] {
        let session = BrowserSession {
            user_id: user_id.clone(),
            device_id: Some(DeviceId::new(format!("device {id}"))),
            ip: ip.clone(),
            user_agent: Some(user_agent.clone()),
            ..a_session(&format!("{name} {id}"), &format!("{name} {id}"))
        };
        browser_session::insert(conn, &session)?;
        let mut request = an_interaction(&format!("{name} {id}"));
        request.request.login_hint = Some(address(who));
        request.request.hinted_subject = Some(Subject::new(user_id.as_str()));
        interaction::insert(conn, &request)?;
        marked(conn, &request, &session.id)?;
    }
    browser_session::end(conn, &SessionId::new(format!("ended {id}")), NOW)?;
    let half = SignIn {
        user_id: user_id.clone(),
        ..a_sign_in(&format!("half {id}"), &format!("half {id}"))
    };
    sign_in::insert(conn, &half)
}

/// Leaves each of the marks that a session can leave.
fn marked(conn: &mut Conn, request: &Interaction, session: &SessionId) -> Result<(), StorageError> {
    let mark = || Some(session.clone());
    for progress in [
        Progress { signed_in: mark(), ..Progress::default() },
        Progress { account_chosen: mark(), ..Progress::default() },
        Progress { consented: mark(), ..Progress::default() },
        // A refusal names no session; whose request it is stays known.
        Progress { denied: true, ..Progress::default() },
    ] {
        assert!(interaction::save_progress(conn, &request.id, &progress)?);
    }
    Ok(())
}

fn enrolled(conn: &mut Conn, id: &str, who: &str) -> Result<(), StorageError> {
    let user_id = UserId::new(id);
    let app = TotpDevice {
        user_id: user_id.clone(),
        name: format!("Phone of {who}"),
        sealed_secret: format!("v2.secret {who}"),
        ..a_totp_device(&format!("totp {id}"))
    };
    totp_device::insert(conn, &app)?;
    let key = Passkey {
        user_id: user_id.clone(),
        name: format!("Key of {who}"),
        credential: format!("{{\"who\":\"{who}\"}}"),
        ..a_passkey(&format!("passkey {id}"))
    };
    passkey::insert(conn, &key)?;
    recovery_code::replace_all(conn, &user_id, &[hash(&format!("code {id}"))], NOW)
}

fn allowed(conn: &mut Conn, id: &str, who: &str) -> Result<(), StorageError> {
    let (user_id, grant_id) = (UserId::new(id), GrantId::new(format!("grant {id}")));
    consent::save(conn, &Consent { user_id: user_id.clone(), ..a_consent() })?;
    let record = ConsentRecord { user_id: user_id.clone(), ..a_record(&format!("record {id}")) };
    consent::record(conn, &record)?;
    let session_id = SessionId::new(format!("ended {id}"));
    let given = Grant { user_id, session_id, ..a_grant(grant_id.as_str()) };
    grant::insert(conn, &given)?;
    let code = AuthorizationCode {
        grant_id: grant_id.clone(),
        nonce: Some(who.to_owned()),
        ..a_code(&format!("code {id}"))
    };
    authorization_code::insert(conn, &code)?;
    let refresh =
        RefreshToken { grant_id: grant_id.clone(), ..a_refresh_token(&format!("refresh {id}"), 0) };
    refresh_token::insert(conn, &refresh)?;
    let mut opaque = an_opaque_token(&format!("opaque {id}"), &format!("{grant_id}.jti"));
    opaque.claims.sub = id.to_owned();
    opaque_access_token::insert(conn, &opaque)
}

fn written_to(conn: &mut Conn, id: &str, who: &str) -> Result<(), StorageError> {
    let mail = OutboxMail {
        user_id: Some(UserId::new(id)),
        sealed_message: format!("v2.mail {who}"),
        last_error: Some(format!("no such mailbox: {who}")),
        ..a_mail(&format!("mail {id}"))
    };
    outbox::insert(conn, &mail)?;
    let reset = Verification {
        subject: id.to_owned(),
        user_id: Some(UserId::new(id)),
        sealed_data: Some(format!("v2.data {who}")),
        ..a_verification(&format!("reset {id}"))
    };
    // As the tries to register under an address look: they know no account.
    let register = Verification {
        kind: VerificationKind::Register,
        subject: address(who).to_lowercase(),
        user_id: None,
        ..reset.clone()
    };
    let id = format!("register {id}");
    let register = Verification { token_hash: hash(&id), id, ..register };
    verification::insert(conn, &reset)?;
    verification::insert(conn, &register)
}

/// The tables and columns with a value that contains `text`, whatever its case.
fn places(cells: &Cells, text: &str) -> BTreeSet<String> {
    cells
        .iter()
        .filter(|(_, values)| values.iter().any(|value| value.to_lowercase().contains(text)))
        .map(|((table, column), _)| format!("{table}.{column}"))
        .collect()
}

fn cells(database: &TestDatabase) -> Cells {
    catalogue::cells(&mut database.connect().unwrap())
}

/// Makes the account `id-of-ada`, personal texts with `lovelace`, and tells what there is.
fn ada(database: &TestDatabase) -> Cells {
    let db = database.open();
    write(&db, |conn| {
        client::insert(conn, &a_client("app"))?;
        live(conn, "id-of-ada", "Lovelace")
    });
    cells(database)
}

fn erase(database: &TestDatabase) -> bool {
    write(&database.open(), |conn| user::erase(conn, &UserId::new("id-of-ada"), NOW))
}

fn nothing_personal_is_left_of_an_erased_account(database: &TestDatabase) {
    let before = ada(database);
    // Were a table missing in `live`, the test would hold nothing of it.
    let of_people: BTreeSet<&str> = before
        .keys()
        .filter(|(_, column)| column == "user_id")
        .map(|(table, _)| table.as_str())
        .collect();
    let filled = places(&before, "id-of-ada");
    for table in &of_people {
        assert!(filled.contains(&format!("{table}.user_id")), "nothing of Ada in {table}");
    }
    assert!(of_people.len() >= 15, "{of_people:?}");
    assert!(places(&before, "lovelace").len() >= 25, "{:?}", places(&before, "lovelace"));

    assert!(erase(database));
    let after = cells(database);
    assert_eq!(places(&after, "lovelace"), BTreeSet::new());
    let pseudonym = BTreeSet::from(["audit_events.user_id".to_owned()]);
    assert_eq!(places(&after, "id-of-ada"), pseudonym);
}

fn the_audit_log_keeps_the_id_as_pseudonym(database: &TestDatabase) {
    ada(database);
    assert!(erase(database));
    let lines = read(&database.open(), |conn| {
        audit::list_of_user(conn, &UserId::new("id-of-ada"), 9, None)
    });
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!((line.event.as_str(), line.at, line.ip), ("login.succeeded", NOW, None));
    }
}

fn a_neighbour_is_not_touched(database: &TestDatabase) {
    write(&database.open(), |conn| {
        client::insert(conn, &a_client("app"))?;
        live(conn, "id-of-bob", "Babbage")
    });
    let alone = cells(database);
    write(&database.open(), |conn| live(conn, "id-of-ada", "Lovelace"));
    assert!(erase(database));
    let mut after = cells(database);
    for ((table, column), values) in &mut after {
        // What stays of Ada: her three lines of the audit log.
        if table == "audit_events" {
            let before = &alone[&(table.clone(), column.clone())];
            let more = if ["ip", "client_id"].contains(&column.as_str()) { 0 } else { 3 };
            assert_eq!(values.len(), before.len() + more, "{column}");
            values.clone_from(before);
        }
    }
    assert_eq!(after, alone);
}

fn an_account_is_erased_once(database: &TestDatabase) {
    ada(database);
    assert!(erase(database));
    assert!(!erase(database));
    // The request of somebody who never signed in is not Ada's to erase.
    let db = database.open();
    write(&db, |conn| {
        interaction::insert(conn, &an_interaction("of nobody"))?;
        user::erase(conn, &UserId::new("id-of-ada"), NOW)
    });
    let kept = read(&db, |conn| interaction::find(conn, &InteractionId::new("of nobody")));
    assert!(kept.is_some());
    let taken = write(&db, |conn| sign_in::take(conn, &SignInId::new("half id-of-ada")));
    assert!(!taken);
    assert!(read(&db, |conn| client::find(conn, &ClientId::new("app"))).is_some());
}
