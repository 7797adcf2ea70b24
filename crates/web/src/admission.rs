//! Who is let in when there is more to do than can be done.
//!
//! A server that takes everything finishes nothing: each request waits, its sender gives up and asks
//! again. So new work is refused early, at once and in a few microseconds, and what is under way gets
//! the capacity: somebody who has the sign-in page in front of them gets to the end, a code is
//! exchanged, a token is revoked.

use std::{
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use vestibule_model::ErrorCode;

use crate::{
    fallback,
    state::{AppState, State},
    urls,
};

/// What a request is to a server that cannot do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Begins something: refused first.
    New,
    /// Goes on with what was begun.
    UnderWay,
    /// Takes rights away or asks whether they still hold: refused last.
    Security,
    /// Costs next to nothing, or tells others how we are: never refused.
    Free,
}

impl Class {
    /// Its name in figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::UnderWay => "under_way",
            Self::Security => "security",
            Self::Free => "free",
        }
    }
}

/// Paths, and all below them, that are never refused.
const FREE: [&str; 6] =
    ["/health", "/static", urls::JWKS, "/.well-known", urls::CHECK_SESSION, "/favicon.ico"];

/// What takes rights away, and what asks for them.
const SECURITY: [&str; 6] =
    [urls::INTROSPECT, urls::REVOKE, urls::END_SESSION, urls::LOGOUT, urls::SIGNED_OUT, "/freeze"];

/// What nobody comes to who has not begun.
const UNDER_WAY: [&str; 14] = [
    urls::TOKEN,
    urls::USERINFO,
    "/authorize/resume",
    "/authorize/restart",
    urls::VERIFY,
    urls::ENROL,
    urls::CONSENT,
    urls::SELECT_ACCOUNT,
    urls::TERMS,
    "/register/verify",
    "/recover/code",
    "/verify",
    "/verify-email",
    "/setup",
];

/// Pages whose forms are sent by somebody who has the page already.
const FORMS: [&str; 6] = [
    urls::LOGIN,
    urls::REGISTER,
    urls::RECOVER,
    urls::UNLOCK,
    urls::ACCOUNT,
    "/playground/callback",
];

