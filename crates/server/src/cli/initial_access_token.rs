//! `vestibule initial-access-token …`: who may register clients over HTTP where not everybody may.

use clap::Subcommand;
use serde_json::{Value, json};
use vestibule_model::audit::AuditEvent;
use vestibule_model::entropy::{random_id, random_secret};
use vestibule_model::initial_access_token::InitialAccessToken;
use vestibule_model::settings::RegistrationPolicy;
use vestibule_storage::{StorageError, initial_access_token};

use super::output::{Output, table};
use crate::config::{self, Config};
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::times;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a token with which clients can register themselves. It is shown this once.
    Create(NewToken),
    /// List the tokens that have not expired.
    List,
    /// Delete a token. The clients that came with it stay.
    Delete {
        /// Its id, as the list shows it.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        id: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct NewToken {
    /// What it is for, in words of yours.
    #[arg(long, default_value = "", hide_default_value = true)]
    label: String,
    /// How many clients may come with it. Without it: any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    uses: Option<i64>,
    /// How long it lasts, for example 12h or 30d.
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = seconds)]
    expires_in: i64,
}

/// At least a minute and at most ten years.
fn seconds(text: &str) -> Result<i64, String> {
    let seconds = config::duration_in_seconds(text)?;
    if (60..=3_650 * 86_400).contains(&seconds) {
        return Ok(seconds);
    }
    Err("must be from 1m to 3650d".to_owned())
}

pub(super) fn run(command: &Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    match command {
        Command::Create(new) => {
            let policy = config.registration.policy;
            let premises = Premises::open(config)?;
            create(new, &premises, output)?;
            if policy == RegistrationPolicy::Off {
                output.remark(
                    "note: registration.policy is off, so that the token opens nothing until it is \
                     token or open",
                );
            }
            Ok(())
        }
        Command::List => list(&Premises::open(config)?, output),
        Command::Delete { id } => delete(id, &Premises::open(config)?, output),
    }
}

fn create(new: &NewToken, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    if new.label.chars().count() > 100 || new.label.chars().any(char::is_control) {
        return Err(Fault::refused("--label: at most 100 characters in one line".to_owned()));
    }
    let now = premises.now();
    let secret = random_secret(&OsEntropy);
    let token = InitialAccessToken {
        id: random_id(&OsEntropy),
        hash: secret.token_hash(),
        label: new.label.clone(),
        created_at: now,
        expires_at: now.plus(new.expires_in),
        uses_left: new.uses,
    };
    let mut answer = to_json(&token);
    if let Some(object) = answer.as_object_mut() {
        object.insert("token".to_owned(), json!(secret.expose()));
    }
    let end = times::written(token.expires_at);
    let event = AuditEvent::new(now, "initial_access_token.created", "command-line")
        .detail(format!("id {}", token.id));
    let stored = premises.write(move |conn| {
        initial_access_token::insert(conn, &token)?;
        vestibule_storage::audit::insert(conn, &event)
    });
    stored?;
    let url = premises.config.instance.issuer.url(vestibule_web::urls::CLIENT_REGISTRATION);
    let words = format!(
        "With this token, shown this once, clients can register themselves at {url} until \
         {end}:\n\n  {}",
        secret.expose()
    );
    output.answer(&answer, &words)
}

fn list(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let now = premises.now();
    let mut tokens = premises.db.read(initial_access_token::list).wait()?;
    tokens.retain(|token| token.expires_at > now);
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            let left = token.uses_left.map_or_else(|| "any".to_owned(), |left| left.to_string());
            let (from, to) = (times::written(token.created_at), times::written(token.expires_at));
            vec![token.id.clone(), token.label.clone(), left, from, to]
        })
        .collect();
    let heading = ["ID", "LABEL", "USES LEFT", "CREATED", "EXPIRES"];
    let answer = Value::Array(tokens.iter().map(to_json).collect());
    output.answer(&answer, &table(&heading, &rows))
}

fn delete(id: &str, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let wanted = id.to_owned();
    let event = AuditEvent::new(premises.now(), "initial_access_token.deleted", "command-line")
        .detail(format!("id {}", wanted.escape_debug()));
    let deleted = premises.write(move |conn| {
        let was_there = initial_access_token::delete(conn, &wanted)?;
        if was_there {
            vestibule_storage::audit::insert(conn, &event)?;
        }
        Ok::<_, StorageError>(was_there)
    });
    if !deleted? {
        return Err(Fault::refused(format!("there is no initial access token of the id {id}")));
    }
    let words = format!("Deleted the initial access token {id}.");
    output.answer(&json!({ "id": id, "deleted": true }), &words)
}

/// A token without what it is worth.
fn to_json(token: &InitialAccessToken) -> Value {
    json!({
        "id": token.id,
        "label": token.label,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "uses_left": token.uses_left,
    })
}
