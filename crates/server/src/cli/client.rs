//! `vestibule client …`.

mod options;

use clap::Subcommand;
use serde_json::{Value, json};
use vestibule_model::audit::AuditEvent;
use vestibule_model::client::Client;
use vestibule_model::{ClientId, OAuthError, entropy::random_client_secret};
use vestibule_policy::registration;
use vestibule_protocol::register::keep_secret;
use vestibule_storage::StorageError;

use self::options::{Checked, NewClient};
use super::output::{Output, table};
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::times;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a client.
    Create(Box<NewClient>),
    /// List the clients.
    List,
    /// Remove a client with all that people granted to it.
    Delete {
        /// Its `client_id`.
        // One that was made by us may start with a hyphen.
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        client_id: String,
    },
}

pub(super) fn run(command: Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    match command {
        Command::Create(new) => {
            let checked = new.check(&config.settings(), output)?;
            create(checked, &Premises::open(config)?, output)
        }
        Command::List => list(&Premises::open(config)?, output),
        Command::Delete { client_id } => delete(&client_id, &Premises::open(config)?, output),
    }
}

fn create(new: Checked, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let has_secret = new.metadata.token_endpoint_auth_method.has_secret();
    // Whoever gave a secret knows it.
    let fresh = (has_secret && new.secret.is_none()).then(|| random_client_secret(&OsEntropy));
    let secret = new.secret.as_ref().or(fresh.as_ref());
    let mut client = Client::new(new.id, new.metadata, premises.now());
    keep_secret(&mut client, secret, &premises.digester(), &premises.sealer(), &OsEntropy)
        .map_err(OAuthError::from)?;
    let mut answer = to_json(&client);
    let mut words = format!("Registered client {}.", client.id);
    if let Some(secret) = fresh {
        // RFC 7591 §3.2.1.
        if let Some(object) = answer.as_object_mut() {
            object.insert("client_secret".to_owned(), json!(secret.expose()));
            object.insert("client_secret_expires_at".to_owned(), json!(0));
        }
        let rests = if client.sealed_secret.is_some() { "sealed" } else { "as a hash only" };
        words = format!(
            "{words}\nIts secret, shown this once and stored {rests}:\n\n  {}\n",
            secret.expose()
        );
    }
    let id = client.id.clone();
    insert(premises, client).map_err(|fault| match fault {
        StorageError::Duplicate { .. } => {
            Fault::refused(format!("--client-id: there is a client {id} already"))
        }
        fault => fault.into(),
    })?;
    output.answer(&answer, &words)
}

/// Stores a client and a line about it in the audit log.
pub(super) fn insert(premises: &Premises, client: Client) -> Result<(), StorageError> {
    let event =
        AuditEvent::new(client.created_at, "client.created", "command-line").of_client(&client.id);

    premises.write(move |conn| {
        vestibule_storage::client::insert(conn, &client)?;
        vestibule_storage::audit::insert(conn, &event)
    })
}

fn delete(id: &str, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let client_id = ClientId::new(id);
    let event = AuditEvent::new(premises.now(), "client.deleted", "command-line");
    let event = event.of_client(&client_id);
    let deleted = premises.write(move |conn| {
        let was_there = vestibule_storage::client::delete(conn, &client_id)?;
        if was_there {
            vestibule_storage::audit::insert(conn, &event)?;
        }
        Ok::<_, StorageError>(was_there)
    });
    if !deleted? {
        return Err(Fault::refused(format!(
            "there is no client {id}; `vestibule client list` shows them all"
        )));
    }
    output.answer(&json!({ "client_id": id, "deleted": true }), &format!("Removed client {id}."))
}

fn list(premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let clients = premises.db.read(vestibule_storage::client::list).wait()?;
    let rows: Vec<Vec<String>> = clients
        .iter()
        .map(|client| {
            let metadata = &client.metadata;
            let grants: Vec<_> = metadata.grant_types.iter().map(|g| g.as_str()).collect();
            vec![
                client.id.as_str().to_owned(),
                client.display_name().to_owned(),
                metadata.token_endpoint_auth_method.as_str().to_owned(),
                grants.join(" "),
                metadata.scope.to_string(),
                times::written(client.created_at),
            ]
        })
        .collect();
    let heading = ["CLIENT", "NAME", "AUTHENTICATION", "GRANTS", "SCOPE", "CREATED"];
    let answer = Value::Array(clients.iter().map(to_json).collect());
    output.answer(&answer, &table(&heading, &rows))
}

/// A client as registration answers it (RFC 7591 §3.2.1), without its secret, and with what only
/// whoever runs this server decides.
fn to_json(client: &Client) -> Value {
    let metadata = &client.metadata;
    let mut answer = registration::to_json(metadata);
    let registered_itself = client.registration.is_some();
    let unused_until = client.registration.as_ref().and_then(|known| known.unused_until);
    for (name, value) in [
        ("client_id", json!(client.id)),
        ("client_id_issued_at", json!(client.created_at)),
        ("disabled", json!(client.disabled_at.is_some())),
        ("registered_itself", json!(registered_itself)),
        ("unused_until", json!(unused_until)),
        ("first_party", json!(metadata.first_party)),
        ("optional_scope", json!(metadata.optional_scope)),
        ("required_acr", json!(metadata.required_acr)),
        ("access_token_format", json!(metadata.access_token_format)),
        (
            "access_token_signed_response_alg",
            json!(metadata.access_token_signed_response_alg.as_str()),
        ),
    ] {
        answer.insert(name.to_owned(), value);
    }
    Value::Object(answer)
}
