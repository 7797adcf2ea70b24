//! The only mint: every code and token is made here.
//!
//! Minting happens before the write that settles who may have the result, so that no signature is
//! computed inside a transaction; what loses the race is thrown away unseen.

use serde_json::{Map, Value, json};
use vestibule_keys::{KeyRing, half_hash, sign_unsecured};
use vestibule_model::{
    Entropy, GrantId, OAuthError, ScopeSet, Secret, SessionId, Timestamp,
    client::{AccessTokenFormat, Client, GrantType},
    entropy::{dated_id, dated_secret, random_id, random_secret},
    grant::{AccessTokenClaims, AuthorizationCode, Grant, OpaqueAccessToken, RefreshToken},
    interaction::AuthorizationRequest,
    scope,
    settings::Profile,
    user::User,
};
use vestibule_policy::{acr, claims};
use vestibule_storage::Conn;
use vestibule_web::{AppState, browser::SignedIn, subject};

use crate::response_jwt::{Recipient, recipient};

/// `token_type` (RFC 6750 §4).
const TOKEN_TYPE: &str = "Bearer";

/// What minting needs besides its subject.
pub struct Mint<'a> {
    /// Issuer, lifetimes, randomness, and who people are to clients.
    pub state: &'a AppState,
    /// Signs.
    pub ring: &'a KeyRing,
    /// The request's time.
    pub now: Timestamp,
}

/// Whom something is minted for, and of what.
#[derive(Clone, Copy)]
pub struct Issuance<'a> {
    /// The client.
    pub client: &'a Client,
    /// The person; with the private part of the profile, if there is an ID token among it.
    pub user: &'a User,
    /// What it comes from.
    pub grant: &'a Grant,
    /// The grant's scope, or less.
    pub scope: &'a ScopeSet,
    /// Whom ID tokens are encrypted for; `None` leaves them signed.
    pub recipient: Option<&'a Recipient>,
}

/// Whom the ID tokens of a grant are encrypted for, if that scope has any.
pub async fn id_token_recipient(
    state: &AppState,
    client: &Client,
    scope: &ScopeSet,
) -> Result<Option<Recipient>, OAuthError> {
    let encryption = client.metadata.id_token_encryption;
    recipient(state, client, encryption.filter(|_| scope.contains(scope::OPENID))).await
}

/// What the authorization endpoint gives (OIDC Core §3.3.2.5), and the rows that make it good.
#[derive(Clone)]
pub struct MintedAnswer {
    /// The parameters for the client.
    pub params: Vec<(&'static str, String)>,
    /// The code at rest.
    code_row: Option<AuthorizationCode>,
    /// The row of an opaque access token.
    access_row: Option<OpaqueAccessToken>,
}

impl MintedAnswer {
    /// Stores the rows, and the grant that they come from.
    pub fn insert(&self, conn: &mut Conn, grant: &Grant) -> Result<(), OAuthError> {
        vestibule_storage::grant::insert(conn, grant)?;
        if let Some(row) = &self.code_row {
            vestibule_storage::authorization_code::insert(conn, row)?;
        }
        if let Some(row) = &self.access_row {
            vestibule_storage::opaque_access_token::insert(conn, row)?;
        }
        Ok(())
    }
}

/// An access token, and the row that makes it good if it is opaque.
pub struct MintedAccessToken {
    /// The token for the client.
    pub token: String,
    /// Its row; `None` for a JWT, which needs none.
    pub row: Option<OpaqueAccessToken>,
}

/// A token response (RFC 6749 §5.1), and the rows that make it good.
#[derive(Clone)]
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
    /// What the person who is signed in authorizes: `granted` is what they allowed of the scopes
    /// that were asked for.
    #[must_use]
    pub fn grant(&self, asked: &AuthorizationRequest, granted: ScopeSet, who: &SignedIn) -> Grant {
        let lifetimes = &self.state.settings.lifetimes;
        Grant {
            id: GrantId::new(dated_id(self.entropy(), self.now)),
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
            session_ended_at: None,
        }
    }

