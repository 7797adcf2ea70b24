//! Clients and their metadata (RFC 7591 §2, OIDC Registration §2).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ClientId, ScopeSet, Timestamp, TokenHash};

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// What the client registered; stored as one JSON document.
    pub metadata: ClientMetadata,
    /// Keyed MAC of `client_secret`; `None` for public and key-authenticated clients.
    pub secret_hash: Option<TokenHash>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Set while the client may not be used.
    pub disabled_at: Option<Timestamp>,
}

/// `token_endpoint_auth_method` (OIDC Core §9, RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: no credentials.
    None,
    /// Secret in the `Authorization: Basic` header (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Secret in the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A JWT signed with the client's own key (RFC 7523 §2.2).
    PrivateKeyJwt,
}

impl AuthMethod {
    /// Every method, in the order discovery lists them.
    pub const ALL: [Self; 4] =
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::None];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// `grant_types` (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.4.
    ClientCredentials,
}

impl GrantType {
    /// Every grant type, in the order discovery lists them.
    pub const ALL: [Self; 3] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// `application_type` (OIDC Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// Runs on a web server or in a browser.
    #[default]
    Web,
    /// Installed on a device: loopback ports and custom schemes (RFC 8252).
    Native,
}

/// A JWS algorithm that Vestibule signs with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum SigningAlg {
    /// RSASSA-PKCS1-v1_5 with SHA-256: the default, understood by every client.
    #[default]
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl SigningAlg {
    /// Every algorithm, in the order discovery lists them.
    pub const ALL: [Self; 4] = [Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of that wire name.
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.as_str() == name)
    }
}

/// The form of access tokens a client gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A JWT after RFC 9068: resource servers verify it against the JWKS.
    #[default]
    Jwt,
    /// A random reference: resource servers introspect it (RFC 7662).
    Opaque,
}

/// What a client registered, under the names of RFC 7591 §2 where it has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientMetadata {
    /// `client_name`: shown to people, hostile until escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// `client_uri`: the client's home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// `application_type`.
    #[serde(default)]
    pub application_type: ApplicationType,
    /// `redirect_uris`, exactly as registered.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// `post_logout_redirect_uris` (OIDC RP-Initiated Logout §3.1).
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// `grant_types`.
    #[serde(default)]
    pub grant_types: Vec<GrantType>,
    /// `token_endpoint_auth_method`.
    pub token_endpoint_auth_method: AuthMethod,
    /// `scope`: every scope the client may ask for.
    #[serde(default)]
    pub scope: ScopeSet,
    /// `jwks`: the client's public keys, for `private_key_jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// `id_token_signed_response_alg`.
    #[serde(default)]
    pub id_token_signed_response_alg: SigningAlg,
    /// The JWS algorithm of this client's JWT access tokens.
    #[serde(default)]
    pub access_token_signed_response_alg: SigningAlg,
    /// JWT or opaque access tokens.
    #[serde(default)]
    pub access_token_format: AccessTokenFormat,
    /// `default_max_age`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<i64>,
    /// Run by the operator itself: consent may be skipped by policy.
    #[serde(default)]
    pub first_party: bool,
    /// Scopes that the person may leave out on the consent page.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub optional_scope: ScopeSet,
    /// The least `acr` that people need for this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_acr: Option<String>,
}

impl Client {
    /// The name to show to a person: `client_name`, else the `client_id`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.metadata.client_name.as_deref().unwrap_or(self.id.as_str())
    }

    /// The web origins (scheme, host, port; lower case) of the redirect URIs: whose scripts may
    /// read our answers. Each once.
    #[must_use]
    pub fn web_origins(&self) -> BTreeSet<String> {
        let origin = |uri: &String| {
            let (scheme, rest) = uri.split_once("://")?;
            let web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
            let host = rest.split(['/', '?', '#']).next()?;
            web.then(|| format!("{scheme}://{host}").to_ascii_lowercase())
        };
        self.metadata.redirect_uris.iter().filter_map(origin).collect()
    }

    /// Whether the client registered `grant_type`.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant_type)
    }
}
