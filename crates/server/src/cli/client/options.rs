//! The options of `client create`. They become the members of a registration (RFC 7591 §2), which is
//! read as any other: one place decides what fits together.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value, json};
use vestibule_model::client::{
    AccessTokenFormat, ApplicationType, AuthMethod, ClientMetadata, GrantType, SigningAlg,
    SubjectType,
};
use vestibule_model::jose::{
    ClientSignatureAlg, ContentEncryption, KeyManagementAlg, ResponseEncryption,
};
use vestibule_model::scope::OPENID;
use vestibule_model::settings::Settings;
use vestibule_model::{ClientId, ResponseType, ScopeSet, Secret};
use vestibule_policy::acr;
use vestibule_policy::registration::{self, Registrant};

use crate::cli::output::Output;
use crate::cli::small_file;
use crate::fault::Fault;

/// A given secret shorter than this, in characters, gets a warning.
const SHORT_SECRET: usize = 32;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct NewClient {
    /// Its `client_id`.
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// JSON file with its metadata as RFC 7591 §2 names it; `-` is standard input. The other options
    /// win over what stands there.
    #[arg(long, value_name = "FILE")]
    metadata_file: Option<PathBuf>,
    /// File with the secret; `-` is standard input. Without it one is made and shown once.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Run by whoever runs this server: consent may be skipped.
    #[arg(long)]
    first_party: bool,
    /// Scopes of these that people may leave out on the consent page, separated by spaces.
    #[arg(long, value_name = "SCOPE", default_value = "", hide_default_value = true)]
    optional_scope: String,
    /// How well its people must have signed in at least.
    #[arg(long, value_name = "ACR", value_parser = PossibleValuesParser::new(acr::SUPPORTED))]
    required_acr: Option<String>,
    /// What its JWT access tokens are signed with. Without it: RS256, or the first of
    /// keys.algorithms.
    #[arg(long, value_name = "ALG", value_parser = signing_algs())]
    access_token_alg: Option<SigningAlg>,
    /// `jwt` (RFC 9068) or `opaque`, to be introspected.
    #[arg(long, value_name = "FORMAT", default_value = "jwt", value_parser = formats())]
    access_token_format: AccessTokenFormat,
    #[command(flatten)]
    core: CoreOptions,
    #[command(flatten)]
    answers: AnswerOptions,
    #[command(flatten)]
    more: MoreOptions,
}

#[derive(Debug, clap::Args)]
struct CoreOptions {
    /// Where people return to after signing in, exactly as the client sends it. Repeatable.
    #[arg(long, value_name = "URI", num_args = 1..)]
    redirect_uri: Vec<String>,
    /// Where people may return to after signing out. Repeatable.
    #[arg(long, value_name = "URI", num_args = 1..)]
    post_logout_redirect_uri: Vec<String>,
    /// What it asks the authorization endpoint for, such as "code id_token"; all but `code` need
    /// profile = "oidc". Repeatable. Without it: code, where there is such a grant.
    #[arg(long, value_name = "TYPE", num_args = 1.., value_delimiter = ',',
          value_parser = response_type)]
    response_type: Vec<ResponseType>,
    /// Repeatable. Without it: what the response types need, and refresh_token beside
    /// authorization_code.
    #[arg(long, value_name = "GRANT", num_args = 1.., value_delimiter = ',', value_parser = grants())]
    grant_type: Vec<GrantType>,
    /// How the client proves who it is at the token endpoint [default: client_secret_basic].
    #[arg(long, value_name = "METHOD", value_parser = methods())]
    auth_method: Option<AuthMethod>,
    /// The one algorithm of its assertions, for client_secret_jwt and private_key_jwt.
    #[arg(long, value_name = "ALG", value_parser = client_algs())]
    token_endpoint_auth_signing_alg: Option<ClientSignatureAlg>,
    /// File with the client's public keys as a JWK Set.
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,
    /// Where the client's public keys are.
    #[arg(long, value_name = "URI")]
    jwks_uri: Option<String>,
    /// Every scope it may ask for, separated by spaces [default: openid].
    #[arg(long)]
    scope: Option<String>,
    /// The name people see.
    #[arg(long)]
    name: Option<String>,
    /// `native` for apps installed on a device (RFC 8252) [default: web].
    #[arg(long, value_name = "TYPE", value_parser = application_types())]
    application_type: Option<ApplicationType>,
}

