//! Figures for Prometheus, on a port of their own.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, dev::Server, http::header, web};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, Registry, TextEncoder, process_collector::ProcessCollector};

/// Why there can be no figures.
#[derive(Debug, thiserror::Error)]
pub enum MetricsFault {
    /// Two instruments of one name, or the like.
    #[error("the metrics registry: {0}")]
    Registry(#[from] prometheus::Error),
    /// The exporter.
    #[error("the metrics exporter: {0}")]
    Exporter(String),
    /// The port is taken, or not allowed.
    #[error("cannot listen on {listen} for metrics (metrics.listen): {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Where instruments are registered and read.
#[derive(Clone)]
pub struct Figures {
    registry: Registry,
    provider: SdkMeterProvider,
}

impl Figures {
    /// An empty registry with the figures of the process itself: memory, processor time, open
    /// files, start time.
    ///
    /// # Errors
    /// See [`MetricsFault`].
    pub fn new() -> Result<Self, MetricsFault> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
            .map_err(|fault| MetricsFault::Exporter(fault.to_string()))?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        Ok(Self { registry, provider })
    }

    /// Where instruments are made.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.provider.meter("vestibule")
    }

    /// Every figure in Prometheus' text form.
    ///
    /// # Errors
    /// A figure that cannot be written.
    pub fn text(&self) -> Result<String, MetricsFault> {
        let mut text = String::new();
        TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// A server that answers `GET /metrics` on `listen`.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn server(&self, listen: SocketAddr) -> Result<Server, MetricsFault> {
        let figures = web::Data::new(self.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(figures.clone()).route("/metrics", web::get().to(answer))
        });
        let bound = server.workers(1).disable_signals().bind(listen);
        Ok(bound.map_err(|source| MetricsFault::Listen { listen, source })?.run())
    }
}

async fn answer(figures: web::Data<Figures>) -> HttpResponse {
    match figures.text() {
        Ok(text) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, TextEncoder::new().format_type().to_owned()))
            .body(text),
        Err(fault) => {
            tracing::error!(event = "metrics.failed", %fault);
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test;
    use opentelemetry::KeyValue;

    use super::*;

    #[actix_web::test]
    async fn instruments_and_the_process_are_shown() {
        let figures = Figures::new().unwrap();
        let counter = figures.meter().u64_counter("vestibule.token.requests").build();
        counter.add(3, &[KeyValue::new("outcome", "ok")]);
        let app =
            App::new().app_data(web::Data::new(figures)).route("/metrics", web::get().to(answer));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri("/metrics").to_request();
        let response = test::call_service(&app, request).await;
        let kind = response.headers().get(header::CONTENT_TYPE).unwrap();
        assert!(kind.to_str().unwrap().starts_with("text/plain"), "{kind:?}");
        let body = test::read_body(response).await;
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("vestibule_token_requests_total{outcome=\"ok\"} 3"), "{text}");
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }
}
