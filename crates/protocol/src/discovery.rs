//! Discovery (OIDC Discovery §3, RFC 8414 §2): each list is the table the code decides by, cut to
//! what the settings allow, so that a policy and what is said of it cannot differ.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use vestibule_keys::client_assertion;
use vestibule_model::{
    client::{AuthMethod, GrantType, SigningAlg, SubjectType},
    interaction::{Display, Prompt, ResponseMode},
    jose::{ClientSignatureAlg, ContentEncryption, KeyManagementAlg},
    response_type::ResponseType,
    scope,
    settings::{Profile, RegistrationPolicy, Settings},
};
use vestibule_policy::{acr, authorize, claims, pkce};
use vestibule_web::{State, language, urls};

use crate::cached::{self, Document};

/// Seconds that a copy of the document is good for. It changes with the configuration only.
const MAX_AGE: i64 = 300;

/// What the documents tell besides what the settings say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// Claims may come from somebody else (OIDC Core §5.6.2).
    pub claims_from_elsewhere: bool,
}

/// `GET` of either document; they are the same.
pub async fn get(state: State, http: HttpRequest) -> HttpResponse {
    let extras = Extras { claims_from_elsewhere: state.claim_source.is_some() };
    let body = document(&state.settings, extras).to_string();
    let etag = cached::etag(&body);
    let document = Document { body, content_type: "application/json", max_age: MAX_AGE, etag };
    cached::answer(&http, document)
}

/// The metadata document. What has no value is left out (OIDC Discovery §4.2).
#[must_use]
pub fn document(settings: &Settings, extras: Extras) -> Value {
    let parts = [
        endpoints(settings),
        authorization(settings),
        person(extras),
        tokens(settings),
        request_objects(settings.profile),
        client_authentication(),
        logout(settings),
    ];
    parts.into_iter().flat_map(members).filter(|(_, value)| !value.is_null()).collect()
}

fn members(part: Value) -> serde_json::Map<String, Value> {
    match part {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}

/// OIDC Discovery §3, RFC 8414 §2, OIDC Registration §3.
fn endpoints(settings: &Settings) -> Value {
    let issuer = &settings.issuer;
    let registers = settings.client_registration.policy != RegistrationPolicy::Off;
    json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.url(urls::AUTHORIZE),
        "token_endpoint": issuer.url(urls::TOKEN),
        "userinfo_endpoint": issuer.url(urls::USERINFO),
        "jwks_uri": issuer.url(urls::JWKS),
        "revocation_endpoint": issuer.url(urls::REVOKE),
        "introspection_endpoint": issuer.url(urls::INTROSPECT),
        "registration_endpoint": registers.then(|| issuer.url(urls::CLIENT_REGISTRATION)),
        "service_documentation": issuer.url("/errors"),
        "op_tos_uri": settings.accounts.terms.as_ref().map(|terms| terms.uri.as_str()),
        "ui_locales_supported": language::tags(),
    })
}

/// What the authorization endpoint takes, and RFC 9207 §3.
fn authorization(settings: &Settings) -> Value {
    let profile = settings.profile;
    json!({
        "response_types_supported": names(profile.response_types(), ResponseType::as_str),
        "response_modes_supported": names(profile.response_modes(), ResponseMode::as_str),
        "grant_types_supported": names(profile.grant_types(), GrantType::as_str),
        "scopes_supported": scope::STANDARD,
        "acr_values_supported": acr::SUPPORTED,
        "display_values_supported": names(&Display::ALL, Display::as_str),
        "prompt_values_supported": names(&authorize::prompts(settings), Prompt::as_str),
        "code_challenge_methods_supported": [pkce::METHOD],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// OIDC Core §5.6: a claim is `normal`, or comes from elsewhere if there is an elsewhere.
fn person(extras: Extras) -> Value {
    let types: &[&str] = if extras.claims_from_elsewhere {
        &["normal", "aggregated", "distributed"]
    } else {
        &["normal"]
    };
    json!({
        "claim_types_supported": types,
        "claims_supported": claims::SUPPORTED,
        "claims_parameter_supported": true,
        "subject_types_supported": names(&SubjectType::ALL, SubjectType::as_str),
    })
}

/// How ID tokens, userinfo answers and access tokens are protected (OIDC Registration §2).
fn tokens(settings: &Settings) -> Value {
    let signed = names(&settings.signing_algs, SigningAlg::as_str);
    let mut id_token = signed.clone();
    if settings.profile.takes_unsigned() {
        id_token.push(ClientSignatureAlg::None.as_str());
    }
    json!({
        "id_token_signing_alg_values_supported": id_token,
        "id_token_encryption_alg_values_supported": key_management(),
        "id_token_encryption_enc_values_supported": content_encryption(),
        "userinfo_signing_alg_values_supported": signed,
        "userinfo_encryption_alg_values_supported": key_management(),
        "userinfo_encryption_enc_values_supported": content_encryption(),
        "access_token_signing_alg_values_supported": signed,
    })
}

/// OIDC Core §6, RFC 9101 §10.5.
fn request_objects(profile: Profile) -> Value {
    let signed =
        |alg: &ClientSignatureAlg| *alg != ClientSignatureAlg::None || profile.takes_unsigned();
    let algs: Vec<_> = ClientSignatureAlg::ALL.iter().copied().filter(signed).collect();
    json!({
        "request_parameter_supported": true,
        "request_uri_parameter_supported": true,
        "require_request_uri_registration": true,
        "require_signed_request_object": false,
        "request_object_signing_alg_values_supported": names(&algs, ClientSignatureAlg::as_str),
        "request_object_encryption_alg_values_supported": key_management(),
        "request_object_encryption_enc_values_supported": content_encryption(),
    })
}

/// RFC 8414 §2. Introspection tells about tokens, so it answers no public client.
fn client_authentication() -> Value {
    let confidential: Vec<_> =
        AuthMethod::ALL.into_iter().filter(|method| *method != AuthMethod::None).collect();
    let everyone = names(&AuthMethod::ALL, AuthMethod::as_str);
    let algs: Vec<_> =
        client_assertion::MAC_ALGS.into_iter().chain(client_assertion::ALGS).collect();
    json!({
        "token_endpoint_auth_methods_supported": everyone,
        "token_endpoint_auth_signing_alg_values_supported": algs,
        "revocation_endpoint_auth_methods_supported": everyone,
        "revocation_endpoint_auth_signing_alg_values_supported": algs,
        "introspection_endpoint_auth_methods_supported":
            names(&confidential, AuthMethod::as_str),
        "introspection_endpoint_auth_signing_alg_values_supported": algs,
    })
}

/// OIDC RP-Initiated Logout §2.1, Session Management §3.3, Front-Channel Logout §3, Back-Channel
/// Logout §2.1. Only profile `oidc` has the frame that clients watch a session with.
fn logout(settings: &Settings) -> Value {
    let issuer = &settings.issuer;
    let watched = settings.profile == Profile::Oidc;
    json!({
        "end_session_endpoint": issuer.url(urls::END_SESSION),
        "check_session_iframe": watched.then(|| issuer.url(urls::CHECK_SESSION)),
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}

fn key_management() -> Vec<&'static str> {
    names(KeyManagementAlg::ALL, KeyManagementAlg::as_str)
}

fn content_encryption() -> Vec<&'static str> {
    names(ContentEncryption::ALL, ContentEncryption::as_str)
}

fn names<T: Copy>(table: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    table.iter().copied().map(name).collect()
}
