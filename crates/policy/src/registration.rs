//! Clients that register: from the wire to [`ClientMetadata`] and back (RFC 7591 §2, §3.2.1; OIDC
//! Registration §2).

mod answer;
mod grants;
mod members;
pub mod statement;

use serde_json::{Map, Value};
use vestibule_model::{
    ScopeSet,
    client::{ApplicationType, AuthMethod, ClientMetadata, SigningAlg, SubjectType},
    jose::ClientSignatureAlg,
    scope::OPENID,
    settings::Settings,
};

use crate::client_metadata::{self, Problem, shown};
pub use answer::to_json;
use members::Members;

/// Who registers a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registrant {
    /// Anybody, through the open door.
    Stranger,
    /// Whoever has an initial access token (RFC 7591 §3).
    TokenHolder,
    /// Whoever runs this server.
    Administrator,
}

/// What somebody wants registered, complete with defaults and without a mistake. Members that are
/// not known are passed over, as RFC 7591 §2 asks for, and so is what nobody may say of themselves:
/// being first-party, optional scopes, the `acr` that is required. Of a client that was there
/// `before`, whoever runs this server has decided those; they stay.
///
/// # Errors
/// Every mistake at once; see [`client_metadata::refusal`].
pub fn read(
    members: &Map<String, Value>,
    registrant: Registrant,
    before: Option<&ClientMetadata>,
    settings: &Settings,
) -> Result<ClientMetadata, Vec<Problem>> {
    let mut members = Members::new(members);
    let mut metadata = decided_by_administrators(before, settings);
    read_texts(&mut members, &mut metadata);
    read_addresses(&mut members, &mut metadata);
    read_authentication(&mut members, &mut metadata);
    read_answers(&mut members, &mut metadata, settings);
    read_request_objects(&mut members, &mut metadata);
    read_sign_in(&mut members, &mut metadata);
    (metadata.grant_types, metadata.response_types) =
        grants::read(&mut members, registrant, before);
    metadata.scope = read_scope(&mut members, registrant, before, settings);
    metadata.optional_scope = metadata.optional_scope.intersection(&metadata.scope);
    let mut problems = members.into_problems();
    // What could not be read is missing from the metadata: that is no second mistake.
    let unread: Vec<_> = problems.iter().map(|problem| problem.field.clone()).collect();
    let found = client_metadata::check(&metadata, settings);
    problems.extend(found.into_iter().filter(|problem| !unread.contains(&problem.field)));
    if problems.is_empty() { Ok(metadata) } else { Err(problems) }
}

/// OIDC Registration §5: what is at `sector_identifier_uri` lists every redirect URI.
///
/// # Errors
/// The problem to answer with.
pub fn check_sector(listed: &Value, redirect_uris: &[String]) -> Result<(), Problem> {
    let problem = |message: String| Err(Problem::new("sector_identifier_uri", message));
    let Some(listed) = listed.as_array() else {
        return problem("does not lead to a JSON array".to_owned());
    };
    let is_listed = |uri: &str| listed.iter().any(|entry| entry.as_str() == Some(uri));
    match redirect_uris.iter().find(|uri| !is_listed(uri)) {
        Some(missing) => problem(format!("leads to a list that lacks `{}`", shown(missing))),
        None => Ok(()),
    }
}

fn decided_by_administrators(
    before: Option<&ClientMetadata>,
    settings: &Settings,
) -> ClientMetadata {
    let fresh = ClientMetadata {
        access_token_signed_response_alg: preferred(settings),
        ..ClientMetadata::default()
    };
    let Some(before) = before else { return fresh };
    ClientMetadata {
        first_party: before.first_party,
        optional_scope: before.optional_scope.clone(),
        required_acr: before.required_acr.clone(),
        access_token_format: before.access_token_format,
        access_token_signed_response_alg: before.access_token_signed_response_alg,
        ..fresh
    }
}

/// RS256 (OIDC Registration §2), unless this server has no key for it.
fn preferred(settings: &Settings) -> SigningAlg {
    let offered = &settings.signing_algs;
    let default = SigningAlg::default();
    if offered.contains(&default) { default } else { offered.first().copied().unwrap_or_default() }
}

fn read_texts(members: &mut Members<'_>, metadata: &mut ClientMetadata) {
    metadata.client_name = members.text("client_name");
    metadata.client_uri = members.text("client_uri");
    metadata.logo_uri = members.text("logo_uri");
    metadata.policy_uri = members.text("policy_uri");
    metadata.tos_uri = members.text("tos_uri");
    metadata.localized = members.localized();
    metadata.contacts = members.list("contacts");
    metadata.software_id = members.text("software_id");
    metadata.software_version = members.text("software_version");
    metadata.software_statement = members.text("software_statement");
}

