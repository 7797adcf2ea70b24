//! Access tokens presented to us (RFC 6750 §2), at userinfo and introspection.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header};
use serde_json::Value;
use vestibule_keys::Expected;
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp, WireError,
    client::Client,
    grant::{AccessTokenClaims, Grant},
};
use vestibule_policy::{bearer as policy, params::Params};
use vestibule_web::{
    AppState, error, json_error,
    standing::{Facts, Person, Presented},
};

/// A live access token, and what it stands for.
pub struct LiveToken {
    /// What it says.
    pub claims: Arc<AccessTokenClaims>,
    /// Whose it is.
    pub client: Arc<Client>,
    /// The grant it came from, unless it is a client's own, and the person who granted it.
    pub granted: Option<(Arc<Grant>, Arc<Person>)>,
}

/// The token of a request: in the header (RFC 6750 §2.1) or in a form (§2.2), not both, and never
/// in the query: a token there is as good as none (RFC 9700 §4.3.2), and beside another it is one too
/// many (RFC 6750 §3.1 `invalid_request`).
pub fn token(http: &HttpRequest, form: Option<&Params>) -> Result<Secret, OAuthError> {
    let in_headers = http.headers().get_all(header::AUTHORIZATION).filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let in_form = form.and_then(|form| form.get("access_token"));
    let in_query = http.query_string().split('&').any(|pair| pair.starts_with("access_token="));
    let given: Vec<_> = in_headers.chain(in_form).collect();
    match given.as_slice() {
        [] => Err(ErrorCode::TokenMissing.into()),
        [token] if !in_query => Ok(Secret::new(*token)),
        _ => Err(ErrorCode::TokenRepeated.into()),
    }
}

/// What the token says, if it is ours, in time and not revoked.
pub async fn live(
    state: &AppState,
    token: &Secret,
    now: Timestamp,
) -> Result<LiveToken, OAuthError> {
    let presented = match decode(state, token)? {
        Some(claims) => Presented::Signed(Arc::new(claims)),
        None => Presented::Opaque(token.token_hash()),
    };
    let in_time = |claims: &AccessTokenClaims| {
        policy::check_access_token(claims, &state.settings.issuer, now)
    };
    if let Presented::Signed(claims) = &presented {
        in_time(claims)?;
    }
    let facts = state.facts(presented).await?.ok_or(ErrorCode::TokenMalformed)?;
    in_time(&facts.claims)?;
    unrevoked(facts)
}

/// The claims of a JWT of ours; `None` for what does not look like a JWT.
fn decode(state: &AppState, token: &Secret) -> Result<Option<AccessTokenClaims>, OAuthError> {
    if !token.expose().contains('.') {
        return Ok(None);
    }
    let malformed = |why: String| OAuthError::new(ErrorCode::TokenMalformed).because(why);
    let claims = state
        .ring()
        .verify(token.expose(), Expected::AccessToken)
        .map_err(|fault| malformed(fault.to_string()))?;
    let claims = serde_json::from_value(Value::Object(claims));
    claims.map(Some).map_err(|fault| malformed(fault.to_string()))
}

fn unrevoked(facts: Facts) -> Result<LiveToken, OAuthError> {
    let Facts { claims, is_revoked, client, grant, person } = facts;
    let dead = |why: String| OAuthError::new(ErrorCode::TokenRevoked).because(why);
    if is_revoked {
        return Err(ErrorCode::TokenRevoked.into());
    }
    // RFC 7592 §2.3: what a client holds ends with it.
    let usable = client.filter(|client| client.disabled_at.is_none());
    let client = usable
        .ok_or_else(|| dead(format!("its client `{}` is gone or disabled", claims.client_id)))?;
    if claims.grant_id().is_none() {
        return Ok(LiveToken { claims, client, granted: None });
    }
    let grant = grant.ok_or(ErrorCode::TokenRevoked)?;
    policy::check_grant(&claims, &grant)?;
    let person = person.ok_or_else(|| dead("its user is gone or disabled".to_owned()))?;
    Ok(LiveToken { claims, client, granted: Some((grant, person)) })
}

/// A refusal at a protected resource, with its challenge (RFC 6750 §3).
pub fn refuse(state: &AppState, http: &HttpRequest, refused: &OAuthError) -> HttpResponse {
    let mut response = json_error(state, http, refused);
    if let Some(challenge) = challenge(state, refused)
        && let Ok(value) = header::HeaderValue::from_str(&challenge)
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// RFC 6750 §3.1: a request without any token gets the bare challenge. What is our own fault, and
/// passes by itself, is no question of tokens and gets none.
fn challenge(state: &AppState, refused: &OAuthError) -> Option<String> {
    let bare = format!("Bearer realm=\"{}\"", state.settings.issuer.as_str());
    let more = match refused.code.wire() {
        WireError::Unauthorized => return Some(bare),
        WireError::ServerError | WireError::TemporarilyUnavailable => return None,
        WireError::InsufficientScope => ", scope=\"openid\"".to_owned(),
        // The detail is the class that is needed (RFC 9470 §3).
        WireError::InsufficientUserAuthentication => {
            format!(", acr_values=\"{}\"", error::printable(&refused.detail))
        }
        _ => String::new(),
    };
    Some(format!(
        "{bare}, error=\"{}\", error_description=\"{}\"{more}",
        refused.code.wire().as_str(),
        error::printable(&refused.description),
    ))
}
