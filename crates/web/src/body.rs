//! How large a body may be and how long it may take to come: one table for all routes.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use vestibule_model::{ErrorCode, OAuthError};

use crate::{
    admission,
    state::{AppState, State},
    urls,
};

/// Routes that need more than `server.max_body_bytes`, with all below them, and how many times as
/// much: a client's metadata can hold its keys, certificates included.
const LARGER: [(&str, usize); 1] = [(urls::CLIENT_REGISTRATION, 4)];

/// The largest body that `path`, relative to the issuer's, takes; `usual` is what most take.
#[must_use]
pub fn limit(path: &str, usual: usize) -> usize {
    let times = LARGER.iter().find_map(|(root, times)| {
        let rest = path.strip_prefix(root)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(*times)
    });
    usual.saturating_mul(times.unwrap_or(1))
}

fn limit_of(state: &AppState, request: &HttpRequest) -> usize {
    let path = request.path();
    let ours = path.strip_prefix(state.settings.issuer.path()).unwrap_or(path);
    limit(ours, state.max_body_bytes)
}

/// The whole body of `request`, unless it is larger than its route takes, or late. One that says
/// beforehand that it is too large is not read at all.
pub(crate) fn whole(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes, OAuthError>> + use<> {
    let state = request.app_data::<State>();
    let (limit, patience) =
        state.map_or((0, Duration::ZERO), |state| (limit_of(state, request), state.body_timeout));
    let told = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let told: Option<usize> = told.and_then(|length| length.parse().ok());
    let payload = payload.take();
    let waiting = admission::waits_for_sender(request);
    async move {
        if told.is_some_and(|length| length > limit) {
            return Err(ErrorCode::BodyTooLarge.into());
        }
        let read = tokio::time::timeout(patience, read(payload, limit)).await;
        drop(waiting);
        read.unwrap_or_else(|_| Err(ErrorCode::BodyLate.into()))
    }
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, OAuthError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            OAuthError::new(ErrorCode::RequestMalformed).because(error.to_string())
        })?;
        if body.len() + chunk.len() > limit {
            return Err(ErrorCode::BodyTooLarge.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_more_takes_more() {
        for (path, kib) in [
            ("/token", 64),
            ("/login", 64),
            ("/authorize", 64),
            ("/connect/register", 256),
            ("/connect/register/abc", 256),
            ("/connect/registered", 64),
            ("/nowhere", 64),
        ] {
            assert_eq!(limit(path, 65_536), kib * 1_024, "{path}");
        }
    }
}
