//! Rows to start from. Names are arguments, the rest is fixed.

use vestibule_model::{
    ClientId, DeviceId, GrantId, InteractionId, ResponseType, ScopeSet, Secret, SessionId,
    SignInId, Subject, Timestamp, TokenHash, UserId,
    browser_session::BrowserSession,
    claims::ClaimsRequest,
    client::{
        AccessTokenFormat, ApplicationType, AuthMethod, Client, ClientMetadata, GrantType,
        SigningAlg,
    },
    device::Device,
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
    factor::{Passkey, TotpDevice},
    grant::{
        AccessTokenClaims, AuthorizationCode, Consent, ConsentDecision, ConsentRecord, Grant,
        OpaqueAccessToken, RefreshToken, RefreshUse,
    },
    initial_access_token::InitialAccessToken,
    interaction::{AuthorizationRequest, Display, Interaction, Progress, Prompt, ResponseMode},
    mail::OutboxMail,
    sealed::StoredDataKey,
    sign_in::SignIn,
    signing_key::StoredKey,
    user::{Profile, User},
    verification::{Verification, VerificationKind},
};
use vestibule_storage::{
    Conn, Db, StorageError, client, grant as grants, testing::TestDatabase, user as users,
};

pub const NOW: Timestamp = Timestamp(1_800_000_000);

/// Runs `work` in a transaction that must succeed.
pub fn write<T: Send + 'static>(
    db: &Db,
    work: impl FnOnce(&mut Conn) -> Result<T, StorageError> + Clone + Send + 'static,
) -> T {
    db.write(work).wait().unwrap()
}

/// Runs `work` on a reader; it must succeed.
pub fn read<T: Send + 'static>(
    db: &Db,
    work: impl FnOnce(&mut Conn) -> Result<T, StorageError> + Clone + Send + 'static,
) -> T {
    db.read(work).wait().unwrap()
}

/// A database with the client `app`, the user `u1` and the grant `g1` between them.
pub fn with_grant(database: &TestDatabase) -> Db {
    let db = database.open();
    write(&db, |conn| {
        client::insert(conn, &a_client("app"))?;
        users::insert(conn, &a_user("u1", "Ada", "Ada@Example.org"))?;
        grants::insert(conn, &a_grant("g1"))
    });
    db
}

pub fn scope(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

pub fn hash(of: &str) -> TokenHash {
    Secret::new(of).token_hash()
}

/// A token of that name whose hash is `hash(id)`, for an hour.
pub fn an_initial_access_token(id: &str, uses_left: Option<i64>) -> InitialAccessToken {
    InitialAccessToken {
        id: id.to_owned(),
        hash: hash(id),
        label: "for a test".to_owned(),
        created_at: NOW,
        expires_at: NOW.plus(3_600),
        uses_left,
    }
}

pub fn a_client(id: &str) -> Client {
    Client {
        id: ClientId::new(id),
        metadata: ClientMetadata {
            client_name: Some("Ünïcode & <b>Co</b>".to_owned()),
            application_type: ApplicationType::Native,
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            post_logout_redirect_uris: vec![],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: AuthMethod::PrivateKeyJwt,
            scope: scope("openid offline_access"),
            jwks: Some(serde_json::json!({"keys": []})),
            id_token_signed_response_alg: SigningAlg::ES256,
            access_token_signed_response_alg: SigningAlg::EdDSA,
            access_token_format: AccessTokenFormat::Opaque,
            default_max_age: Some(300),
            first_party: true,
            optional_scope: scope("offline_access"),
            required_acr: Some("urn:vestibule:acr:mfa".to_owned()),
            ..ClientMetadata::default()
        },
        secret_hash: Some(hash("client secret")),
        sealed_secret: None,
        registration: None,
        created_at: NOW,
        updated_at: NOW,
        disabled_at: None,
    }
}

pub fn a_user(id: &str, username: &str, email: &str) -> User {
    let profile = Profile { name: Some("Ada Lovelace".to_owned()), ..Profile::default() };
    let user = User::new(UserId::new(id), username, email, "$argon2id$old", NOW);
    User { email_verified: true, profile, ..user }
}

pub fn a_session(id: &str, cookie: &str) -> BrowserSession {
    BrowserSession {
        id: SessionId::new(id),
        token_hash: hash(cookie),
        user_id: UserId::new("u1"),
        auth_time: NOW,
        amr: vec!["pwd".to_owned()],
        acr: "urn:vestibule:acr:pwd".to_owned(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW.plus(3_600),
        device_id: None,
        ip: None,
        user_agent: None,
    }
}

pub fn a_request() -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: ClientId::new("app"),
        redirect_uri: "https://app.example/cb".to_owned(),
        response_type: ResponseType::CodeIdToken,
        response_mode: ResponseMode::FormPost,
        scope: scope("openid"),
        state: Some("with \0 inside".to_owned()),
        nonce: Some("n".to_owned()),
        code_challenge: Some("c".repeat(43)),
        prompt: vec![Prompt::Login, Prompt::Consent],
        max_age: Some(0),
        login_hint: None,
        hinted_subject: Some(Subject::new("u1")),
        acr_values: vec![],
        ui_locales: vec!["de".to_owned()],
        claims_locales: vec![],
        display: Display::Popup,
        claims: ClaimsRequest::default(),
    }
}

