//! Client authentication at the token endpoint (RFC 6749 §2.3, RFC 7523 §3, OIDC Core §9).

use serde_json::{Map, Value};
use vestibule_model::{
    ClientId, ErrorCode, OAuthError, Timestamp,
    client::{AuthMethod, Client},
    jose::ClientSignatureAlg,
};

use crate::bearer::CLOCK_SKEW;

/// The furthest end an assertion may name, in seconds from now: its `jti` is remembered until then.
/// An hour, because that is what Authlib signs and cannot be told otherwise.
pub const MAX_ASSERTION_LIFETIME: i64 = 3_600;

/// The longest `jti` that is remembered.
const MAX_JTI: usize = 256;

/// What to remember of an assertion so that it cannot be used twice (RFC 7523 §3, `jti`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionId {
    /// `jti`.
    pub jti: String,
    /// Until when it must be remembered.
    pub expires_at: Timestamp,
}

/// Whether the client registered the method it used: one method per client, or a leaked public
/// form of a client would be as good as its secret.
pub fn check_method(client: &Client, used: AuthMethod) -> Result<(), OAuthError> {
    let registered = client.metadata.token_endpoint_auth_method;
    if registered == used {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::ClientAuthMethodMismatch).because(format!(
        "used `{}`, registered `{}`",
        used.as_str(),
        registered.as_str()
    )))
}

/// The method that an assertion with this algorithm belongs to (OIDC Core §9).
#[must_use]
pub const fn assertion_method(alg: ClientSignatureAlg) -> AuthMethod {
    if alg.is_mac() { AuthMethod::ClientSecretJwt } else { AuthMethod::PrivateKeyJwt }
}

/// Judges the claims of a client assertion whose signature holds (RFC 7523 §3, OIDC Core §9).
/// `audiences` are the names this server answers to: its issuer, its token endpoint and the endpoint
/// that was called.
pub fn check_assertion_claims(
    claims: &Map<String, Value>,
    client_id: &ClientId,
    audiences: &[String],
    now: Timestamp,
) -> Result<AssertionId, OAuthError> {
    is_by_and_about(claims, client_id)?;
    is_for_us(claims, audiences)?;
    let expires_at = is_timely(claims, now)?;
    let jti = text(claims, "jti")?;
    if jti.is_empty() || jti.len() > MAX_JTI || jti.chars().any(char::is_control) {
        return Err(malformed(format!("jti must be 1 to {MAX_JTI} printable characters")));
    }
    // It would be accepted for the skew after its end, so it is remembered that much longer.
    Ok(AssertionId { jti: jti.to_owned(), expires_at: expires_at.plus(CLOCK_SKEW) })
}

fn malformed(detail: impl Into<String>) -> OAuthError {
    OAuthError::new(ErrorCode::AssertionMalformed).because(detail)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<&'a str, OAuthError> {
    claims.get(name).and_then(Value::as_str).ok_or_else(|| malformed(format!("{name} is no text")))
}

/// RFC 7523 §3 (1, 2): `iss` and `sub` are the client.
fn is_by_and_about(claims: &Map<String, Value>, client_id: &ClientId) -> Result<(), OAuthError> {
    for name in ["iss", "sub"] {
        let value = text(claims, name)?;
        if value != client_id.as_str() {
            let value: String = value.escape_debug().take(100).collect();
            return Err(malformed(format!("{name} is `{value}`, the client is `{client_id}`")));
        }
    }
    Ok(())
}

/// RFC 7523 §3 (3): `aud`, one text or a list, names us.
fn is_for_us(claims: &Map<String, Value>, audiences: &[String]) -> Result<(), OAuthError> {
    let is_ours = |value: &Value| {
        value.as_str().is_some_and(|given| audiences.iter().any(|ours| ours.as_str() == given))
    };
    let named = match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(value) => is_ours(value),
        None => false,
    };
    if named {
        return Ok(());
    }
    let given = claims.get("aud").map_or_else(|| "none".to_owned(), Value::to_string);
    let given: String = given.chars().take(200).collect();
    Err(OAuthError::new(ErrorCode::AssertionAudienceWrong)
        .because(format!("aud is {given}, this server is `{}`", audiences.join("` or `"))))
}

/// RFC 7523 §3 (4, 5, 6): `exp` is needed, near and not past; `nbf` and `iat` are not ahead.
fn is_timely(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, OAuthError> {
    let expires_at = time(claims, "exp")?.ok_or_else(|| malformed("exp is missing"))?;
    if now >= expires_at.plus(CLOCK_SKEW) {
        return Err(OAuthError::new(ErrorCode::AssertionExpired)
            .because(format!("expired {} s ago", now.since(expires_at))));
    }
    if expires_at.since(now) > MAX_ASSERTION_LIFETIME {
        return Err(malformed(format!(
            "exp is {} s ahead, at most {MAX_ASSERTION_LIFETIME}",
            expires_at.since(now)
        )));
    }
    for name in ["nbf", "iat"] {
        if let Some(at) = time(claims, name)?
            && at.since(now) > CLOCK_SKEW
        {
            return Err(OAuthError::new(ErrorCode::AssertionNotYetValid)
                .because(format!("{name} is {} s ahead of our clock", at.since(now))));
        }
    }
    Ok(expires_at)
}

/// A `NumericDate` (RFC 7519 §2): whole seconds, or a fraction that is cut off.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, OAuthError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "saturating is right for a time")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|s| s.floor() as i64));
    seconds.map(|s| Some(Timestamp(s))).ok_or_else(|| malformed(format!("{name} is no number")))
}

#[cfg(test)]
mod tests;
