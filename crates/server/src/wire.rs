//! Builds the application's state: the only place that does.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use actix_web::web;
use url::Url;
use vestibule_cache::Cache;
use vestibule_identity::passkey::{Attestation, Passkeys};
use vestibule_identity::password::{PasswordHasher, PasswordSettings};
use vestibule_model::ClientId;
use vestibule_outbound::{ClientKeys, Outbound, Rules};
use vestibule_web::{
    AppState, State,
    admission::Admission,
    client_logos::ClientLogos,
    cors::Origins,
    key_holder::KeyHolder,
    metrics::{Metrics as Instruments, observe_redis},
    rate_limit::RateLimits,
    request_objects::RequestObjects,
    standing::Standing,
};

use crate::claim_source::claim_source;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_keys;
use crate::demo_account::CLIENT_ID;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::health::Health;
use crate::jobs::keys::KeyWatch;
use crate::premises::Premises;
use crate::signing_keys::{Keeper, StoredKeys, Wanted, schedule};
use crate::telemetry::metrics::Figures;
use crate::telemetry::{gauges, pools};

/// Sign-ins that may wait for each thread that hashes passwords: some seconds' worth.
const QUEUE_PER_HASHER: usize = 256;
/// Requests being answered, for each core, from which on new work is turned away.
const REQUESTS_PER_CORE: usize = 256;
/// The same, on however few cores.
const FEWEST_REQUESTS: usize = 1_024;

/// A server that is ready to listen.
pub struct Wired {
    /// The settings.
    pub config: Config,
    /// What handlers reach.
    pub state: State,
    /// What Prometheus reads.
    pub figures: Figures,
    /// What orchestrators ask.
    pub health: Arc<Health>,
    /// Follows the stored keys.
    pub key_watch: KeyWatch,
}

/// Makes keys if there are none, parses them, and puts everything together. Blocks.
///
/// # Errors
/// See [`Fault`].
pub fn wire(premises: Premises) -> Result<Wired, Fault> {
    let now = premises.now();
    let (sealer, digester) = (premises.sealer(), premises.digester());
    let Premises { config, db, .. } = premises;
    let schedule = schedule(&config);
    let keeper = Keeper { db: &db, schedule: &schedule, sealer: &sealer, entropy: &OsEntropy };
    for step in keeper.bring_to(Wanted::Due, now)? {
        tracing::info!(event = "signing_keys.changed", ?step);
    }
    let stored = db.read(StoredKeys::read).wait()?;
    // After the list: another instance may have sealed a key under a data key that is new here.
    data_keys::open(&db, &sealer, now)?;
    let ring = keeper.parsed(&stored, now)?;
    let outbound = outbound(&config)?;
    let figures = Figures::new()?;
    let cache = cache(&config)?;
    observe_redis(&figures.meter(), &cache);
    let state = web::Data::new(AppState {
        settings: Arc::new(config.settings()),
        standing: Standing::new(&cache, config.redis.max_staleness),
        cache,
        rate_limits: RateLimits::new(config.rate_limits),
        keys: KeyHolder::new(ring, now),
        client_keys: ClientKeys::new(outbound.clone()),
        request_objects: RequestObjects::new(outbound.clone()),
        client_logos: ClientLogos::new(outbound.clone()),
        outbound,
        claim_source: claim_source(&config)?,
        sealer,
        digester,
        passwords: PasswordHasher::new(password_settings(&config))?,
        password_rules: config.password.rules,
        guess_limits: config.lockout,
        passkeys: passkeys(&config),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Instruments::new(&figures.meter()),
        mail_wake: Arc::default(),
        logout_wake: Arc::default(),
        origins: Origins::default(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        max_body_bytes: config.server.max_body_bytes,
        body_timeout: config.server.body_timeout,
        admission: admission(&config),
        db,
    });
    let key_watch = KeyWatch::new(state.clone(), schedule, stored.fingerprint());
    gauges::register(&figures.meter(), &state);
    pools::register(&figures.meter(), &state);
    let health = Health::of(&state);
    Ok(Wired { config, state, figures, health, key_watch })
}

/// Refuses to open to the public what the demo ran on: its user's password is known to everybody
/// who read about it.
///
/// # Errors
/// The demo client is there and the issuer is public.
pub fn refuse_demo_client(premises: &Premises) -> Result<(), Fault> {
    if premises.config.instance.is_loopback {
        return Ok(());
    }
    let id = ClientId::new(CLIENT_ID);
    let found = premises.db.read(move |conn| vestibule_storage::client::find(conn, &id)).wait()?;
    if found.is_none() {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "the issuer {} is public, but the database has the demo client `{CLIENT_ID}` and the demo \
         user, whose password everybody knows; fix: take a database of its own (database.url or \
         data_dir) that the demo never ran on",
        premises.config.instance.issuer.as_str()
    )))
}

/// What instances share: through Redis, or within this process where none is configured.
fn cache(config: &Config) -> Result<Cache, Fault> {
    let Some(settings) = &config.redis.settings else { return Ok(Cache::in_process()) };
    Cache::redis(settings.clone()).map_err(|why| Fault::refused(format!("redis.url: {why}")))
}

/// Requests to hosts that clients name, by the rules of `[outbound]`.
fn outbound(config: &Config) -> Result<Outbound, Fault> {
    let rules = Rules {
        allow_private_addresses: config.outbound.allow_private_addresses,
        extra_roots: config.outbound.extra_roots.clone().unwrap_or_default(),
        ..Rules::default()
    };
    Outbound::new(rules).map_err(|why| Fault::refused(format!("outbound: {why}")))
}

/// Passkeys, where browsers allow them.
fn passkeys(config: &Config) -> Option<Passkeys> {
    let attestation = if config.mfa.attestation { Attestation::Direct } else { Attestation::None };
    let issuer = Url::parse(config.instance.issuer.as_str()).ok()?;
    match Passkeys::new(&issuer, &config.instance.display_name) {
        Ok(passkeys) => Some(passkeys.with_attestation(attestation)),
        Err(why) => {
            tracing::warn!(event = "passkeys.unavailable", %why);
            None
        }
    }
}

/// What the process takes on before it turns new work away.
fn admission(config: &Config) -> Arc<Admission> {
    let requests = config
        .server
        .max_requests
        .unwrap_or_else(|| cores().saturating_mul(REQUESTS_PER_CORE).max(FEWEST_REQUESTS));
    Admission::new(requests, config.database.queue)
}

/// Processor cores that the process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn password_settings(config: &Config) -> PasswordSettings {
    let concurrency = config.password.concurrency.unwrap_or(cores().min(4));
    PasswordSettings {
        memory_kib: config.password.memory_kib,
        iterations: config.password.iterations,
        parallelism: config.password.parallelism,
        concurrency,
        queue: concurrency.saturating_mul(QUEUE_PER_HASHER),
        pepper: config.password.pepper.clone(),
    }
}
