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
    AuditEvent::new(now, name, &request_id.0)
        .of_user(&grant.user_id)
        .of_client(&grant.client_id)
        .detail(format!("grant {} revoked", grant.id))
}

/// Revokes the grant, with everything issued from it and nothing else of the person's. Noted once,
/// by whoever was first.
pub(super) fn revoke(conn: &mut Conn, grant: &Grant, event: &AuditEvent) -> Result<(), OAuthError> {
    if vestibule_storage::grant::revoke(conn, &grant.id, event.at)? {
        vestibule_storage::audit::insert(conn, event)?;
    }
    Ok(())
}
