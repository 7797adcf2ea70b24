//! `/health/live` and `/health/ready`: what an orchestrator asks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, Scope, web};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use vestibule_cache::BreakerState;
use vestibule_model::client::SigningAlg;
use vestibule_storage::{Db, StorageError};
use vestibule_web::{AppState, State};

/// How long the probe may take before the server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long an answer is good for whoever asks next. Anybody may ask, as often as they like: what the
/// probe costs must not grow with that.
const GOOD_FOR: Duration = Duration::from_millis(250);

/// How often a database that takes no more is looked at, whether it does anything.
const LOOK: Duration = Duration::from_millis(20);

/// What readiness says while Redis is away.
const WITHOUT_REDIS: &str = "Redis does not answer: limits are counted by each instance, and what an \
                             instance keeps may be as old as redis.max_staleness; fix: see \
                             `vestibule doctor`";

/// What is wrong, one sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What keeps the server from being ready.
    pub reasons: Vec<String>,
    /// What it goes on without.
    pub degraded: Vec<String>,
}

impl From<Vec<String>> for Report {
    fn from(reasons: Vec<String>) -> Self {
        Self { reasons, degraded: Vec::new() }
    }
}

type Probe = dyn Fn() -> Pin<Box<dyn Future<Output = Report>>> + Send + Sync;

/// The server's health.
pub struct Health {
    draining: AtomicBool,
    probe: Box<Probe>,
    /// What the probe said last, and when. Held while it is asked: the others wait for its answer.
    latest: Mutex<Option<(Instant, Report)>>,
}

impl Health {
    /// The health of a server: its database, its keys and what instances share.
    #[must_use]
    pub fn of(state: &State) -> Arc<Self> {
        let state = state.clone();
        Self::new(move || {
            let state = state.clone();
            async move { look(&state).await }
        })
    }

    /// A health that `probe` knows.
    pub fn new<F, R>(probe: F) -> Arc<Self>
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output: Into<Report>> + 'static,
    {
        let probe = Box::new(move || -> Pin<Box<dyn Future<Output = Report>>> {
            let asked = probe();
            Box::pin(async { asked.await.into() })
        });
        Arc::new(Self { draining: AtomicBool::new(false), probe, latest: Mutex::default() })
    }

    /// From now on: not ready, for the server is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    async fn report(&self) -> Report {
        if self.draining.load(Ordering::Relaxed) {
            return vec!["the server is stopping".to_owned()].into();
        }
        let mut latest = self.latest.lock().await;
        if let Some((_, report)) = latest.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
            return report.clone();
        }
        let patience = || vec![format!("no answer within {} s", PATIENCE.as_secs())].into();
        let report = timeout(PATIENCE, (self.probe)()).await.unwrap_or_else(|_| patience());
        *latest = Some((Instant::now(), report.clone()));
        report
    }
}

async fn look(state: &AppState) -> Report {
    let mut report = Report::default();
    match state.db.read(vestibule_storage::health::ping).await {
        Ok(()) => {}
        // Taken out for being busy, it would leave its work to the others, and they would be the
        // next. But who is busy gets something done: one whose queue only stands is not ready.
        Err(StorageError::Overloaded) => {
            gets_on(&state.db).await;
            report.degraded.push("more waits for the database than it can do".to_owned());
        }
        Err(fault) => {
            tracing::warn!(event = "health.database", %fault);
            report.reasons.push("the database does not answer".to_owned());
        }
    }
    let default = SigningAlg::default();
    if state.keys.peek().signing_kid(default).is_none() {
        report.reasons.push(format!("there is no {} key to sign with", default.as_str()));
    }
    // Whether anybody hears of changes shows before any request meets a dead Redis.
    let is_well = state.cache.state() == BreakerState::Closed && state.cache.is_listening();
    if state.cache.is_shared() && !is_well {
        report.degraded.push(WITHOUT_REDIS.to_owned());
    }
    report
}

/// Waits until the database answers a read, whosever it is.
async fn gets_on(db: &Db) {
    let since = std::time::Instant::now();
    while db.since_last_answer() > since.elapsed() {
        sleep(LOOK).await;
    }
}

/// The two routes, under `/health`.
pub fn scope(health: Arc<Health>) -> Scope {
    web::scope("/health")
        .app_data(web::Data::from(health))
        .route("/live", web::get().to(live))
        .route("/ready", web::get().to(ready))
        .route("/mirror", web::get().to(crate::doctor::mirror::reflect))
}

