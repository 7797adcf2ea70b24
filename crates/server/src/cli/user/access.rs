//! `vestibule user lock`, `unlock` and `reset-mfa`.

use serde_json::{Value, json};
use vestibule_keys::Digester;
use vestibule_model::audit::AuditEvent;
use vestibule_model::device::Device;
use vestibule_model::user::User;
use vestibule_model::{OAuthError, Timestamp, UserId};
use vestibule_policy::guessing::{Limits, Subject};
use vestibule_policy::mfa::Method;
use vestibule_storage::{Conn, StorageError};
use vestibule_web::guessing::Watch;

use super::{Who, to_json};
use crate::cli::output::Output;
use crate::fault::Fault;
use crate::premises::Premises;

pub(super) fn lock(who: &Who, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let user = who.find(premises)?;
    let (id, now) = (user.id.clone(), premises.now());
    let ended = premises.write(move |conn| {
        vestibule_storage::user::hold(conn, &id)?;
        vestibule_storage::user::set_disabled(conn, &id, Some(now))?;
        let ended = end_everything(conn, &id, now)?;
        note(conn, now, "user.locked", &id)?;
        Ok::<_, StorageError>(ended)
    });
    let ended = ended?;
    let words = format!("Locked the account {}: {}.", user.username, ended.in_words());
    answer(premises, &user, ended.to_json(), &words, output)
}

pub(super) fn unlock(who: &Who, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let user = who.find(premises)?;
    let (id, now, digester) = (user.id.clone(), premises.now(), premises.digester());
    let opened = premises.write(move |conn| {
        vestibule_storage::user::set_disabled(conn, &id, None)?;
        let devices = vestibule_storage::device::list_of_user(conn, &id)?;
        let names = guesses_at(&digester, &id, &devices);
        vestibule_storage::guess::clear(conn, &names)?;
        note(conn, now, "user.unlocked", &id)
    });
    opened?;
    let words = format!("The account {} is open; its wrong guesses are forgotten.", user.username);
    answer(premises, &user, json!({}), &words, output)
}

/// Whatever wrong guesses at this account are counted under.
fn guesses_at(digester: &Digester, id: &UserId, devices: &[Device]) -> Vec<String> {
    let account = id.as_str().to_owned();
    let devices = devices.iter().map(|device| Subject::Device {
        account: account.clone(),
        device: device.id.as_str().to_owned(),
    });
    let codes = Method::ALL
        .into_iter()
        .map(|method| Subject::Code { kind: method.as_str(), owner: account.clone() });
    let subjects = std::iter::once(Subject::Account(account.clone())).chain(devices).chain(codes);
    // Forgetting asks for no limit.
    let limit = Limits::default().account;
    Watch::over(digester, subjects.map(|subject| (subject, limit)).collect()).names()
}

pub(super) fn reset_mfa(who: &Who, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let user = who.find(premises)?;
    let (id, now) = (user.id.clone(), premises.now());
    let done = premises.write(move |conn| {
        vestibule_storage::user::hold(conn, &id)?;
        let removed = remove_factors(conn, &id)?;
        let ended = end_everything(conn, &id, now)?;
        note(conn, now, "mfa.reset", &id)?;
        Ok::<_, OAuthError>((removed, ended))
    });
    let (removed, ended) = done?;
    let words = format!(
        "Removed from the account {}: {} authenticator apps, {} passkeys, {} recovery codes; {}.",
        user.username,
        removed.totp,
        removed.passkeys,
        removed.recovery_codes,
        ended.in_words()
    );
    let mut value = ended.to_json();
    if let Some(object) = value.as_object_mut() {
        object.insert("totp_removed".to_owned(), json!(removed.totp));
        object.insert("passkeys_removed".to_owned(), json!(removed.passkeys));
        object.insert("recovery_codes_removed".to_owned(), json!(removed.recovery_codes));
    }
    answer(premises, &user, value, &words, output)
}

/// What a person signed in to, and what ended of it.
struct Ended {
    sessions: usize,
    grants: usize,
}

impl Ended {
    fn in_words(&self) -> String {
        format!("{} sessions and {} apps ended", self.sessions, self.grants)
    }

    fn to_json(&self) -> Value {
        json!({ "sessions_ended": self.sessions, "grants_revoked": self.grants })
    }
}

/// The user's row is held: whoever is just signing in or getting a grant is waited for, and ends too.
fn end_everything(conn: &mut Conn, id: &UserId, now: Timestamp) -> Result<Ended, StorageError> {
    // The offline ones first: ending a session revokes its online ones too.
    let grants = vestibule_storage::grant::revoke_all_of_user(conn, id, None, now)?;
    let sessions = vestibule_storage::browser_session::end_all_of_user(conn, id, None, now)?.len();
    Ok(Ended { sessions, grants })
}

struct Removed {
    totp: usize,
    passkeys: usize,
    recovery_codes: i64,
}

fn remove_factors(conn: &mut Conn, id: &UserId) -> Result<Removed, StorageError> {
    use vestibule_storage::{device, passkey, recovery_code, totp_device};
    let apps = totp_device::list_of_user(conn, id)?;
    for app in &apps {
        totp_device::delete(conn, &app.id, id)?;
    }
    let passkeys = passkey::list_of_user(conn, id)?;
    for key in &passkeys {
        passkey::delete(conn, &key.id, id)?;
    }
    let recovery_codes = recovery_code::left(conn, id)?;
    recovery_code::delete_all(conn, id)?;
    device::distrust_all(conn, id)?;
    Ok(Removed { totp: apps.len(), passkeys: passkeys.len(), recovery_codes })
}

fn note(
    conn: &mut Conn,
    now: Timestamp,
    event: &'static str,
    id: &UserId,
) -> Result<(), StorageError> {
    let event = AuditEvent::new(now, event, "command-line").of_user(id);
    vestibule_storage::audit::insert(conn, &event)
}

/// The account as it is now, and what was done.
fn answer(
    premises: &Premises,
    user: &User,
    done: Value,
    words: &str,
    output: &mut Output,
) -> Result<(), Fault> {
    let id = user.id.clone();
    let read = premises.db.read(move |conn| vestibule_storage::user::find(conn, &id));
    let mut value = read.wait()?.as_ref().map_or(Value::Null, to_json);
    if let (Some(value), Value::Object(done)) = (value.as_object_mut(), done) {
        value.extend(done);
    }
    output.answer(&value, words)
}
