//! Builds the application's state: the only place that does.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use actix_web::web;
use url::Url;
use vestibule_identity::passkey::{Attestation, Passkeys};
use vestibule_identity::password::{PasswordHasher, PasswordSettings};
use vestibule_model::ClientId;
use vestibule_outbound::{ClientKeys, Outbound, Rules};
use vestibule_web::{
    AppState, State, client_logos::ClientLogos, cors::Origins, key_holder::KeyHolder,
    metrics::Metrics as Instruments, request_objects::RequestObjects,
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

/// Sign-ins that may wait for each thread that hashes passwords.
const QUEUE_PER_HASHER: usize = 128;

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
    let state = web::Data::new(AppState {
        settings: Arc::new(config.settings()),
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
        db,
    });
    let key_watch = KeyWatch::new(state.clone(), schedule, stored.fingerprint());
    let health = health(&state);
    Ok(Wired { config, state, figures, health, key_watch })
}

fn health(state: &State) -> Arc<Health> {
    let state = state.clone();
    Health::new(move || {
        let state = state.clone();
        async move {
            let mut reasons = Vec::new();
            if let Err(fault) = state.db.read(vestibule_storage::health::ping).await {
                tracing::warn!(event = "health.database", %fault);
                reasons.push("the database does not answer".to_owned());
            }
            let default = vestibule_model::client::SigningAlg::default();
            if state.keys.peek().signing_kid(default).is_none() {
                reasons.push(format!("there is no {} key to sign with", default.as_str()));
            }
            reasons
        }
    })
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

fn password_settings(config: &Config) -> PasswordSettings {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let concurrency = config.password.concurrency.unwrap_or(cores.min(4));
    PasswordSettings {
        memory_kib: config.password.memory_kib,
        iterations: config.password.iterations,
        parallelism: config.password.parallelism,
        concurrency,
        queue: concurrency.saturating_mul(QUEUE_PER_HASHER),
        pepper: config.password.pepper.clone(),
    }
}
