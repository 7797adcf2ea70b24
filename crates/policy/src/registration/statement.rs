//! Software statements (RFC 7591 §2.3). Whose signature they have is not judged here.

use serde_json::{Map, Value};
use vestibule_model::{ErrorCode, OAuthError, Timestamp};

/// How far the clock of whoever makes statements may be off, in seconds.
const CLOCK_SKEW: i64 = 60;

/// Whether a statement that somebody who is believed has signed may be used now: it says who that is
/// (RFC 7591 §2.3), and is in time (RFC 7519 §4.1.4, §4.1.5).
///
/// # Errors
/// `SoftwareStatementInvalid`.
pub fn check(claims: &Map<String, Value>, now: Timestamp) -> Result<(), OAuthError> {
    let refused = |why: &str| {
        let description = format!("software_statement {why}");
        Err(OAuthError::describe(ErrorCode::SoftwareStatementInvalid, description))
    };
    if claims.get("iss").and_then(Value::as_str).is_none_or(str::is_empty) {
        return refused("has no iss");
    }
    let time = |name: &str| claims.get(name).map(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds of this age are exact in 53 bits")]
    let (early, late) = ((now.0 + CLOCK_SKEW) as f64, (now.0 - CLOCK_SKEW) as f64);
    match (time("exp"), time("nbf")) {
        (Some(None), _) => refused("has an exp that is no time"),
        (_, Some(None)) => refused("has an nbf that is no time"),
        (Some(Some(exp)), _) if exp <= late => refused("has expired"),
        (_, Some(Some(nbf))) if nbf > early => refused("is not valid yet"),
        _ => Ok(()),
    }
}

/// The registration with the statement's claims, which win (RFC 7591 §2.3). What the statement says
/// in one language is not said otherwise in another beside it.
#[must_use]
pub fn merged(plain: &Map<String, Value>, claims: &Map<String, Value>) -> Map<String, Value> {
    let is_overruled =
        |name: &str| name.split_once('#').is_some_and(|(field, _)| claims.contains_key(field));
    let kept = plain.iter().filter(|(name, _)| !is_overruled(name));
    let mut all: Map<_, _> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    // The statement itself comes back unmodified (§3.2.1); one within one means nothing.
    let claims = claims.iter().filter(|(name, _)| name.as_str() != "software_statement");
    all.extend(claims.map(|(name, value)| (name.clone(), value.clone())));
    all
}
