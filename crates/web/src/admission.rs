//! Who is let in when there is more to do than can be done.
//!
//! A server that takes everything finishes nothing: each request waits, its sender gives up and asks
//! again. So new work is refused early, at once and in a few microseconds, and what is under way gets
//! the capacity: somebody who has the sign-in page in front of them gets to the end, a code is
//! exchanged, a token is revoked.

use std::{
    cell::Cell,
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
use vestibule_model::{ErrorCode, OAuthError};

use crate::{
    cookies, fallback,
    request::own_path,
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
        || belongs_to_a_request()
    {
        Class::UnderWay
    } else {
        Class::New
    }
}

/// Pages whose forms take a password from whoever comes here for the first time.
const PASSWORDS: [&str; 3] = [urls::LOGIN, urls::REGISTER, urls::RECOVER];

/// Whether new work at `path` will most likely need a password to be hashed. Whoever is signed in
/// comes from an application and goes back to it without one.
fn needs_password(path: &str, has_session: bool) -> bool {
    PASSWORDS.contains(&path) || (path == urls::AUTHORIZE && !has_session)
}

/// How busy the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests being answered, this one not among them.
    pub in_flight: usize,
    /// How many may be before new work is refused.
    pub max_requests: usize,
    /// Jobs that wait for the database, in the longer queue.
    pub database: usize,
    /// How many may in each.
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

/// How many requests there may be at once before `class` is refused; none is too many if `None`.
/// More for what matters more.
const fn most(class: Class, max_requests: usize) -> Option<usize> {
    match class {
        Class::New => Some(max_requests),
        Class::UnderWay => Some(max_requests.saturating_mul(2)),
        Class::Security => Some(max_requests.saturating_mul(4)),
        Class::Free => None,
    }
}

/// What `class` is refused for under `load`, if it is. New work leaves the last quarter of each queue
/// that it `needs_password` or the database for to what is under way, which runs into the queues' own
/// ends and no other.
#[must_use]
pub fn refusal(class: Class, needs_password: bool, load: &Load) -> Option<Full> {
    let three_quarters = |queue: usize| queue - queue / 4;
    if load.in_flight >= most(class, load.max_requests)? {
        Some(Full::Requests)
    } else if class != Class::New {
        None
    } else if load.database >= three_quarters(load.database_queue) {
        Some(Full::Database)
    } else if needs_password && load.passwords >= three_quarters(load.passwords_queue) {
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
    /// Bytes of bodies on their way ([`body`](crate::body)).
    pub(crate) body_bytes: AtomicUsize,
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
            body_bytes: AtomicUsize::new(0),
        })
    }

    /// From how many requests in flight on new work is refused.
    #[must_use]
    pub const fn max_requests(&self) -> usize {
        self.max_requests
    }

    /// Requests being answered. One whose body is still on its way is none yet, and one that is held
    /// back on purpose is none: they take a connection, and no work.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Bytes of large bodies that are on their way.
    #[must_use]
    pub fn bodies(&self) -> usize {
        self.body_bytes.load(Ordering::Relaxed)
    }

    fn load(&self, state: &AppState) -> Load {
        let passwords = state.passwords.backlog();
        Load {
            in_flight: self.in_flight(),
            max_requests: self.max_requests,
            database: state.db.longest_queue(),
            database_queue: self.database_queue,
            passwords: passwords.waiting,
            passwords_queue: passwords.capacity,
        }
    }
}

/// One request's place among those in flight, until it is dropped.
#[derive(Debug)]
struct Place {
    admission: Arc<Admission>,
    class: Class,
    is_held: Cell<bool>,
}

impl Place {
    fn take(admission: &Arc<Admission>, class: Class) -> Self {
        admission.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { admission: Arc::clone(admission), class, is_held: Cell::new(true) }
    }

