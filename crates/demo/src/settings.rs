//! Where the sample app lives and whom it trusts.

use openidconnect::url::Url;

/// The sample app's settings. Its client has to be registered with [`DemoSettings::redirect_uri`]
/// and [`DemoSettings::post_logout_redirect_uri`], `client_secret_basic`, the grant types
/// `authorization_code` and `refresh_token`, and [`DemoSettings::SCOPE`].
#[derive(Clone)]
pub struct DemoSettings {
    /// The server's issuer identifier, exactly as discovery states it.
    pub issuer: String,
    /// The address to listen on, for example `127.0.0.1:8081`.
    pub listen: String,
    /// The app's own address as browsers see it, without a final slash.
    pub public_url: String,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: String,
    /// What the app calls itself on its pages.
    pub name: String,
}

impl DemoSettings {
    /// The scopes the sample app asks for.
    pub const SCOPE: &'static str = "openid profile email offline_access";

    /// The redirect URI to register (RFC 6749 §3.1.2).
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.public_url)
    }

    /// Where the browser returns after a sign-out (OIDC RP-Initiated Logout §2).
    #[must_use]
    pub fn post_logout_redirect_uri(&self) -> String {
        format!("{}/signed-out", self.public_url)
    }

    /// Refuses settings under which tokens would travel a network in the clear.
    pub(crate) fn check(&self) -> Result<(), String> {
        check_loopback("issuer", &self.issuer)?;
        check_loopback("public_url", &self.public_url)?;
        if self.public_url.ends_with('/') {
            return Err(format!("public_url `{}` must not end with a slash", self.public_url));
        }
        Ok(())
    }
}

impl std::fmt::Debug for DemoSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoSettings")
            .field("issuer", &self.issuer)
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("client_id", &self.client_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn check_loopback(field: &str, value: &str) -> Result<(), String> {
    let url = Url::parse(value).map_err(|error| format!("{field} `{value}`: {error}"))?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "http" && here {
        Ok(())
    } else {
        Err(format!(
            "{field} `{value}` has to be plain http on localhost: the sample app has no TLS"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> DemoSettings {
        DemoSettings {
            issuer: "http://localhost:8080".into(),
            listen: "127.0.0.1:8081".into(),
            public_url: "http://localhost:8081".into(),
            client_id: "demo".into(),
            client_secret: "very-secret".into(),
            name: "Sample app".into(),
        }
    }

    #[test]
    fn takes_loopback_addresses_and_nothing_else() {
        assert_eq!(settings().check(), Ok(()));
        for issuer in ["http://127.0.0.1:8080/auth", "http://[::1]:9"] {
            assert_eq!(DemoSettings { issuer: issuer.into(), ..settings() }.check(), Ok(()));
        }
        for issuer in [
            "https://id.example",
            "http://id.example",
            "http://localhost.evil.example",
            "localhost",
            "",
        ] {
            assert!(DemoSettings { issuer: issuer.into(), ..settings() }.check().is_err());
        }
    }

    #[test]
    fn a_final_slash_would_spoil_the_redirect_uri() {
        let slashed = DemoSettings { public_url: "http://localhost:8081/".into(), ..settings() };
        assert!(slashed.check().is_err());
        assert_eq!(settings().redirect_uri(), "http://localhost:8081/callback");
        assert_eq!(settings().post_logout_redirect_uri(), "http://localhost:8081/signed-out");
    }

    #[test]
    fn debug_output_has_no_secret() {
        assert!(!format!("{:?}", settings()).contains("very-secret"));
    }
}
