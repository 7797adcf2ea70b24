//! `vestibule keys …`.

use clap::Subcommand;
use serde_json::{Value, json};
use vestibule_keys::rotation::{self, Phase, RotationStep};
use vestibule_model::Timestamp;
use vestibule_model::audit::AuditEvent;
use vestibule_model::signing_key::StoredKey;
use vestibule_storage::signing_key;

use super::output::{Output, table};
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::signing_keys::{Keeper, Wanted, schedule};
use crate::times;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the keys that sign tokens, and those that did or will.
    List,
    /// Let the next keys sign from now on. Running servers follow by themselves.
    Rotate {
        /// Even if clients may not know the next keys yet: their verification can fail for as long
        /// as they keep the old key set. For a key that leaked.
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn run(command: &Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    let premises = Premises::open(config)?;
    match command {
        Command::List => list(&premises, output),
        Command::Rotate { force } => rotate(&premises, *force, output),
    }
}

fn list(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let keys = premises.db.read(signing_key::list).wait()?;
    let now = premises.now();
    let optional = |time: Option<Timestamp>| time.map(times::written).unwrap_or_default();
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                key.kid.clone(),
                key.alg.as_str().to_owned(),
                state(key, now).to_owned(),
                times::written(key.published_at),
                optional(key.active_at),
                optional(key.retired_at),
                optional(key.expires_at),
            ]
        })
        .collect();
    let answer: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "kid": key.kid,
                "alg": key.alg,
                "state": state(key, now),
                "published_at": key.published_at,
                "active_at": key.active_at,
                "retired_at": key.retired_at,
                "expires_at": key.expires_at,
            })
        })
        .collect();
    let heading = ["KID", "ALG", "STATE", "PUBLISHED", "SIGNING", "RETIRED", "LEAVES JWKS"];
    let words = if keys.is_empty() {
        "There are no keys yet: the server makes them when it first starts.".to_owned()
    } else {
        table(&heading, &rows)
    };
    output.answer(&Value::Array(answer), &words)
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
    let event = AuditEvent {
        at: now,
        event: "signing_keys.rotated",
        user_id: None,
        client_id: None,
        request_id: "command-line".to_owned(),
        detail: if force { "forced".to_owned() } else { String::new() },
    };
    premises.db.write(move |conn| vestibule_storage::audit::insert(conn, &event)).wait()?;
    let words: Vec<_> = steps.iter().map(sentence).collect();
    let answer: Vec<_> = steps.iter().map(to_json).collect();
    output.answer(&json!({ "steps": answer }), &words.join("\n"))
}

fn sentence(step: &RotationStep) -> String {
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
        RotationStep::Forget { kid } => format!("The private part of {kid} is erased."),
    }
}

fn to_json(step: &RotationStep) -> Value {
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
