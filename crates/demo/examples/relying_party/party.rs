//! A relying party as an application would set it up with the `openidconnect` crate.

use std::collections::HashMap;

use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthenticationFlow,
    AuthorizationCode, AuthorizationCodeHash, ClientId, ClientSecret, CsrfToken, EndSessionUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IntrospectionUrl, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RefreshToken, Scope, SubjectIdentifier, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClient,
        CoreClientAuthMethod, CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
        CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse, CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    CLIENT, Outcome, SCOPES, expect,
    world::{Registered, World, send},
};

/// The discovery members that the crate leaves to its callers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Further {
    pub introspection_endpoint: IntrospectionUrl,
    pub end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for Further {}

pub type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

pub struct Party<'w> {
    pub world: &'w World,
    pub registered: &'w Registered,
    pub further: Further,
    pub client: Client,
}

/// What a sign-in asks for beyond the usual.
#[derive(Default)]
pub struct Wish<'a> {
    pub browser: Option<&'a str>,
    pub prompt: Option<CoreAuthPrompt>,
    pub parameters: &'a [(&'a str, &'a str)],
    pub other_verifier: bool,
    pub openid_only: bool,
    /// Implicit or hybrid; the code flow without it.
    pub flow: Option<AuthenticationFlow<CoreResponseType>>,
}

/// What came back with the browser.
pub struct Front {
    pub answer: HashMap<String, String>,
    pub nonce: Nonce,
    pub verifier: String,
}

pub struct SignedIn {
    pub tokens: CoreTokenResponse,
    pub claims: CoreIdTokenClaims,
    pub code: String,
    pub verifier: String,
}

impl<'w> Party<'w> {
    pub async fn new(world: &'w World, name: &str) -> Outcome<Self> {
        let registered = world.client(name)?;
        let issuer = IssuerUrl::new(registered.issuer.clone())?;
        let metadata = Metadata::discover_async(issuer, &send).await?;
        let further = metadata.additional_metadata().clone();
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(registered.id.clone()),
            registered.secret.clone().map(ClientSecret::new),
        )
        .set_auth_type(match registered.auth_method.as_str() {
            "client_secret_post" => AuthType::RequestBody,
            _ => AuthType::BasicAuth,
        })
        .set_introspection_url(further.introspection_endpoint.clone())
        .set_redirect_uri(RedirectUrl::new(registered.redirect_uri.clone())?);
        Ok(Self { world, registered, further, client })
    }

    /// Sends somebody off and waits for the answer.
    pub async fn front(&self, wish: Wish<'_>) -> Outcome<Front> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = wish.flow.unwrap_or(AuthenticationFlow::AuthorizationCode);
        let mut request = self
            .client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .set_pkce_challenge(challenge);
        if !wish.openid_only {
            request = request.add_scopes(SCOPES.map(|name| Scope::new(name.to_owned())));
        }
        if let Some(prompt) = wish.prompt {
            request = request.add_prompt(prompt);
        }
        for (name, value) in wish.parameters {
            request = request.add_extra_param(*name, *value);
        }
        let (url, state, nonce) = request.url();
        let browser = wish.browser.unwrap_or(CLIENT);
        let answer = self.world.walk(browser, &url, &self.registered.redirect_uri).await?;
        expect(answer.get("state") == Some(state.secret()), "the state is another")?;
        expect(answer.get("iss") == Some(&self.registered.issuer), "iss is another")?;
        match answer.get("error") {
            Some(error) => Err(error.as_str().into()),
            None => Ok(Front { answer, nonce, verifier: verifier.into_secret() }),
        }
    }

    /// The code flow, from the authorization request to the verified ID token.
    pub async fn sign_in(&self, wish: Wish<'_>) -> Outcome<SignedIn> {
        let other_verifier = wish.other_verifier;
        let Front { answer, nonce, mut verifier } = self.front(wish).await?;
        let code = answer.get("code").ok_or("no code")?.clone();
        if other_verifier {
            verifier = PkceCodeChallenge::new_random_sha256().1.into_secret();
        }
        let tokens = self.redeem(&code, &verifier).await?;
        let id_token = tokens.id_token().ok_or("no ID token")?;
        let claims = self.verified(id_token, Some(tokens.access_token()), None, &nonce)?;
        Ok(SignedIn { tokens, claims, code, verifier })
    }

    pub async fn redeem(&self, code: &str, verifier: &str) -> Outcome<CoreTokenResponse> {
        let request = self.client.exchange_code(AuthorizationCode::new(code.to_owned()))?;
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        Ok(request.set_pkce_verifier(verifier).request_async(&send).await?)
    }

    /// The claims of an ID token, once its signature, they and its hashes are checked.
    pub fn verified(
        &self,
        id_token: &CoreIdToken,
        token: Option<&AccessToken>,
        code: Option<&AuthorizationCode>,
        nonce: &Nonce,
    ) -> Outcome<CoreIdTokenClaims> {
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, nonce)?;
        let (alg, key) = (id_token.signing_alg()?, id_token.signing_key(&verifier)?);
        if let Some(token) = token {
            let actual = AccessTokenHash::from_token(token, alg, key)?;
            expect(claims.access_token_hash() == Some(&actual), "at_hash does not match")?;
        }
        if let Some(code) = code {
            let actual = AuthorizationCodeHash::from_code(code, alg, key)?;
            expect(claims.code_hash() == Some(&actual), "c_hash does not match")?;
        }
        Ok(claims.clone())
    }

    pub async fn userinfo(
        &self,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Outcome<CoreUserInfoClaims> {
        let request = self.client.user_info(token.clone(), Some(subject.clone()))?;
        Ok(request.request_async(&send).await?)
    }

    pub async fn refresh(&self, token: &RefreshToken) -> Outcome<CoreTokenResponse> {
        Ok(self.client.exchange_refresh_token(token)?.request_async(&send).await?)
    }
}
