//! Clients and their metadata (RFC 7591 §2, OIDC Registration §2).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use crate::jose::SigningAlg;
use crate::{
    ClientId, ScopeSet, Timestamp, TokenHash,
    jose::{ClientSignatureAlg, ResponseEncryption},
    response_type::ResponseType,
};

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// What the client registered; stored as one JSON document.
    pub metadata: ClientMetadata,
    /// Keyed MAC of `client_secret`; `None` for public and key-authenticated clients.
    pub secret_hash: Option<TokenHash>,
    /// `client_secret` itself, sealed: only where what the client registered needs it as a key
    /// ([`ClientMetadata::needs_secret_itself`]).
    pub sealed_secret: Option<String>,
    /// How it came to be registered; `None` for a client that an administrator made.
    pub registration: Option<Registration>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Set while the client may not be used.
    pub disabled_at: Option<Timestamp>,
}

/// How a client that registered itself did so (RFC 7591 §3, RFC 7592).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// SHA-256 of its registration access token (RFC 7592 §3).
    pub access_token_hash: TokenHash,
    /// The initial access token it came with; `None` if it came without, by an open door.
    pub initial_access_token: Option<String>,
    /// When it is removed unless somebody signs in with it before; `None` once somebody did.
    pub unused_until: Option<Timestamp>,
}

/// `token_endpoint_auth_method` (OIDC Core §9, RFC 7591 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: no credentials.
    None,
    /// Secret in the `Authorization: Basic` header (RFC 6749 §2.3.1); the default (RFC 7591 §2).
    #[default]
    ClientSecretBasic,
    /// Secret in the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// A JWT with a MAC under the secret (OIDC Core §9).
    ClientSecretJwt,
    /// A JWT signed with the client's own key (RFC 7523 §2.2).
    PrivateKeyJwt,
}

impl AuthMethod {
    /// Every method, in the order discovery lists them.
    pub const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether a client of this method has a `client_secret`.
    #[must_use]
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
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
    /// RFC 6749 §4.2, OIDC Registration §2: tokens from the authorization endpoint. No grant of the
    /// token endpoint.
    Implicit,
}

impl GrantType {
    /// Every grant type, in the order discovery lists them.
    pub const ALL: [Self; 4] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials, Self::Implicit];

    /// Those of the token endpoint.
    pub const OF_TOKEN_ENDPOINT: [Self; 3] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Implicit => "implicit",
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

/// `subject_type` (OIDC Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// Everybody sees the same `sub`.
    #[default]
    Public,
    /// Each sector sees a `sub` of its own (§8.1).
    Pairwise,
}

impl SubjectType {
    /// Every type, in the order discovery lists them.
    pub const ALL: [Self; 2] = [Self::Public, Self::Pairwise];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Pairwise => "pairwise",
        }
    }
}

