//! `vestibule client …`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};
use vestibule_model::audit::AuditEvent;
use vestibule_model::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, Client, ClientMetadata, GrantType, SigningAlg,
};
use vestibule_model::scope::OPENID;
use vestibule_model::{ClientId, ScopeSet, Secret, entropy::random_secret};
use vestibule_policy::{acr, client_metadata};
use vestibule_storage::StorageError;

use super::output::{Output, table};
use super::small_file;
use crate::config::Config;
use crate::entropy::OsEntropy;
use crate::fault::Fault;
use crate::premises::Premises;
use crate::times;

/// A given secret shorter than this, in characters, gets a warning.
const SHORT_SECRET: usize = 32;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Register a client.
    Create(Box<NewClient>),
    /// List the clients.
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct NewClient {
    /// Its `client_id`.
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// Where people return to after signing in, exactly as the client sends it. Repeatable.
    #[arg(long, value_name = "URI", num_args = 1..)]
    redirect_uri: Vec<String>,
    /// Where people may return to after signing out. Repeatable.
    #[arg(long, value_name = "URI", num_args = 1..)]
    post_logout_redirect_uri: Vec<String>,
    /// Repeatable. Without it: authorization_code, and refresh_token if the scope has
    /// offline_access.
    #[arg(long, value_name = "GRANT", num_args = 1.., value_delimiter = ',', value_parser = grants())]
    grant_type: Vec<GrantType>,
    /// How the client proves who it is at the token endpoint.
    #[arg(long, value_name = "METHOD", default_value = "client_secret_basic",
          value_parser = methods())]
    auth_method: AuthMethod,
    /// File with the secret; `-` is standard input. Without it one is made and shown once.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// File with the client's public keys as a JWK Set, for private_key_jwt.
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
    /// Every scope it may ask for, separated by spaces.
    #[arg(long, default_value = "openid")]
    scope: String,
    /// Scopes of these that people may leave out on the consent page, separated by spaces.
    #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
    optional_scope: String,
    /// How well its people must have signed in at least.
    #[arg(long, value_name = "ACR", value_parser = PossibleValuesParser::new(acr::SUPPORTED))]
    required_acr: Option<String>,
    /// The name people see.
    #[arg(long)]
    name: Option<String>,
    /// `native` for apps installed on a device (RFC 8252).
    #[arg(long, value_name = "TYPE", default_value = "web", value_parser = application_types())]
    application_type: ApplicationType,
    /// Run by whoever runs this server: consent may be skipped.
    #[arg(long)]
    first_party: bool,
    /// What its ID tokens are signed with.
    #[arg(long, value_name = "ALG", default_value = "RS256", value_parser = algorithms())]
    id_token_alg: SigningAlg,
    /// What its JWT access tokens are signed with.
    #[arg(long, value_name = "ALG", default_value = "RS256", value_parser = algorithms())]
    access_token_alg: SigningAlg,
    /// `jwt` (RFC 9068) or `opaque`, to be introspected.
    #[arg(long, value_name = "FORMAT", default_value = "jwt", value_parser = formats())]
    access_token_format: AccessTokenFormat,
}

/// Takes the wire names of `all` and gives the value of that name.
fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|(name, _)| *name)).try_map(|given| {
        let found = all.iter().find(|(name, _)| *name == given).map(|(_, value)| *value);
        found.ok_or_else(|| format!("{given} is not known"))
    })
}

fn grants() -> impl TypedValueParser<Value = GrantType> {
    const ALL: [(&str, GrantType); 3] = {
        let [a, b, c] = GrantType::ALL;
        [(a.as_str(), a), (b.as_str(), b), (c.as_str(), c)]
    };
    named(&ALL)
}

fn methods() -> impl TypedValueParser<Value = AuthMethod> {
    const ALL: [(&str, AuthMethod); 4] = {
        let [a, b, c, d] = AuthMethod::ALL;
        [(a.as_str(), a), (b.as_str(), b), (c.as_str(), c), (d.as_str(), d)]
    };
    named(&ALL)
}

fn algorithms() -> impl TypedValueParser<Value = SigningAlg> {
    const ALL: [(&str, SigningAlg); 4] = {
        let [a, b, c, d] = SigningAlg::ALL;
        [(a.as_str(), a), (b.as_str(), b), (c.as_str(), c), (d.as_str(), d)]
    };
    named(&ALL)
}

fn application_types() -> impl TypedValueParser<Value = ApplicationType> {
    named(&[("web", ApplicationType::Web), ("native", ApplicationType::Native)])
}

fn formats() -> impl TypedValueParser<Value = AccessTokenFormat> {
    named(&[("jwt", AccessTokenFormat::Jwt), ("opaque", AccessTokenFormat::Opaque)])
}

pub(super) fn run(command: Command, config: Config, output: &mut Output) -> Result<(), Fault> {
    match command {
        Command::Create(new) => {
            let checked = new.check(&config.keys.algorithms, output)?;
            create(checked, &Premises::open(config)?, output)
        }
        Command::List => list(&Premises::open(config)?, output),
    }
}

/// A client that can be stored.
struct Checked {
    id: ClientId,
    metadata: ClientMetadata,
    secret: Option<Secret>,
    /// Nobody has seen the secret yet.
    is_fresh: bool,
}

