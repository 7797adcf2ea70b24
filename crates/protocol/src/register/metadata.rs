//! From the body of a request to metadata that can be stored: what policy cannot do alone.

use serde_json::{Map, Value};
use vestibule_keys::TokenFault;
use vestibule_keys::client_signature::{self, SignatureFault};
use vestibule_model::{ErrorCode, OAuthError, Timestamp, client::ClientMetadata};
use vestibule_policy::{
    client_metadata::{self, Problem},
    registration::{self, statement},
};
use vestibule_web::{AppState, JsonObject};

/// The members of the body. One that cannot be read is bad metadata (RFC 7591 §3.2.2).
pub(super) fn members(body: JsonObject) -> Result<Map<String, Value>, OAuthError> {
    body.0.map_err(|error| match error.code {
        ErrorCode::RequestMalformed => {
            OAuthError { code: ErrorCode::ClientMetadataInvalid, ..error }
        }
        _ => error,
    })
}

/// With the claims of the software statement, if there is one (RFC 7591 §2.3).
pub(super) fn with_statement(
    state: &AppState,
    members: Map<String, Value>,
    now: Timestamp,
) -> Result<Map<String, Value>, OAuthError> {
    // What is no text is refused with everything else.
    let given = members.get("software_statement").and_then(Value::as_str);
    let Some(given) = given.filter(|text| !text.is_empty()) else { return Ok(members) };
    let refused = |code: ErrorCode, why: String| OAuthError::new(code).because(why);
    let malformed = |why: String| refused(ErrorCode::SoftwareStatementInvalid, why);
    let unapproved = |why: String| refused(ErrorCode::SoftwareStatementUnapproved, why);
    if client_signature::peek(given).is_none_or(|peek| peek.is_encrypted) {
        return Err(malformed("not a signed JWT".to_owned()));
    }
    let Some(trusted) = &state.settings.client_registration.software_statement_jwks else {
        return Err(unapproved("nobody's statements are believed".to_owned()));
    };
    let verified =
        client_signature::verify_statement(given, trusted).map_err(|fault| match fault {
            // A wrong signature may be a right one of somebody else.
            SignatureFault::Token(TokenFault::SignatureWrong) => unapproved(fault.to_string()),
            SignatureFault::Token(_) => malformed(fault.to_string()),
            _ => unapproved(fault.to_string()),
        })?;
    statement::check(&verified.claims, now)?;
    Ok(statement::merged(&members, &verified.claims))
}

/// What was read without a mistake, and whose `sector_identifier_uri` says the same (OIDC
/// Registration §5). Nothing else is fetched at registration.
pub(super) async fn accepted(
    state: &AppState,
    read: Result<ClientMetadata, Vec<Problem>>,
) -> Result<ClientMetadata, OAuthError> {
    let metadata = read.map_err(|problems| client_metadata::refusal(&problems))?;
    let Some(uri) = &metadata.sector_identifier_uri else { return Ok(metadata) };
    let refused = |problem: Problem| client_metadata::refusal(&[problem]);
    let fetched = state.outbound.get_json(uri).await.and_then(|fetched| fetched.json::<Value>());
    let listed = fetched
        .map_err(|fault| refused(Problem::new("sector_identifier_uri", fault.to_string())))?;
    registration::check_sector(&listed, &metadata.redirect_uris).map_err(refused)?;
    Ok(metadata)
}
