//! The client's addresses.

use std::collections::BTreeSet;

use url::Url;
use vestibule_model::{
    client::{ApplicationType, AuthMethod, ClientMetadata, GrantType, SubjectType},
    settings::Settings,
};

use super::{MAX_VALUES, Problems, shown};
use crate::redirect_uri;

pub(super) fn check(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    let redirects = &metadata.redirect_uris;
    check_redirects("redirect_uris", redirects, metadata.application_type, problems);
    let after_logout = &metadata.post_logout_redirect_uris;
    let application_type = metadata.application_type;
    check_redirects("post_logout_redirect_uris", after_logout, application_type, problems);
    check_redirect_is_there(metadata, problems);
    check_implicit_redirects(metadata, problems);
    check_sector(metadata, settings, problems);
    check_request_uris(metadata, settings, problems);
    check_initiate_login_uri(metadata, problems);
    check_frontchannel_logout_uri(metadata, problems);
    check_backchannel_logout_uri(metadata, settings, problems);
}

/// The rules of `redirect_uri::check_registration`, and each address once (OIDC Registration §2;
/// OIDC RP-Initiated Logout §3.1).
fn check_redirects(
    field: &str,
    uris: &[String],
    application_type: ApplicationType,
    problems: &mut Problems,
) {
    check_list(field, uris, problems);
    for uri in uris {
        if let Err(why) = redirect_uri::check_registration(uri, application_type) {
            problems.add(field, format!("`{}` {why}", shown(uri)));
        }
    }
}

/// RFC 7591 §2: clients with a flow that redirects must register where to.
fn check_redirect_is_there(metadata: &ClientMetadata, problems: &mut Problems) {
    let redirects = [GrantType::AuthorizationCode, GrantType::Implicit];
    let needed = redirects.iter().any(|grant_type| metadata.grant_types.contains(grant_type));
    problems.add_if(
        needed && metadata.redirect_uris.is_empty(),
        "redirect_uris",
        "must have one at least for authorization_code and implicit",
    );
}

/// OIDC Registration §2, `application_type`: web clients that get tokens from the authorization
/// endpoint use https, and a host other than localhost.
fn check_implicit_redirects(metadata: &ClientMetadata, problems: &mut Problems) {
    let is_implicit = metadata.grant_types.contains(&GrantType::Implicit);
    if metadata.application_type != ApplicationType::Web || !is_implicit {
        return;
    }
    for uri in &metadata.redirect_uris {
        let parsed = Url::parse(uri).ok();
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
        let host = host.trim_end_matches('.');
        let is_local = host == "localhost" || host.ends_with(".localhost");
        if !uri.starts_with("https://") || is_local {
            let why = "must use https and another host than localhost, because tokens come with \
                       the redirect; apps on a device register application_type native";
            problems.add("redirect_uris", format!("`{}` {why}", shown(uri)));
        }
    }
}

/// OIDC Core §8.1: whoever wants pairwise subjects has one host, or an address that lists all. What
/// that address lists is judged by `registration::check_sector`.
fn check_sector(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    if let Some(uri) = &metadata.sector_identifier_uri {
        check_web_address("sector_identifier_uri", uri, settings, problems);
        return;
    }
    if metadata.subject_type != SubjectType::Pairwise {
        return;
    }
    let host = |uri: &String| Url::parse(uri).ok()?.host_str().map(str::to_owned);
    let hosts: BTreeSet<_> = metadata.redirect_uris.iter().map(host).collect();
    problems.add_if(
        hosts.len() > 1,
        "subject_type",
        "pairwise needs sector_identifier_uri, because the hosts of redirect_uris differ",
    );
}

/// OIDC Core §6.2: the fragment is the hash of what is there.
fn check_request_uris(metadata: &ClientMetadata, settings: &Settings, problems: &mut Problems) {
    check_list("request_uris", &metadata.request_uris, problems);
    for uri in &metadata.request_uris {
        check_web_address("request_uris", uri, settings, problems);
    }
}

/// OIDC Registration §2: https, always.
fn check_initiate_login_uri(metadata: &ClientMetadata, problems: &mut Problems) {
    let Some(uri) = &metadata.initiate_login_uri else { return };
    if let Err(why) = redirect_uri::check_registration(uri, ApplicationType::Web) {
        problems.add("initiate_login_uri", why);
    } else if !uri.starts_with("https://") {
        problems.add("initiate_login_uri", "must use https");
    }
}

/// OIDC Front-Channel Logout §2: scheme, host and port are those of a redirect URI.
fn check_frontchannel_logout_uri(metadata: &ClientMetadata, problems: &mut Problems) {
    let field = "frontchannel_logout_uri";
    let Some(uri) = &metadata.frontchannel_logout_uri else { return };
    if let Err(why) = redirect_uri::check_registration(uri, ApplicationType::Web) {
        problems.add(field, why);
        return;
    }
    let origin = |uri: &String| Some(Url::parse(uri).ok()?.origin().ascii_serialization());
    let is_own = metadata.redirect_uris.iter().any(|redirect| origin(redirect) == origin(uri));
    problems.add_if(!is_own, field, "must have scheme, host and port of one of redirect_uris");
}

/// OIDC Back-Channel Logout §2.2: no fragment, and without https only for confidential clients.
fn check_backchannel_logout_uri(
    metadata: &ClientMetadata,
    settings: &Settings,
    problems: &mut Problems,
) {
    let field = "backchannel_logout_uri";
    let Some(uri) = &metadata.backchannel_logout_uri else { return };
    if uri.contains('#') {
        problems.add(field, "must not have a fragment");
        return;
    }
    check_web_address(field, uri, settings, problems);
    let is_public = metadata.token_endpoint_auth_method == AuthMethod::None;
    let message = "must use https for a public client";
    problems.add_if(is_public && uri.starts_with("http://"), field, message);
}

/// Not too many, and each once.
fn check_list(field: &str, uris: &[String], problems: &mut Problems) {
    if uris.len() > MAX_VALUES {
        problems.add(field, format!("must be at most {MAX_VALUES}"));
        return;
    }
    let mut seen = BTreeSet::new();
    for uri in uris {
        if !seen.insert(uri) {
            problems.add(field, format!("`{}` is there twice", shown(uri)));
        }
    }
}

/// An address on the web: https, or http on this very machine while the server is a local one. May
/// have a fragment.
pub(super) fn check_web_address(
    field: &str,
    uri: &str,
    settings: &Settings,
    problems: &mut Problems,
) {
    let (address, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    let printable = |b: u8| matches!(b, 0x21..=0x7e) && !b"\"#<>\\^`{|}".contains(&b);
    let is_local = settings.development || !settings.issuer.is_https();
    let why = match redirect_uri::check_registration(address, ApplicationType::Web) {
        Err(why) => why,
        Ok(()) if !address.starts_with("https://") && !is_local => "must use https".to_owned(),
        Ok(()) if !fragment.bytes().all(printable) || uri.len() > address.len() + 201 => {
            "has a fragment that is too long, or with characters that URIs do not allow".to_owned()
        }
        Ok(()) => return,
    };
    problems.add(field, format!("`{}` {why}", shown(uri)));
}
