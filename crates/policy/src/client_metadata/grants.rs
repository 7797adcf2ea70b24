//! Grant types and response types, and how they hang together (OIDC Registration §2, RFC 7591
//! §2.1).

use vestibule_model::{
    ResponseType,
    client::{AuthMethod, ClientMetadata, GrantType},
    settings::Profile,
};

use super::Problems;

pub(super) fn check(metadata: &ClientMetadata, profile: Profile, problems: &mut Problems) {
    check_offered(metadata, profile, problems);
    check_grants(metadata, problems);
    check_correspondence(metadata, problems);
}

/// What the profile leaves out cannot be registered, so that it need not be refused later.
fn check_offered(metadata: &ClientMetadata, profile: Profile, problems: &mut Problems) {
    let off = "is off on this server: it needs the setting profile = \"oidc\"";
    for response_type in &metadata.response_types {
        if !profile.response_types().contains(response_type) {
            problems.add("response_types", format!("`{}` {off}", response_type.as_str()));
        }
    }
    for grant_type in &metadata.grant_types {
        if !profile.grant_types().contains(grant_type) {
            problems.add("grant_types", format!("`{}` {off}", grant_type.as_str()));
        }
    }
}

fn check_grants(metadata: &ClientMetadata, problems: &mut Problems) {
    let has = |grant_type| metadata.grant_types.contains(&grant_type);
    problems.add_if(metadata.grant_types.is_empty(), "grant_types", "must have one at least");
    problems.add_if(
        has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode),
        "grant_types",
        "refresh_token needs authorization_code beside it",
    );
    let is_public = metadata.token_endpoint_auth_method == AuthMethod::None;
    problems.add_if(
        has(GrantType::ClientCredentials) && is_public,
        "grant_types",
        "client_credentials needs a client that authenticates (RFC 6749 §4.4)",
    );
}

/// The table of OIDC Registration §2, read from both sides.
fn check_correspondence(metadata: &ClientMetadata, problems: &mut Problems) {
    let has = |grant_type: &GrantType| metadata.grant_types.contains(grant_type);
    for response_type in &metadata.response_types {
        let missing = response_type.grant_types().iter().filter(|grant_type| !has(grant_type));
        for grant_type in missing {
            let (response_type, grant_type) = (response_type.as_str(), grant_type.as_str());
            let message = format!("`{grant_type}` is needed for response type `{response_type}`");
            problems.add("grant_types", message);
        }
    }
    let any = |wanted: fn(ResponseType) -> bool| {
        metadata.response_types.iter().any(|response_type| wanted(*response_type))
    };
    problems.add_if(
        has(&GrantType::AuthorizationCode) && !any(ResponseType::has_code),
        "response_types",
        "must have one with `code` for authorization_code",
    );
    problems.add_if(
        has(&GrantType::Implicit) && !any(|r| r.has_id_token() || r.has_token()),
        "response_types",
        "must have one with `id_token` or `token` for implicit",
    );
}
