//! What follows when a one-time credential is used twice (RFC 6749 §4.1.2, RFC 9700 §4.14.2).

use vestibule_model::{OAuthError, Timestamp, audit::AuditEvent, grant::Grant};
use vestibule_storage::Conn;
use vestibule_web::RequestId;

/// The line for the audit log.
pub(super) fn event(
    name: &'static str,
    grant: &Grant,
    request_id: &RequestId,
    now: Timestamp,
) -> AuditEvent {
    AuditEvent {
        at: now,
        event: name,
        user_id: Some(grant.user_id.clone()),
        client_id: Some(grant.client_id.clone()),
        request_id: request_id.0.clone(),
        detail: format!("grant {} revoked", grant.id),
    }
}

/// Revokes the grant, with everything issued from it and nothing else of the person's. Noted once,
/// by whoever was first.
pub(super) fn revoke(conn: &mut Conn, grant: &Grant, event: &AuditEvent) -> Result<(), OAuthError> {
    if vestibule_storage::grant::revoke(conn, &grant.id, event.at)? {
        vestibule_storage::audit::insert(conn, event)?;
    }
    Ok(())
}
