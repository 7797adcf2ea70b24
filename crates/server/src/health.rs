//! `/health/live` and `/health/ready`: what an orchestrator asks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, Scope, web};
use serde_json::json;

/// How long the probe may take before the server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// What keeps a server from being ready, one sentence each; empty if nothing does.
pub type Reasons = Vec<String>;

type Probe = dyn Fn() -> Pin<Box<dyn Future<Output = Reasons>>> + Send + Sync;

/// The server's health.
pub struct Health {
    draining: AtomicBool,
    probe: Box<Probe>,
}

impl Health {
    /// A health that `probe` knows; it looks at the database and the keys.
    pub fn new<F, R>(probe: F) -> Arc<Self>
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Reasons> + 'static,
    {
        let probe =
            Box::new(move || -> Pin<Box<dyn Future<Output = Reasons>>> { Box::pin(probe()) });
        Arc::new(Self { draining: AtomicBool::new(false), probe })
    }

    /// From now on: not ready, for the server is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    async fn reasons(&self) -> Reasons {
        if self.draining.load(Ordering::Relaxed) {
            return vec!["the server is stopping".to_owned()];
        }
        let patience = format!("no answer within {} s", PATIENCE.as_secs());
        tokio::time::timeout(PATIENCE, (self.probe)()).await.unwrap_or_else(|_| vec![patience])
    }
}

/// The two routes, under `/health`.
pub fn scope(health: Arc<Health>) -> Scope {
    web::scope("/health")
        .app_data(web::Data::from(health))
        .route("/live", web::get().to(live))
        .route("/ready", web::get().to(ready))
}

/// The process answers. Asks nothing of anybody, so that a slow database restarts no server.
async fn live() -> HttpResponse {
    answer(&mut HttpResponse::Ok(), &json!({ "status": "live" }))
}

/// The server can do its work.
async fn ready(health: web::Data<Health>) -> HttpResponse {
    let reasons = health.reasons().await;
    if reasons.is_empty() {
        return answer(&mut HttpResponse::Ok(), &json!({ "status": "ready" }));
    }
    let body = json!({ "status": "not ready", "reasons": reasons });
    answer(&mut HttpResponse::ServiceUnavailable(), &body)
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
    async fn ready_turns_when_the_server_stops() {
        let health = Health::new(|| async { Vec::new() });
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
        let health = Health::new(std::future::pending);
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
            async { Vec::new() }
        });
        assert_eq!(get(&health, "/health/live").await.0, StatusCode::OK);
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }
}
