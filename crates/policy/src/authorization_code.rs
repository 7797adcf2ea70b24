//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9700 §4.5).

use vestibule_model::{
    ErrorCode, OAuthError, Timestamp,
    client::Client,
    grant::{AuthorizationCode, Grant},
};

use crate::{oxide, pkce, redirect_uri};

/// A token request with the rows that belong to its code.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The code's row, found by its hash.
    pub code: &'a AuthorizationCode,
    /// What the code stands for.
    pub grant: &'a Grant,
    /// The client, already authenticated.
    pub client: &'a Client,
    /// `redirect_uri` of the token request.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier` of the token request.
    pub code_verifier: Option<&'a str>,
}

/// Whether the exchange may go through. The checks run in this order and the first one that fails
/// is the answer; on `CodeReplayed` the caller revokes everything the code's grant gave out
/// (RFC 6749 §4.1.2). Last, oxide-auth judges the same exchange on its own.
pub fn check_exchange(exchange: &Exchange<'_>, now: Timestamp) -> Result<(), OAuthError> {
    belongs_to_client(exchange)?;
    is_unused(exchange.code)?;
    is_fresh(exchange.code, now)?;
    redirect_uri_is_same(exchange)?;
    verifier_fits(exchange)?;
    grant_stands(exchange)?;
    oxide::exchange::agrees(exchange)
}

fn belongs_to_client(exchange: &Exchange<'_>) -> Result<(), OAuthError> {
    let (owner, client) = (&exchange.code.client_id, &exchange.client.id);
    if owner == client {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::CodeOfAnotherClient)
        .because(format!("issued to `{owner}`, presented by `{client}`")))
}

fn is_unused(code: &AuthorizationCode) -> Result<(), OAuthError> {
    code.consumed_at.map_or(Ok(()), |at| {
        Err(OAuthError::new(ErrorCode::CodeReplayed).because(format!("redeemed at {}", at.0)))
    })
}

fn is_fresh(code: &AuthorizationCode, now: Timestamp) -> Result<(), OAuthError> {
    if now < code.expires_at {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::CodeExpired).because(format!(
        "expired {} s ago, {} s after it was issued",
        now.since(code.expires_at),
        code.expires_at.since(code.created_at)
    )))
}

fn redirect_uri_is_same(exchange: &Exchange<'_>) -> Result<(), OAuthError> {
    let authorized = exchange.code.redirect_uri.as_str();
    match exchange.redirect_uri {
        Some(given) if given == authorized => Ok(()),
        Some(given) => Err(OAuthError::new(ErrorCode::RedirectUriChanged)
            .because(redirect_uri::explain(given, &[authorized], "authorized"))),
        None => Err(OAuthError::describe(
            ErrorCode::RedirectUriChanged,
            "redirect_uri is missing; send the one of the authorization request",
        )
        .because(format!("got none, authorized `{authorized}`"))),
    }
}

fn verifier_fits(exchange: &Exchange<'_>) -> Result<(), OAuthError> {
    let verifier = exchange.code_verifier;
    let Some(challenge) = &exchange.code.code_challenge else {
        // RFC 9700 §4.8.2: a verifier without a challenge is a downgrade attack's mark.
        return verifier.map_or(Ok(()), |_| {
            Err(OAuthError::new(ErrorCode::VerifierMismatch)
                .because("a code_verifier, but the request had no code_challenge"))
        });
    };
    pkce::check_verifier(challenge, verifier).map_err(|code| {
        // Its length tells what went wrong and is no secret.
        let length = verifier.map_or(0, str::len);
        OAuthError::new(code).because(format!("the verifier has {length} characters"))
    })
}

fn grant_stands(exchange: &Exchange<'_>) -> Result<(), OAuthError> {
    let (grant, code) = (exchange.grant, exchange.code);
    if grant.id != code.grant_id || grant.client_id != code.client_id {
        return Err(OAuthError::new(ErrorCode::Internal).because(format!(
            "the code belongs to grant `{}`, but grant `{}` was looked up",
            code.grant_id, grant.id
        )));
    }
    grant.revoked_at.map_or(Ok(()), |at| {
        Err(OAuthError::new(ErrorCode::GrantRevoked).because(format!("revoked at {}", at.0)))
    })
}

#[cfg(test)]
mod tests;
