//! How connections come in, and how many.

pub mod line;

use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Protocol, error::DispatchError};
use actix_server::Server as Listening;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server};
use actix_web::rt::net::TcpStream;
use actix_web::{App, web::ServiceConfig};
use futures_util::future::ready;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::fault::Fault;
use line::{Line, Patience};

/// Files that the process opens besides connections: the database's, logs, outgoing requests.
const OTHER_FILES: u64 = 256;
/// More connections than this are not of use to one process.
const MOST_CONNECTIONS: u64 = 25_000;
/// How long somebody who stopped sending is still worked for.
const GONE: Duration = Duration::from_secs(2);
/// How long the rest of a body is taken in and thrown away, so that its sender reads the refusal.
const LINGER: Duration = Duration::from_secs(1);

/// How requests are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// Threads that serve them.
    pub workers: usize,
    /// How many connections may be open at once; more wait in the system's queue.
    pub max_connections: usize,
    /// How long a connection may sit idle.
    pub keep_alive: Duration,
    /// How long a client may take to send a request's head.
    pub header_timeout: Duration,
    /// How long an answer may wait to be taken.
    pub send_timeout: Duration,
    /// How long requests may finish once the server is told to stop.
    pub shutdown_timeout: Duration,
}

impl Default for Intake {
    /// As `server.*` has it by default, with one thread.
    fn default() -> Self {
        Self {
            workers: 1,
            max_connections: 1_024,
            keep_alive: Duration::from_secs(75),
            header_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Serves what `configure` registers on `listener`, inside an actix system.
///
/// # Errors
/// A listener that cannot be used.
pub fn serve<F>(listener: TcpListener, intake: Intake, configure: F) -> Result<Server, Fault>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = intake.workers.max(1);
    let builder = Listening::build()
        .workers(workers)
        .max_concurrent_connections((intake.max_connections / workers).max(1))
        // Whole seconds, and none would mean not to wait at all.
        .shutdown_timeout(intake.shutdown_timeout.as_secs().max(1))
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let patience = Patience { head: intake.header_timeout, send: intake.send_timeout, gone: GONE };
    let bound = builder.listen("vestibule", listener, move || {
        let (configure, stopping) = (configure.clone(), stopping.clone());
        let app = map_config(App::new().configure(configure), |()| AppConfig::default());
        let http = HttpService::build()
            // Idle connections close when the server stops, the others after their answer.
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(KeepAlive::Timeout(intake.keep_alive))
            .client_request_timeout(intake.header_timeout)
            .client_disconnect_timeout(LINGER)
            .on_connect_ext(|line: &Line<TcpStream>, known| {
                known.insert(line.talk());
            })
            .finish(app);
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let line = Line::new(stream, patience);
            ready(Ok::<_, DispatchError>((line, Protocol::Http1, peer)))
        })
        .and_then(http)
    });
    Ok(bound.map_err(Fault::io("cannot listen"))?.run())
}

/// How many connections the process may have open, as far as the system lets it open files: asks
/// for as many as the administrator allows, for the usual limit of 1024 is soon reached.
#[must_use]
pub fn connections_allowed() -> usize {
    let wanted = MOST_CONNECTIONS + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut allowed = current.unwrap_or(wanted);
    if allowed < wanted {
        let raised = maximum.unwrap_or(wanted).min(wanted);
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            allowed = raised;
        }
    }
    let left = allowed.saturating_sub(OTHER_FILES).clamp(64, MOST_CONNECTIONS);
    usize::try_from(left).unwrap_or(64)
}
