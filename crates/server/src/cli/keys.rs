//! `vestibule keys …`.

use clap::Subcommand;
use serde_json::{Value, json};
use vestibule_keys::EncryptionStep;
use vestibule_keys::rotation::{self, Phase, RotationStep};
use vestibule_model::Timestamp;
use vestibule_model::audit::AuditEvent;
use vestibule_model::encryption_key::StoredEncryptionKey;
use vestibule_model::sealed::StoredDataKey;
use vestibule_model::signing_key::StoredKey;
use vestibule_storage::data_key;

use super::output::{Output, table};
use crate::config::Config;
use crate::data_keys;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::signing_keys::{Keeper, Step, StoredKeys, Wanted, schedule};
use crate::times;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the keys that sign tokens and those that did or will, and the keys that clients encrypt
    /// for.
    List,
    /// Let the next keys sign from now on. Running servers follow by themselves.
    Rotate {
        /// Even if clients may not know the next keys yet: their verification can fail for as long
        /// as they keep the old key set. For a key that leaked.
        #[arg(long)]
        force: bool,
    },
    /// List the data keys, which sealed columns of the database are sealed under.
    ListData,
    /// Let another data key seal from now on. Running servers follow by themselves, and seal again
    /// what rests under the older ones.
    RotateData,
}

pub(super) fn run(command: &Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    let premises = Premises::open(config)?;
    match command {
        Command::List => list(&premises, output),
        Command::Rotate { force } => rotate(&premises, *force, output),
        Command::ListData => list_data(&premises, output),
        Command::RotateData => rotate_data(&premises, output),
    }
}

fn list(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let keys = premises.db.read(StoredKeys::read).wait()?;
    let now = premises.now();
    let signing = keys.signing.iter().map(|key| signing_row(key, now));
    let rows: Vec<_> =
        signing.chain(keys.encryption.iter().map(|key| encryption_row(key, now))).collect();
    let signing = keys.signing.iter().map(|key| signing_json(key, now));
    let answer: Vec<_> =
        signing.chain(keys.encryption.iter().map(|key| encryption_json(key, now))).collect();
    let heading = ["KID", "USE", "ALG", "STATE", "PUBLISHED", "SIGNING", "RETIRED", "ENDS"];
    let words = if answer.is_empty() {
        "There are no keys yet: the server makes them when it first starts.".to_owned()
    } else {
        table(&heading, &rows)
    };
    output.answer(&Value::Array(answer), &words)
}

fn written(time: Option<Timestamp>) -> String {
    time.map(times::written).unwrap_or_default()
}

fn signing_row(key: &StoredKey, now: Timestamp) -> Vec<String> {
    vec![
        key.kid.clone(),
        "sig".to_owned(),
        key.alg.as_str().to_owned(),
        state(key, now).to_owned(),
        times::written(key.published_at),
        written(key.active_at),
        written(key.retired_at),
        written(key.expires_at),
    ]
}

fn encryption_row(key: &StoredEncryptionKey, now: Timestamp) -> Vec<String> {
    vec![
        key.kid.clone(),
        "enc".to_owned(),
        key.key_type.as_str().to_owned(),
        encryption_state(key, now).to_owned(),
        times::written(key.created_at),
        String::new(),
        written(key.retired_at),
        written(key.expires_at),
    ]
}

fn signing_json(key: &StoredKey, now: Timestamp) -> Value {
    json!({
        "kid": key.kid,
        "use": "sig",
        "alg": key.alg,
        "state": state(key, now),
        "published_at": key.published_at,
        "active_at": key.active_at,
        "retired_at": key.retired_at,
        "expires_at": key.expires_at,
    })
}

fn encryption_json(key: &StoredEncryptionKey, now: Timestamp) -> Value {
    json!({
        "kid": key.kid,
        "use": "enc",
        "key_type": key.key_type.as_str(),
        "state": encryption_state(key, now),
        "published_at": key.created_at,
        "retired_at": key.retired_at,
        "expires_at": key.expires_at,
    })
}

/// What an encryption key does now: a retired one still opens.
fn encryption_state(key: &StoredEncryptionKey, now: Timestamp) -> &'static str {
    match (key.retired_at, key.expires_at) {
        (None, _) => "published",
        (Some(_), Some(end)) if end <= now => "expired",
        (Some(_), _) => "retired",
    }
}

/// What a key does now.
fn state(key: &StoredKey, now: Timestamp) -> &'static str {
    match rotation::phase(key) {
        _ if !rotation::is_published(key, now) => "expired",
        Phase::Standby => "standby",
        Phase::Signing => "signing",
        Phase::Retired => "retired",
    }
}