    /// What `response_type` asks for, all from one grant: a code, an access token, an ID token that
    /// vouches for both (OIDC Core §3.2.2.5, §3.3.2.5).
    pub fn answer(
        &self,
        asked: &AuthorizationRequest,
        of: &Issuance<'_>,
    ) -> Result<MintedAnswer, OAuthError> {
        let response_type = asked.response_type;
        let (code, code_row) =
            response_type.has_code().then(|| self.authorization_code(asked, of.grant)).unzip();
        let token =
            response_type.has_token().then(|| self.access_token(of.client, self.claims(of)));
        let token = token.transpose()?;
        let mut params = Vec::new();
        params.extend(code.as_ref().map(|code| ("code", code.expose().to_owned())));
        if response_type.has_id_token() {
            let vouched = Vouched {
                nonce: asked.nonce.as_deref(),
                code: code.as_ref().map(Secret::expose),
                access_token: token.as_ref().map(|minted| minted.token.as_str()),
                through_browser: true,
            };
            params.push(("id_token", self.id_token(of, &vouched)?));
        }
        if let Some(minted) = &token {
            params.push(("access_token", minted.token.clone()));
            params.push(("token_type", TOKEN_TYPE.to_owned()));
            params.push(("expires_in", self.state.settings.lifetimes.access_token.to_string()));
            if !of.scope.is_empty() {
                params.push(("scope", of.scope.to_string()));
            }
        }
        Ok(MintedAnswer { params, code_row, access_row: token.and_then(|minted| minted.row) })
    }

    /// What a code or a token is that a row makes good.
    fn secret(&self) -> Secret {
        if self.state.db.takes_dated_tokens() {
            dated_secret(self.entropy(), self.now)
        } else {
            random_secret(self.entropy())
        }
    }

    /// RFC 6749 §4.1.2.
    fn authorization_code(
        &self,
        asked: &AuthorizationRequest,
        grant: &Grant,
    ) -> (Secret, AuthorizationCode) {
        let code = self.secret();
        let row = AuthorizationCode {
            hash: code.token_hash(),
            grant_id: grant.id.clone(),
            client_id: grant.client_id.clone(),
            redirect_uri: asked.redirect_uri.clone(),
            code_challenge: asked.code_challenge.clone(),
            nonce: asked.nonce.clone(),
            created_at: self.now,
            expires_at: self.now.plus(self.state.settings.lifetimes.authorization_code),
            consumed_at: None,
        };
        (code, row)
    }

