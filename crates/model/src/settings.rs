//! Settings that decisions depend on. `server/config` reads and checks them; everything else gets
//! them as values.

use crate::{
    ResponseType, ScopeSet,
    client::{GrantType, SigningAlg},
    interaction::ResponseMode,
    scope,
};

/// The settings that handlers and pure decisions see.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where this server is, as clients see it.
    pub issuer: Issuer,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How many seconds a JWKS may be cached.
    pub jwks_max_age: i64,
    /// The algorithms with a key in the ring.
    pub signing_algs: Vec<SigningAlg>,
    /// Whether clients marked `first_party` skip the consent page.
    pub skip_first_party_consent: bool,
    /// Development or demo: pages may say more.
    pub development: bool,
    /// The name people see at the top of every page.
    pub display_name: String,
    /// What people may do with their accounts.
    pub accounts: Accounts,
    /// Who needs a second factor.
    pub mfa: MfaRules,
    /// Whether mails can be sent (or are shown at `/dev/mailbox`): without, what needs them is off.
    pub mail: Mail,
    /// Which rules of OAuth and OpenID Connect hold.
    pub profile: Profile,
    /// Whether and how clients may register themselves.
    pub client_registration: ClientRegistration,
    /// Whether `/playground` is there.
    pub playground: bool,
}

/// Which rules hold (`profile`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// OAuth 2.1: authorization codes only, always with PKCE.
    #[default]
    OAuth21,
    /// OpenID Connect Core 1.0 in full: clients may register the implicit and hybrid response
    /// types, and confidential clients may do without PKCE.
    Oidc,
}

impl Profile {
    /// The response types that clients may register and ask for.
    #[must_use]
    pub fn response_types(self) -> &'static [ResponseType] {
        match self {
            Self::OAuth21 => &[ResponseType::Code],
            Self::Oidc => &ResponseType::ALL,
        }
    }

    /// How answers may travel. What a fragment holds, scripts of the page can read and pass on.
    #[must_use]
    pub fn response_modes(self) -> &'static [ResponseMode] {
        match self {
            Self::OAuth21 => &[ResponseMode::Query, ResponseMode::FormPost],
            Self::Oidc => &ResponseMode::ALL,
        }
    }

    /// Whether clients may register `none`, for ID tokens of the token endpoint (OIDC Core §2) and
    /// for request objects (§6.1).
    #[must_use]
    pub const fn takes_unsigned(self) -> bool {
        matches!(self, Self::Oidc)
    }

    /// The grant types that clients may register.
    #[must_use]
    pub fn grant_types(self) -> &'static [GrantType] {
        match self {
            Self::OAuth21 => &GrantType::OF_TOKEN_ENDPOINT,
            Self::Oidc => &GrantType::ALL,
        }
    }
}

/// How clients register themselves (RFC 7591; `registration.*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRegistration {
    /// Who may.
    pub policy: RegistrationPolicy,
    /// How many clients without an initial access token there may be at a time that nobody has
    /// signed in with.
    pub max_unused: i64,
    /// Seconds after which a client that came without an initial access token is removed, unless
    /// somebody signed in with it.
    pub unused_lifetime: i64,
    /// The scopes that such clients may have.
    pub scope: ScopeSet,
    /// The public keys (JWK Set) of those whose software statements are believed (RFC 7591 §2.3);
    /// `None` believes nobody's.
    pub software_statement_jwks: Option<serde_json::Value>,
}

/// Who may register clients over HTTP (`registration.policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Nobody.
    #[default]
    Off,
    /// Whoever has an initial access token (RFC 7591 §3).
    Token,
    /// Everybody.
    Open,
}

impl Default for ClientRegistration {
    fn default() -> Self {
        Self {
            policy: RegistrationPolicy::Off,
            max_unused: 1_000,
            unused_lifetime: 86_400,
            scope: scope::STANDARD.into_iter().collect(),
            software_statement_jwks: None,
        }
    }
}

