//! The only mint: every code and token is made here.
//!
//! Minting happens before the write that settles who may have the result, so that no signature is
//! computed inside a transaction; what loses the race is thrown away unseen.

use serde_json::{Map, Value, json};
use vestibule_keys::{KeyRing, half_hash};
use vestibule_model::{
    Entropy, GrantId, OAuthError, ScopeSet, Secret, Timestamp,
    client::{AccessTokenFormat, Client, GrantType},
    entropy::{random_id, random_secret},
    grant::{AccessTokenClaims, AuthorizationCode, Grant, OpaqueAccessToken, RefreshToken},
    interaction::AuthorizationRequest,
    scope,
    settings::Settings,
    user::User,
};
use vestibule_policy::claims;
use vestibule_storage::Conn;
use vestibule_web::browser::SignedIn;

/// What minting needs besides its subject.
pub struct Mint<'a> {
    /// Signs.
    pub ring: &'a KeyRing,
    /// Issuer and lifetimes.
    pub settings: &'a Settings,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
    /// The request's time.
    pub now: Timestamp,
}

/// A code, and the rows that make it good.
pub struct MintedCode {
    /// The code for the client.
    pub code: Secret,
    /// What it stands for.
    pub grant: Grant,
    /// The code at rest.
    pub row: AuthorizationCode,
}

/// An access token, and the row that makes it good if it is opaque.
pub struct MintedAccessToken {
    /// The token for the client.
    pub token: String,
    /// Its row; `None` for a JWT, which needs none.
    pub row: Option<OpaqueAccessToken>,
}

/// A token response (RFC 6749 §5.1), and the rows that make it good.
pub struct MintedTokens {
    /// The JSON object for the client.
    pub response: Map<String, Value>,
    /// The row of an opaque access token.
    pub access_row: Option<OpaqueAccessToken>,
    /// The row of the refresh token, if there is one.
    pub refresh_row: Option<RefreshToken>,
}

impl MintedTokens {
    /// Stores the rows.
    pub fn insert(&self, conn: &mut Conn) -> Result<(), OAuthError> {
        if let Some(row) = &self.access_row {
            vestibule_storage::opaque_access_token::insert(conn, row)?;
        }
        if let Some(row) = &self.refresh_row {
            vestibule_storage::refresh_token::insert(conn, row)?;
            vestibule_storage::grant::extend(conn, &row.grant_id, row.expires_at)?;
        }
        Ok(())
    }
}

