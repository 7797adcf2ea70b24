//! `grant_type=client_credentials` (RFC 6749 §4.4): a client acts for itself.

use serde_json::{Map, Value};
use vestibule_model::{OAuthError, ScopeSet, client::Client};
use vestibule_policy::client_credentials as policy;

use crate::issue::Mint;

/// Answers the request. A JWT access token needs no row, and so no write.
pub async fn run(
    mint: &Mint<'_>,
    client: &Client,
    requested: Option<&ScopeSet>,
) -> Result<Map<String, Value>, OAuthError> {
    let scope = policy::scope(client, requested, mint.state.settings.profile)?;
    let mut minted = mint.client_tokens(client, &scope)?;
    let response = std::mem::take(&mut minted.response);
    if minted.access_row.is_some() {
        mint.state.write(move |conn| minted.insert(conn)).await?;
    }
    Ok(response)
}