/// How accounts come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// Who may register.
    pub registration: Registration,
    /// The terms of service in force; a new version is asked about at the next sign-in.
    pub terms: Option<Terms>,
    /// Seconds between the wish to delete an account and its erasure.
    pub deletion_grace: i64,
    /// Seconds after which a sign-in is too old for changing how one signs in.
    pub fresh_sign_in: i64,
    /// How many former passwords may not be used again.
    pub password_history: i64,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            registration: Registration::Off,
            terms: None,
            deletion_grace: 14 * 86_400,
            fresh_sign_in: 600,
            password_history: 5,
        }
    }
}

/// Who may register (`accounts.registration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everybody with a mail address.
    Open,
    /// Whoever was invited.
    Invite,
    /// Nobody: accounts are made by administrators.
    Off,
}

/// The terms of service in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Their version, for example a date.
    pub version: String,
    /// Where they can be read.
    pub uri: String,
}

/// Who needs a second factor, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaRules {
    /// Whom it is required of, whatever their groups.
    pub required: MfaRequired,
    /// Members of these groups.
    pub groups: Vec<String>,
    /// People whose client asks for one of these scopes.
    pub scopes: Vec<String>,
    /// Whether a code by mail may serve, as the lowest of the factors.
    pub email_code: bool,
    /// Seconds for which a device may be remembered; 0 never.
    pub remember_device: i64,
    /// Whether authenticators are asked what model they are.
    pub attestation: bool,
}

/// Whom a second factor is required of (`mfa.required`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MfaRequired {
    /// Nobody in general.
    Nobody,
    /// Administrators.
    Administrators,
    /// Everybody.
    Everyone,
}

impl Default for MfaRules {
    fn default() -> Self {
        Self {
            required: MfaRequired::Nobody,
            groups: Vec::new(),
            scopes: Vec::new(),
            email_code: true,
            remember_device: 30 * 86_400,
            attestation: false,
        }
    }
}

/// Where mails go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail {
    /// Over SMTP.
    Smtp,
    /// Nowhere: people read them at `/dev/mailbox`.
    Mailbox,
    /// There are none.
    Off,
}

/// The issuer identifier (RFC 8414 §2): an absolute URL without query, fragment or final slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// Wraps an issuer that `server/config` has checked.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        let mut url: String = url.into();
        while url.ends_with('/') {
            url.pop();
        }
        Self(url)
    }

    /// The issuer identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute URL of `path`, which starts with `/`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Scheme, host and port without the path, as `Origin` headers have it.
    #[must_use]
    pub fn origin(&self) -> &str {
        let authority = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0.get(authority..).and_then(|rest| rest.find('/'));
        end.and_then(|at| self.0.get(..authority + at)).unwrap_or(&self.0)
    }

    /// The path part, empty or starting with `/` and not ending with one.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.get(self.origin().len()..).unwrap_or_default()
    }

    /// Whether browsers reach us over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// Lifetimes, all in seconds.
#[derive(Clone, Debug)]
pub struct Lifetimes {
    /// Authorization codes; RFC 6749 §4.1.2 allows 600 at most, the default is 60.
    pub authorization_code: i64,
    /// Access tokens, JWT or opaque.
    pub access_token: i64,
    /// ID tokens.
    pub id_token: i64,
    /// A refresh token that nobody uses.
    pub refresh_idle: i64,
    /// A family of refresh tokens, however much it is used.
    pub refresh_absolute: i64,
    /// How long a lost refresh answer can be fetched again.
    pub refresh_grace: i64,
    /// A browser session that nobody uses.
    pub session_idle: i64,
    /// A browser session, however much it is used.
    pub session_absolute: i64,
    /// The pages of one authorization request.
    pub interaction: i64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            authorization_code: 60,
            access_token: 600,
            id_token: 300,
            refresh_idle: 14 * 86_400,
            refresh_absolute: 30 * 86_400,
            refresh_grace: 30,
            session_idle: 2 * 3_600,
            session_absolute: 12 * 3_600,
            interaction: 1_800,
        }
    }
}