impl Mint<'_> {
    /// An authorization code (RFC 6749 §4.1.2) for the person who is signed in: `granted` is what
    /// they allowed of the scopes that were asked for.
    #[must_use]
    pub fn authorization_code(
        &self,
        asked: &AuthorizationRequest,
        granted: ScopeSet,
        who: &SignedIn,
    ) -> MintedCode {
        let lifetimes = &self.settings.lifetimes;
        let code = random_secret(self.entropy);
        let grant = Grant {
            id: GrantId::new(random_id(self.entropy)),
            client_id: asked.client_id.clone(),
            user_id: who.user.id.clone(),
            session_id: who.session.id.clone(),
            scope: granted,
            claims: asked.claims.clone(),
            auth_time: who.session.auth_time,
            acr: who.session.acr.clone(),
            amr: who.session.amr.clone(),
            created_at: self.now,
            // Long enough for an access token; a refresh token makes it longer.
            expires_at: self.now.plus(lifetimes.authorization_code + lifetimes.access_token),
            revoked_at: None,
        };
        let row = AuthorizationCode {
            hash: code.token_hash(),
            grant_id: grant.id.clone(),
            client_id: grant.client_id.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            code_challenge: asked.code_challenge.clone(),
            nonce: asked.nonce.clone(),
            created_at: self.now,
            expires_at: self.now.plus(lifetimes.authorization_code),
            consumed_at: None,
        };
        MintedCode { code, grant, row }
    }

    /// The tokens of a grant: access token, refresh token of that `generation` if the client may
    /// have one, ID token if `openid` was granted.
    pub fn tokens(
        &self,
        client: &Client,
        user: &User,
        grant: &Grant,
        scope: &ScopeSet,
        turn: Turn<'_>,
    ) -> Result<MintedTokens, OAuthError> {
        let claims = AccessTokenClaims {
            sub: user.id.to_string(),
            jti: format!("{}.{}", grant.id, random_id(self.entropy)),
            auth_time: Some(grant.auth_time),
            acr: Some(grant.acr.clone()),
            amr: Some(grant.amr.clone()),
            sid: Some(grant.session_id.clone()),
            ..self.client_claims(client, scope)
        };
        let access = self.access_token(client, claims)?;
        let mut response = self.response(&access.token, scope);
        let mut refresh_row = None;
        if client.may_use(GrantType::RefreshToken) {
            let (token, row) = self.refresh_token(grant, turn.generation);
            response.insert("refresh_token".to_owned(), token.expose().into());
            refresh_row = Some(row);
        }
        if scope.contains(scope::OPENID) {
            let id_token = self.id_token(client, user, grant, scope, turn.nonce, &access.token)?;
            response.insert("id_token".to_owned(), id_token.into());
        }
        Ok(MintedTokens { response, access_row: access.row, refresh_row })
    }

    /// The tokens of a client for itself (RFC 6749 §4.4.3): no refresh token, no ID token.
    pub fn client_tokens(
        &self,
        client: &Client,
        scope: &ScopeSet,
    ) -> Result<MintedTokens, OAuthError> {
        let access = self.access_token(client, self.client_claims(client, scope))?;
        let response = self.response(&access.token, scope);
        Ok(MintedTokens { response, access_row: access.row, refresh_row: None })
    }

    fn client_claims(&self, client: &Client, scope: &ScopeSet) -> AccessTokenClaims {
        let issuer = self.settings.issuer.as_str().to_owned();
        AccessTokenClaims {
            // RFC 9068 §3: without `resource` the audience is a default of our own.
            aud: issuer.clone(),
            iss: issuer,
            sub: client.id.to_string(),
            client_id: client.id.clone(),
            scope: scope.clone(),
            jti: random_id(self.entropy),
            iat: self.now,
            exp: self.now.plus(self.settings.lifetimes.access_token),
            auth_time: None,
            acr: None,
            amr: None,
            sid: None,
        }
    }

    fn access_token(
        &self,
        client: &Client,
        claims: AccessTokenClaims,
    ) -> Result<MintedAccessToken, OAuthError> {
        match client.metadata.access_token_format {
            AccessTokenFormat::Jwt => {
                let alg = client.metadata.access_token_signed_response_alg;
                let token = self.ring.sign(alg, "at+jwt", &object(&claims))?;
                Ok(MintedAccessToken { token, row: None })
            }
            AccessTokenFormat::Opaque => {
                let token = random_secret(self.entropy);
                let row = OpaqueAccessToken { hash: token.token_hash(), claims };
                Ok(MintedAccessToken { token: token.expose().to_owned(), row: Some(row) })
            }
        }
    }

    fn refresh_token(&self, grant: &Grant, generation: i64) -> (Secret, RefreshToken) {
        let token = random_secret(self.entropy);
        let lifetimes = &self.settings.lifetimes;
        let idle_end = self.now.plus(lifetimes.refresh_idle);
        let row = RefreshToken {
            hash: token.token_hash(),
            grant_id: grant.id.clone(),
            generation,
            created_at: self.now,
            expires_at: idle_end.min(grant.created_at.plus(lifetimes.refresh_absolute)),
            used: None,
        };
        (token, row)
    }

    /// OIDC Core §2, §3.1.3.6 (`at_hash`), §12.2 (no `nonce` after a refresh).
    fn id_token(
        &self,
        client: &Client,
        user: &User,
        grant: &Grant,
        scope: &ScopeSet,
        nonce: Option<&str>,
        access_token: &str,
    ) -> Result<String, OAuthError> {
        let alg = client.metadata.id_token_signed_response_alg;
        let mut body = claims::id_token(user, scope, &grant.claims);
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("iss", self.settings.issuer.as_str().into());
        set("sub", user.id.as_str().into());
        set("aud", client.id.as_str().into());
        set("iat", self.now.0.into());
        set("exp", self.now.plus(self.settings.lifetimes.id_token).0.into());
        set("auth_time", grant.auth_time.0.into());
        set("acr", grant.acr.as_str().into());
        set("amr", json!(grant.amr));
        set("sid", grant.session_id.as_str().into());
        set("at_hash", half_hash(alg, access_token).into());
        if let Some(nonce) = nonce {
            set("nonce", nonce.into());
        }
        Ok(self.ring.sign(alg, "JWT", &body)?)
    }

    fn response(&self, access_token: &str, scope: &ScopeSet) -> Map<String, Value> {
        let mut response = Map::new();
        response.insert("access_token".to_owned(), access_token.into());
        response.insert("token_type".to_owned(), "Bearer".into());
        response.insert("expires_in".to_owned(), self.settings.lifetimes.access_token.into());
        // RFC 6749 §3.3: a scope has at least one name.
        if !scope.is_empty() {
            response.insert("scope".to_owned(), scope.to_string().into());
        }
        response
    }
}

/// Which turn of a grant tokens are minted for.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// Of the refresh token: 0 at the code exchange, one more at each rotation.
    pub generation: i64,
    /// For the ID token; only at the code exchange.
    pub nonce: Option<&'a str>,
}

fn object(claims: &AccessTokenClaims) -> Map<String, Value> {
    match json!(claims) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