#[derive(Debug, clap::Args)]
struct AnswerOptions {
    /// Whether it sees people under the same `sub` as everybody, or under one of its own [default:
    /// public].
    #[arg(long, value_name = "TYPE", value_parser = subject_types())]
    subject_type: Option<SubjectType>,
    /// The list of the redirect URIs of all who share one pairwise `sub`. It is not fetched here.
    #[arg(long, value_name = "URI")]
    sector_identifier_uri: Option<String>,
    /// What its ID tokens are signed with. Without it: RS256, or the first of keys.algorithms.
    #[arg(long, value_name = "ALG", value_parser = signing_algs())]
    id_token_alg: Option<SigningAlg>,
    /// How its ID tokens are encrypted, for example RSA-OAEP-256:A256GCM. Without ENC:
    /// A128CBC-HS256.
    #[arg(long, value_name = "ALG[:ENC]", value_parser = encryption)]
    id_token_encryption: Option<ResponseEncryption>,
    /// What its userinfo answers are signed with. Without it they are plain JSON.
    #[arg(long, value_name = "ALG", value_parser = signing_algs())]
    userinfo_signing_alg: Option<SigningAlg>,
    /// How its userinfo answers are encrypted.
    #[arg(long, value_name = "ALG[:ENC]", value_parser = encryption)]
    userinfo_encryption: Option<ResponseEncryption>,
    /// The one algorithm of its request objects.
    #[arg(long, value_name = "ALG", value_parser = client_algs())]
    request_object_signing_alg: Option<ClientSignatureAlg>,
    /// Where its request objects are, with `#` and the hash if there is one. Repeatable.
    #[arg(long, value_name = "URI", num_args = 1..)]
    request_uri: Vec<String>,
    /// How many seconds ago its people may have signed in, unless it says otherwise.
    #[arg(long, value_name = "SECONDS")]
    default_max_age: Option<i64>,
    /// How its people should sign in, unless it says otherwise, best first. Repeatable.
    #[arg(long, value_name = "ACR", num_args = 1.., value_delimiter = ',')]
    default_acr_values: Vec<String>,
    /// It needs `auth_time` in ID tokens.
    #[arg(long)]
    require_auth_time: bool,
}

#[derive(Debug, clap::Args)]
struct MoreOptions {
    /// Where a sign-in can be started from outside.
    #[arg(long, value_name = "URI")]
    initiate_login_uri: Option<String>,
    /// Its home page.
    #[arg(long, value_name = "URI")]
    client_uri: Option<String>,
    /// Its picture.
    #[arg(long, value_name = "URI")]
    logo_uri: Option<String>,
    /// What it does with people's data.
    #[arg(long, value_name = "URI")]
    policy_uri: Option<String>,
    /// Its terms of service.
    #[arg(long, value_name = "URI")]
    tos_uri: Option<String>,
    /// Mail address of whoever looks after it. Repeatable.
    #[arg(long, value_name = "MAIL", num_args = 1..)]
    contact: Vec<String>,
    /// The page that is opened in a frame when somebody signs out.
    #[arg(long, value_name = "URI")]
    frontchannel_logout_uri: Option<String>,
    /// That page needs to know which session.
    #[arg(long)]
    frontchannel_logout_session_required: bool,
    /// Where it is told, by us, that somebody signed out.
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// It needs to know which session.
    #[arg(long)]
    backchannel_logout_session_required: bool,
}

/// Takes the wire names of `all` and gives the value of that name.
fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|value| name(*value))).try_map(move |given| {
        let found = all.iter().copied().find(|value| name(*value) == given);
        found.ok_or_else(|| format!("{given} is not known"))
    })
}

fn grants() -> impl TypedValueParser<Value = GrantType> {
    named(&GrantType::ALL, GrantType::as_str)
}

fn methods() -> impl TypedValueParser<Value = AuthMethod> {
    named(&AuthMethod::ALL, AuthMethod::as_str)
}

fn subject_types() -> impl TypedValueParser<Value = SubjectType> {
    named(&SubjectType::ALL, SubjectType::as_str)
}

fn signing_algs() -> impl TypedValueParser<Value = SigningAlg> {
    named(SigningAlg::ALL, SigningAlg::as_str)
}

fn client_algs() -> impl TypedValueParser<Value = ClientSignatureAlg> {
    named(ClientSignatureAlg::ALL, ClientSignatureAlg::as_str)
}

fn application_types() -> impl TypedValueParser<Value = ApplicationType> {
    named(&[ApplicationType::Web, ApplicationType::Native], |kind| match kind {
        ApplicationType::Web => "web",
        ApplicationType::Native => "native",
    })
}

fn formats() -> impl TypedValueParser<Value = AccessTokenFormat> {
    named(&[AccessTokenFormat::Jwt, AccessTokenFormat::Opaque], |format| match format {
        AccessTokenFormat::Jwt => "jwt",
        AccessTokenFormat::Opaque => "opaque",
    })
}

