//! The client credentials grant (RFC 6749 §4.4): a client's own access, no person involved.

use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet,
    client::{AuthMethod, Client, GrantType},
    scope::{OFFLINE_ACCESS, OPENID},
    settings::Profile,
};

use crate::{grant_type, scope as scopes};

/// The scope to grant: what was asked and is understood, or all the client may have where nothing
/// was asked (RFC 6749 §3.3). Scopes that speak of a person (`openid`, `offline_access`) have no
/// meaning here and are refused.
///
/// # Errors
/// `GrantTypeNotAllowed` also for a public client (RFC 6749 §4.4: confidential clients only);
/// `ScopeNotAllowed`.
pub fn scope(
    client: &Client,
    requested: Option<&ScopeSet>,
    profile: Profile,
) -> Result<ScopeSet, OAuthError> {
    grant_type::check_allowed(client, GrantType::ClientCredentials)?;
    if client.metadata.token_endpoint_auth_method == AuthMethod::None {
        return Err(OAuthError::new(ErrorCode::GrantTypeNotAllowed)
            .because("a public client cannot use client_credentials"));
    }
    let allowed = client.metadata.scope.without(OPENID).without(OFFLINE_ACCESS);
    let requested = match requested {
        Some(requested) if !requested.is_empty() => requested,
        _ => return Ok(allowed),
    };
    let understood = scopes::understood(requested, client, profile);
    scopes::check_allowed(&understood, &allowed)?;
    Ok(understood)
}

#[cfg(test)]
mod tests {
    use super::{AuthMethod, Client, ErrorCode, GrantType, Profile, ScopeSet};
    use crate::samples;
    use proptest::prelude::*;

    fn scope(
        client: &Client,
        requested: Option<&ScopeSet>,
    ) -> Result<ScopeSet, vestibule_model::OAuthError> {
        super::scope(client, requested, Profile::OAuth21)
    }

    fn machine(scopes: &str) -> Client {
        let mut client = samples::client();
        client.metadata.grant_types = vec![GrantType::ClientCredentials];
        client.metadata.scope = samples::scope(scopes);
        client
    }

    #[test]
    fn nothing_asked_grants_all_that_needs_no_person() {
        let client = machine("openid offline_access read write");
        let all = samples::scope("read write");
        assert_eq!(scope(&client, None), Ok(all.clone()));
        assert_eq!(scope(&client, Some(&samples::scope(""))), Ok(all));
        let read = samples::scope("read");
        assert_eq!(scope(&client, Some(&read)), Ok(read));
    }

    #[test]
    fn what_is_not_the_clients_is_refused_by_name() {
        let client = machine("openid offline_access read");
        for (asked, beyond) in [
            ("read write", "write"),
            ("openid", "openid"),
            ("offline_access read", "offline_access"),
        ] {
            let error = scope(&client, Some(&samples::scope(asked))).expect_err(asked);
            assert_eq!(error.code, ErrorCode::ScopeNotAllowed);
            assert!(error.description.ends_with(&format!(": {beyond}")), "{}", error.description);
        }
    }

    /// What is passed over is not what was left out: a name nobody knows does not open everything.
    #[test]
    fn under_oidc_an_unknown_name_grants_nothing() {
        let client = machine("openid read write");
        for (asked, granted) in [("shoe_size", ""), ("shoe_size read", "read")] {
            let granted = samples::scope(granted);
            let asked = samples::scope(asked);
            assert_eq!(super::scope(&client, Some(&asked), Profile::Oidc), Ok(granted));
            scope(&client, Some(&asked)).expect_err("oauth2.1 refuses it");
        }
        let person = samples::scope("openid read");
        let error = super::scope(&client, Some(&person), Profile::Oidc).expect_err("a person");
        assert_eq!(error.code, ErrorCode::ScopeNotAllowed);
    }

    #[test]
    fn only_a_confidential_client_that_registered_the_grant() {
        let mut client = machine("read");
        client.metadata.token_endpoint_auth_method = AuthMethod::None;
        let error = scope(&client, None).expect_err("public");
        assert_eq!(error.code, ErrorCode::GrantTypeNotAllowed);
        let error = scope(&samples::client(), None).expect_err("not registered");
        assert_eq!(error.code, ErrorCode::GrantTypeNotAllowed);
    }

    proptest! {
        #[test]
        fn what_is_granted_was_asked_for_and_is_allowed(
            asked in "(openid|read|write|offline_access| ){0,6}",
            allowed in "(openid|read|write|offline_access| ){0,6}",
        ) {
            let (asked, client) = (samples::scope(&asked), machine(&allowed));
            if let Ok(granted) = scope(&client, Some(&asked)) {
                prop_assert!(granted.is_subset(&client.metadata.scope));
                prop_assert!(asked.is_empty() || granted == asked);
                prop_assert!(!granted.contains("openid") && !granted.contains("offline_access"));
            }
        }
    }
}