/// What a request for `path`, relative to the issuer's, is. What is not known here is new.
#[must_use]
pub fn class(method: &Method, path: &str, query: &str) -> Class {
    let below = |roots: &[&str]| {
        roots.iter().any(|root| {
            path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let belongs_to_a_request = || query.split('&').any(|pair| pair.starts_with("interaction="));
    if path == urls::WEBFINGER {
        Class::New
    } else if below(&FREE) {
        Class::Free
    } else if below(&SECURITY) {
        Class::Security
    } else if below(&UNDER_WAY)
        || (method == Method::POST && below(&FORMS))
        // Asked before a script's request to the token endpoint (Fetch §4.8).
        || method == Method::OPTIONS
        || belongs_to_a_request()
    {
        Class::UnderWay
    } else {
        Class::New
    }
}

/// How busy the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests being answered, this one not among them.
    pub in_flight: usize,
    /// How many may be before new work is refused.
    pub max_requests: usize,
    /// Jobs that wait for the database.
    pub database: usize,
    /// How many may.
    pub database_queue: usize,
    /// Jobs that wait for a thread that hashes passwords.
    pub passwords: usize,
    /// How many may.
    pub passwords_queue: usize,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Too many requests are being answered.
    Requests,
    /// The database is behind.
    Database,
    /// The threads that hash passwords are behind.
    Passwords,
}

/// What `class` is refused for under `load`, if it is. New work leaves the last quarter of each queue
/// to what is under way, which runs into the queues' own ends and no other; how many requests there
/// may be at once grows with how much the class matters, and has an end for each.
#[must_use]
pub fn refusal(class: Class, load: &Load) -> Option<Full> {
    let requests = match class {
        Class::Free => return None,
        Class::New => load.max_requests,
        Class::UnderWay => load.max_requests.saturating_mul(2),
        Class::Security => load.max_requests.saturating_mul(4),
    };
    let three_quarters = |queue: usize| queue - queue / 4;
    if load.in_flight >= requests {
        Some(Full::Requests)
    } else if class != Class::New {
        None
    } else if load.database >= three_quarters(load.database_queue) {
        Some(Full::Database)
    } else if load.passwords >= three_quarters(load.passwords_queue) {
        Some(Full::Passwords)
    } else {
        None
    }
}

/// How much this process takes on.
#[derive(Debug)]
pub struct Admission {
    max_requests: usize,
    database_queue: usize,
    in_flight: AtomicUsize,
}

impl Admission {
    /// New work is refused from `max_requests` in flight, and from three quarters of the database's
    /// `database_queue` on.
    #[must_use]
    pub fn new(max_requests: usize, database_queue: usize) -> Arc<Self> {
        Arc::new(Self {
            max_requests: max_requests.max(1),
            database_queue: database_queue.max(1),
            in_flight: AtomicUsize::new(0),
        })
    }

    /// Requests being answered. One whose body is still on its way is none yet: a slow sender takes a
    /// connection, and no work.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn load(&self, state: &AppState) -> Load {
        let passwords = state.passwords.backlog();
        Load {
            in_flight: self.in_flight(),
            max_requests: self.max_requests,
            database: state.db.waiting(),
            database_queue: self.database_queue,
            passwords: passwords.waiting,
            passwords_queue: passwords.capacity,
        }
    }
}

/// One request's place among those in flight, until it is dropped.
#[derive(Debug)]
struct Place(Arc<Admission>);

impl Place {
    fn take(admission: &Arc<Admission>) -> Self {
        admission.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(admission))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that waits for its own sender; counts as in flight again once this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Rc<Place>);

impl Drop for Waiting {
    fn drop(&mut self) {
        let Place(admission) = self.0.as_ref();
        admission.in_flight.fetch_add(1, Ordering::Relaxed);
    }
}

/// Marks that `request` now waits for its sender.
pub(crate) fn waits_for_sender(request: &HttpRequest) -> Option<Waiting> {
    let place = request.extensions().get::<Weak<Place>>().and_then(Weak::upgrade)?;
    place.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    Some(Waiting(place))
}

/// Middleware: refuses what is too much by 503 with `Retry-After`, in JSON or as a page.
pub async fn admit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<State>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let path = request.path();
    let ours = path.strip_prefix(state.settings.issuer.path()).unwrap_or(path);
    let class = class(request.method(), ours, request.query_string());
    if class == Class::Free {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    if let Some(full) = refusal(class, &state.admission.load(&state)) {
        state.metrics.shed(class.as_str());
        let why = match full {
            Full::Requests => "too many requests in flight (server.max_requests)",
            Full::Database => "too many jobs wait for the database (database.queue)",
            Full::Passwords => "too many passwords wait to be hashed (password.concurrency)",
        };
        let told = fallback::refusal(&state, request.request(), ErrorCode::Overloaded, why);
        return Ok(request.into_response(told));
    }
    let place = Rc::new(Place::take(&state.admission));
    request.extensions_mut().insert(Rc::downgrade(&place));
    Ok(next.call(request).await?.map_into_boxed_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_work_is_told_from_what_is_under_way() {
        let get = Method::GET;
        let post = Method::POST;
        for (method, path, query, expected) in [
            (&get, "/authorize", "client_id=a", Class::New),
            (&post, "/authorize", "", Class::New),
            (&get, "/login", "", Class::New),
            (&get, "/login", "next=%2Faccount", Class::New),
            (&get, "/login", "a=1&interaction=x", Class::UnderWay),
            (&get, "/login", "no_interaction=x", Class::New),
            (&post, "/login", "", Class::UnderWay),
            (&post, "/login/passkey", "", Class::UnderWay),
            (&get, "/login/verify", "", Class::UnderWay),
            (&get, "/authorize/resume/x", "", Class::UnderWay),
            (&get, "/authorize/resumed", "", Class::New),
            (&get, "/consent", "", Class::UnderWay),
            (&post, "/token", "", Class::UnderWay),
            (&Method::OPTIONS, "/token", "", Class::UnderWay),
            (&get, "/userinfo", "", Class::UnderWay),
            (&post, "/introspect", "", Class::Security),
            (&post, "/revoke", "", Class::Security),
            (&get, "/end_session", "", Class::Security),
            (&post, "/logout", "", Class::Security),
            (&get, "/register", "", Class::New),
            (&post, "/register", "", Class::UnderWay),
            (&post, "/connect/register", "", Class::New),
            (&get, "/.well-known/webfinger", "resource=a", Class::New),
            (&get, "/.well-known/openid-configuration", "", Class::Free),
            (&get, "/jwks", "", Class::Free),
            (&get, "/static/style.css", "", Class::Free),
            (&get, "/health/ready", "", Class::Free),
            (&get, "/healthy", "", Class::New),
            (&get, "/", "", Class::New),
            (&get, "/nowhere", "", Class::New),
        ] {
            assert_eq!(class(method, path, query), expected, "{method} {path}?{query}");
        }
    }

    #[test]
    fn what_matters_more_is_refused_later() {
        let calm =
            Load { max_requests: 10, database_queue: 8, passwords_queue: 4, ..Load::default() };
        for (load, new, under_way, security) in [
            (calm, None, None, None),
            (Load { in_flight: 9, ..calm }, None, None, None),
            (Load { in_flight: 10, ..calm }, Some(Full::Requests), None, None),
            (Load { in_flight: 20, ..calm }, Some(Full::Requests), Some(Full::Requests), None),
            (
                Load { in_flight: 40, ..calm },
                Some(Full::Requests),
                Some(Full::Requests),
                Some(Full::Requests),
            ),
            (Load { database: 5, ..calm }, None, None, None),
            (Load { database: 6, ..calm }, Some(Full::Database), None, None),
            (Load { passwords: 3, ..calm }, Some(Full::Passwords), None, None),
        ] {
            assert_eq!(refusal(Class::New, &load), new, "{load:?}");
            assert_eq!(refusal(Class::UnderWay, &load), under_way, "{load:?}");
            assert_eq!(refusal(Class::Security, &load), security, "{load:?}");
            assert_eq!(refusal(Class::Free, &load), None, "{load:?}");
        }
    }

    #[test]
    fn a_request_that_waits_for_its_sender_is_no_work() {
        let admission = Admission::new(1, 1);
        let place = Rc::new(Place::take(&admission));
        let request = actix_web::test::TestRequest::default().to_http_request();
        request.extensions_mut().insert(Rc::downgrade(&place));
        let waiting = waits_for_sender(&request);
        assert_eq!(admission.in_flight(), 0);
        drop(waiting);
        assert_eq!(admission.in_flight(), 1);
        drop(place);
        assert_eq!(admission.in_flight(), 0);
        assert!(waits_for_sender(&request).is_none(), "the request is over");
    }
}