/// Middleware: while the server is about to stop, each answer is its connection's last, so that
/// proxies take their next request elsewhere.
pub async fn part<B: MessageBody>(
    health: Arc<Health>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut answered = next.call(request).await?;
    if health.is_draining() {
        answered.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(answered)
}

/// The process answers. Asks nothing of anybody, so that a slow database restarts no server.
async fn live() -> HttpResponse {
    answer(&mut HttpResponse::Ok(), &json!({ "status": "live" }))
}

/// The server can do its work. `degraded`, if it is there, says what it goes on without.
async fn ready(health: web::Data<Health>) -> HttpResponse {
    let Report { reasons, degraded } = health.report().await;
    let is_ready = reasons.is_empty();
    let mut body = json!({ "status": if is_ready { "ready" } else { "not ready" } });
    for (name, sentences) in [("reasons", reasons), ("degraded", degraded)] {
        if let Some(body) = body.as_object_mut().filter(|_| !sentences.is_empty()) {
            body.insert(name.to_owned(), sentences.into());
        }
    }
    let mut response =
        if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer(&mut response, &body)
}

fn answer(response: &mut actix_web::HttpResponseBuilder, body: &serde_json::Value) -> HttpResponse {
    response.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store"))).json(body)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use actix_web::{App, http::StatusCode, test};
    use futures_util::{FutureExt, future::join_all};
    use vestibule_storage::testing::TestDatabase;

    use super::*;

    async fn get(health: &Arc<Health>, path: &str) -> (StatusCode, serde_json::Value) {
        let app = test::init_service(App::new().service(scope(Arc::clone(health)))).await;
        let request = test::TestRequest::get().uri(path).to_request();
        let response = test::call_service(&app, request).await;
        assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
        let status = response.status();
        (status, test::read_body_json(response).await)
    }

    #[actix_web::test]
    async fn ready_says_what_is_missing() {
        let health = Health::new(|| async { vec!["the database does not answer".to_owned()] });
        let (status, body) = get(&health, "/health/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body["reasons"][0], "the database does not answer");
    }

    #[actix_web::test]
    async fn what_is_done_without_is_said_and_hinders_nothing() {
        let health = Health::new(|| async {
            Report { degraded: vec!["Redis does not answer".to_owned()], ..Report::default() }
        });
        let (status, body) = get(&health, "/health/ready").await;
        assert_eq!(status, StatusCode::OK);
        let expected = json!({ "status": "ready", "degraded": ["Redis does not answer"] });
        assert_eq!(body, expected);
    }

    #[actix_web::test]
    async fn ready_turns_when_the_server_stops() {
        let health = Health::new(|| async { Report::default() });
        assert_eq!(get(&health, "/health/ready").await.0, StatusCode::OK);
        health.drain();
        let (status, body) = get(&health, "/health/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body["reasons"][0], "the server is stopping");
        assert_eq!(get(&health, "/health/live").await.0, StatusCode::OK);
    }

    #[actix_web::test]
    async fn a_probe_without_an_answer_does_not_hang_the_question() {
        tokio::time::pause();
        let health = Health::new(std::future::pending::<Report>);
        let (status, body) = get(&health, "/health/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body["reasons"][0], "no answer within 3 s");
    }

    #[actix_web::test]
    async fn who_asks_at_once_or_again_shares_one_answer() {
        tokio::time::pause();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let health = Health::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async {
                sleep(Duration::from_secs(1)).await;
                Report::default()
            }
        });
        let all = (0..200).map(|_| get(&health, "/health/ready"));
        let answers = join_all(all).await;
        assert!(answers.iter().all(|(status, _)| *status == StatusCode::OK));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(Duration::from_millis(249)).await;
        get(&health, "/health/ready").await;
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        get(&health, "/health/ready").await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[actix_web::test]
    async fn a_database_gets_on_when_it_answers_anybody_and_not_before() {
        let mut database = TestDatabase::sqlite();
        database.settings_mut().pool_size = 1;
        let db = database.open();
        let (let_go, until) = std::sync::mpsc::channel::<()>();
        let (begun, at_it) = tokio::sync::oneshot::channel();
        let held = db.read_once(move |_| -> Result<(), StorageError> {
            let _ = begun.send(());
            let _ = until.recv();
            Ok(())
        });
        at_it.await.unwrap();
        let next = db.read(vestibule_storage::health::ping);
        let mut waiting = Box::pin(gets_on(&db));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(let_go);
        timeout(PATIENCE, waiting).await.expect("it gets on");
        assert_eq!((held.await, next.await), (Ok(()), Ok(())));
    }

    #[actix_web::test]
    async fn live_asks_nobody() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let health = Health::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { Report::default() }
        });
        assert_eq!(get(&health, "/health/live").await.0, StatusCode::OK);
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }
}
