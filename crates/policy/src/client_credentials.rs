//! The client credentials grant (RFC 6749 §4.4): a client's own access, no person involved.

use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet,
    client::{AuthMethod, Client, GrantType},
    scope::{OFFLINE_ACCESS, OPENID},
};

use crate::grant_type;

/// The scope to grant: what was asked, or all the client may have where nothing was asked. Scopes
/// that speak of a person (`openid`, `offline_access`) have no meaning here and are refused.
///
/// # Errors
/// `GrantTypeNotAllowed` also for a public client (RFC 6749 §4.4: confidential clients only);
/// `ScopeNotAllowed`.
pub fn scope(client: &Client, requested: Option<&ScopeSet>) -> Result<ScopeSet, OAuthError> {
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
    let beyond = requested.difference(&allowed);
    if beyond.is_empty() {
        return Ok(requested.clone());
    }
    Err(OAuthError::describe(
        ErrorCode::ScopeNotAllowed,
        format!("scope asks for more than the client may have: {beyond}"),
    )
    .because(format!("asked `{requested}`, allowed without a person `{allowed}`")))
}

#[cfg(test)]
mod tests {
    use super::{AuthMethod, Client, ErrorCode, GrantType, scope};
    use crate::samples;
    use proptest::prelude::*;

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
