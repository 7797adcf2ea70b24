//! Values that the tests start from.

use vestibule_model::{
    ClientId, GrantId, ResponseType, ScopeSet, SessionId, Timestamp, TokenHash, UserId,
    browser_session::BrowserSession,
    claims::ClaimsRequest,
    client::{Client, ClientMetadata, GrantType, SigningAlg},
    grant::{AuthorizationCode, Consent, Grant, RefreshToken},
    interaction::{AuthorizationRequest, Display, ResponseMode},
    settings::{
        Accounts, ClientRegistration, Issuer, Lifetimes, Mail, MfaRules,
        Profile as ProtocolProfile, Settings,
    },
    user::{Profile, User},
};

/// The verifier of RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of RFC 7636 appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The sample client's only redirect URI.
pub const REDIRECT_URI: &str = "https://app.example/cb";
/// When the samples happen.
pub const NOW: Timestamp = Timestamp(1_800_000_000);

pub fn scope(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

pub fn client() -> Client {
    Client {
        id: ClientId::new("app"),
        metadata: ClientMetadata {
            client_name: Some("The App".to_owned()),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            post_logout_redirect_uris: vec!["https://app.example/bye".to_owned()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            response_types: vec![ResponseType::Code],
            scope: scope("openid profile email offline_access api"),
            ..ClientMetadata::default()
        },
        secret_hash: Some(TokenHash::new("00")),
        sealed_secret: None,
        registration: None,
        created_at: NOW,
        updated_at: NOW,
        disabled_at: None,
    }
}

pub fn settings() -> Settings {
    Settings {
        issuer: Issuer::new("https://id.example"),
        lifetimes: Lifetimes::default(),
        jwks_max_age: 600,
        signing_algs: vec![SigningAlg::RS256],
        skip_first_party_consent: true,
        development: false,
        display_name: "Vestibule".to_owned(),
        accounts: Accounts::default(),
        mfa: MfaRules::default(),
        mail: Mail::Mailbox,
        profile: ProtocolProfile::OAuth21,
        client_registration: ClientRegistration::default(),
        playground: false,
    }
}

pub fn session() -> BrowserSession {
    BrowserSession {
        id: SessionId::new("session"),
        token_hash: TokenHash::new("aa"),
        user_id: UserId::new("alice"),
        auth_time: NOW.plus(-100),
        amr: vec!["pwd".to_owned()],
        acr: crate::acr::PASSWORD.to_owned(),
        created_at: NOW.plus(-100),
        last_seen_at: NOW,
        expires_at: NOW.plus(3_600),
        device_id: None,
        ip: None,
        user_agent: None,
    }
}

pub fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: ClientId::new("app"),
        redirect_uri: REDIRECT_URI.to_owned(),
        response_type: ResponseType::Code,
        response_mode: ResponseMode::Query,
        scope: scope("openid profile"),
        state: Some("xyz".to_owned()),
        nonce: None,
        code_challenge: Some(CHALLENGE.to_owned()),
        prompt: vec![],
        max_age: None,
        login_hint: None,
        hinted_subject: None,
        acr_values: vec![],
        ui_locales: vec![],
        claims_locales: vec![],
        display: Display::Page,
        claims: ClaimsRequest::default(),
    }
}

pub fn consent(scopes: &str) -> Consent {
    Consent {
        user_id: UserId::new("alice"),
        client_id: ClientId::new("app"),
        scope: scope(scopes),
        declined: ScopeSet::default(),
        claims: vec![],
        granted_at: NOW.plus(-1_000),
        wording: String::new(),
    }
}

pub fn grant() -> Grant {
    Grant {
        id: GrantId::new("grant"),
        client_id: ClientId::new("app"),
        user_id: UserId::new("alice"),
        session_id: SessionId::new("session"),
        scope: scope("openid profile offline_access"),
        claims: ClaimsRequest::default(),
        auth_time: NOW.plus(-100),
        acr: crate::acr::PASSWORD.to_owned(),
        amr: vec!["pwd".to_owned()],
        created_at: NOW,
        expires_at: NOW.plus(1_000_000),
        revoked_at: None,
        session_ended_at: None,
    }
}

pub fn code() -> AuthorizationCode {
    AuthorizationCode {
        hash: TokenHash::new("cc"),
        grant_id: GrantId::new("grant"),
        client_id: ClientId::new("app"),
        redirect_uri: REDIRECT_URI.to_owned(),
        code_challenge: Some(CHALLENGE.to_owned()),
        nonce: None,
        created_at: NOW,
        expires_at: NOW.plus(60),
        consumed_at: None,
    }
}

pub fn refresh_token() -> RefreshToken {
    RefreshToken {
        hash: TokenHash::new("dd"),
        grant_id: GrantId::new("grant"),
        generation: 0,
        created_at: NOW,
        expires_at: NOW.plus(10_000),
        used: None,
    }
}

pub fn user() -> User {
    let created_at = NOW.plus(-5_000);
    User {
        email_verified: true,
        profile: Profile {
            name: Some("Alice Adams".to_owned()),
            locale: Some("en".to_owned()),
            ..Profile::default()
        },
        updated_at: NOW.plus(-4_000),
        ..User::new(UserId::new("alice"), "alice", "alice@example.org", "", created_at)
    }
}
