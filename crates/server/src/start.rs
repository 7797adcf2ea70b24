//! From a configuration to a wired server. A database that cannot be reached is waited for, so that
//! nothing has to be started again once it is back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, rt, web};
use serde_json::json;
use vestibule_interaction::assets;
use vestibule_model::settings::Settings;
use vestibule_model::{Clock, ErrorCode};
use vestibule_web::{fallback, headers, html, urls};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::fault::Fault;
use crate::health::{self, Health};
use crate::intake::{self, Intake, line};
use crate::listening::Listening;
use crate::premises::Premises;
use crate::setup_link::{self, SetupLink};
use crate::stop::StopSignals;
use crate::wire::{self, Wired};

/// How long to wait before the second try, and between two tries at most.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(2);
/// How long those may take to read their 503 who were told to come again.
const FAREWELL: Duration = Duration::from_secs(1);
/// Seconds after which they should.
const RETRY_SECONDS: &str = "2";

/// A server that is ready to run.
pub struct Started {
    /// What it is made of.
    pub wired: Wired,
    /// Where it listens.
    pub listening: Listening,
    /// What makes the first administrator, if there is none.
    pub link: Option<SetupLink>,
}

/// Opens everything, as soon as the database can be reached. Until then it listens, says that it lives
/// and is not ready, and tells everybody to come again. `None` if a signal ends the wait.
///
/// # Errors
/// See [`Fault`]: whatever waiting does not help against.
pub async fn start(config: Config, signals: &mut StopSignals) -> Result<Option<Started>, Fault> {
    let mut waiting: Option<Waiting> = None;
    let mut pause = FIRST;
    loop {
        let settings = config.clone();
        let attempt = tokio::task::spawn_blocking(move || open(settings));
        let opened = tokio::select! {
            opened = attempt => opened.map_err(|fault| Fault::refused(fault.to_string()))?,
            _ = signals.next() => return Ok(None),
        };
        let fault = match opened {
            Err(Fault::Storage(fault)) if fault.is_passing() => fault,
            Err(fault) => return Err(fault),
            Ok((wired, link)) => {
                let listening = match waiting {
                    Some(waiting) => waiting.end().await,
                    None => Listening::at(&config.server)?,
                };
                return Ok(Some(Started { wired, listening, link }));
            }
        };
        match &mut waiting {
            Some(waiting) => waiting.note(&fault.to_string()),
            None => waiting = Some(Waiting::begin(&config, fault.to_string())?),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = signals.next() => return Ok(None),
        }
        pause = LONGEST.min(pause * 2);
    }
}

/// One try. What a former one left behind is found and used, or is over by itself. Blocks.
fn open(config: Config) -> Result<(Wired, Option<SetupLink>), Fault> {
    let premises = Premises::open(config)?;
    wire::refuse_demo_client(&premises)?;
    let link = setup_link::offer(&premises)?;
    Ok((wire::wire(premises)?, link))
}

/// What answers while the database is waited for.
struct Waiting {
    listening: Listening,
    handle: ServerHandle,
    /// Why the last try came to nothing.
    why: String,
}

impl Waiting {
    fn begin(config: &Config, why: String) -> Result<Self, Fault> {
        let listening = Listening::at(&config.server)?;
        let settings = Arc::new(config.settings());
        let reason = || async { vec!["the database cannot be reached; waiting for it".to_owned()] };
        let health = Health::new(reason);
        let intake = Intake {
            keep_alive: config.server.keep_alive,
            header_timeout: config.server.header_timeout,
            send_timeout: config.server.send_timeout,
            shutdown_timeout: FAREWELL,
            ..Intake::default()
        };
        let answer = move |config: &mut web::ServiceConfig| configure(config, &settings, &health);
        let server = intake::serve(listening.again()?, intake, answer)?;
        let handle = server.handle();
        rt::spawn(server);
        tracing::warn!(
            event = "server.waiting", why, address = %listening.address,
            "the database cannot be reached; waiting for it"
        );
        Ok(Self { listening, handle, why })
    }

    /// Says so if there is another reason by now.
    fn note(&mut self, why: &str) {
        if self.why != why {
            tracing::warn!(event = "server.waiting", why, "still waiting for the database");
            why.clone_into(&mut self.why);
        }
    }

    /// Gives the address back. Who connects from now on waits for the server itself.
    async fn end(self) -> Listening {
        self.handle.stop(true).await;
        self.listening
    }
}

fn configure(config: &mut web::ServiceConfig, settings: &Arc<Settings>, health: &Arc<Health>) {
    let probes = |at: &str| {
        web::scope(at)
            // The doctor's, which needs a server that is there.
            .route("/health/mirror", web::to(not_yet))
            .service(health::scope(Arc::clone(health)))
            // What the page is dressed in.
            .route("/static/{name}", web::get().to(asset))
            .default_service(web::to(not_yet))
    };
    let site = probes("").service(probes(settings.issuer.path()));
    config
        .app_data(web::Data::from(Arc::clone(settings)))
        .service(site.wrap(from_fn(headers::secure)).wrap(from_fn(line::answer)));
}

async fn asset(
    settings: web::Data<Settings>,
    http: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    match assets::found(&name) {
        Some(asset) => asset,
        None => not_yet(settings, http).await,
    }
}

/// A page for whoever opens one, and JSON for programs.
async fn not_yet(settings: web::Data<Settings>, http: HttpRequest) -> HttpResponse {
    let path = http.match_info().as_str();
    let path = path.strip_prefix(settings.issuer.path()).unwrap_or(path);
    let mut answer = if fallback::wants_page(&http) && !urls::is_for_programs(path) {
        html::not_yet(&settings, SystemClock.now(), &http)
    } else {
        let code = ErrorCode::Overloaded;
        HttpResponse::ServiceUnavailable()
            .json(json!({ "error": code.wire().as_str(), "error_description": code.title() }))
    };
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    answer
}
