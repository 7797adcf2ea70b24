//! Access tokens presented to us (RFC 6750 §2), at userinfo and introspection.

use actix_web::{HttpRequest, HttpResponse, http::header};
use serde_json::Value;
use vestibule_keys::Expected;
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp,
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
/// in the query (RFC 9700 §4.3.2).
pub fn token(http: &HttpRequest, form: Option<&Params>) -> Result<Secret, OAuthError> {
    let header = http.headers().get(header::AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let body = form.and_then(|form| form.get("access_token"));
    match (header, body) {
        (Some(_), Some(_)) => Err(ErrorCode::TokenRepeated.into()),
        (Some(token), None) | (None, Some(token)) => Ok(Secret::new(token)),
        (None, None) => Err(ErrorCode::TokenMissing.into()),
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
    let Some(grant_id) = claims.grant_id() else { return Ok(None) };
    let grant = vestibule_storage::grant::find(conn, &grant_id)?;
    let grant = grant.filter(|grant| grant.revoked_at.is_none());
    grant.map(Some).ok_or_else(|| ErrorCode::TokenRevoked.into())
}

/// A refusal at a protected resource: the error in `WWW-Authenticate` (RFC 6750 §3). A request
/// without any token gets the bare challenge (§3.1).
pub fn refuse(state: &AppState, http: &HttpRequest, refused: &OAuthError) -> HttpResponse {
    let mut response = json_error(state, http, refused);
    let realm = state.settings.issuer.as_str();
    let challenge = if refused.code == ErrorCode::TokenMissing {
        format!("Bearer realm=\"{realm}\"")
    } else {
        let more = match refused.code {
            ErrorCode::ScopeInsufficient => ", scope=\"openid\"".to_owned(),
            // The detail is the class that is needed (RFC 9470 §3).
            ErrorCode::AuthenticationInsufficient => {
                format!(", acr_values=\"{}\"", error::printable(&refused.detail))
            }
            _ => String::new(),
        };
        format!(
            "Bearer realm=\"{realm}\", error=\"{}\", error_description=\"{}\"{more}",
            refused.code.wire().as_str(),
            error::printable(&refused.description),
        )
    };
    if let Ok(value) = header::HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