    /// Gives it to others.
    fn leave(&self) {
        if self.is_held.replace(false) {
            self.admission.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Takes one again if its class may have one more. Says whether it has one.
    fn take_again(&self) -> bool {
        let most = most(self.class, self.admission.max_requests).unwrap_or(usize::MAX);
        let one_more = |taken: usize| (taken < most).then_some(taken.saturating_add(1));
        let in_flight = &self.admission.in_flight;
        let is_held = self.is_held.get()
            || in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
        self.is_held.set(is_held);
        is_held
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request that is not worked on for a while: its sender keeps it waiting, or we the sender.
pub(crate) struct Aside(Option<(Rc<Place>, State)>);

impl Aside {
    /// `request` gives its place to others.
    pub(crate) fn step(request: &HttpRequest) -> Self {
        let place = request.extensions().get::<Weak<Place>>().and_then(Weak::upgrade);
        if let Some(place) = &place {
            place.leave();
        }
        Self(place.zip(request.app_data::<State>().cloned()))
    }

    /// It goes on, unless too many others do by now.
    pub(crate) fn back(self) -> Result<(), OAuthError> {
        let Some((place, state)) = self.0 else { return Ok(()) };
        if place.take_again() {
            return Ok(());
        }
        state.metrics.shed(place.class.as_str());
        Err(OAuthError::new(ErrorCode::Overloaded).because(TOO_MANY))
    }
}

/// What the log says of [`Full::Requests`].
const TOO_MANY: &str = "too many requests in flight (server.max_requests)";

/// Middleware: refuses what is too much by 503 with `Retry-After`, in JSON or as a page.
pub async fn admit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<State>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let http = request.request();
    let class = class(http.method(), own_path(http), http.query_string());
    if class == Class::Free {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let needs_password = needs_password(own_path(http), cookies::session(http).is_some());
    if let Some(full) = refusal(class, needs_password, &state.admission.load(&state)) {
        state.metrics.shed(class.as_str());
        let why = match full {
            Full::Requests => TOO_MANY,
            Full::Database => "too many jobs wait for the database (database.queue)",
            Full::Passwords => "too many passwords wait to be hashed (password.concurrency)",
        };
        let told = fallback::refusal(&state, http, ErrorCode::Overloaded, why);
        return Ok(request.into_response(told));
    }
    let place = Rc::new(Place::take(&state.admission, class));
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
            assert_eq!(refusal(Class::New, true, &load), new, "{load:?}");
            assert_eq!(refusal(Class::UnderWay, true, &load), under_way, "{load:?}");
            assert_eq!(refusal(Class::Security, true, &load), security, "{load:?}");
            assert_eq!(refusal(Class::Free, true, &load), None, "{load:?}");
            let without = new.filter(|full| *full != Full::Passwords);
            assert_eq!(refusal(Class::New, false, &load), without, "{load:?}");
        }
    }

    #[test]
    fn only_who_has_yet_to_type_a_password_needs_one() {
        for (path, has_session, needs) in [
            ("/authorize", false, true),
            ("/authorize", true, false),
            ("/login", true, true),
            ("/login", false, true),
            ("/register", false, true),
            ("/recover", false, true),
            ("/", false, false),
            ("/account", false, false),
            ("/connect/register", false, false),
            ("/.well-known/webfinger", false, false),
        ] {
            assert_eq!(needs_password(path, has_session), needs, "{path} {has_session}");
        }
    }

    #[test]
    fn a_place_that_was_left_is_taken_again_as_far_as_there_is_room() {
        let admission = Admission::new(1, 1);
        let request = actix_web::test::TestRequest::default().to_http_request();
        let place = Rc::new(Place::take(&admission, Class::New));
        request.extensions_mut().insert(Rc::downgrade(&place));
        let aside = Aside::step(&request);
        assert_eq!(admission.in_flight(), 0);
        assert!(place.take_again() && place.take_again());
        assert_eq!(admission.in_flight(), 1);
        place.leave();
        let other = Place::take(&admission, Class::New);
        assert!(!place.take_again(), "others took it");
        drop((place, aside));
        assert_eq!(admission.in_flight(), 1);
        drop(other);
        assert_eq!(admission.in_flight(), 0);
        drop(Aside::step(&request));
        assert_eq!(admission.in_flight(), 0, "the request is over");
    }

    #[actix_web::test]
    async fn an_answer_that_is_held_back_takes_no_place() {
        let admission = Admission::new(1, 1);
        let request = actix_web::test::TestRequest::default().to_http_request();
        let place = Rc::new(Place::take(&admission, Class::UnderWay));
        request.extensions_mut().insert(Rc::downgrade(&place));
        let hold = std::time::Duration::from_hours(1);
        let refused = crate::guessing::Refused { until: vestibule_model::Timestamp(0), hold };
        let waiting = futures_util::FutureExt::now_or_never(refused.wait(&request));
        assert!(waiting.is_none());
        assert_eq!(admission.in_flight(), 0);
    }
}
