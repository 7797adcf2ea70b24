//! Which algorithms a client may register (OIDC Registration §2, OIDC Core §10). Names that are not
//! known at all never get here.

use vestibule_model::{
    ResponseType,
    client::{AuthMethod, ClientMetadata, SigningAlg},
    jose::ClientSignatureAlg,
    settings::{Profile, Settings},
};

use super::Problems;

pub(super) fn check(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    check_what_we_sign_with(metadata, settings, problems);
    check_unsigned_id_token(metadata, settings.profile, problems);
    check_assertions(metadata, problems);
    check_request_objects(metadata, settings.profile, problems);
    check_secret(metadata, problems);
}

/// We have keys for `settings.signing_algs` only.
fn check_what_we_sign_with(
    metadata: &ClientMetadata,
    settings: &Settings,
    problems: &mut Problems,
) {
    let wanted = [
        ("id_token_signed_response_alg", Some(metadata.id_token_signed_response_alg)),
        ("userinfo_signed_response_alg", metadata.userinfo_signed_response_alg),
        ("access_token_signed_response_alg", Some(metadata.access_token_signed_response_alg)),
    ];
    let offered: Vec<_> =
        settings.signing_algs.iter().map(|alg| SigningAlg::as_str(*alg)).collect();
    for (field, alg) in wanted {
        if let Some(alg) = alg.filter(|alg| !settings.signing_algs.contains(alg)) {
            let (alg, offered) = (alg.as_str(), offered.join(", "));
            problems.add(field, format!("{alg} is not what this server signs with: {offered}"));
        }
    }
}

/// OIDC Core §2: no signature only where the ID token comes straight from the token endpoint.
fn check_unsigned_id_token(metadata: &ClientMetadata, profile: Profile, problems: &mut Problems) {
    if !metadata.id_token_unsigned {
        return;
    }
    let field = "id_token_signed_response_alg";
    let off = "none is off on this server: it needs the setting profile = \"oidc\"";
    problems.add_if(!profile.takes_unsigned(), field, off);
    let in_front = metadata.response_types.iter().copied().any(ResponseType::has_id_token);
    let message = "none is for clients whose response_types have no `id_token`";
    problems.add_if(in_front, field, message);
    let encrypted = metadata.id_token_encryption.is_some();
    problems.add_if(encrypted, field, "none does not go with encryption: it would prove nothing");
}

/// OIDC Registration §2, `token_endpoint_auth_signing_alg`: never `none`, and of the method's kind.
fn check_assertions(metadata: &ClientMetadata, problems: &mut Problems) {
    let Some(alg) = metadata.token_endpoint_auth_signing_alg else { return };
    let fits = match metadata.token_endpoint_auth_method {
        AuthMethod::ClientSecretJwt => alg.is_mac(),
        AuthMethod::PrivateKeyJwt => alg.signing().is_some(),
        _ => alg != ClientSignatureAlg::None,
    };
    let method = metadata.token_endpoint_auth_method.as_str();
    let message = format!("{} does not fit token_endpoint_auth_method {method}", alg.as_str());
    problems.add_if(!fits, "token_endpoint_auth_signing_alg", &message);
}

/// OIDC Core §6.1: unsigned only where it was registered; RFC 9101 §10.5: not by whoever asks for
/// signed ones.
fn check_request_objects(metadata: &ClientMetadata, profile: Profile, problems: &mut Problems) {
    if metadata.request_object_signing_alg != Some(ClientSignatureAlg::None) {
        return;
    }
    let field = "request_object_signing_alg";
    let off = "none is off on this server: it needs the setting profile = \"oidc\"";
    problems.add_if(!profile.takes_unsigned(), field, off);
    let contradicts = metadata.require_signed_request_object;
    problems.add_if(contradicts, field, "none contradicts require_signed_request_object");
}

/// OIDC Core §10: what takes `client_secret` for its key needs a client that has one.
fn check_secret(metadata: &ClientMetadata, problems: &mut Problems) {
    if metadata.token_endpoint_auth_method.has_secret() {
        return;
    }
    let mac = metadata.request_object_signing_alg.filter(|alg| alg.is_mac());
    let symmetric = [
        ("id_token_encrypted_response_alg", metadata.id_token_encryption),
        ("userinfo_encrypted_response_alg", metadata.userinfo_encryption),
        ("request_object_encryption_alg", metadata.request_object_encryption),
    ]
    .map(|(field, encryption)| {
        let alg = encryption.map(|encryption| encryption.alg).filter(|alg| alg.is_symmetric());
        (field, alg.map(vestibule_model::jose::KeyManagementAlg::as_str))
    });
    let mac = ("request_object_signing_alg", mac.map(ClientSignatureAlg::as_str));
    for (field, alg) in symmetric.into_iter().chain([mac]) {
        if let Some(alg) = alg {
            let method = metadata.token_endpoint_auth_method.as_str();
            let message = format!("{alg} needs a client_secret, which {method} has not");
            problems.add(field, message);
        }
    }
}
