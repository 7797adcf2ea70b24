//! What the app holds for a signed-in person, and what it can do with it.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use oauth2::AsyncHttpClient;
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, CsrfToken,
    LogoutRequest, Nonce, NonceVerifier, OAuth2TokenResponse, PostLogoutRedirectUrl, RefreshToken,
    SignatureVerificationError, SubjectIdentifier, TokenResponse, UserInfoClaims, UserInfoError,
    core::{
        CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreTokenResponse,
    },
    http::{Request, header},
    url::{Url, form_urlencoded},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Shared,
    provider::Provider,
    trouble::{Trouble, explain},
};

/// A signed-in person's tokens.
pub struct SignedIn {
    pub subject: SubjectIdentifier,
    pub access_token: AccessToken,
    pub refresh_token: Option<RefreshToken>,
    pub id_token: CoreIdToken,
    /// What was checked before the ID token was believed, in words.
    pub checks: Vec<String>,
    /// The userinfo answer, or why there is none.
    pub userinfo: Result<Value, String>,
    pub expires_in: Option<Duration>,
    pub received: Instant,
    pub refreshes: u32,
    /// What the last button did.
    pub notice: Option<String>,
    nonce: Nonce,
}

/// The claims of a userinfo answer that OIDC Core §5.1 does not name.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Others {
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl AdditionalClaims for Others {}

impl SignedIn {
    /// Verifies a code's token response (OIDC Core §3.1.3.7).
    pub async fn from_response(
        shared: &Shared,
        provider: &Provider,
        response: &CoreTokenResponse,
        nonce: &Nonce,
    ) -> Result<Self, Trouble> {
        let id_token = response
            .id_token()
            .ok_or_else(|| Trouble::Nonsense("there is no ID token in it".into()))?;
        let verified =
            verify(shared, provider, id_token, response.access_token(), || nonce).await?;
        Ok(Self {
            subject: verified.subject,
            access_token: response.access_token().clone(),
            refresh_token: response.refresh_token().cloned(),
            id_token: id_token.clone(),
            checks: verified.checks,
            userinfo: Err("userinfo was not asked yet".into()),
            expires_in: response.expires_in(),
            received: Instant::now(),
            refreshes: 0,
            notice: None,
            nonce: nonce.clone(),
        })
    }

    /// Asks the userinfo endpoint (OIDC Core §5.3) and keeps what it says. The crate compares
    /// `sub` with the ID token's (§5.3.2).
    pub async fn ask_userinfo(&mut self, shared: &Shared) {
        self.userinfo = userinfo(shared, self.access_token.clone(), self.subject.clone())
            .await
            .map_err(|trouble| in_words(&trouble));
    }

    /// Gets new tokens (RFC 6749 §6, OIDC Core §12).
    pub async fn refresh(&mut self, shared: &Shared) -> Result<(), Trouble> {
        let refresh_token = self
            .refresh_token
            .clone()
            .ok_or(Trouble::Unsupported("The server gave no refresh token."))?;
        let provider = shared.provider.get(&shared.settings, &shared.http).await?;
        let response = provider
            .client
            .exchange_refresh_token(&refresh_token)
            .map_err(|error| Trouble::Nonsense(error.to_string()))?
            .request_async(&shared.http)
            .await
            .map_err(|error| Trouble::of_token_request(&error))?;
        if let Some(id_token) = response.id_token() {
            let nonce = || same_nonce_or_none(self.nonce.clone());
            let verified =
                verify(shared, &provider, id_token, response.access_token(), nonce).await?;
            if verified.subject != self.subject {
                return Err(Trouble::Unverified("it is about someone else".into()));
            }
            self.id_token = id_token.clone();
            self.checks = verified.checks;
        }
        self.access_token = response.access_token().clone();
        if let Some(successor) = response.refresh_token() {
            self.refresh_token = Some(successor.clone());
        }
        self.expires_in = response.expires_in();
        self.received = Instant::now();
        self.refreshes += 1;
        Ok(())
    }

    /// Revokes the refresh token, or the access token if there is none (RFC 7009 §2.1). The crate
    /// would insist on TLS, which a server on this machine does not have.
    pub async fn revoke(&self, shared: &Shared) -> Result<(), Trouble> {
        let provider = shared.provider.get(&shared.settings, &shared.http).await?;
        let endpoint = provider
            .further
            .revocation_endpoint
            .as_ref()
            .ok_or(Trouble::Unsupported("The server has no revocation endpoint."))?;
        let (token, hint) = match &self.refresh_token {
            Some(token) => (token.secret(), "refresh_token"),
            None => (self.access_token.secret(), "access_token"),
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", hint)
            .finish();
        let settings = &shared.settings;
        let request = Request::post(endpoint.as_str())
            .header(header::AUTHORIZATION, basic(&settings.client_id, &settings.client_secret))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .map_err(|error| Trouble::Nonsense(error.to_string()))?;
        let response = shared
            .http
            .call(request)
            .await
            .map_err(|error| Trouble::Unreachable(explain(&error)))?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(Trouble::of_answer(response.status().as_u16(), response.body()))
        }
    }

    /// Where to send the browser to sign out at the server too, and the `state` that comes back
    /// (OIDC RP-Initiated Logout §2).
    pub fn sign_out_url(
        &self,
        shared: &Shared,
        provider: &Provider,
    ) -> Result<(Url, String), Trouble> {
        let endpoint = provider
            .further
            .end_session_endpoint
            .clone()
            .ok_or(Trouble::Unsupported("The server cannot sign people out."))?;
        let back = PostLogoutRedirectUrl::new(shared.settings.post_logout_redirect_uri())
            .map_err(|error| Trouble::Nonsense(error.to_string()))?;
        let state = CsrfToken::new_random();
        let url = LogoutRequest::from(endpoint)
            .set_id_token_hint(&self.id_token)
            .set_client_id(provider.client.client_id().clone())
            .set_post_logout_redirect_uri(back)
            .set_state(state.clone())
            .http_get_url();
        Ok((url, state.into_secret()))
    }
}

