//! Which of the scopes that a client asks for count (RFC 6749 §3.3, OIDC Core §3.1.2.1).
//!
//! One rule for the authorization endpoint and `client_credentials`: a name that the client did not
//! register is refused with `invalid_scope`. Under the profile `oidc` a name that means nothing here
//! at all, because OpenID Connect does not define it and the client did not register it, is passed
//! over first, as OIDC Core §3.1.2.1 wants it.
//!
//! A request without `scope` gets the default that RFC 6749 §3.3 asks a server to document: nothing
//! but the sign-in itself where a person is asked, since they are asked by name; all that the client
//! registered and that needs no person for `client_credentials`.

use vestibule_model::{
    ErrorCode, OAuthError, ScopeSet, client::Client, scope::STANDARD, settings::Profile,
};

/// `asked` without what this server does not know, if the profile passes such names over.
#[must_use]
pub fn understood(asked: &ScopeSet, client: &Client, profile: Profile) -> ScopeSet {
    match profile {
        Profile::OAuth21 => asked.clone(),
        Profile::Oidc => {
            let standard: ScopeSet = STANDARD.into_iter().collect();
            asked.intersection(&client.metadata.scope.union(&standard))
        }
    }
}

/// Whether `asked` keeps within `allowed`.
///
/// # Errors
/// `ScopeNotAllowed`, naming what is beyond.
pub fn check_allowed(asked: &ScopeSet, allowed: &ScopeSet) -> Result<(), OAuthError> {
    let beyond = asked.difference(allowed);
    if beyond.is_empty() {
        return Ok(());
    }
    let names: String = beyond.to_string().chars().take(200).collect();
    Err(OAuthError::describe(
        ErrorCode::ScopeNotAllowed,
        format!("scope asks for more than the client may have: {names}"),
    )
    .because(format!("asked for `{names}` too, allowed `{allowed}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, scope};

    #[test]
    fn only_under_oidc_are_unknown_names_passed_over() {
        let mut client = samples::client();
        client.metadata.scope = scope("openid api");
        for (asked, oidc) in [
            ("", ""),
            ("openid shoe_size", "openid"),
            // Known to OpenID Connect, though not this client's.
            ("openid phone OPENID", "openid phone"),
            ("api api2", "api"),
        ] {
            let asked = scope(asked);
            assert_eq!(understood(&asked, &client, Profile::Oidc), scope(oidc), "{asked}");
            assert_eq!(understood(&asked, &client, Profile::OAuth21), asked);
        }
    }

    #[test]
    fn what_is_beyond_is_named() {
        assert_eq!(check_allowed(&scope("a"), &scope("a b")), Ok(()));
        let error = check_allowed(&scope("a c d"), &scope("a b")).expect_err("beyond");
        assert_eq!(error.description, "scope asks for more than the client may have: c d");
        assert_eq!(error.detail, "asked for `c d` too, allowed `a b`");
    }
}
