//! How the server is told to stop, and how long it may take.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::dev::ServerHandle;

use crate::fault::Fault;
use crate::health::Health;

/// What is left of the time to stop for closing the database.
pub(crate) const CLOSING: Duration = Duration::from_secs(1);

/// How the time to stop is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Still answering, but telling load balancers to go elsewhere.
    drain: Duration,
    /// Finishing requests.
    pub(crate) finish: Duration,
    /// The end, whatever is left to do.
    total: Duration,
}

impl Limits {
    pub(crate) fn of(total: Duration, drain: Duration) -> Self {
        Self { drain, finish: total.saturating_sub(drain + CLOSING), total }
    }
}

/// Stops the server in good order once a signal asks for it. Ends when a second one does: whoever asks
/// twice does not want to wait.
pub(crate) async fn on_signal(
    mut signals: StopSignals,
    handle: ServerHandle,
    health: Arc<Health>,
    limits: Limits,
) {
    let asked = signals.next().await;
    tracing::info!(event = "server.stopping", "finishing requests under way");
    health.drain();
    end_after(limits.total);
    let in_good_order = async {
        if asked != Stop::Interrupted {
            tokio::time::sleep(limits.drain).await;
        }
        handle.stop(true).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = in_good_order => {}
        _ = signals.next() => tracing::warn!(event = "server.cut_off", "asked to stop again"),
    }
}

/// Ends the process after that time. By a thread of its own: what keeps the process may be a runtime
/// that waits for a database without an answer.
fn end_after(time: Duration) {
    let end = move || {
        #[expect(clippy::disallowed_methods, reason = "nothing but the time is waited for")]
        thread::sleep(time);
        tracing::warn!(event = "server.cut_off", "the time to stop is over");
        std::process::exit(1);
    };
    if let Err(fault) = thread::Builder::new().name("end".to_owned()).spawn(end) {
        tracing::error!(event = "server.unlimited", %fault, "nothing bounds the time to stop");
    }
}

/// Who asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Whatever keeps services running: load balancers have to be told.
    #[cfg(unix)]
    Terminated,
    /// A person at a terminal: nobody has to.
    Interrupted,
}

/// The signals that ask a process to end. They do so from the moment this is made, and not only
/// once somebody waits for them.
#[cfg(unix)]
pub struct StopSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    /// Inside a runtime.
    ///
    /// # Errors
    /// What the system says.
    pub fn take() -> Result<Self, Fault> {
        use tokio::signal::unix::{SignalKind, signal};
        let taken = |kind| signal(kind).map_err(Fault::io("cannot take stop signals"));
        Ok(Self {
            terminate: taken(SignalKind::terminate())?,
            interrupt: taken(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.terminate.recv() => Stop::Terminated,
            _ = self.interrupt.recv() => Stop::Interrupted,
        }
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
pub struct StopSignals;

#[cfg(not(unix))]
impl StopSignals {
    /// Inside a runtime.
    ///
    /// # Errors
    /// None here.
    pub fn take() -> Result<Self, Fault> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Stop {
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
