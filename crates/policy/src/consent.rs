//! What a consent covers.

use vestibule_model::{
    ScopeSet, client::Client, grant::Consent, interaction::AuthorizationRequest, scope::OPENID,
};

/// The version of the consent page's wording: changes with every change of what its sentences mean.
pub const WORDING: &str = "2026-11";

/// The scopes of the request that the person may leave out.
#[must_use]
pub fn optional(request: &AuthorizationRequest, client: &Client) -> ScopeSet {
    let optional = request.scope.intersection(&client.metadata.optional_scope);
    optional.without(OPENID)
}

/// What the client gets of what it asks for: all but the optional scopes that the person left out
/// (RFC 6749 §3.3). What was left out and is optional no longer is asked about again.
#[must_use]
pub fn granted(
    request: &AuthorizationRequest,
    client: &Client,
    consent: Option<&Consent>,
) -> ScopeSet {
    let Some(consent) = consent else { return request.scope.clone() };
    request.scope.difference(&consent.declined.intersection(&optional(request, client)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, scope};

    #[test]
    fn what_was_left_out_is_not_granted_while_it_is_optional() {
        let mut client = samples::client();
        let mut request = samples::request();
        request.scope = scope("openid profile email");
        let mut consent = samples::consent("openid profile");
        consent.declined = scope("email profile openid");
        for (optional, expected) in [
            ("", "openid profile email"),
            ("email", "openid profile"),
            ("email profile", "openid"),
            // Nobody leaves out who they are.
            ("openid email", "openid profile"),
        ] {
            client.metadata.optional_scope = scope(optional);
            let granted = granted(&request, &client, Some(&consent));
            assert_eq!(granted, scope(expected), "{optional}");
        }
        assert_eq!(granted(&request, &client, None), request.scope);
    }
}