/// What a client registered, under the names of RFC 7591 §2 where it has one. Stored as JSON; a
/// member that is not known (of a newer version) is passed over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the specifications name these fields one by one"
)]
pub struct ClientMetadata {
    /// `client_name`: shown to people, hostile until escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// `client_uri`: the client's home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// `logo_uri`: fetched by us and served as our own; browsers do not load it from the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// `policy_uri`: what the client does with people's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// `tos_uri`: its terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// The same in other languages, by wire name and BCP 47 tag, such as `client_name#de` (RFC 7591
    /// §2.2).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub localized: BTreeMap<String, String>,
    /// `contacts`: mail addresses of whoever looks after the client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// `application_type`.
    pub application_type: ApplicationType,
    /// `redirect_uris`, exactly as registered.
    pub redirect_uris: Vec<String>,
    /// `post_logout_redirect_uris` (OIDC RP-Initiated Logout §3.1).
    pub post_logout_redirect_uris: Vec<String>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// `response_types`; empty stands for `code` ([`Client::may_ask_for`]).
    #[serde(default = "code_alone")]
    pub response_types: Vec<ResponseType>,
    /// `token_endpoint_auth_method`.
    pub token_endpoint_auth_method: AuthMethod,
    /// `token_endpoint_auth_signing_alg`: the one algorithm of its assertions; `None` leaves the
    /// choice to each assertion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<ClientSignatureAlg>,
    /// `scope`: every scope the client may ask for.
    pub scope: ScopeSet,
    /// `jwks`: the client's public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<serde_json::Value>,
    /// `jwks_uri`: where its public keys are; never beside `jwks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// `subject_type`.
    #[serde(skip_serializing_if = "is_default")]
    pub subject_type: SubjectType,
    /// `sector_identifier_uri` (OIDC Core §8.1): its host is the sector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// `id_token_signed_response_alg`.
    pub id_token_signed_response_alg: SigningAlg,
    /// The client registered `id_token_signed_response_alg` as `none`: ID tokens of the token
    /// endpoint are not signed (OIDC Core §2). Never set for a response type with `id_token`.
    #[serde(skip_serializing_if = "is_default")]
    pub id_token_unsigned: bool,
    /// `id_token_encrypted_response_alg` and `…_enc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encryption: Option<ResponseEncryption>,
    /// `userinfo_signed_response_alg`; `None` is plain JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlg>,
    /// `userinfo_encrypted_response_alg` and `…_enc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encryption: Option<ResponseEncryption>,
    /// `request_object_signing_alg`: the one algorithm of its request objects; `None` leaves the
    /// choice to each (OIDC Registration §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<ClientSignatureAlg>,
    /// `request_object_encryption_alg` and `…_enc`: declared by the client; what it really used is
    /// judged by what we offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption: Option<ResponseEncryption>,
    /// `require_signed_request_object` (RFC 9101 §10.5).
    #[serde(skip_serializing_if = "is_default")]
    pub require_signed_request_object: bool,
    /// `request_uris` (OIDC Core §6.2), with `#` and the hash if the client gave one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    /// The JWS algorithm of this client's JWT access tokens.
    pub access_token_signed_response_alg: SigningAlg,
    /// JWT or opaque access tokens.
    pub access_token_format: AccessTokenFormat,
    /// `default_max_age`, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<i64>,
    /// `require_auth_time`. ID tokens have `auth_time` anyhow.
    #[serde(skip_serializing_if = "is_default")]
    pub require_auth_time: bool,
    /// `default_acr_values`, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// `initiate_login_uri`: where a sign-in of this client can be started from outside (OIDC Core
    /// §4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// `frontchannel_logout_uri` (OIDC Front-Channel Logout §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// `frontchannel_logout_session_required`: it wants `iss` and `sid`.
    #[serde(skip_serializing_if = "is_default")]
    pub frontchannel_logout_session_required: bool,
    /// `backchannel_logout_uri` (OIDC Back-Channel Logout §2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// `backchannel_logout_session_required`: it wants `sid`, which it gets anyhow.
    #[serde(skip_serializing_if = "is_default")]
    pub backchannel_logout_session_required: bool,
    /// `software_id` (RFC 7591 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// `software_version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// `software_statement` that it registered with, verified then (RFC 7591 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
    /// Run by the operator itself: consent may be skipped by policy.
    pub first_party: bool,
    /// Scopes that the person may leave out on the consent page.
    #[serde(skip_serializing_if = "ScopeSet::is_empty")]
    pub optional_scope: ScopeSet,
    /// The least `acr` that people need for this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_acr: Option<String>,
}

/// The response types of clients that were registered before there were others.
fn code_alone() -> Vec<ResponseType> {
    vec![ResponseType::Code]
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ClientMetadata {
    /// Whether `client_secret` is a key for something, so that its hash does not do (OIDC Core
    /// §10): MACs of assertions and request objects, symmetric encryption.
    #[must_use]
    pub fn needs_secret_itself(&self) -> bool {
        let encryptions =
            [self.id_token_encryption, self.userinfo_encryption, self.request_object_encryption];
        self.token_endpoint_auth_method == AuthMethod::ClientSecretJwt
            || self.request_object_signing_alg.is_some_and(ClientSignatureAlg::is_mac)
            || encryptions.iter().flatten().any(|encryption| encryption.alg.is_symmetric())
    }

    /// A text in the best of the `wanted` languages (BCP 47 tags, best first) that the client
    /// registered it in, for example of `client_name` (RFC 7591 §2.2).
    #[must_use]
    pub fn localized(&self, name: &str, wanted: &[&str]) -> Option<&str> {
        wanted.iter().find_map(|tag| {
            let mut tag = *tag;
            loop {
                let of_tag = |(key, text): (&'_ String, &'_ String)| {
                    let (field, language) = key.split_once('#')?;
                    (field == name && language.eq_ignore_ascii_case(tag)).then(|| text.clone())
                };
                let found = self.localized.iter().find(|pair| of_tag(*pair).is_some());
                if let Some((_, text)) = found {
                    return Some(text.as_str());
                }
                tag = tag.rsplit_once('-')?.0;
            }
        })
    }
}

impl Client {
    /// A client that an administrator makes, without a secret so far.
    #[must_use]
    pub const fn new(id: ClientId, metadata: ClientMetadata, now: Timestamp) -> Self {
        Self {
            id,
            metadata,
            secret_hash: None,
            sealed_secret: None,
            registration: None,
            created_at: now,
            updated_at: now,
            disabled_at: None,
        }
    }

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

    /// Whether the client registered `response_type`; `code`, if it named none (RFC 7591 §2).
    #[must_use]
    pub fn may_ask_for(&self, response_type: ResponseType) -> bool {
        let registered = &self.metadata.response_types;
        registered.contains(&response_type)
            || (registered.is_empty() && response_type == ResponseType::Code)
    }

    /// Whether the client registered `grant_type`.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant_type)
    }
}
