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

/// How long the probe may take before the server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(3);

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
}

impl Health {
    /// A health that `probe` knows; it looks at the database, the keys and what instances share.
    pub fn new<F, R>(probe: F) -> Arc<Self>
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output: Into<Report>> + 'static,
    {
        let probe = Box::new(move || -> Pin<Box<dyn Future<Output = Report>>> {
            let asked = probe();
            Box::pin(async { asked.await.into() })
        });
        Arc::new(Self { draining: AtomicBool::new(false), probe })
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
        let patience = format!("no answer within {} s", PATIENCE.as_secs());
        let asked = tokio::time::timeout(PATIENCE, (self.probe)());
        asked.await.unwrap_or_else(|_| vec![patience].into())
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
