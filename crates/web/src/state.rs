//! What every handler can reach. Built once, in `server/wire.rs`.

use std::{sync::Arc, time::Duration};

use actix_web::web;
use ipnet::IpNet;
use tokio::sync::{Notify, oneshot};
use vestibule_cache::Cache;
use vestibule_identity::{passkey::Passkeys, password::PasswordHasher};
use vestibule_keys::{Digester, KeyRing, Sealer};
use vestibule_model::{Clock, Entropy, OAuthError, Timestamp, settings::Settings};
use vestibule_outbound::{ClientKeys, Outbound};
use vestibule_policy::{guessing::Limits, password::Rules};
use vestibule_storage::{Conn, Db, Replica, StorageError};

use crate::{
    admission::Admission,
    claim_source::ClaimSource,
    client_logos::ClientLogos,
    cors::Origins,
    key_holder::KeyHolder,
    metrics::Metrics,
    rate_limit::RateLimits,
    request_objects::RequestObjects,
    standing::{self, Standing},
};

/// The application's state as handlers take it.
pub type State = web::Data<AppState>;

/// Everything that outlives a request.
pub struct AppState {
    /// The database. What changes clients or ends tokens is written with [`commit`](Self::commit).
    pub db: Db,
    /// What instances share and may lose.
    pub cache: Cache,
    /// What is kept of the database for a moment.
    pub standing: Standing,
    /// How many requests are taken from one address.
    pub rate_limits: RateLimits,
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
    /// The largest body that most routes read ([`crate::body`]).
    pub max_body_bytes: usize,
    /// How long a body may take to come.
    pub body_timeout: Duration,
    /// Who is let in.
    pub admission: Arc<Admission>,
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
        F: FnOnce(&mut Conn) -> Result<T, OAuthError> + Clone + Send + 'static,
    {
        self.in_time(self.db.read(job)).await
    }

    /// One hop for a read that may see the database as it was a little earlier: the replica serves it,
    /// if there is one. Only functions to which that does no harm take its connection.
    pub async fn read_lagging<T, F>(&self, job: F) -> Result<T, OAuthError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Replica<'_>) -> Result<T, OAuthError> + Clone + Send + 'static,
    {
        self.in_time(self.db.read_lagging(job)).await
    }

    /// One hop to the database for writing: one transaction, answered once it is on disk. `Err`
    /// rolls back, so a refusal that must leave a mark is an `Ok`.
    pub async fn write<T, F>(&self, job: F) -> Result<T, OAuthError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, OAuthError> + Clone + Send + 'static,
    {
        self.commit(job).await
    }

    /// [`write`](Self::write) with an error of the caller's. What the transaction changed of what
    /// instances keep is told to all of them before this returns.
    pub async fn commit<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, E> + Clone + Send + 'static,
    {
        if !self.cache.is_shared() {
            return self.in_time(self.db.write(job)).await;
        }
        let (pending, cache) = (self.db.write_noted(job), self.cache.clone());
        let (committed, commit) = oneshot::channel();
        // On its own: who hangs up after the commit must not keep the word from going out.
        let told = tokio::spawn(async move {
            let (value, changes) = pending.await?;
            // Nobody waits for it any more: then it is told all the same.
            let _ = committed.send(());
            standing::announce(&cache, changes).await;
            Ok(value)
        });
        // The database's time ends with the commit: the word takes Redis' own.
        let settled = async {
            // What came in the place of a commit is told below.
            commit.await.unwrap_or_default();
            Ok::<_, E>(())
        };
        self.in_time(settled).await?;
        told.await.unwrap_or_else(|fault| {
            let why = format!("nobody was told of a commit: {fault}");
            Err(StorageError::Inconsistent(why).into())
        })
    }

    /// What `job` answers, or that there is no database: its own time limits do nothing where it is
    /// frozen, or where what we send to it vanishes. What was asked of it may still happen.
    async fn in_time<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<StorageError>,
        F: Future<Output = Result<T, E>>,
    {
        let silent = || Err(StorageError::Unavailable("it gives no answer".to_owned()).into());
        tokio::time::timeout(self.db.patience(), job).await.unwrap_or_else(|_| silent())
    }
}
