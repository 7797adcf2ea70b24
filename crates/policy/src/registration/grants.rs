//! Grant types and response types, completed from one another (RFC 7591 §2.1, OIDC Registration §2).

use vestibule_model::{
    ResponseType,
    client::{ClientMetadata, GrantType},
};

use super::{Registrant, members::Members};
use crate::client_metadata::shown;

/// Both lists as they are registered. Grant types that do not exist here are left out, as RFC 7591
/// §2 allows, and the answer tells so; response types are what a client is going to do, so there an
/// unknown one is refused.
pub(super) fn read(
    members: &mut Members<'_>,
    registrant: Registrant,
    before: Option<&ClientMetadata>,
) -> (Vec<GrantType>, Vec<ResponseType>) {
    let asked = asked_grants(members);
    let response_types = response_types(members, asked.as_deref());
    let grant_types = match asked {
        None => derived_grants(&response_types, registrant),
        Some(asked) => {
            let uses_implicit = has_grant(&response_types, GrantType::Implicit);
            let asks_implicit_alone = response_types.is_empty();
            let uses_codes = has_grant(&response_types, GrantType::AuthorizationCode);
            let names_types = !response_types.is_empty();
            // RFC 7591 §2.1: what no response type uses is left out, and the answer says so.
            let is_kept = |grant_type: &GrantType| match grant_type {
                GrantType::Implicit => uses_implicit || asks_implicit_alone,
                GrantType::AuthorizationCode | GrantType::RefreshToken => {
                    uses_codes || !names_types
                }
                GrantType::ClientCredentials => true,
            };
            asked.into_iter().filter(is_kept).collect()
        }
    };
    let had_before = before.is_some_and(|m| m.grant_types.contains(&GrantType::ClientCredentials));
    let asks_for_itself = grant_types.contains(&GrantType::ClientCredentials);
    if registrant == Registrant::Stranger && asks_for_itself && !had_before {
        let message = "client_credentials needs a registration with an initial access token";
        members.refuse("grant_types", message);
    }
    (grant_types, response_types)
}

/// `grant_types`, as far as they are known; `None` if the client names none.
fn asked_grants(members: &mut Members<'_>) -> Option<Vec<GrantType>> {
    let given = members.list("grant_types");
    if given.is_empty() {
        return None;
    }
    let known = |name: &String| GrantType::ALL.into_iter().find(|known| known.as_str() == name);
    let grant_types = each_once(given.iter().filter_map(known));
    if grant_types.is_empty() {
        let known = GrantType::ALL.map(GrantType::as_str).join(", ");
        members.refuse("grant_types", format!("has none of {known}"));
    }
    Some(grant_types)
}

/// `response_types`; without them `code`, unless the grant types say that nothing is asked of the
/// authorization endpoint.
fn response_types(members: &mut Members<'_>, asked: Option<&[GrantType]>) -> Vec<ResponseType> {
    let given = members.list("response_types");
    if given.is_empty() {
        let has_code = |grants: &[GrantType]| grants.contains(&GrantType::AuthorizationCode);
        return if asked.is_none_or(has_code) { vec![ResponseType::Code] } else { Vec::new() };
    }
    let mut known = Vec::new();
    for name in &given {
        if let Some(response_type) = ResponseType::from_wire(name) {
            known.push(response_type);
        } else {
            let message = format!("`{}` is not a response type of this server", shown(name));
            members.refuse("response_types", message);
        }
    }
    each_once(known)
}

/// The grant types that the response types need (OIDC Registration §2).
fn derived_grants(response_types: &[ResponseType], registrant: Registrant) -> Vec<GrantType> {
    let is_administrator = registrant == Registrant::Administrator;
    let is_derived = |grant_type: &GrantType| match grant_type {
        // Whoever runs this server means it by giving `offline_access`.
        GrantType::RefreshToken => {
            is_administrator && has_grant(response_types, GrantType::AuthorizationCode)
        }
        other => has_grant(response_types, *other),
    };
    GrantType::ALL.into_iter().filter(is_derived).collect()
}

fn has_grant(response_types: &[ResponseType], grant_type: GrantType) -> bool {
    response_types.iter().any(|response_type| response_type.grant_types().contains(&grant_type))
}

fn each_once<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}
