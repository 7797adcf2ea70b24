//! From a wired server to its end: listen, serve, stop in good order.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::rt;
use tokio::net::TcpSocket;

use crate::app::Site;
use crate::config;
use crate::fault::Fault;
use crate::health::Health;
use crate::intake::{self, Intake};
use crate::jobs::reseal::Resealer;
use crate::jobs::sweep::Sweeper;
use crate::jobs::{logout, mail};
use crate::wire::{self, Wired};

/// What is left of the time to stop for closing the database.
const CLOSING: Duration = Duration::from_secs(1);

/// Listens and serves until a stop signal; returns when the last request is answered, or when
/// `server.shutdown_timeout` is over. Runs inside an actix system. `announce` is called once the
/// server can be reached.
///
/// # Errors
/// An address that cannot be listened on.
pub async fn run(wired: Wired, announce: impl FnOnce()) -> Result<(), Fault> {
    let Wired { config, state, figures, health, key_watch } = wired;
    let limits = Limits::of(config.server.shutdown_timeout, config.server.drain_delay);
    let (listener, address) = listen(config.server.listen, config.server.backlog)
        .map_err(Fault::io(format!("cannot listen on {} (server.listen)", config.server.listen)))?;
    let metrics = config.metrics.listen.map(|listen| figures.server(listen)).transpose()?;
    let site = Site::new(state.clone(), Arc::clone(&health));
    let activity = Arc::clone(&site.activity);
    let intake = intake(&config.server, limits);
    let server = site.serve(listener, intake)?;
    let signals = StopSignals::take().map_err(Fault::io("cannot take stop signals"))?;
    let metrics_handle = metrics.as_ref().map(Server::handle);
    let mut beside = vec![
        rt::spawn(Resealer::new(state.clone()).run(Arc::clone(&activity))),
        rt::spawn(mail::run(state.clone(), config.mail.smtp.clone(), Arc::clone(&activity))),
        rt::spawn(logout::run(state.clone(), Arc::clone(&activity))),
        rt::spawn(Sweeper::new(state.clone(), config.retention).run(activity)),
        rt::spawn(key_watch.run()),
        rt::spawn(stop_on_signal(signals, server.handle(), health, limits)),
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
    let ended = server.await;
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

/// Gives back the address too, which has the port that port 0 became.
fn listen(address: SocketAddr, backlog: u32) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart need not wait for the last connections of the one before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(backlog)?.into_std()?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// How the time to stop is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limits {
    /// Still answering, but telling load balancers to go elsewhere.
    drain: Duration,
    /// Finishing requests.
    finish: Duration,
    /// The end, whatever is left to do.
    total: Duration,
}

impl Limits {
    fn of(total: Duration, drain: Duration) -> Self {
        Self { drain, finish: total.saturating_sub(drain + CLOSING), total }
    }
}

async fn stop_on_signal(
    mut signals: StopSignals,
    handle: ServerHandle,
    health: Arc<Health>,
    limits: Limits,
) {
    let asked = signals.next().await;
    tracing::info!(event = "server.stopping", "finishing requests under way");
    health.drain();
    let left = limits.total;
    rt::spawn(async move {
        tokio::time::sleep(left).await;
        tracing::warn!(event = "server.cut_off", "requests under way were cut off");
        std::process::exit(1);
    });
    if asked != Stop::Interrupted {
        tokio::select! {
            () = tokio::time::sleep(limits.drain) => {}
            _ = signals.next() => {}
        }
    }
    tokio::select! {
        () = handle.stop(true) => {}
        // Whoever asks twice does not want to wait.
        _ = signals.next() => handle.stop(false).await,
    }
}

/// Who asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Whatever keeps services running: load balancers have to be told.
    #[cfg(unix)]
    Terminated,
    /// A person at a terminal: nobody has to.
    Interrupted,
}

/// The signals that ask a process to end. They do so from the moment this is made, and not only
/// once somebody waits for them.
#[cfg(unix)]
struct StopSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    fn take() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.terminate.recv() => Stop::Terminated,
            _ = self.interrupt.recv() => Stop::Interrupted,
        }
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
    fn take() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Stop {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Stop::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_stop_is_never_overdrawn() {
        for (total, drain) in [(30, 0), (30, 10), (1, 0), (2, 5)] {
            let limits = Limits::of(Duration::from_secs(total), Duration::from_secs(drain));
            assert!(limits.finish <= limits.total, "{limits:?}");
        }
        let limits = Limits::of(Duration::from_secs(30), Duration::from_secs(5));
        assert_eq!(limits.finish, Duration::from_secs(24));
    }
}