    /// The tokens of a grant: access token, refresh token of that `generation` if the client may
    /// have one, ID token if `openid` was granted.
    pub fn tokens(&self, of: &Issuance<'_>, turn: Turn<'_>) -> Result<MintedTokens, OAuthError> {
        let access = self.access_token(of.client, self.claims(of))?;
        let mut response = self.response(&access.token, of.scope);
        let mut refresh_row = None;
        if of.client.may_use(GrantType::RefreshToken) {
            let (token, row) = self.refresh_token(of.grant, turn.generation);
            response.insert("refresh_token".to_owned(), token.expose().into());
            refresh_row = Some(row);
        }
        if of.scope.contains(scope::OPENID) {
            let vouched = Vouched {
                nonce: turn.nonce,
                code: None,
                access_token: Some(&access.token),
                through_browser: false,
            };
            response.insert("id_token".to_owned(), self.id_token(of, &vouched)?.into());
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

    /// The claims of an access token that a person granted.
    fn claims(&self, of: &Issuance<'_>) -> AccessTokenClaims {
        let grant = of.grant;
        AccessTokenClaims {
            sub: subject::of(self.state, of.client, &of.user.id).as_str().to_owned(),
            jti: format!("{}.{}", grant.id, random_id(self.entropy())),
            auth_time: Some(grant.auth_time),
            acr: Some(grant.acr.clone()),
            amr: Some(grant.amr.clone()),
            sid: self.sid(of),
            ..self.client_claims(of.client, of.scope)
        }
    }

    /// The browser session, while it lasts: what outlives it belongs to none.
    fn sid(&self, of: &Issuance<'_>) -> Option<SessionId> {
        let lasts = of.grant.session_ended_at.is_none();
        lasts.then(|| subject::sid(self.state, of.client, &of.grant.session_id))
    }

    fn client_claims(&self, client: &Client, scope: &ScopeSet) -> AccessTokenClaims {
        let issuer = self.state.settings.issuer.as_str().to_owned();
        AccessTokenClaims {
            // RFC 9068 §3: without `resource` the audience is a default of our own.
            aud: issuer.clone(),
            iss: issuer,
            sub: client.id.to_string(),
            client_id: client.id.clone(),
            scope: scope.clone(),
            jti: random_id(self.entropy()),
            iat: self.now,
            exp: self.now.plus(self.state.settings.lifetimes.access_token),
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
                let token = self.secret();
                let row = OpaqueAccessToken { hash: token.token_hash(), claims };
                Ok(MintedAccessToken { token: token.expose().to_owned(), row: Some(row) })
            }
        }
    }

    fn refresh_token(&self, grant: &Grant, generation: i64) -> (Secret, RefreshToken) {
        let token = self.secret();
        let lifetimes = &self.state.settings.lifetimes;
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

    /// OIDC Core §2, §3.1.3.6 (`at_hash`), §3.3.2.11 (`c_hash`), §12.2 (no `nonce` after a refresh).
    fn id_token(&self, of: &Issuance<'_>, vouched: &Vouched<'_>) -> Result<String, OAuthError> {
        let (grant, metadata) = (of.grant, &of.client.metadata);
        let settings = &self.state.settings;
        let sub = subject::of(self.state, of.client, &of.user.id);
        let mut body = vouched.personal_claims(of);
        let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
        set("iss", settings.issuer.as_str().into());
        set("sub", sub.as_str().into());
        set("aud", of.client.id.as_str().into());
        set("iat", self.now.0.into());
        set("exp", self.now.plus(settings.lifetimes.id_token).0.into());
        set("auth_time", grant.auth_time.0.into());
        set("acr", acr::told(&grant.acr, &grant.claims).into());
        set("amr", json!(grant.amr));
        if let Some(sid) = self.sid(of) {
            set("sid", sid.as_str().into());
        }
        if let Some(nonce) = vouched.nonce {
            set("nonce", nonce.into());
        }
        // OIDC Core §2: unsigned never through the browser; without a hash algorithm, no hashes.
        let unsigned = metadata.id_token_unsigned && settings.profile == Profile::Oidc;
        let token = if unsigned && !vouched.through_browser {
            sign_unsecured(&body)
        } else {
            let alg = metadata.id_token_signed_response_alg;
            let hashes = [("at_hash", vouched.access_token), ("c_hash", vouched.code)];
            for (name, value) in hashes {
                body.extend(value.map(|value| (name.to_owned(), half_hash(alg, value).into())));
            }
            self.ring.sign(alg, "JWT", &body)?
        };
        match of.recipient {
            Some(recipient) => recipient.encrypt(&token),
            None => Ok(token),
        }
    }

    fn entropy(&self) -> &dyn Entropy {
        self.state.entropy.as_ref()
    }

    fn response(&self, access_token: &str, scope: &ScopeSet) -> Map<String, Value> {
        let mut response = Map::new();
        response.insert("access_token".to_owned(), access_token.into());
        response.insert("token_type".to_owned(), TOKEN_TYPE.into());
        response.insert("expires_in".to_owned(), self.state.settings.lifetimes.access_token.into());
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

/// What an ID token vouches for besides the sign-in.
struct Vouched<'a> {
    nonce: Option<&'a str>,
    code: Option<&'a str>,
    access_token: Option<&'a str>,
    /// It comes from the authorization endpoint.
    through_browser: bool,
}

impl Vouched<'_> {
    /// With neither code nor access token beside it there will be no userinfo (OIDC Core §5.4).
    fn personal_claims(&self, of: &Issuance<'_>) -> Map<String, Value> {
        let alone = self.code.is_none() && self.access_token.is_none();
        let claims = if alone { claims::id_token_alone } else { claims::id_token };
        claims(of.user, of.scope, &of.grant.claims)
    }
}

fn object(claims: &AccessTokenClaims) -> Map<String, Value> {
    match json!(claims) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
