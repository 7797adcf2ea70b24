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
mod clock;
mod entropy;
pub mod forge;
mod relying_party;
mod rows;
mod steps;

pub use app::{Backend, PASSWORD, TestApp};
pub use browser::{Browser, Page};
pub use clock::TestClock;
pub use entropy::CountedEntropy;
pub use relying_party::{Rp, Tokens, challenge_of};
pub use steps::answer_of;

/// Runs each test body on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: TestApp) $body:block)*) => {
        mod bodies {
            use super::*;
            $($(#[$doc])* pub async fn $name($app: &$crate::TestApp) $body)*
        }
        mod sqlite {
            $(#[tokio::test] async fn $name() {
                let app = $crate::TestApp::start($crate::Backend::Sqlite).await;
                super::bodies::$name(&app).await;
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() {
                let app = $crate::TestApp::start($crate::Backend::Postgres).await;
                super::bodies::$name(&app).await;
            })*
        }
    };
}
