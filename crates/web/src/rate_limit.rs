//! Limits at the edge: `policy::rate_limit` says how many, the cache counts, this carries between
//! them. Where many instances have no Redis to count in together, a row of the database counts. What
//! a request is counted as follows from its method and path alone.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use moka::sync::Cache as Moka;
use vestibule_cache::{BreakerState, Counted};
use vestibule_model::{ErrorCode, OAuthError};
use vestibule_policy::rate_limit::{Class, Counting, Limits, WINDOW, address, allowed};
use vestibule_storage::{Conn, guess};

use crate::{
    error::{json_error, page_error},
    request::{own_path, visitor_ip},
    state::{AppState, State},
    urls,
};

/// Clients and addresses that were over a limit lately, at most.
const BLOCKED: u64 = 50_000;

/// The limits in force, and who is over one.
#[derive(Clone)]
pub struct RateLimits {
    /// The limits.
    pub limits: Limits,
    blocked: Arc<Moka<String, Instant>>,
}

impl RateLimits {
    /// Nobody is over a limit yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let blocked = Moka::builder().max_capacity(BLOCKED).time_to_live(WINDOW).build();
        Self { limits, blocked: Arc::new(blocked) }
    }
}

impl RateLimits {
    /// What is left of the window that `subject` is over the limit of.
    fn blocked(&self, subject: &str) -> Option<Duration> {
        let until = self.blocked.get(subject)?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Whoever is over a limit costs no look-up anywhere until the window ends.
    fn block(&self, subject: &str, left: Duration) {
        self.blocked.insert(subject.to_owned(), Instant::now() + left);
    }
}

impl std::fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimits").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Middleware: counts a request against its class and refuses what is too much.
pub async fn hold<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<State>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    match spend(&state, request.request()).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(refused) => {
            let answer = refusal(&state, request.request(), &refused);
            Ok(request.into_response(answer))
        }
    }
}

fn refusal(state: &AppState, http: &HttpRequest, refused: &OAuthError) -> HttpResponse {
    if urls::is_for_programs(own_path(http)) {
        json_error(state, http, refused)
    } else {
        page_error(state, http, refused)
    }
}

async fn spend(state: &AppState, http: &HttpRequest) -> Result<(), OAuthError> {
    let Some(class) = class(http.method(), own_path(http)) else { return Ok(()) };
    let Some(limit) = state.rate_limits.limits.of(class) else { return Ok(()) };
    let Some(ip) = visitor_ip(http) else { return Ok(()) };
    let subject = state.digester.guess_subject(&format!("{} {}", class.as_str(), address(ip)));
    let left = match state.rate_limits.blocked(&subject) {
        Some(left) => {
            state.metrics.limited(class.as_str());
            Some(left)
        }
        None => count(state, class, limit, &subject).await,
    };
    match left {
        Some(left) => Err(too_many(left).because(format!("{} limit", class.as_str()))),
        None => Ok(()),
    }
}

/// Counts one more; `Some` if that is too many, with what is left of the window.
async fn count(state: &AppState, class: Class, limit: u32, subject: &str) -> Option<Duration> {
    let (counted, counting) = counted(state, subject).await;
    let by = match (counted.shared, counting) {
        (true, _) => "all",
        (false, Counting::Part) => "part",
        (false, Counting::Whole) => "one",
    };
    state.metrics.counted(class.as_str(), by);
    if counted.count <= allowed(limit, counting) {
        return None;
    }
    state.rate_limits.block(subject, counted.ends_in);
    state.metrics.limited(class.as_str());
    Some(counted.ends_in)
}

/// Counts one more where all instances count, or here if that cannot be had.
async fn counted(state: &AppState, subject: &str) -> (Counted, Counting) {
    let by_row = !state.cache.is_shared() && state.db.is_server();
    if by_row && let Ok(counted) = counted_by_row(state, subject).await {
        return (counted, Counting::Whole);
    }
    let counted = state.cache.count(&format!("rate:{subject}"), WINDOW).await;
    // One call of Redis that went wrong is no outage yet: nobody is refused for it.
    let is_away = by_row || state.cache.state() != BreakerState::Closed;
    let counting = if is_away && !counted.shared { Counting::Part } else { Counting::Whole };
    (counted, counting)
}

