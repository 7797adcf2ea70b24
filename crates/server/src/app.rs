//! The HTTP application: routes, the order of middleware, and the workers that serve it.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, body::MessageBody, web};
use vestibule_web::{State, admission, cors, fallback, headers, host, rate_limit, request};

use crate::fault::Fault;
use crate::health::{self, Health};
use crate::intake::{self, Intake, line};
use crate::jobs::Activity;

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
        intake::serve(listener, intake, move |config| self.configure(config))
    }

    /// Registers every route and middleware. The last `wrap` is the outermost: every answer, health
    /// and 404 included, is named, logged and measured, and carries the headers; a refusal too can be
    /// read by the scripts that may. Only what answers for a handler that panicked passes them by.
    pub fn configure(&self, config: &mut web::ServiceConfig) {
        let path = self.state.settings.issuer.path();
        let activity = Arc::clone(&self.activity);
        let state = self.state.clone();
        let mark = move |request: ServiceRequest, next| {
            mark(Arc::clone(&activity), state.clone(), request, next)
        };
        let health = Arc::clone(&self.health);
        let part =
            move |request: ServiceRequest, next| health::part(Arc::clone(&health), request, next);
        let root = web::scope("")
            .service(health::scope(Arc::clone(&self.health)))
            .configure(|config| vestibule_protocol::host_routes(config, path));
        let ours = web::scope(path)
            .service(health::scope(Arc::clone(&self.health)))
            .configure(vestibule_protocol::routes)
            .configure(vestibule_interaction::routes)
            .default_service(web::to(fallback::not_found))
            .wrap(from_fn(cors::look_up))
            .wrap(from_fn(rate_limit::hold))
            .wrap(from_fn(host::keep))
            .wrap(from_fn(mark));
        config.app_data(self.state.clone()).service(
            root.service(ours)
                .default_service(web::to(fallback::not_found))
                .wrap(from_fn(fallback::explain))
                .wrap(from_fn(admission::admit))
                .wrap(from_fn(cors::answer))
                .wrap(from_fn(headers::secure))
                .wrap(from_fn(request::observe))
                .wrap(from_fn(part))
                .wrap(from_fn(line::answer)),
        );
    }
}

/// Somebody came: jobs that rest while nobody does go on.
async fn mark<B: MessageBody>(
    activity: Arc<Activity>,
    state: State,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !request::own_path(request.request()).starts_with("/health/") {
        activity.mark();
        state.keys.settle(state.now()).await;
    }
    next.call(request).await
}