pub fn an_interaction(id: &str) -> Interaction {
    Interaction {
        id: InteractionId::new(id),
        request: a_request(),
        progress: Progress::default(),
        created_at: NOW,
        expires_at: NOW.plus(1_800),
    }
}

pub fn a_grant(id: &str) -> Grant {
    Grant {
        id: GrantId::new(id),
        client_id: ClientId::new("app"),
        user_id: UserId::new("u1"),
        session_id: SessionId::new("s1"),
        scope: scope("openid profile"),
        claims: ClaimsRequest::default(),
        auth_time: NOW,
        acr: "urn:vestibule:acr:pwd".to_owned(),
        amr: vec!["pwd".to_owned()],
        created_at: NOW,
        expires_at: NOW.plus(30 * 86_400),
        revoked_at: None,
        session_ended_at: None,
    }
}

pub fn a_code(code: &str) -> AuthorizationCode {
    AuthorizationCode {
        hash: hash(code),
        grant_id: GrantId::new("g1"),
        client_id: ClientId::new("app"),
        redirect_uri: "https://app.example/cb?x=1".to_owned(),
        code_challenge: Some("c".repeat(43)),
        nonce: Some("a \0 nonce".to_owned()),
        created_at: NOW,
        expires_at: NOW.plus(60),
        consumed_at: None,
    }
}

pub fn a_refresh_token(token: &str, generation: i64) -> RefreshToken {
    RefreshToken {
        hash: hash(token),
        grant_id: GrantId::new("g1"),
        generation,
        created_at: NOW,
        expires_at: NOW.plus(14 * 86_400),
        used: None,
    }
}

pub fn a_use(successor: &str) -> RefreshUse {
    RefreshUse {
        at: NOW.plus(5),
        successor: hash(successor),
        sealed_reply: format!("v1.sealed-{successor}"),
    }
}

pub fn an_opaque_token(token: &str, jti: &str) -> OpaqueAccessToken {
    OpaqueAccessToken {
        hash: hash(token),
        claims: AccessTokenClaims {
            iss: "https://id.example".to_owned(),
            sub: "u1".to_owned(),
            aud: "https://api.example".to_owned(),
            client_id: ClientId::new("app"),
            scope: scope("openid"),
            jti: jti.to_owned(),
            iat: NOW,
            exp: NOW.plus(600),
            auth_time: None,
            acr: None,
            amr: None,
            sid: Some(SessionId::new("s1")),
        },
    }
}

pub fn a_consent() -> Consent {
    Consent {
        user_id: UserId::new("u1"),
        client_id: ClientId::new("app"),
        scope: scope("openid email"),
        claims: vec!["name".to_owned()],
        granted_at: NOW,
        declined: scope("offline_access"),
        wording: "2026-11".to_owned(),
    }
}

