//! What the acceptance tests drive: the real server over a real database, on a clock of their own.
//!
//! [`TestApp`] is the server, [`Browser`] a person's browser, [`Rp`] a client that keeps to the
//! rules. A test body takes a `TestApp` and runs on both databases by [`on_both_databases!`].

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on has to fail, and nothing else uses this crate"
)]

mod app;
mod browser;
mod client_site;
mod clock;
pub mod conformance;
mod entropy;
mod factors;
pub mod forge;
mod mails;
mod relying_party;
mod rows;
mod sharing;
mod steps;

pub use app::{Backend, Instance, PASSWORD, SIGNING_ALGS, TestApp, outbound};
pub use browser::{Browser, Page};
pub use client_site::{ClientSite, Visit};
pub use clock::TestClock;
pub use entropy::CountedEntropy;
pub use mails::Received;
pub use relying_party::{Rp, Tokens, challenge_of};
pub use sharing::within;
pub use steps::answer_of;

/// Runs each test body on SQLite and on PostgreSQL; `started by f;` before them starts the server
/// by `async fn f(Backend) -> TestApp`.
#[macro_export]
macro_rules! on_both_databases {
    (started by $start:path; $($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {
        mod bodies {
            use super::*;
            pub async fn started(backend: $crate::Backend) -> $crate::TestApp {
                $start(backend).await
            }
            $($(#[$doc])* pub async fn $name($app: &$crate::TestApp) $body)*
        }
        mod sqlite {
            $(#[tokio::test] async fn $name() {
                let app = super::bodies::started($crate::Backend::Sqlite).await;
                super::bodies::$name(&app).await;
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() {
                let app = super::bodies::started($crate::Backend::Postgres).await;
                super::bodies::$name(&app).await;
            })*
        }
    };
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {
        $crate::on_both_databases! {
            started by $crate::TestApp::start;
            $($(#[$doc])* async fn $name($app: TestApp) $body)*
        }
    };
}