async fn counted_by_row(state: &AppState, subject: &str) -> Result<Counted, OAuthError> {
    let (now, subject) = (state.now(), subject.to_owned());
    let window = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    let count = move |conn: &mut Conn| Ok(guess::count(conn, &subject, window, now)?);
    let counter = state.write(count).await?;
    let left = counter.first_at.plus(window).since(now).clamp(0, window);
    let ends_in = Duration::from_secs(u64::try_from(left).unwrap_or_default());
    let count = u64::try_from(counter.failures).unwrap_or_default();
    Ok(Counted { count, ends_in, shared: true })
}

fn too_many(left: Duration) -> OAuthError {
    // Whole seconds, rounded up: at that second the window is over.
    let seconds = left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0));
    OAuthError::new(ErrorCode::TooManyRequests).retry_after(seconds.max(1))
}

/// What a request is counted as.
fn class(method: &Method, path: &str) -> Option<Class> {
    let under = |root: &str| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match path {
        urls::AUTHORIZE => Some(Class::Authorize),
        urls::TOKEN => Some(Class::Token),
        urls::INTROSPECT => Some(Class::Introspect),
        urls::REVOKE => Some(Class::Revoke),
        urls::USERINFO => Some(Class::Userinfo),
        _ if under(urls::CLIENT_REGISTRATION) => Some(Class::Register),
        _ if *method == Method::POST => [urls::LOGIN, urls::REGISTER, urls::RECOVER, urls::UNLOCK]
            .into_iter()
            .any(under)
            .then_some(Class::SignIn),
        _ => None,
    }
}

/// One client's credentials from one address.
pub struct ClientTries<'a> {
    state: &'a AppState,
    limit: u32,
    subject: String,
}

impl<'a> ClientTries<'a> {
    /// `client` is `None` for one that is not known: those of one address are counted together.
    /// `None` where nothing is limited.
    #[must_use]
    pub fn of(state: &'a AppState, client: Option<&str>, ip: Option<IpAddr>) -> Option<Self> {
        let limit = state.rate_limits.limits.of(Class::ClientAuth)?;
        let address = ip.map_or_else(String::new, address);
        // No address has a space in it.
        let subject = format!("client {address} {}", client.map_or("", |id| id));
        Some(Self { state, limit, subject: state.digester.guess_subject(&subject) })
    }

    /// Refuses while too many were wrong: then nothing that was presented is looked at.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyRequests`].
    pub fn check(&self) -> Result<(), OAuthError> {
        match self.state.rate_limits.blocked(&self.subject) {
            Some(left) => {
                self.state.metrics.limited(Class::ClientAuth.as_str());
                Err(too_many(left).because("too many wrong client credentials from this address"))
            }
            None => Ok(()),
        }
    }

    /// The credentials were wrong.
    pub async fn failed(&self) {
        // The last one that is looked at closes the door.
        let limit = self.limit.saturating_sub(1);
        // All count together in a while; those that are looked at meanwhile are over the limit now.
        let (here, left) = self.state.cache.count_here(&self.subject, WINDOW);
        if here > u64::from(limit) {
            self.state.rate_limits.block(&self.subject, left);
        }
        count(self.state, Class::ClientAuth, limit, &self.subject).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_counted_as_what_it_is() {
        let (get, post) = (Method::GET, Method::POST);
        for (method, path, counted) in [
            (&post, "/token", Some(Class::Token)),
            (&get, "/authorize", Some(Class::Authorize)),
            (&get, "/authorize/resume/i1", None),
            (&post, "/login", Some(Class::SignIn)),
            (&get, "/login", None),
            (&post, "/login/verify", Some(Class::SignIn)),
            (&post, "/recover/code", Some(Class::SignIn)),
            (&post, "/register", Some(Class::SignIn)),
            (&post, "/registered", None),
            (&post, "/connect/register", Some(Class::Register)),
            (&Method::PUT, "/connect/register/c1", Some(Class::Register)),
            (&get, "/jwks", None),
            (&get, "/health/ready", None),
        ] {
            assert_eq!(class(method, path), counted, "{method} {path}");
        }
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds_and_never_as_none() {
        for (left, told) in [(0, 1), (400, 1), (1_000, 1), (41_200, 42)] {
            assert_eq!(too_many(Duration::from_millis(left)).retry_after, Some(told));
        }
    }
}