pub fn a_key(kid: &str, published_at: Timestamp) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        alg: SigningAlg::EdDSA,
        public_jwk: "{}".to_owned(),
        sealed_private_jwk: "v1.sealed".to_owned(),
        published_at,
        active_at: None,
        retired_at: None,
        expires_at: None,
    }
}

pub fn an_encryption_key(kid: &str, created_at: Timestamp) -> StoredEncryptionKey {
    StoredEncryptionKey {
        kid: kid.to_owned(),
        key_type: EncryptionKeyType::EcP256,
        public_jwk: "{}".to_owned(),
        sealed_private_jwk: "v1.sealed".to_owned(),
        created_at,
        retired_at: None,
        expires_at: None,
    }
}

pub fn a_data_key(id: &str, created_at: Timestamp) -> StoredDataKey {
    StoredDataKey {
        id: id.to_owned(),
        sealed_key: "v1.sealed".to_owned(),
        created_at,
        retired_at: None,
    }
}

pub fn a_record(id: &str) -> ConsentRecord {
    ConsentRecord {
        id: id.to_owned(),
        user_id: UserId::new("u1"),
        client_id: ClientId::new("app"),
        decision: ConsentDecision::Given,
        scope: scope("openid email"),
        claims: vec!["name".to_owned()],
        wording: "2026-11".to_owned(),
        at: NOW,
    }
}

pub fn a_device(id: &str, cookie: &str, user: &str) -> Device {
    Device {
        id: DeviceId::new(id),
        token_hash: hash(cookie),
        user_id: UserId::new(user),
        user_agent: "Firefox on Linux".to_owned(),
        ip: Some("192.0.2.1".to_owned()),
        created_at: NOW,
        last_seen_at: NOW,
        trusted_until: None,
        expires_at: NOW.plus(180 * 86_400),
    }
}

pub fn a_sign_in(id: &str, cookie: &str) -> SignIn {
    SignIn {
        id: SignInId::new(id),
        token_hash: hash(cookie),
        user_id: UserId::new("u1"),
        session_id: Some(SessionId::new("s1")),
        amr: vec!["pwd".to_owned()],
        auth_time: NOW,
        created_at: NOW,
        expires_at: NOW.plus(600),
    }
}

pub fn a_verification(id: &str) -> Verification {
    Verification {
        id: id.to_owned(),
        kind: VerificationKind::ResetPassword,
        subject: "u1".to_owned(),
        user_id: Some(UserId::new("u1")),
        token_hash: hash(id),
        code_hash: Some(hash("code")),
        sealed_data: Some("v2.sealed".to_owned()),
        attempts: 0,
        created_at: NOW,
        expires_at: NOW.plus(900),
        consumed_at: None,
    }
}

pub fn a_mail(id: &str) -> OutboxMail {
    OutboxMail {
        id: id.to_owned(),
        kind: "reset-password".to_owned(),
        user_id: Some(UserId::new("u1")),
        sealed_message: "v2.sealed mail".to_owned(),
        created_at: NOW,
        next_attempt_at: Some(NOW),
        attempts: 0,
        last_error: None,
        leased_until: None,
        sent_at: None,
        expires_at: NOW.plus(30 * 86_400),
    }
}

pub fn a_totp_device(id: &str) -> TotpDevice {
    TotpDevice {
        id: id.to_owned(),
        user_id: UserId::new("u1"),
        name: "Phone".to_owned(),
        sealed_secret: "v2.sealed secret".to_owned(),
        created_at: NOW,
        confirmed_at: None,
        last_used_at: None,
        last_step: None,
    }
}

pub fn a_passkey(id: &str) -> Passkey {
    Passkey {
        id: id.to_owned(),
        user_id: UserId::new("u1"),
        name: "Laptop".to_owned(),
        credential: "{}".to_owned(),
        aaguid: Some("08987058-cadc-4b81-b6e1-30de50dcbe96".to_owned()),
        backed_up: true,
        created_at: NOW,
        last_used_at: None,
    }
}
