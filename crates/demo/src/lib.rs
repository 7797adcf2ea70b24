//! A sample app that signs people in with Vestibule, as any third party would.
//!
//! It shares no code with the server and talks to it over HTTP only: discovery, the code flow with
//! PKCE, an ID token verified by the `openidconnect` crate, userinfo, refresh, revocation and
//! RP-initiated logout. It runs on a port of its own, keeps its sessions in memory, and speaks
//! plain HTTP to a server on the same machine, so it is for demonstrations and tests only.
//!
//! One file per concern: [`settings`], `http` (how requests leave), `provider` (what discovery
//! said), `sign_in` (request and callback), `tokens` (what one can do once signed in), `browsers`
//! (memory), `routes` and `views`.

mod browsers;
mod http;
mod jwt;
mod provider;
mod routes;
pub mod settings;
mod sign_in;
mod tokens;
mod trouble;
mod views;

use std::{sync::Arc, time::Duration};

use actix_web::{App, HttpServer, web};
use futures_util::future::try_join;

pub use crate::settings::DemoSettings;
use crate::{browsers::Browsers, http::HttpClient, provider::ProviderCell};

/// How often discovery is tried before the demo gives up on a server that does not come.
const DISCOVERY_TRIES: u32 = 120;
/// How long it waits between two tries.
const DISCOVERY_PAUSE: Duration = Duration::from_millis(250);

/// Why the sample app cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A setting is wrong.
    #[error("the sample app's settings: {0}")]
    Settings(String),
    /// Its port is taken or not allowed.
    #[error("the sample app cannot listen on {listen}: {source}")]
    Listen {
        /// The address asked for.
        listen: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The web server stopped with an error.
    #[error("the sample app stopped: {0}")]
    Stopped(std::io::Error),
    /// No server answered discovery in time.
    #[error("the sample app found no server at {issuer}: {reason}")]
    NoServer {
        /// Where it looked.
        issuer: String,
        /// What it saw last.
        reason: String,
    },
}

/// What every request of the sample app needs.
pub(crate) struct Shared {
    settings: DemoSettings,
    http: HttpClient,
    provider: ProviderCell,
    browsers: Browsers,
}

/// Runs the sample app until its future is dropped or its server stops. It may start before the
/// authorization server does: it asks for discovery until that answers, for half a minute.
///
/// # Errors
/// See [`DemoError`].
pub async fn run(settings: DemoSettings) -> Result<(), DemoError> {
    settings.check().map_err(DemoError::Settings)?;
    let http = HttpClient::new().map_err(|error| DemoError::Settings(error.to_string()))?;
    let listen = settings.listen.clone();
    let shared = web::Data::new(Shared {
        settings,
        http,
        provider: ProviderCell::default(),
        browsers: Browsers::default(),
    });
    let for_app = shared.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(for_app.clone())
            .app_data(web::FormConfig::default().limit(16 * 1024))
            .wrap(routes::security_headers(&for_app.settings))
            .configure(routes::configure)
    })
    .workers(1)
    .disable_signals()
    .bind(&listen)
    .map_err(|source| DemoError::Listen { listen, source })?
    .run();
    try_join(
        async { server.await.map_err(DemoError::Stopped) },
        wait_for_server(shared.into_inner(), DISCOVERY_PAUSE),
    )
    .await
    .map(|_| ())
}

/// Asks for discovery until it answers, a bounded number of times.
async fn wait_for_server(shared: Arc<Shared>, pause: Duration) -> Result<(), DemoError> {
    let mut reason = String::new();
    for _ in 0..DISCOVERY_TRIES {
        match shared.provider.load(&shared.settings, &shared.http).await {
            Ok(_) => return Ok(()),
            Err(trouble) => reason = trouble.to_string(),
        }
        tokio::time::sleep(pause).await;
    }
    Err(DemoError::NoServer { issuer: shared.settings.issuer.clone(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(listen: &str) -> DemoSettings {
        DemoSettings {
            // Port 9 (discard) answers nobody.
            issuer: "http://127.0.0.1:9".into(),
            listen: listen.into(),
            public_url: "http://localhost:8081".into(),
            client_id: "demo".into(),
            client_secret: "very-secret".into(),
            name: "Sample app".into(),
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_told_at_once() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = taken.local_addr().unwrap().to_string();
        assert!(matches!(run(settings(&listen)).await, Err(DemoError::Listen { .. })));
    }

    #[tokio::test]
    async fn a_public_issuer_is_refused() {
        let settings =
            DemoSettings { issuer: "https://id.example".into(), ..settings("127.0.0.1:0") };
        assert!(matches!(run(settings).await, Err(DemoError::Settings(_))));
    }

    #[tokio::test]
    async fn a_server_that_never_comes_ends_the_wait() {
        let shared = Shared {
            settings: settings("127.0.0.1:0"),
            http: HttpClient::new().unwrap(),
            provider: ProviderCell::default(),
            browsers: Browsers::default(),
        };
        let outcome = wait_for_server(Arc::new(shared), Duration::ZERO).await;
        assert!(matches!(outcome, Err(DemoError::NoServer { .. })), "{outcome:?}");
    }

    #[test]
    fn it_can_be_spawned_on_any_runtime() {
        fn spawnable(_: impl Future + Send + 'static) {}
        spawnable(run(settings("127.0.0.1:0")));
    }
}
