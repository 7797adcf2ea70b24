//! What is registered, as the answer tells it (RFC 7591 §3.2.1).

use serde_json::{Map, Value, json};
use vestibule_model::{
    client::{ApplicationType, ClientMetadata, GrantType, SigningAlg},
    jose::{ClientSignatureAlg, ResponseEncryption},
};

/// All that is registered, under the names of the wire, defaults included.
#[must_use]
pub fn to_json(metadata: &ClientMetadata) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.extend(metadata.localized.iter().map(|(name, text)| (name.clone(), json!(text))));
    put_texts(&mut answer, metadata);
    put_addresses(&mut answer, metadata);
    put_protocol(&mut answer, metadata);
    put_algorithms(&mut answer, metadata);
    answer
}

fn put_texts(answer: &mut Map<String, Value>, metadata: &ClientMetadata) {
    put(answer, "client_name", metadata.client_name.as_deref());
    put(answer, "client_uri", metadata.client_uri.as_deref());
    put(answer, "logo_uri", metadata.logo_uri.as_deref());
    put(answer, "policy_uri", metadata.policy_uri.as_deref());
    put(answer, "tos_uri", metadata.tos_uri.as_deref());
    put_list(answer, "contacts", &metadata.contacts);
    put(answer, "software_id", metadata.software_id.as_deref());
    put(answer, "software_version", metadata.software_version.as_deref());
    put(answer, "software_statement", metadata.software_statement.as_deref());
}

fn put_addresses(answer: &mut Map<String, Value>, metadata: &ClientMetadata) {
    let application_type = match metadata.application_type {
        ApplicationType::Web => "web",
        ApplicationType::Native => "native",
    };
    answer.insert("application_type".to_owned(), json!(application_type));
    answer.insert("redirect_uris".to_owned(), json!(metadata.redirect_uris));
    put_list(answer, "post_logout_redirect_uris", &metadata.post_logout_redirect_uris);
    put_list(answer, "request_uris", &metadata.request_uris);
    put(answer, "initiate_login_uri", metadata.initiate_login_uri.as_deref());
    put(answer, "sector_identifier_uri", metadata.sector_identifier_uri.as_deref());
    put(answer, "jwks_uri", metadata.jwks_uri.as_deref());
    if let Some(uri) = &metadata.frontchannel_logout_uri {
        let wants_session = metadata.frontchannel_logout_session_required;
        answer.insert("frontchannel_logout_uri".to_owned(), json!(uri));
        answer.insert("frontchannel_logout_session_required".to_owned(), json!(wants_session));
    }
    if let Some(uri) = &metadata.backchannel_logout_uri {
        let wants_session = metadata.backchannel_logout_session_required;
        answer.insert("backchannel_logout_uri".to_owned(), json!(uri));
        answer.insert("backchannel_logout_session_required".to_owned(), json!(wants_session));
    }
}

fn put_protocol(answer: &mut Map<String, Value>, metadata: &ClientMetadata) {
    let grants: Vec<_> = metadata.grant_types.iter().copied().map(GrantType::as_str).collect();
    answer.insert("grant_types".to_owned(), json!(grants));
    answer.insert("response_types".to_owned(), json!(metadata.response_types));
    answer.insert("scope".to_owned(), json!(metadata.scope));
    answer.insert("subject_type".to_owned(), json!(metadata.subject_type.as_str()));
    put(answer, "jwks", metadata.jwks.clone());
    put(answer, "default_max_age", metadata.default_max_age);
    answer.insert("require_auth_time".to_owned(), json!(metadata.require_auth_time));
    put_list(answer, "default_acr_values", &metadata.default_acr_values);
}

fn put_algorithms(answer: &mut Map<String, Value>, metadata: &ClientMetadata) {
    let method = metadata.token_endpoint_auth_method.as_str();
    answer.insert("token_endpoint_auth_method".to_owned(), json!(method));
    let assertions = metadata.token_endpoint_auth_signing_alg.map(ClientSignatureAlg::as_str);
    put(answer, "token_endpoint_auth_signing_alg", assertions);
    let id_token = if metadata.id_token_unsigned {
        "none"
    } else {
        metadata.id_token_signed_response_alg.as_str()
    };
    answer.insert("id_token_signed_response_alg".to_owned(), json!(id_token));
    let userinfo = metadata.userinfo_signed_response_alg.map(SigningAlg::as_str);
    put(answer, "userinfo_signed_response_alg", userinfo);
    let requests = metadata.request_object_signing_alg.map(ClientSignatureAlg::as_str);
    put(answer, "request_object_signing_alg", requests);
    let must_sign = metadata.require_signed_request_object;
    answer.insert("require_signed_request_object".to_owned(), json!(must_sign));
    put_encryption(answer, "id_token_encrypted_response", metadata.id_token_encryption);
    put_encryption(answer, "userinfo_encrypted_response", metadata.userinfo_encryption);
    put_encryption(answer, "request_object_encryption", metadata.request_object_encryption);
}

fn put(answer: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        answer.insert(name.to_owned(), value.into());
    }
}

fn put_list(answer: &mut Map<String, Value>, name: &str, values: &[String]) {
    put(answer, name, Some(json!(values)).filter(|_| !values.is_empty()));
}

fn put_encryption(
    answer: &mut Map<String, Value>,
    prefix: &str,
    encryption: Option<ResponseEncryption>,
) {
    if let Some(ResponseEncryption { alg, enc }) = encryption {
        answer.insert(format!("{prefix}_alg"), json!(alg.as_str()));
        answer.insert(format!("{prefix}_enc"), json!(enc.as_str()));
    }
}