impl NewClient {
    /// Every mistake at once.
    fn check(self, signed_with: &[SigningAlg], output: &mut Output) -> Result<Checked, Fault> {
        let mut mistakes = Vec::new();
        let visible = |byte: u8| (0x20..=0x7e).contains(&byte);
        // RFC 6749 Appendix A.1; the length is ours.
        if self.client_id.is_empty()
            || self.client_id.len() > 200
            || !self.client_id.bytes().all(visible)
        {
            mistakes.push("--client-id: 1 to 200 printable ASCII characters".to_owned());
        }
        for (option, alg) in
            [("--id-token-alg", self.id_token_alg), ("--access-token-alg", self.access_token_alg)]
        {
            if !signed_with.contains(&alg) {
                let name = alg.as_str();
                mistakes.push(format!("{option}: {name} is not among keys.algorithms"));
            }
        }
        let secret = self.given_secret(&mut mistakes, output)?;
        let jwks =
            self.jwks_file.as_deref().map(|path| read_jwks(path, &mut mistakes)).transpose()?;
        let scope = read_scope("--scope", &self.scope, &mut mistakes);
        let optional = read_scope("--optional-scope", &self.optional_scope, &mut mistakes);
        let unknown = optional.difference(&scope);
        if !unknown.is_empty() {
            mistakes.push(format!("--optional-scope: {unknown} is not among --scope"));
        }
        if optional.contains(OPENID) {
            mistakes.push("--optional-scope: openid cannot be left out".to_owned());
        }
        let metadata = self.metadata(scope, optional, jwks.flatten());
        let problems = client_metadata::check(&metadata);
        mistakes.extend(problems.iter().map(ToString::to_string));
        if !mistakes.is_empty() {
            return Err(Fault::Refused(mistakes));
        }
        let is_fresh = secret.is_none() && needs_secret(metadata.token_endpoint_auth_method);
        let secret = if is_fresh { Some(random_secret(&OsEntropy)) } else { secret };
        Ok(Checked { id: ClientId::new(self.client_id), metadata, secret, is_fresh })
    }

    fn given_secret(
        &self,
        mistakes: &mut Vec<String>,
        output: &mut Output,
    ) -> Result<Option<Secret>, Fault> {
        let Some(path) = &self.secret_file else { return Ok(None) };
        if !needs_secret(self.auth_method) {
            let method = self.auth_method.as_str();
            mistakes.push(format!("--secret-file: a client with {method} has no secret"));
            return Ok(None);
        }
        let secret = small_file::read_secret(path)?;
        if secret.expose().chars().count() < SHORT_SECRET {
            output
                .remark("warning: this secret is short; without --secret-file a good one is made");
        }
        Ok(Some(secret))
    }

    fn metadata(
        &self,
        scope: ScopeSet,
        optional_scope: ScopeSet,
        jwks: Option<Value>,
    ) -> ClientMetadata {
        let mut grant_types = self.grant_type.clone();
        if grant_types.is_empty() {
            grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
        }
        grant_types.dedup();
        ClientMetadata {
            client_name: self.name.clone(),
            client_uri: None,
            application_type: self.application_type,
            redirect_uris: self.redirect_uri.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uri.clone(),
            grant_types,
            token_endpoint_auth_method: self.auth_method,
            scope,
            jwks,
            id_token_signed_response_alg: self.id_token_alg,
            access_token_signed_response_alg: self.access_token_alg,
            access_token_format: self.access_token_format,
            default_max_age: None,
            first_party: self.first_party,
            optional_scope,
            required_acr: self.required_acr.clone(),
        }
    }
}

fn needs_secret(method: AuthMethod) -> bool {
    matches!(method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost)
}

fn read_scope(option: &str, text: &str, mistakes: &mut Vec<String>) -> ScopeSet {
    ScopeSet::parse(text).unwrap_or_else(|fault| {
        mistakes.push(format!("{option}: {fault}"));
        ScopeSet::default()
    })
}

fn read_jwks(path: &Path, mistakes: &mut Vec<String>) -> Result<Option<Value>, Fault> {
    let text = small_file::read(path)?;
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Some(value)),
        Err(fault) => {
            mistakes.push(format!("--jwks-file: this is not JSON: {fault}"));
            Ok(None)
        }
    }
}

fn create(new: Checked, premises: &Premises, output: &mut Output) -> Result<(), Fault> {
    let now = premises.now();
    let digester = premises.digester();
    let client = Client {
        secret_hash: new.secret.as_ref().map(|secret| digester.client_secret(secret)),
        id: new.id,
        metadata: new.metadata,
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    let mut answer = to_json(&client);
    let mut words = format!("Registered client {}.", client.id);
    if let Some(secret) = new.secret.filter(|_| new.is_fresh) {
        // RFC 7591 §3.2.1.
        if let Some(object) = answer.as_object_mut() {
            object.insert("client_secret".to_owned(), json!(secret.expose()));
            object.insert("client_secret_expires_at".to_owned(), json!(0));
        }
        words = format!(
            "{words}\nIts secret, shown this once and stored as a hash only:\n\n  {}\n",
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
    let stored = premises.db.write(move |conn| {
        vestibule_storage::client::insert(conn, &client)?;
        vestibule_storage::audit::insert(conn, &event)
    });
    stored.wait()
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

/// A client as registration answers it (RFC 7591 §3.2.1), without its secret.
fn to_json(client: &Client) -> Value {
    let mut value = serde_json::to_value(&client.metadata).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("client_id".to_owned(), json!(client.id));
        object.insert("client_id_issued_at".to_owned(), json!(client.created_at));
        object.insert("disabled".to_owned(), json!(client.disabled_at.is_some()));
    }
    value
}
