//! What discovery said about the server (OIDC Discovery §4), and the client made of it.

use std::sync::Arc;

use openidconnect::{
    AdditionalProviderMetadata, ClientId, ClientSecret, DiscoveryError, EndSessionUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, ProviderMetadata, RedirectUrl,
    RevocationUrl,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
        CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::{
    http::{HttpClient, TransportError},
    settings::DemoSettings,
    trouble::{Trouble, explain},
};

/// The client of the `openidconnect` crate, with the endpoints that discovery gives it.
pub type RelyingParty = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The discovery members that `openidconnect` leaves to its callers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Further {
    /// RFC 7009, named in discovery by RFC 8414 §2.
    pub revocation_endpoint: Option<RevocationUrl>,
    /// OIDC RP-Initiated Logout §2.1.
    pub end_session_endpoint: Option<EndSessionUrl>,
    /// RFC 9207 §3.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Further {}

type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// The server as discovery and its JWKS described it at one moment.
pub struct Provider {
    pub client: RelyingParty,
    pub further: Further,
}

impl Provider {
    /// Fetches discovery and JWKS.
    pub async fn discover(settings: &DemoSettings, http: &HttpClient) -> Result<Self, Trouble> {
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|error| Trouble::Nonsense(explain(&error)))?;
        let metadata = Metadata::discover_async(issuer, http).await.map_err(|e| trouble(&e))?;
        Self::from_metadata(metadata, settings)
    }

    fn from_metadata(metadata: Metadata, settings: &DemoSettings) -> Result<Self, Trouble> {
        let redirect_uri = RedirectUrl::new(settings.redirect_uri())
            .map_err(|error| Trouble::Nonsense(explain(&error)))?;
        let further = metadata.additional_metadata().clone();
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(settings.client_id.clone()),
            Some(ClientSecret::new(settings.client_secret.clone())),
        )
        .set_redirect_uri(redirect_uri);
        Ok(Self { client, further })
    }
}

fn trouble(error: &DiscoveryError<TransportError>) -> Trouble {
    match error {
        DiscoveryError::Request(error) => Trouble::Unreachable(explain(error)),
        other => Trouble::Nonsense(explain(other)),
    }
}

/// The one provider, once discovery has answered.
#[derive(Default)]
pub struct ProviderCell(RwLock<Option<Arc<Provider>>>);

impl ProviderCell {
    /// A cell that needs no server.
    #[cfg(test)]
    pub fn known(provider: Provider) -> Self {
        Self(RwLock::new(Some(Arc::new(provider))))
    }

    /// The provider as last seen; asks the server if it was never seen.
    pub async fn get(
        &self,
        settings: &DemoSettings,
        http: &HttpClient,
    ) -> Result<Arc<Provider>, Trouble> {
        let known = self.0.read().clone();
        match known {
            Some(provider) => Ok(provider),
            None => self.load(settings, http).await,
        }
    }

    /// Asks the server now: at start, and when a token names a key that was not seen before.
    pub async fn load(
        &self,
        settings: &DemoSettings,
        http: &HttpClient,
    ) -> Result<Arc<Provider>, Trouble> {
        let provider = Arc::new(Provider::discover(settings, http).await?);
        *self.0.write() = Some(Arc::clone(&provider));
        Ok(provider)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A provider as if discovery had answered, without any server.
    pub(crate) fn provider(settings: &DemoSettings) -> Provider {
        let issuer = &settings.issuer;
        let metadata = serde_json::from_value(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "end_session_endpoint": format!("{issuer}/end_session"),
            "authorization_response_iss_parameter_supported": true,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }))
        .unwrap();
        Provider::from_metadata(metadata, settings).unwrap()
    }

    pub(crate) fn settings() -> DemoSettings {
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
    fn reads_the_members_that_the_crate_leaves_out() {
        let further = provider(&settings()).further;
        assert!(further.authorization_response_iss_parameter_supported);
        assert_eq!(
            further.revocation_endpoint.map(|url| url.to_string()).as_deref(),
            Some("http://localhost:8080/revoke")
        );
        assert!(further.end_session_endpoint.is_some());
    }
}
