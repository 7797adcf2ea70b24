//! Configuration: a TOML file, overridden by the environment, checked as a whole.
//!
//! To add a setting: one [`Key`] in its section's table and one line in that section's `read`.
//! The example, `config show`, unknown-key suggestions and defaults follow from the table.

mod accounts;
mod claims;
mod consent;
mod database;
mod duration;
mod environment;
mod example;
mod instance;
mod key;
mod keys;
mod lifetimes;
mod lockout;
mod log;
mod mail;
mod metrics;
mod mfa;
mod origin;
mod outbound;
mod password;
mod rate_limits;
mod reader;
mod redis;
mod registration;
mod retention;
mod rules;
mod server;
mod suggest;
mod tree;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use vestibule_model::settings::{Accounts, ClientRegistration, Lifetimes, MfaRules, Settings};
use vestibule_policy::{guessing, rate_limit};
use vestibule_storage::expiry::Retention;

use self::reader::Reader;
pub use self::{
    claims::Claims,
    consent::Consent,
    database::{Database, DatabaseUrl},
    environment::Environment,
    example::example,
    instance::Instance,
    key::{Key, Preset, SECTIONS, Section},
    keys::Keys,
    log::{Log, LogFormat},
    mail::Mail,
    metrics::Metrics,
    origin::{Mistakes, Origin, Problem},
    outbound::Outbound,
    password::Password,
    redis::Redis,
    server::Server,
};

/// The file that is read when nobody names one.
pub const DEFAULT_FILE: &str = "vestibule.toml";

/// Every setting, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who this server is.
    pub instance: Instance,
    /// How requests come in.
    pub server: Server,
    /// Where rows live.
    pub database: Database,
    /// What many instances share and may lose.
    pub redis: Redis,
    /// What signs and seals.
    pub keys: Keys,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How long records stay.
    pub retention: Retention,
    /// What passwords must be, and what hashing one costs.
    pub password: Password,
    /// What happens to those who guess.
    pub lockout: guessing::Limits,
    /// How many requests are taken from one address.
    pub rate_limits: rate_limit::Limits,
    /// Who needs a second factor.
    pub mfa: MfaRules,
    /// How accounts come and go.
    pub accounts: Accounts,
    /// How mails leave.
    pub mail: Mail,
    /// How clients register themselves.
    pub registration: ClientRegistration,
    /// How we fetch what clients point at.
    pub outbound: Outbound,
    /// Where claims of others come from.
    pub claims: Claims,
    /// When people are asked.
    pub consent: Consent,
    /// The Prometheus endpoint.
    pub metrics: Metrics,
    /// What is logged.
    pub log: Log,
}

impl Config {
    /// What handlers and pure decisions see.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            issuer: self.instance.issuer.clone(),
            lifetimes: self.lifetimes.clone(),
            jwks_max_age: self.keys.jwks_max_age,
            signing_algs: self.keys.algorithms.clone(),
            skip_first_party_consent: self.consent.skip_first_party,
            development: self.instance.is_loopback,
            display_name: self.instance.display_name.clone(),
            accounts: Accounts { password_history: self.password.history, ..self.accounts.clone() },
            mfa: self.mfa.clone(),
            mail: self.mail.mode,
            profile: self.instance.profile,
            client_registration: self.registration.clone(),
            playground: self.instance.playground,
        }
    }
}

/// Whole seconds of a duration as people write it.
pub(crate) fn duration_in_seconds(text: &str) -> Result<i64, String> {
    let seconds = duration::parse(text)?.as_secs();
    i64::try_from(seconds).map_err(|_| "is too long".to_owned())
}

/// A configuration that may be used, and how it came to be.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Every value that holds, for `config show`.
    pub values: Vec<Shown>,
    /// What may not be meant so.
    pub warnings: Vec<Problem>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// A setting's value as it may be shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The setting.
    pub key: &'static Key,
    /// Its value as TOML, masked if secret; `None` if it has none.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// Loads and checks the configuration: `named` is the file of the command line, else
/// `VESTIBULE_CONFIG` names it, else `vestibule.toml` is read if it is there.
///
/// # Errors
/// Every mistake at once.
pub fn load(named: Option<&Path>, environment: &Environment) -> Result<Loaded, Mistakes> {
    let mut problems = environment.problems.clone();
    let (file, layer) = match read_file(named, environment) {
        Ok(Some((path, text))) => {
            let layer = tree::from_toml(&path, &text, &mut problems);
            (Some(path), layer)
        }
        Ok(None) => (None, tree::Layer::new()),
        Err(problem) => {
            problems.push(problem);
            (None, tree::Layer::new())
        }
    };
    let overlay = tree::from_environment(&environment.variables, &mut problems);
    let mut reader = Reader::new(layer, overlay, problems);
    let config = read(&mut reader);
    rules::check(&mut reader, &config);
    rules::warn_of_readable(&mut reader);
    if !reader.problems.is_empty() {
        reader.problems.dedup();
        return Err(Mistakes(reader.problems));
    }
    let values = key::all().map(|key| show(&reader, key)).collect();
    Ok(Loaded { config, values, warnings: reader.warnings, file })
}

fn read(reader: &mut Reader) -> Config {
    let instance = instance::read(reader);
    Config {
        server: server::read(reader),
        database: database::read(reader, &instance),
        redis: redis::read(reader),
        keys: keys::read(reader),
        lifetimes: lifetimes::read(reader),
        retention: retention::read(reader),
        password: password::read(reader),
        lockout: lockout::read(reader),
        rate_limits: rate_limits::read(reader),
        mfa: mfa::read(reader),
        accounts: accounts::read(reader, &instance),
        mail: mail::read(reader, &instance),
        consent: consent::read(reader),
        registration: registration::read(reader),
        outbound: outbound::read(reader),
        claims: claims::read(reader),
        metrics: metrics::read(reader),
        log: log::read(reader),
        instance,
    }
}

fn read_file(
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Option<(PathBuf, String)>, Problem> {
    let from_variable = environment.variables.get("VESTIBULE_CONFIG").filter(|v| !v.is_empty());
    let (path, origin) = match (named, from_variable) {
        (Some(path), _) => (path.to_owned(), None),
        (None, Some(path)) => {
            (PathBuf::from(path), Some(Origin::Environment("VESTIBULE_CONFIG".to_owned())))
        }
        (None, None) => (environment.working_directory.join(DEFAULT_FILE), None),
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(fault)
            if fault.kind() == ErrorKind::NotFound
                && named.is_none()
                && from_variable.is_none() =>
        {
            Ok(None)
        }
        Err(fault) => Err(Problem::general(
            origin,
            format!("cannot read the configuration file {}: {fault}", path.display()),
        )),
    }
}

fn show(reader: &Reader, key: &'static Key) -> Shown {
    let entry = reader.effective(key);
    let origin = entry.as_ref().map_or(Origin::Default, |entry| entry.origin.clone());
    let value = entry.map(|entry| match entry.raw {
        tree::Raw::Text(text) if ["database.url", "database.read_url"].contains(&key.path) => {
            tree::Raw::Text(database::masked(&text)).to_toml()
        }
        tree::Raw::Text(text) if key.path == "redis.url" => {
            tree::Raw::Text(redis::masked(&text)).to_toml()
        }
        tree::Raw::Text(text) if key.path == "mail.smtp_url" => {
            tree::Raw::Text(mail::masked(&text)).to_toml()
        }
        _ if key.secret => "\"***\"".to_owned(),
        raw => raw.to_toml(),
    });
    Shown { key, value, origin }
}