/// What verification made known.
struct Verified {
    subject: SubjectIdentifier,
    checks: Vec<String>,
}

/// Verifies an ID token, and once more with fresh keys if it names a key not seen before: that is
/// how a relying party follows a key rotation (OIDC Core §10.1.1).
async fn verify<N: NonceVerifier>(
    shared: &Shared,
    provider: &Provider,
    id_token: &CoreIdToken,
    access_token: &AccessToken,
    nonce: impl Fn() -> N,
) -> Result<Verified, Trouble> {
    match verify_with(provider, id_token, access_token, nonce()) {
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        )) => {
            let fresh = shared.provider.load(&shared.settings, &shared.http).await?;
            verify_with(&fresh, id_token, access_token, nonce())
        }
        result => result,
    }
    .map_err(|error| Trouble::Unverified(explain(&error)))
}

fn verify_with(
    provider: &Provider,
    id_token: &CoreIdToken,
    access_token: &AccessToken,
    nonce: impl NonceVerifier,
) -> Result<Verified, ClaimsVerificationError> {
    let verifier = provider.client.id_token_verifier();
    let claims: &CoreIdTokenClaims = id_token.claims(&verifier, nonce)?;
    let alg = id_token.signing_alg().map_err(ClaimsVerificationError::SignatureVerification)?;
    let mut checks = vec![
        format!("signature: {}, with a key from the server's JWKS", wire_name(alg)),
        format!("iss: {}", claims.issuer().as_str()),
        format!("aud: {}", provider.client.client_id().as_str()),
        "exp: not yet over".to_owned(),
        "nonce: the one of this sign-in".to_owned(),
    ];
    if let Some(party) = claims.authorized_party() {
        if party != provider.client.client_id() {
            return Err(ClaimsVerificationError::InvalidAudience("azp is another client".into()));
        }
        checks.push("azp: this client".to_owned());
    }
    checks.push(match claims.access_token_hash() {
        Some(expected) => {
            let key = id_token
                .signing_key(&verifier)
                .map_err(ClaimsVerificationError::SignatureVerification)?;
            let actual = AccessTokenHash::from_token(access_token, alg, key)
                .map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
            if actual != *expected {
                return Err(ClaimsVerificationError::Other("at_hash does not match".into()));
            }
            "at_hash: matches the access token".to_owned()
        }
        None => "at_hash: not sent".to_owned(),
    });
    Ok(Verified { subject: claims.subject().clone(), checks })
}

/// The name of an algorithm as tokens have it (RFC 7518 §3.1).
fn wire_name(alg: &CoreJwsSigningAlgorithm) -> String {
    let name = serde_json::to_value(alg).unwrap_or_default();
    name.as_str().unwrap_or("unnamed").to_owned()
}

/// A refreshed ID token may leave the nonce out; if it has one it is the first one's (OIDC Core
/// §12.2).
fn same_nonce_or_none(expected: Nonce) -> impl FnOnce(Option<&Nonce>) -> Result<(), String> {
    move |got| match got {
        None => Ok(()),
        some => (&expected).verify(some),
    }
}

async fn userinfo(
    shared: &Shared,
    access_token: AccessToken,
    subject: SubjectIdentifier,
) -> Result<Value, Trouble> {
    let provider = shared.provider.get(&shared.settings, &shared.http).await?;
    let claims: UserInfoClaims<Others, CoreGenderClaim> = provider
        .client
        .user_info(access_token, Some(subject))
        .map_err(|error| Trouble::Nonsense(error.to_string()))?
        .request_async(&shared.http)
        .await
        .map_err(|error| match error {
            UserInfoError::Response(status, body, _) => Trouble::of_answer(status.as_u16(), &body),
            UserInfoError::Request(error) => Trouble::Unreachable(explain(&error)),
            other => Trouble::Nonsense(explain(&other)),
        })?;
    serde_json::to_value(claims).map_err(|error| Trouble::Nonsense(error.to_string()))
}

/// A trouble in one line, with what the server said.
pub fn in_words(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Refused(refusal) => match &refusal.error_description {
            Some(description) => format!("{trouble} {description}"),
            None => trouble.to_string(),
        },
        other => other.to_string(),
    }
}

/// HTTP Basic with both parts form-encoded first, as RFC 6749 §2.3.1 has it.
fn basic(id: &str, secret: &str) -> String {
    let encode = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_shown_by_their_wire_names() {
        assert_eq!(wire_name(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256), "RS256");
        assert_eq!(wire_name(&CoreJwsSigningAlgorithm::EdDsa), "EdDSA");
    }

    #[test]
    fn basic_encodes_both_parts_first() {
        // "a b" becomes "a+b" and "p:w" becomes "p%3Aw" before base64.
        assert_eq!(basic("a b", "p:w"), format!("Basic {}", STANDARD.encode("a+b:p%3Aw")));
    }

    #[test]
    fn a_refreshed_id_token_may_drop_its_nonce_but_not_change_it() {
        let first = Nonce::new("first".into());
        assert!(same_nonce_or_none(first.clone())(None).is_ok());
        assert!(same_nonce_or_none(first.clone())(Some(&first)).is_ok());
        assert!(same_nonce_or_none(first)(Some(&Nonce::new("other".into()))).is_err());
    }
}
