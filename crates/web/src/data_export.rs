//! Everything that is kept about a person, as one JSON document (GDPR Art. 15 and 20). The account
//! page and `vestibule user export` give out the same.
//!
//! No secrets: no hash of a password or code, no key, no token. Whoever gets hold of the document
//! can sign in nowhere.

use serde_json::{Value, json};
use vestibule_keys::Sealer;
use vestibule_model::{
    ErrorCode, OAuthError, Timestamp, UserId,
    browser_session::BrowserSession,
    device::Device,
    factor::{Factors, Passkey, TotpDevice},
    grant::{Consent, ConsentRecord, Grant},
    mail::OutboxMail,
    user::User,
};
use vestibule_storage::{
    Conn, audit, audit::RecordedEvent, browser_session, consent, device, factor, grant, outbox,
    terms, terms::Acceptance, user,
};

use crate::profile;

/// Changes whenever a member gets another meaning.
const FORMAT: &str = "vestibule-account-1";
/// The most lines of one list: what is older was of use to nobody.
const LINES: i64 = 10_000;

/// The document about the account `id`.
///
/// # Errors
/// [`ErrorCode::Internal`] if there is no such account any more, or what is sealed does not open.
pub fn document(
    conn: &mut Conn,
    sealer: &Sealer,
    id: &UserId,
    now: Timestamp,
) -> Result<Value, OAuthError> {
    let gone = || OAuthError::new(ErrorCode::Internal).because("the account is gone");
    let person = user::find(conn, id)?.ok_or_else(gone)?;
    let person = profile::opened_by(conn, sealer, person)?;
    let factors = factor::of_user(conn, id)?;
    Ok(json!({
        "format": FORMAT,
        "exported_at": written(now),
        "account": account(&person),
        "profile": person.profile,
        "sign_in": sign_in(&person, &factors),
        "sessions": list(&browser_session::list_of_user(conn, id)?, session),
        "devices": list(&device::list_of_user(conn, id)?, known_device),
        "apps": {
            "allowed": list(&consent::list_of_user(conn, id)?, allowed),
            "connected": list(&grant::list_of_user(conn, id, now)?, connected),
            "decisions": list(&consent::records_of_user(conn, id, LINES)?, decision),
        },
        "terms": list(&terms::list_of_user(conn, id)?, acceptance),
        "mails": list(&outbox::list_of_user(conn, id, LINES)?, mail),
        "activity": list(&audit::list_of_user(conn, id, LINES, None)?, event),
    }))
}

fn account(user: &User) -> Value {
    json!({
        "sub": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "administrator": user.is_admin,
        "groups": user.groups,
        "language": user.language,
        "created_at": written(user.created_at),
        "updated_at": written(user.updated_at),
        "locked_at": user.disabled_at.map(written),
        "deletion_at": user.deletion_at.map(written),
    })
}

fn sign_in(user: &User, factors: &Factors) -> Value {
    json!({
        "password": !user.password_hash.is_empty(),
        "password_changed_at": user.password_changed_at.map(written),
        "authenticator_apps": list(&factors.totp, authenticator_app),
        "passkeys": list(&factors.passkeys, passkey),
        "recovery_codes_left": factors.recovery_codes_left,
    })
}

fn authenticator_app(app: &TotpDevice) -> Value {
    json!({
        "name": app.name,
        "created_at": written(app.created_at),
        "last_used_at": app.last_used_at.map(written),
    })
}

fn passkey(key: &Passkey) -> Value {
    json!({
        "name": key.name,
        "credential_id": key.id,
        "model": key.aaguid,
        "synchronised": key.backed_up,
        "created_at": written(key.created_at),
        "last_used_at": key.last_used_at.map(written),
    })
}

fn session(session: &BrowserSession) -> Value {
    json!({
        "id": session.id,
        "signed_in_at": written(session.auth_time),
        "methods": session.amr,
        "acr": session.acr,
        "ip": session.ip,
        "browser": session.user_agent,
        "created_at": written(session.created_at),
        "last_seen_at": written(session.last_seen_at),
        "expires_at": written(session.expires_at),
    })
}

fn known_device(device: &Device) -> Value {
    json!({
        "id": device.id,
        "browser": device.user_agent,
        "ip": device.ip,
        "created_at": written(device.created_at),
        "last_seen_at": written(device.last_seen_at),
        "trusted_until": device.trusted_until.map(written),
    })
}

fn allowed(consent: &Consent) -> Value {
    json!({
        "client_id": consent.client_id,
        "scope": consent.scope,
        "claims": consent.claims,
        "wording": consent.wording,
        "granted_at": written(consent.granted_at),
    })
}

fn connected(grant: &Grant) -> Value {
    json!({
        "client_id": grant.client_id,
        "scope": grant.scope,
        "created_at": written(grant.created_at),
        "expires_at": written(grant.expires_at),
    })
}

fn decision(record: &ConsentRecord) -> Value {
    json!({
        "client_id": record.client_id,
        "decision": record.decision.as_str(),
        "scope": record.scope,
        "claims": record.claims,
        "wording": record.wording,
        "at": written(record.at),
    })
}

fn acceptance(acceptance: &Acceptance) -> Value {
    json!({ "version": acceptance.version, "at": written(acceptance.at) })
}

fn mail(mail: &OutboxMail) -> Value {
    json!({
        "kind": mail.kind,
        "written_at": written(mail.created_at),
        "sent_at": mail.sent_at.map(written),
    })
}

fn event(event: &RecordedEvent) -> Value {
    json!({
        "at": written(event.at),
        "event": event.event,
        "client_id": event.client_id,
        "ip": event.ip,
        "detail": event.detail,
    })
}

fn list<T>(rows: &[T], write: fn(&T) -> Value) -> Value {
    rows.iter().map(write).collect()
}

/// A time as RFC 3339 writes it, in UTC.
fn written(at: Timestamp) -> String {
    let (year, month, day) = vestibule_text::calendar_day(at);
    let seconds = at.0.rem_euclid(86_400);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(written(Timestamp(1_795_000_000)), "2026-11-18T11:06:40Z");
        assert_eq!(written(Timestamp(0)), "1970-01-01T00:00:00Z");
    }
}
