//! `grant_type` of the token endpoint (RFC 6749 §4.1.3, §4.4.2, §6).

use vestibule_model::{
    ErrorCode, OAuthError,
    client::{Client, GrantType},
};

/// The grant type of that wire name, if there is one and the server knows it.
pub fn parse(given: Option<&str>) -> Result<GrantType, OAuthError> {
    let given = given.ok_or(ErrorCode::GrantTypeMissing)?;
    GrantType::OF_TOKEN_ENDPOINT.into_iter().find(|known| known.as_str() == given).ok_or_else(
        || {
            OAuthError::new(ErrorCode::GrantTypeUnsupported)
                .because(format!("got `{}`", given.escape_debug().take(80).collect::<String>()))
        },
    )
}

/// Whether the client registered `grant_type` (RFC 6749 §5.2 `unauthorized_client`).
pub fn check_allowed(client: &Client, grant_type: GrantType) -> Result<(), OAuthError> {
    if client.may_use(grant_type) {
        return Ok(());
    }
    let registered: Vec<_> = client.metadata.grant_types.iter().map(|g| g.as_str()).collect();
    Err(OAuthError::new(ErrorCode::GrantTypeNotAllowed).because(format!(
        "got `{}`, registered `{}`",
        grant_type.as_str(),
        registered.join(" ")
    )))
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, GrantType, check_allowed, parse};
    use crate::samples;

    #[test]
    fn known_grant_types_are_read_and_others_refused() {
        for grant_type in GrantType::OF_TOKEN_ENDPOINT {
            assert_eq!(parse(Some(grant_type.as_str())), Ok(grant_type));
        }
        assert_eq!(parse(None).expect_err("none").code, ErrorCode::GrantTypeMissing);
        for other in ["password", "implicit", "Authorization_Code", "authorization_code ", "\n"] {
            let error = parse(Some(other)).expect_err(other);
            assert_eq!(error.code, ErrorCode::GrantTypeUnsupported);
            assert!(!error.detail.contains('\n'));
        }
    }

    #[test]
    fn a_client_uses_what_it_registered() {
        let client = samples::client();
        assert_eq!(check_allowed(&client, GrantType::RefreshToken), Ok(()));
        let error = check_allowed(&client, GrantType::ClientCredentials).expect_err("not its own");
        assert_eq!(error.code, ErrorCode::GrantTypeNotAllowed);
        assert!(error.detail.ends_with("registered `authorization_code refresh_token`"));
    }
}
