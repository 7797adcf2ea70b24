//! Request objects at a `request_uri` (OIDC Core §6.2, RFC 9101 §5.2).

use std::sync::Arc;

use moka::{policy::EvictionPolicy, sync::Cache};
use vestibule_model::{ErrorCode, OAuthError};
use vestibule_outbound::{Accept, Outbound};
use vestibule_policy::request_object::Reference;

/// Bytes of memory for all that is kept.
const ROOM: u64 = 16 * 1024 * 1024;

/// Bytes that an entry takes up beside its content.
const OVERHEAD: usize = 1_024;

/// Fetches request objects, and keeps those whose address carries their hash: they cannot change.
#[derive(Clone, Debug)]
pub struct RequestObjects {
    outbound: Outbound,
    kept: Cache<Reference, Arc<[u8]>>,
}

impl RequestObjects {
    /// Keeps nothing yet, and fetches through `outbound`.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        let kept = Cache::builder()
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &Reference, content: &Arc<[u8]>| {
                u32::try_from(content.len().saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
            })
            .max_capacity(ROOM)
            .build();
        Self { outbound, kept }
    }

    /// What is at `reference`, which the client registered.
    ///
    /// # Errors
    /// `RequestUriUnfetched`, with the reason in words for the client's owner, and
    /// `RequestUriHashWrong`.
    pub async fn get(&self, reference: &Reference) -> Result<Arc<[u8]>, OAuthError> {
        if let Some(content) = self.kept.get(reference) {
            return Ok(content);
        }
        let fetched = self.outbound.get(&reference.address, Accept::RequestObject).await;
        let fetched = fetched.map_err(|fault| {
            tracing::warn!(event = "request_uri.unavailable", %fault);
            let description =
                format!("The request object could not be fetched from request_uri: {fault}");
            OAuthError::describe(ErrorCode::RequestUriUnfetched, description)
        })?;
        reference.check(&fetched.body)?;
        let content: Arc<[u8]> = fetched.body.into();
        if reference.is_pinned() {
            self.kept.insert(reference.clone(), Arc::clone(&content));
        }
        Ok(content)
    }
}