fn response_type(text: &str) -> Result<ResponseType, String> {
    ResponseType::from_wire(text).ok_or_else(|| {
        let known = ResponseType::ALL.map(|known| format!("{:?}", known.as_str())).join(", ");
        format!("it is one of {known}")
    })
}

fn encryption(text: &str) -> Result<ResponseEncryption, String> {
    let (alg, enc) = text.split_once(':').unwrap_or((text, "A128CBC-HS256"));
    let known = |names: Vec<&str>| names.join(", ");
    let alg = KeyManagementAlg::from_wire(alg).ok_or_else(|| {
        let names = KeyManagementAlg::ALL.iter().map(|alg| alg.as_str()).collect();
        format!("{alg:?} is not one of {}", known(names))
    })?;
    let enc = ContentEncryption::from_wire(enc).ok_or_else(|| {
        let names = ContentEncryption::ALL.iter().map(|enc| enc.as_str()).collect();
        format!("{enc:?} is not one of {}", known(names))
    })?;
    Ok(ResponseEncryption { alg, enc })
}

/// A client that can be stored.
pub(super) struct Checked {
    pub(super) id: ClientId,
    pub(super) metadata: ClientMetadata,
    /// The secret that was given.
    pub(super) secret: Option<Secret>,
}

impl NewClient {
    /// Every mistake at once.
    pub(super) fn check(self, settings: &Settings, output: &mut Output) -> Result<Checked, Fault> {
        let mut mistakes = Vec::new();
        let visible = |byte: u8| (0x20..=0x7e).contains(&byte);
        // RFC 6749 Appendix A.1; the length is ours.
        if self.client_id.is_empty()
            || self.client_id.len() > 200
            || !self.client_id.bytes().all(visible)
        {
            mistakes.push("--client-id: 1 to 200 printable ASCII characters".to_owned());
        }
        let members = self.members(&mut mistakes)?;
        let read = registration::read(&members, Registrant::Administrator, None, settings);
        let metadata = read.unwrap_or_else(|problems| {
            mistakes.extend(problems.iter().map(ToString::to_string));
            ClientMetadata::default()
        });
        let secret = self.given_secret(&members, &mut mistakes, output)?;
        let is_short = |secret: &Secret| secret.expose().len() < SHORT_SECRET;
        if metadata.needs_secret_itself() && secret.as_ref().is_some_and(is_short) {
            // RFC 7518 §3.2, OIDC Core §16.19.
            let least =
                format!("--secret-file: as a key it needs {SHORT_SECRET} characters at least");
            mistakes.push(least);
        }
        let metadata = self.decide(metadata, settings, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(Fault::Refused(mistakes));
        }
        Ok(Checked { id: ClientId::new(self.client_id), metadata, secret })
    }

    /// The file's members, and the options over them.
    fn members(&self, mistakes: &mut Vec<String>) -> Result<Map<String, Value>, Fault> {
        let mut members = match &self.metadata_file {
            Some(path) => match read_json(path, "--metadata-file", mistakes)? {
                Some(Value::Object(members)) => members,
                Some(_) => {
                    mistakes.push("--metadata-file: this is not a JSON object".to_owned());
                    Map::new()
                }
                None => Map::new(),
            },
            None => Map::new(),
        };
        if let Some(path) = &self.core.jwks_file
            && let Some(jwks) = read_json(path, "--jwks-file", mistakes)?
        {
            members.insert("jwks".to_owned(), jwks);
        }
        let options = self.core.members().into_iter();
        let options = options.chain(self.answers.members()).chain(self.more.members());
        for (name, value) in options {
            let is_given = match &value {
                Value::Null | Value::Bool(false) => false,
                Value::Array(values) => !values.is_empty(),
                _ => true,
            };
            if is_given {
                members.insert(name.to_owned(), value);
            }
        }
        Ok(members)
    }