fn read_addresses(members: &mut Members<'_>, metadata: &mut ClientMetadata) {
    let types = [("web", ApplicationType::Web), ("native", ApplicationType::Native)];
    metadata.application_type = members.named("application_type", types).unwrap_or_default();
    metadata.redirect_uris = members.list("redirect_uris");
    metadata.post_logout_redirect_uris = members.list("post_logout_redirect_uris");
    let types = SubjectType::ALL.map(|subject_type| (subject_type.as_str(), subject_type));
    metadata.subject_type = members.named("subject_type", types).unwrap_or_default();
    metadata.sector_identifier_uri = members.text("sector_identifier_uri");
    metadata.initiate_login_uri = members.text("initiate_login_uri");
    metadata.frontchannel_logout_uri = members.text("frontchannel_logout_uri");
    metadata.frontchannel_logout_session_required =
        members.flag("frontchannel_logout_session_required");
    metadata.backchannel_logout_uri = members.text("backchannel_logout_uri");
    metadata.backchannel_logout_session_required =
        members.flag("backchannel_logout_session_required");
}

fn read_authentication(members: &mut Members<'_>, metadata: &mut ClientMetadata) {
    let methods = AuthMethod::ALL.map(|method| (method.as_str(), method));
    metadata.token_endpoint_auth_method =
        members.named("token_endpoint_auth_method", methods).unwrap_or_default();
    metadata.token_endpoint_auth_signing_alg =
        members.named("token_endpoint_auth_signing_alg", client_algorithms());
    metadata.jwks = members.object("jwks");
    metadata.jwks_uri = members.text("jwks_uri");
}

/// How ID tokens and answers of the userinfo endpoint look.
fn read_answers(members: &mut Members<'_>, metadata: &mut ClientMetadata, settings: &Settings) {
    let ours = || SigningAlg::ALL.iter().map(|alg| (alg.as_str(), Some(*alg)));
    // `None` stands for `none` here.
    let or_none = ours().chain([("none", None)]);
    let id_token = members.named("id_token_signed_response_alg", or_none);
    metadata.id_token_unsigned = id_token == Some(None);
    metadata.id_token_signed_response_alg = id_token.flatten().unwrap_or(preferred(settings));
    metadata.id_token_encryption = members.encryption("id_token_encrypted_response");
    metadata.userinfo_signed_response_alg =
        members.named("userinfo_signed_response_alg", ours()).flatten();
    metadata.userinfo_encryption = members.encryption("userinfo_encrypted_response");
}

fn read_request_objects(members: &mut Members<'_>, metadata: &mut ClientMetadata) {
    metadata.request_object_signing_alg =
        members.named("request_object_signing_alg", client_algorithms());
    metadata.request_object_encryption = members.encryption("request_object_encryption");
    metadata.require_signed_request_object = members.flag("require_signed_request_object");
    metadata.request_uris = members.list("request_uris");
}

fn read_sign_in(members: &mut Members<'_>, metadata: &mut ClientMetadata) {
    metadata.default_max_age = members.seconds("default_max_age");
    metadata.require_auth_time = members.flag("require_auth_time");
    metadata.default_acr_values = members.list("default_acr_values");
}

fn client_algorithms() -> impl Iterator<Item = (&'static str, ClientSignatureAlg)> {
    ClientSignatureAlg::ALL.iter().map(|alg| (alg.as_str(), *alg))
}

/// RFC 7591 §2: who names no scope gets a default. Beyond `registration.scope`, only whoever runs
/// this server gives one.
fn read_scope(
    members: &mut Members<'_>,
    registrant: Registrant,
    before: Option<&ClientMetadata>,
    settings: &Settings,
) -> ScopeSet {
    let offered = &settings.client_registration.scope;
    let is_administrator = registrant == Registrant::Administrator;
    let Some(text) = members.text("scope") else {
        return if is_administrator { [OPENID].into_iter().collect() } else { offered.clone() };
    };
    let scope = match ScopeSet::parse(&text) {
        Ok(scope) => scope,
        Err(fault) => {
            members.refuse("scope", fault.to_string());
            return ScopeSet::default();
        }
    };
    let given = before.map(|before| before.scope.clone()).unwrap_or_default();
    let beyond = scope.difference(&offered.union(&given));
    if !is_administrator && !beyond.is_empty() {
        members.refuse(
            "scope",
            format!("`{}` is not for clients that register themselves", shown(&beyond.to_string())),
        );
    }
    scope
}

#[cfg(test)]
mod tests;
