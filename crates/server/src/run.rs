//! From a wired server to its end: serve, stop in good order.

use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::rt;

use crate::app::Site;
use crate::config;
use crate::fault::Fault;
use crate::intake::{self, Intake};
use crate::jobs::reseal::Resealer;
use crate::jobs::sweep::Sweeper;
use crate::jobs::{logout, mail};
use crate::listening::Listening;
use crate::stop::{self, CLOSING, Limits, StopSignals};
use crate::wire::{self, Wired};

/// Serves until a stop signal; returns when the last request is answered. When
/// `server.shutdown_timeout` is over the process ends, wherever that is. `announce` is called once the
/// server can be reached.
///
/// Runs inside an actix system, which is not to be dropped afterwards: it would wait, without an end,
/// for what waits for a database that does not answer.
///
/// # Errors
/// A listener that cannot be used.
pub async fn run(
    wired: Wired,
    listening: Listening,
    signals: StopSignals,
    announce: impl FnOnce(),
) -> Result<(), Fault> {
    let Wired { config, state, figures, health, key_watch } = wired;
    let limits = Limits::of(config.server.shutdown_timeout, config.server.drain_delay);
    let address = listening.address;
    let metrics = config.metrics.listen.map(|listen| figures.server(listen)).transpose()?;
    let site = Site::new(state.clone(), Arc::clone(&health));
    let activity = Arc::clone(&site.activity);
    let intake = intake(&config.server, limits);
    let server = site.serve(listening.into_listener(), intake)?;
    let metrics_handle = metrics.as_ref().map(Server::handle);
    let mut beside = vec![
        rt::spawn(Resealer::new(state.clone()).run(Arc::clone(&activity))),
        rt::spawn(mail::run(state.clone(), config.mail.smtp.clone(), Arc::clone(&activity))),
        rt::spawn(logout::run(state.clone(), Arc::clone(&activity))),
        rt::spawn(Sweeper::new(state.clone(), config.retention).run(activity)),
        rt::spawn(key_watch.run()),
    ];
    beside.extend(metrics.map(|metrics| {
        rt::spawn(async {
            if let Err(fault) = metrics.await {
                tracing::error!(event = "metrics.stopped", %fault);
            }
        })
    }));
    tracing::info!(
        event = "server.started", issuer = state.settings.issuer.as_str(), %address,
        version = env!("CARGO_PKG_VERSION"), "listening on {address}"
    );
    announce();
    let stopped = stop::on_signal(signals, server.handle(), health, limits);
    let ended = tokio::select! {
        biased;
        ended = server => ended,
        // With the server, all that it still does is dropped.
        () = stopped => Ok(()),
    };
    if let Some(handle) = metrics_handle {
        handle.stop(false).await;
    }
    for task in &beside {
        task.abort();
    }
    for task in beside {
        // Cut off: with its end its turn goes back, while the database still takes that.
        let _ = task.await;
    }
    let db = state.db.clone();
    let closed = tokio::task::spawn_blocking(move || db.shutdown());
    if tokio::time::timeout(CLOSING, closed).await.is_err() {
        tracing::warn!(event = "database.busy", "the database is still at work; leaving it");
    }
    state.cache.shutdown();
    tracing::info!(event = "server.stopped");
    ended.map_err(Fault::io("the server stopped"))
}

fn intake(settings: &config::Server, limits: Limits) -> Intake {
    Intake {
        workers: settings.workers.unwrap_or_else(wire::cores),
        max_connections: settings.max_connections.unwrap_or_else(intake::connections_allowed),
        keep_alive: settings.keep_alive,
        header_timeout: settings.header_timeout,
        send_timeout: settings.send_timeout,
        shutdown_timeout: limits.finish,
    }
}