fn rotate(premises: &Premises, force: bool, output: &mut Output) -> Result<(), Fault> {
    let schedule = schedule(&premises.config);
    let sealer = premises.sealer();
    let keeper =
        Keeper { db: &premises.db, schedule: &schedule, sealer: &sealer, entropy: &OsEntropy };
    let now = premises.now();
    // A database that no server has started on yet has no keys that could be rotated.
    keeper.bring_to(Wanted::Due, now)?;
    let steps = keeper.bring_to(Wanted::RotatedNow { force }, now)?;
    let event = AuditEvent::new(now, "signing_keys.rotated", "command-line").detail(if force {
        "forced"
    } else {
        ""
    });
    premises.db.write(move |conn| vestibule_storage::audit::insert(conn, &event)).wait()?;
    let words: Vec<_> = steps.iter().map(sentence).collect();
    let answer: Vec<_> = steps.iter().map(to_json).collect();
    output.answer(&json!({ "steps": answer }), &words.join("\n"))
}

fn sentence(step: &Step) -> String {
    match step {
        Step::Signing(step) => signing_sentence(step),
        Step::Encryption(EncryptionStep::Create { key_type }) => {
            format!("Clients encrypt for a new {} key from now on.", key_type.as_str())
        }
        Step::Encryption(EncryptionStep::Retire { kid, expires_at }) => {
            let end = times::written(*expires_at);
            format!("{kid} leaves the published keys, and opens no more at {end}.")
        }
        Step::Encryption(EncryptionStep::Forget { kid }) => forgotten(kid),
    }
}

fn forgotten(kid: &str) -> String {
    format!("The private part of {kid} is erased.")
}

fn signing_sentence(step: &RotationStep) -> String {
    match step {
        RotationStep::Create { alg, active: true } => format!("A new {} key signs.", alg.as_str()),
        RotationStep::Create { alg, active: false } => {
            format!(
                "A new {} key is published and will sign after the next rotation.",
                alg.as_str()
            )
        }
        RotationStep::Activate { kid } => format!("{kid} signs from now on."),
        RotationStep::Retire { kid, expires_at } => {
            let end = times::written(*expires_at);
            format!("{kid} signs no more, and leaves the published keys at {end}.")
        }
        RotationStep::Forget { kid } => forgotten(kid),
    }
}

fn to_json(step: &Step) -> Value {
    match step {
        Step::Signing(step) => signing_step_json(step),
        Step::Encryption(EncryptionStep::Create { key_type }) => {
            json!({ "step": "create", "use": "enc", "key_type": key_type.as_str() })
        }
        Step::Encryption(EncryptionStep::Retire { kid, expires_at }) => {
            json!({ "step": "retire", "use": "enc", "kid": kid, "expires_at": expires_at })
        }
        Step::Encryption(EncryptionStep::Forget { kid }) => {
            json!({ "step": "forget", "use": "enc", "kid": kid })
        }
    }
}

fn signing_step_json(step: &RotationStep) -> Value {
    match step {
        RotationStep::Create { alg, active } => {
            json!({ "step": "create", "alg": alg, "active": active })
        }
        RotationStep::Activate { kid } => json!({ "step": "activate", "kid": kid }),
        RotationStep::Retire { kid, expires_at } => {
            json!({ "step": "retire", "kid": kid, "expires_at": expires_at })
        }
        RotationStep::Forget { kid } => json!({ "step": "forget", "kid": kid }),
    }
}

fn list_data(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let keys = premises.db.read(data_key::list).wait()?;
    let active = vestibule_keys::data_keys::active(&keys).map(|key| key.id.clone());
    let state = |key: &StoredDataKey| match key.retired_at {
        _ if Some(&key.id) == active.as_ref() => "sealing",
        None => "replaced",
        Some(_) => "retired",
    };
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let retired = key.retired_at.map(times::written).unwrap_or_default();
            let made = times::written(key.created_at);
            vec![key.id.clone(), state(key).to_owned(), made, retired]
        })
        .collect();
    let answer: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id,
                "state": state(key),
                "created_at": key.created_at,
                "retired_at": key.retired_at,
            })
        })
        .collect();
    output.answer(&Value::Array(answer), &table(&["ID", "STATE", "MADE", "RETIRED"], &rows))
}

fn rotate_data(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let (sealer, now) = (premises.sealer(), premises.now());
    let rotated = premises.db.write(move |conn| data_keys::rotate(conn, &sealer, now)).wait()?;
    let words = format!(
        "{} seals from now on. A running server takes it over with its next requests, and seals \
         again what rests under older keys; one that is down does so when it starts. `vestibule \
         keys list-data` shows when that is done: the older keys are retired then.",
        rotated.id
    );
    output.answer(&json!({ "id": rotated.id, "replaces": rotated.replaces }), &words)
}
