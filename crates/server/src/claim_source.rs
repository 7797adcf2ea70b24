//! The source of claims by others (`claims.source_url`), if there is one.

use std::sync::Arc;
use std::time::Duration;

use vestibule_outbound::{Outbound, Rules};
use vestibule_web::claim_source::{ClaimSource, HttpClaimSource};

use crate::config::Config;
use crate::fault::Fault;

/// How long a userinfo request waits for it.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The source that `config` names.
///
/// # Errors
/// Trust anchors that cannot be read.
pub fn claim_source(config: &Config) -> Result<Option<Arc<dyn ClaimSource>>, Fault> {
    let claims = &config.claims;
    let Some(url) = claims.source_url.clone() else { return Ok(None) };
    // The operator chose this address and nobody else can: it may be in a private network.
    let rules = Rules {
        allow_private_addresses: true,
        extra_roots: config.outbound.extra_roots.clone().unwrap_or_default(),
        timeout: TIMEOUT,
        ..Rules::default()
    };
    let outbound = Outbound::new(rules).map_err(|fault| Fault::refused(fault.to_string()))?;
    let source = HttpClaimSource::new(outbound, url, claims.source_token.clone());
    Ok(Some(Arc::new(source)))
}