    fn given_secret(
        &self,
        members: &Map<String, Value>,
        mistakes: &mut Vec<String>,
        output: &mut Output,
    ) -> Result<Option<Secret>, Fault> {
        let Some(path) = &self.secret_file else { return Ok(None) };
        let named = members.get("token_endpoint_auth_method").and_then(Value::as_str);
        let method = AuthMethod::ALL.into_iter().find(|method| Some(method.as_str()) == named);
        let method = method.unwrap_or_default();
        if !method.has_secret() {
            let method = method.as_str();
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

    /// What only whoever runs this server decides.
    fn decide(
        &self,
        metadata: ClientMetadata,
        settings: &Settings,
        mistakes: &mut Vec<String>,
    ) -> ClientMetadata {
        let optional_scope = ScopeSet::parse(&self.optional_scope).unwrap_or_else(|fault| {
            mistakes.push(format!("--optional-scope: {fault}"));
            ScopeSet::default()
        });
        let unknown = optional_scope.difference(&metadata.scope);
        if !unknown.is_empty() {
            mistakes.push(format!("--optional-scope: {unknown} is not among --scope"));
        }
        if optional_scope.contains(OPENID) {
            mistakes.push("--optional-scope: openid cannot be left out".to_owned());
        }
        if let Some(alg) = self.access_token_alg.filter(|alg| !settings.signing_algs.contains(alg))
        {
            let alg = alg.as_str();
            mistakes.push(format!("--access-token-alg: {alg} is not among keys.algorithms"));
        }
        ClientMetadata {
            first_party: self.first_party,
            optional_scope,
            required_acr: self.required_acr.clone(),
            access_token_format: self.access_token_format,
            access_token_signed_response_alg: self
                .access_token_alg
                .unwrap_or(metadata.access_token_signed_response_alg),
            ..metadata
        }
    }
}

/// Members of a registration. `null`, `false` and empty lists stand for options that were not given.
type Options = Vec<(&'static str, Value)>;

impl CoreOptions {
    fn members(&self) -> Options {
        let grants: Vec<_> = self.grant_type.iter().map(|grant| grant.as_str()).collect();
        let alg = self.token_endpoint_auth_signing_alg.map(ClientSignatureAlg::as_str);
        vec![
            ("redirect_uris", json!(self.redirect_uri)),
            ("post_logout_redirect_uris", json!(self.post_logout_redirect_uri)),
            ("response_types", json!(self.response_type)),
            ("grant_types", json!(grants)),
            ("token_endpoint_auth_method", json!(self.auth_method.map(AuthMethod::as_str))),
            ("token_endpoint_auth_signing_alg", json!(alg)),
            ("jwks_uri", json!(self.jwks_uri)),
            ("scope", json!(self.scope)),
            ("client_name", json!(self.name)),
            ("application_type", json!(self.application_type)),
        ]
    }
}

impl AnswerOptions {
    fn members(&self) -> Options {
        let signed = |alg: Option<SigningAlg>| json!(alg.map(SigningAlg::as_str));
        let alg = |pair: Option<ResponseEncryption>| json!(pair.map(|pair| pair.alg));
        let enc = |pair: Option<ResponseEncryption>| json!(pair.map(|pair| pair.enc));
        let requests = self.request_object_signing_alg.map(ClientSignatureAlg::as_str);
        vec![
            ("subject_type", json!(self.subject_type.map(SubjectType::as_str))),
            ("sector_identifier_uri", json!(self.sector_identifier_uri)),
            ("id_token_signed_response_alg", signed(self.id_token_alg)),
            ("id_token_encrypted_response_alg", alg(self.id_token_encryption)),
            ("id_token_encrypted_response_enc", enc(self.id_token_encryption)),
            ("userinfo_signed_response_alg", signed(self.userinfo_signing_alg)),
            ("userinfo_encrypted_response_alg", alg(self.userinfo_encryption)),
            ("userinfo_encrypted_response_enc", enc(self.userinfo_encryption)),
            ("request_object_signing_alg", json!(requests)),
            ("request_uris", json!(self.request_uri)),
            ("default_max_age", json!(self.default_max_age)),
            ("default_acr_values", json!(self.default_acr_values)),
            ("require_auth_time", json!(self.require_auth_time)),
        ]
    }
}

impl MoreOptions {
    fn members(&self) -> Options {
        vec![
            ("initiate_login_uri", json!(self.initiate_login_uri)),
            ("client_uri", json!(self.client_uri)),
            ("logo_uri", json!(self.logo_uri)),
            ("policy_uri", json!(self.policy_uri)),
            ("tos_uri", json!(self.tos_uri)),
            ("contacts", json!(self.contact)),
            ("frontchannel_logout_uri", json!(self.frontchannel_logout_uri)),
            (
                "frontchannel_logout_session_required",
                json!(self.frontchannel_logout_session_required),
            ),
            ("backchannel_logout_uri", json!(self.backchannel_logout_uri)),
            (
                "backchannel_logout_session_required",
                json!(self.backchannel_logout_session_required),
            ),
        ]
    }
}

fn read_json(
    path: &Path,
    option: &str,
    mistakes: &mut Vec<String>,
) -> Result<Option<Value>, Fault> {
    let text = small_file::read(path)?;
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Some(value)),
        Err(fault) => {
            mistakes.push(format!("{option}: this is not JSON: {fault}"));
            Ok(None)
        }
    }
}
