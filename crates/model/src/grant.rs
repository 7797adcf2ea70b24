//! What a user authorized, and the credentials that stand for it.

use serde::{Deserialize, Serialize};

use crate::{
    ClientId, GrantId, ScopeSet, SessionId, Timestamp, TokenHash, UserId, claims::ClaimsRequest,
};

/// One authorization of a client by a user. Its code, refresh tokens (the *family*) and access
/// tokens live and die with it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The name all its tokens share.
    pub id: GrantId,
    /// Who may use it.
    pub client_id: ClientId,
    /// Whose resources.
    pub user_id: UserId,
    /// The browser session it came from.
    pub session_id: SessionId,
    /// What was granted; a refresh may ask for less, never for more.
    pub scope: ScopeSet,
    /// The `claims` parameter of the request.
    pub claims: ClaimsRequest,
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// Authentication context class.
    pub acr: String,
    /// Authentication methods.
    pub amr: Vec<String>,
    /// When it was granted.
    pub created_at: Timestamp,
    /// When the last of what was issued from it is over.
    pub expires_at: Timestamp,
    /// Set once everything issued from it is dead.
    pub revoked_at: Option<Timestamp>,
    /// Set once its browser session is over, if the grant outlives it (`offline_access`): its
    /// access tokens that name the session are dead, later ones name none.
    pub session_ended_at: Option<Timestamp>,
}

/// An authorization code at rest (RFC 6749 §4.1.2).
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub hash: TokenHash,
    /// What it stands for.
    pub grant_id: GrantId,
    /// Whom it was issued to.
    pub client_id: ClientId,
    /// `redirect_uri` of the request, exactly.
    pub redirect_uri: String,
    /// `code_challenge` of the request, method `S256`.
    pub code_challenge: Option<String>,
    /// `nonce` for the first ID token.
    pub nonce: Option<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it dies unused.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub consumed_at: Option<Timestamp>,
}

/// A refresh token at rest. Rotation is by single successor.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub hash: TokenHash,
    /// What it stands for.
    pub grant_id: GrantId,
    /// 0 for the first of its family, one more for each successor.
    pub generation: i64,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it dies unused (idle timeout, never past the grant's own end).
    pub expires_at: Timestamp,
    /// The one use it had.
    pub used: Option<RefreshUse>,
}

/// The first use of a refresh token.
#[derive(Clone, Debug)]
pub struct RefreshUse {
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the one successor it got.
    pub successor: TokenHash,
    /// The token response, sealed, for a client that lost the first answer.
    pub sealed_reply: String,
}

/// An opaque access token at rest.
#[derive(Clone, Debug)]
pub struct OpaqueAccessToken {
    /// SHA-256 of the token.
    pub hash: TokenHash,
    /// The claims an RFC 9068 JWT would have carried.
    pub claims: AccessTokenClaims,
}

/// The claims of an access token (RFC 9068 §2.2). `jti` is `<grant>.<random>` for a token issued
/// from a grant and plain random for a client's own, so that a token tells what revokes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the claim of that name")]
pub struct AccessTokenClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub client_id: ClientId,
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scope: ScopeSet,
    pub jti: String,
    pub iat: Timestamp,
    pub exp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

impl AccessTokenClaims {
    /// The grant this token came from; `None` for a client's own token.
    #[must_use]
    pub fn grant_id(&self) -> Option<GrantId> {
        self.jti.split_once('.').map(|(grant, _)| GrantId::new(grant))
    }
}

/// What a user allowed a client, remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who allowed.
    pub user_id: UserId,
    /// Whom.
    pub client_id: ClientId,
    /// Which scopes.
    pub scope: ScopeSet,
    /// Optional scopes that the person left out: neither granted nor asked about again.
    pub declined: ScopeSet,
    /// Names of claims asked for one by one (`claims` parameter), sorted.
    pub claims: Vec<String>,
    /// When it was last given.
    pub granted_at: Timestamp,
    /// Which wording of the page was shown (`policy::consent::WORDING`).
    pub wording: String,
}

/// One answer to the question of consent, kept for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// Its name.
    pub id: String,
    /// Who answered.
    pub user_id: UserId,
    /// Who had asked.
    pub client_id: ClientId,
    /// The answer.
    pub decision: ConsentDecision,
    /// The scopes it was about.
    pub scope: ScopeSet,
    /// The claims asked for one by one.
    pub claims: Vec<String>,
    /// Which wording of the page was shown.
    pub wording: String,
    /// When.
    pub at: Timestamp,
}

/// An answer to the question of consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentDecision {
    /// Yes.
    Given,
    /// No.
    Refused,
    /// No longer: taken back on the account page.
    Withdrawn,
}

impl ConsentDecision {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Given, Self::Refused, Self::Withdrawn];

    /// The stored name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }
}
