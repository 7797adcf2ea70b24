//! What every handler can reach. Built once, in `server/wire.rs`.

use std::sync::Arc;

use actix_web::web;
use ipnet::IpNet;
use tokio::sync::Notify;
use vestibule_identity::{passkey::Passkeys, password::PasswordHasher};
use vestibule_keys::{Digester, KeyRing, Sealer};
use vestibule_model::{Clock, Entropy, OAuthError, Timestamp, settings::Settings};
use vestibule_outbound::{ClientKeys, Outbound};
use vestibule_policy::{guessing::Limits, password::Rules};
use vestibule_storage::{Conn, Db};

use crate::{
    claim_source::ClaimSource, client_logos::ClientLogos, cors::Origins, key_holder::KeyHolder,
    metrics::Metrics, request_objects::RequestObjects,
};

/// The application's state as handlers take it.
pub type State = web::Data<AppState>;

/// Everything that outlives a request.
pub struct AppState {
    /// The database.
    pub db: Db,
    /// What decisions depend on.
    pub settings: Arc<Settings>,
    /// The signing keys, and those that open what clients encrypt for us.
    pub keys: KeyHolder,
    /// Requests to hosts that clients name.
    pub outbound: Outbound,
    /// The key sets at clients' `jwks_uri`.
    pub client_keys: ClientKeys,
    /// What is at clients' `request_uri`.
    pub request_objects: RequestObjects,
    /// Clients' logos.
    pub client_logos: ClientLogos,
    /// Claims about people that somebody else makes, if somebody does.
    pub claim_source: Option<Arc<dyn ClaimSource>>,
    /// Encryption at rest.
    pub sealer: Sealer,
    /// Keyed MACs.
    pub digester: Digester,
    /// The threads that hash passwords.
    pub passwords: PasswordHasher,
    /// What a new password must be.
    pub password_rules: Rules,
    /// How much may be guessed wrong.
    pub guess_limits: Limits,
    /// Passkeys; `None` where browsers allow none (an issuer that is an IP address).
    pub passkeys: Option<Passkeys>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// Counters and histograms.
    pub metrics: Metrics,
    /// Tells the job that sends mails that there is one; after the commit.
    pub mail_wake: Arc<Notify>,
    /// Tells the job that sends logout tokens that a session ended; after the commit.
    pub logout_wake: Arc<Notify>,
    /// Origins whose scripts may call the token endpoints.
    pub origins: Origins,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest body that is read.
    pub max_body_bytes: usize,
}

impl AppState {
    /// The present time. Take it once a request.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The keys as of now: signing keys, and those for what clients encrypt for us.
    #[must_use]
    pub fn ring(&self) -> Arc<KeyRing> {
        self.keys.current()
    }

    /// One hop to the database for reading, off the async threads.
    pub async fn read<T, F>(&self, job: F) -> Result<T, OAuthError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, OAuthError> + Send + 'static,
    {
        self.db.read(job).await
    }

    /// One hop to the database for writing: one transaction, answered once it is on disk. `Err`
    /// rolls back, so a refusal that must leave a mark is an `Ok`.
    pub async fn write<T, F>(&self, job: F) -> Result<T, OAuthError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, OAuthError> + Send + 'static,
    {
        self.db.write(job).await
    }
}
