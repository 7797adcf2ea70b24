//! Access tokens presented to us (RFC 6750 §2), at userinfo and introspection.

use actix_web::{HttpRequest, HttpResponse, http::header};
use serde_json::Value;
use vestibule_keys::Expected;
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp, WireError,
    grant::{AccessTokenClaims, Grant},
};
use vestibule_policy::{bearer as policy, params::Params};
use vestibule_storage::Conn;
use vestibule_web::{AppState, error, json_error};

/// A live access token, and the grant it came from unless it is a client's own.
pub struct LiveToken {
    /// What it says.
    pub claims: AccessTokenClaims,
    /// What it stands for.
    pub grant: Option<Grant>,
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
    let signed = decode(state, token)?;
    let hash = token.token_hash();
    let issuer = state.settings.issuer.clone();
    state
        .read(move |conn| {
            let claims = if let Some(claims) = signed {
                claims
            } else {
                let row = vestibule_storage::opaque_access_token::find(conn, &hash)?;
                row.ok_or(ErrorCode::TokenMalformed)?.claims
            };
            policy::check_access_token(&claims, &issuer, now)?;
            let grant = unrevoked(conn, &claims)?;
            Ok(LiveToken { claims, grant })
        })
        .await
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

fn unrevoked(conn: &mut Conn, claims: &AccessTokenClaims) -> Result<Option<Grant>, OAuthError> {
    if vestibule_storage::revoked_token::contains(conn, &claims.jti)? {
        return Err(ErrorCode::TokenRevoked.into());
    }
    // RFC 7592 §2.3: what a client holds ends with it.
    let client = vestibule_storage::client::find(conn, &claims.client_id)?;
    if client.is_none_or(|client| client.disabled_at.is_some()) {
        let why = format!("its client `{}` is gone or disabled", claims.client_id);
        return Err(OAuthError::new(ErrorCode::TokenRevoked).because(why));
    }
    let Some(grant_id) = claims.grant_id() else { return Ok(None) };
    let grant = vestibule_storage::grant::find(conn, &grant_id)?;
    let grant = grant.ok_or(ErrorCode::TokenRevoked)?;
    policy::check_grant(claims, &grant)?;
    Ok(Some(grant))
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
