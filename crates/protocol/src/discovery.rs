//! Discovery (OIDC Discovery §3, RFC 8414 §2): each list is the table the code decides by.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use serde_json::{Value, json};
use vestibule_model::{
    client::{AuthMethod, GrantType, SigningAlg},
    interaction::{Prompt, ResponseMode},
    scope,
    settings::Settings,
};
use vestibule_policy::{acr, claims};
use vestibule_web::{State, language, urls};

/// OIDC Discovery §4.
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// RFC 8414 §3.
pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";

/// `GET` of either document; they are the same.
pub async fn get(state: State) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(document(&state.settings))
}

/// The metadata document.
#[must_use]
pub fn document(settings: &Settings) -> Value {
    let issuer = &settings.issuer;
    let algs: Vec<_> = settings.signing_algs.iter().map(|alg| alg.as_str()).collect();
    let methods = |public: bool| -> Vec<_> {
        AuthMethod::ALL
            .into_iter()
            .filter(|method| public || *method != AuthMethod::None)
            .map(AuthMethod::as_str)
            .collect()
    };
    json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.url(urls::AUTHORIZE),
        "token_endpoint": issuer.url(urls::TOKEN),
        "userinfo_endpoint": issuer.url(urls::USERINFO),
        "jwks_uri": issuer.url(urls::JWKS),
        "revocation_endpoint": issuer.url(urls::REVOKE),
        "introspection_endpoint": issuer.url(urls::INTROSPECT),
        "end_session_endpoint": issuer.url(urls::END_SESSION),
        "scopes_supported": scope::STANDARD,
        "response_types_supported": ["code"],
        "response_modes_supported": ResponseMode::ALL.map(ResponseMode::as_str),
        "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
        "acr_values_supported": acr::SUPPORTED,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "token_endpoint_auth_methods_supported": methods(true),
        "token_endpoint_auth_signing_alg_values_supported": vestibule_keys::client_assertion::ALGS,
        "revocation_endpoint_auth_methods_supported": methods(true),
        "revocation_endpoint_auth_signing_alg_values_supported":
            vestibule_keys::client_assertion::ALGS,
        "introspection_endpoint_auth_methods_supported": methods(false),
        "introspection_endpoint_auth_signing_alg_values_supported":
            vestibule_keys::client_assertion::ALGS,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": Prompt::ALL.map(Prompt::as_str),
        "claim_types_supported": ["normal"],
        "claims_supported": claims::SUPPORTED,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "authorization_response_iss_parameter_supported": true,
        "ui_locales_supported": language::tags(),
        "service_documentation": issuer.url("/errors"),
        "access_token_signing_alg_values_supported":
            settings.signing_algs.iter().copied().map(SigningAlg::as_str).collect::<Vec<_>>(),
    })
}
