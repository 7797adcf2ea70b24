//! How large a body may be and how long it may take to come: one table for all routes.

use std::sync::{Arc, atomic::Ordering};

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use vestibule_model::{ErrorCode, OAuthError};

use crate::{
    admission::{Admission, Aside},
    request::own_path,
    state::{AppState, State},
    urls,
};

/// Routes that need more than `server.max_body_bytes`, with all below them, and how many times as
/// much: a client's metadata can hold its keys, certificates included.
const LARGER: [(&str, usize); 1] = [(urls::CLIENT_REGISTRATION, 4)];

/// What each body may hold of the memory while it comes: the forms of people and the calls of programs
/// are smaller. What is more comes out of one [`Room`] for all.
const SMALL: usize = 4 * 1_024;

/// The largest body that `path`, relative to the issuer's, takes; `usual` is what most take.
#[must_use]
pub fn limit(path: &str, usual: usize) -> usize {
    let times = LARGER.iter().find_map(|(root, times)| {
        let rest = path.strip_prefix(root)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(*times)
    });
    usual.saturating_mul(times.unwrap_or(1))
}

/// What the larger bodies hold that are still on their way: as much as `server.max_requests` of the
/// usual size. There can be as many as there are connections, and many times as much.
struct Room {
    admission: Arc<Admission>,
    most: usize,
    taken: usize,
}

impl Room {
    fn new(state: &AppState) -> Self {
        let admission = Arc::clone(&state.admission);
        let most = admission.max_requests().saturating_mul(state.max_body_bytes);
        Self { admission, most, taken: 0 }
    }

    /// Makes room for a body that is `length` long by now.
    fn grow(&mut self, length: usize) -> Result<(), OAuthError> {
        let more = length.saturating_sub(SMALL).saturating_sub(self.taken);
        let most = self.most;
        let with_it = |held: usize| held.checked_add(more).filter(|held| *held <= most);
        let bytes = &self.admission.body_bytes;
        if more > 0 && bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with_it).is_err() {
            let why =
                "too much of bodies is on its way (server.max_requests, server.max_body_bytes)";
            return Err(OAuthError::new(ErrorCode::Overloaded).because(why));
        }
        self.taken += more;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.admission.body_bytes.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

/// The whole body of `request`, unless it is larger than its route takes, or late, or there is too
/// much else by the time it is there. One that says beforehand that it is too large is not read at
/// all.
pub(crate) fn whole(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes, OAuthError>> + use<> {
    let state = request.app_data::<State>().cloned();
    let usual = state.as_ref().map_or(0, |state| state.max_body_bytes);
    let limit = limit(own_path(request), usual);
    let told = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let told: Option<usize> = told.and_then(|length| length.parse().ok());
    let payload = payload.take();
    let aside = Aside::step(request);
    async move {
        let Some(state) = state else { return Err(ErrorCode::BodyTooLarge.into()) };
        if told.is_some_and(|length| length > limit) {
            return Err(ErrorCode::BodyTooLarge.into());
        }
        let read = read(payload, limit, Room::new(&state));
        let read = tokio::time::timeout(state.body_timeout, read).await;
        let body = read.unwrap_or_else(|_| Err(ErrorCode::BodyLate.into()))?;
        aside.back()?;
        Ok(body)
    }
}

async fn read(mut payload: Payload, limit: usize, mut room: Room) -> Result<Bytes, OAuthError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            OAuthError::new(ErrorCode::RequestMalformed).because(error.to_string())
        })?;
        if body.len() + chunk.len() > limit {
            return Err(ErrorCode::BodyTooLarge.into());
        }
        room.grow(body.len() + chunk.len())?;
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
