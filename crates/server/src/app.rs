//! The HTTP application: routes, the order of middleware, and the workers that serve it.

use std::net::TcpListener;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpServer, body::MessageBody, web};
use vestibule_web::{State, fallback, headers, request};

use crate::fault::Fault;
use crate::health::{self, Health};
use crate::jobs::Activity;

/// How long a connection may sit idle. Longer than proxies keep theirs, so that none sends into a
/// closed one.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything a worker's application is made of.
#[derive(Clone)]
pub struct Site {
    /// What handlers reach.
    pub state: State,
    /// What orchestrators ask.
    pub health: Arc<Health>,
    /// Tells the jobs that somebody came.
    pub activity: Arc<Activity>,
}

/// How requests are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// Threads; `None` is one a core.
    pub workers: Option<usize>,
    /// How long requests may finish once the server is told to stop.
    pub shutdown_timeout: Duration,
}

/// Serves the application on `listener`, inside an actix system.
///
/// # Errors
/// A listener that cannot be used.
pub fn serve(
    state: State,
    health: Arc<Health>,
    listener: TcpListener,
    intake: Intake,
) -> Result<Server, Fault> {
    Site::new(state, health).serve(listener, intake)
}

impl Site {
    /// The application over `state`.
    #[must_use]
    pub fn new(state: State, health: Arc<Health>) -> Self {
        Self { state, health, activity: Arc::default() }
    }

    /// Serves it on `listener`, inside an actix system.
    ///
    /// # Errors
    /// A listener that cannot be used.
    pub fn serve(self, listener: TcpListener, intake: Intake) -> Result<Server, Fault> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let server = HttpServer::new(move || App::new().configure(|config| self.configure(config)))
            .workers(intake.workers.unwrap_or(cores))
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIMEOUT)
            // Whole seconds, and none would mean not to wait at all.
            .shutdown_timeout(intake.shutdown_timeout.as_secs().max(1))
            .disable_signals()
            .listen(listener)
            .map_err(Fault::io("cannot listen"))?;
        Ok(server.run())
    }

    /// Registers every route and middleware. The last `wrap` is the outermost: every answer, health
    /// and 404 included, is named, logged and measured, and carries the headers.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        let path = self.state.settings.issuer.path();
        let activity = Arc::clone(&self.activity);
        let mark = move |request: ServiceRequest, next| mark(Arc::clone(&activity), request, next);
        let root = web::scope("")
            .service(health::scope(Arc::clone(&self.health)))
            .configure(|config| vestibule_protocol::host_routes(config, path));
        let ours = web::scope(path)
            .service(health::scope(Arc::clone(&self.health)))
            .configure(vestibule_protocol::routes)
            .configure(vestibule_interaction::routes)
            .default_service(web::to(fallback::not_found))
            .wrap(from_fn(mark));
        config.app_data(self.state.clone()).service(
            root.service(ours)
                .default_service(web::to(fallback::not_found))
                .wrap(from_fn(fallback::explain))
                .wrap(from_fn(headers::secure))
                .wrap(from_fn(request::observe)),
        );
    }
}

async fn mark<B: MessageBody>(
    activity: Arc<Activity>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !request.path().contains("/health/") {
        activity.mark();
    }
    next.call(request).await
}
