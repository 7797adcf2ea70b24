//! Judging a presented access token once its signature or row was found (RFC 6750 §3.1, RFC 9068
//! §4).

use crate::acr::Level;
use vestibule_model::{
    ErrorCode, OAuthError, Timestamp,
    grant::{AccessTokenClaims, Grant},
    settings::Issuer,
};

/// How far another instance's clock may run ahead of ours, in seconds.
pub const CLOCK_SKEW: i64 = 30;

/// Whether the token is ours and its time has come and not gone. Revocation is a row and is looked
/// up by the caller.
pub fn check_access_token(
    claims: &AccessTokenClaims,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<(), OAuthError> {
    if claims.iss != issuer.as_str() {
        return Err(OAuthError::new(ErrorCode::TokenMalformed).because(format!(
            "iss is `{}`, this server is `{}`",
            claims.iss,
            issuer.as_str()
        )));
    }
    if now >= claims.exp {
        return Err(OAuthError::new(ErrorCode::TokenExpired)
            .because(format!("expired {} s ago", now.since(claims.exp))));
    }
    if claims.iat.since(now) > CLOCK_SKEW {
        return Err(OAuthError::new(ErrorCode::TokenMalformed)
            .because(format!("iat is {} s ahead of our clock", claims.iat.since(now))));
    }
    Ok(())
}

/// Whether the grant behind the token is alive, and the session that the token names too: a grant with
/// `offline_access` outlives its session, the access tokens of before do not (OIDC Core §11, OIDC
/// Back-Channel Logout §2.7). Those that were minted later name no session.
pub fn check_grant(claims: &AccessTokenClaims, grant: &Grant) -> Result<(), OAuthError> {
    if grant.revoked_at.is_some() {
        return Err(OAuthError::new(ErrorCode::TokenRevoked).because("its grant was revoked"));
    }
    if claims.sid.is_some() && grant.session_ended_at.is_some() {
        return Err(OAuthError::new(ErrorCode::TokenRevoked).because("its session has ended"));
    }
    Ok(())
}

/// Whether the token carries the scope `needed` (RFC 6750 §3.1 `insufficient_scope`).
pub fn require_scope(claims: &AccessTokenClaims, needed: &str) -> Result<(), OAuthError> {
    if claims.scope.contains(needed) {
        return Ok(());
    }
    Err(OAuthError::describe(
        ErrorCode::ScopeInsufficient,
        format!("The access token lacks the scope {needed}"),
    )
    .because(format!("the token has `{}`", claims.scope)))
}

/// Whether the sign-in behind the token reached the level `needed` (RFC 9470 §3).
pub fn require_level(claims: &AccessTokenClaims, needed: Level) -> Result<(), OAuthError> {
    let reached = claims.acr.as_deref().and_then(Level::of_acr).unwrap_or(Level::Password);
    if reached >= needed {
        return Ok(());
    }
    let mut error = OAuthError::new(ErrorCode::AuthenticationInsufficient);
    needed.acr().clone_into(&mut error.detail);
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, Issuer, check_access_token, check_grant, require_scope};
    use crate::samples::{self, NOW, scope};
    use vestibule_model::{ClientId, SessionId, grant::AccessTokenClaims};

    fn claims() -> AccessTokenClaims {
        AccessTokenClaims {
            iss: "https://id.example".to_owned(),
            sub: "alice".to_owned(),
            aud: "https://id.example".to_owned(),
            client_id: ClientId::new("app"),
            scope: scope("openid email"),
            jti: "grant.1".to_owned(),
            iat: NOW,
            exp: NOW.plus(600),
            auth_time: None,
            acr: None,
            amr: None,
            sid: None,
        }
    }

    #[test]
    fn a_token_lives_from_its_issue_to_its_end() {
        let issuer = Issuer::new("https://id.example");
        for (seconds, verdict) in [
            (-31, Some(ErrorCode::TokenMalformed)),
            (-30, None),
            (0, None),
            (599, None),
            (600, Some(ErrorCode::TokenExpired)),
            (i64::MAX, Some(ErrorCode::TokenExpired)),
        ] {
            let result = check_access_token(&claims(), &issuer, NOW.plus(seconds));
            assert_eq!(result.err().map(|error| error.code), verdict, "{seconds}");
        }
    }

    #[test]
    fn a_token_of_another_issuer_is_not_ours() {
        for other in ["https://id.example.evil", "https://id.example/x", "http://id.example"] {
            let error = check_access_token(&claims(), &Issuer::new(other), NOW).expect_err(other);
            assert_eq!(error.code, ErrorCode::TokenMalformed);
        }
    }

    #[test]
    fn a_token_dies_with_its_grant_or_with_the_session_it_names() {
        let of_session = AccessTokenClaims { sid: Some(SessionId::new("s")), ..claims() };
        let (over, no) = (Some(NOW), None);
        for (revoked_at, session_ended_at, named, unnamed) in
            [(no, no, true, true), (no, over, false, true), (over, no, false, false)]
        {
            let grant =
                vestibule_model::grant::Grant { revoked_at, session_ended_at, ..samples::grant() };
            assert_eq!(check_grant(&of_session, &grant).is_ok(), named);
            assert_eq!(check_grant(&claims(), &grant).is_ok(), unnamed);
        }
    }

    #[test]
    fn a_missing_scope_is_named() {
        assert_eq!(require_scope(&claims(), "email"), Ok(()));
        let error = require_scope(&claims(), "admin").expect_err("not granted");
        assert_eq!(error.code, ErrorCode::ScopeInsufficient);
        assert_eq!(error.description, "The access token lacks the scope admin");
    }
}
