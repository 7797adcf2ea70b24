//! The rows: SQLite and PostgreSQL behind one set of repositories.
//!
//! This is the only crate that names Diesel. Its bodies are synchronous and run on threads of its
//! own: [`Db::read`] and [`Db::write`] take a closure, run it on a worker and return a [`Pending`]
//! that a future awaits or a command waits for. One `write` is one transaction: `Ok` commits, `Err`
//! rolls back, and nothing is answered before it is on disk.
//!
//! A repository is a file of free functions, one file an aggregate, each taking `&mut Conn` first.
//! To add one: a migration of the same name in both `migrations/` folders, the table in
//! `schema.rs`, the file, a line in `delete_expired` if its rows have an end, and a test body in
//! `tests/contract/`, which runs on both databases. `tests/contract/plans.rs` fails until every
//! public function of the new file is walked through there, and if a look-up has no index.
//! Whatever Diesel cannot say for both databases at once goes to `dialect.rs`, the only file that
//! asks which database it is; beside it `transfer/sql.rs` moves rows of any table.

mod connection;
mod crew;
mod db;
mod dialect;
mod error;
mod job;
mod json_text;
mod pool;
mod post;
mod postgres_url;
mod queue;
mod replica;
mod schema;
mod settings;
mod trouble;
mod worker;

pub mod audit;
pub mod authorization_code;
pub mod backup;
pub mod browser_session;
pub mod changes;
pub mod client;
pub mod client_assertion;
pub mod consent;
pub mod data_key;
pub mod device;
pub mod encryption_key;
pub mod expiry;
pub mod factor;
pub mod grant;
pub mod guess;
pub mod health;
pub mod initial_access_token;
pub mod inspect;
pub mod interaction;
pub mod lease;
pub mod logout_delivery;
pub mod migrate;
pub mod opaque_access_token;
pub mod outbox;
pub mod owner;
pub mod passkey;
pub mod recovery_code;
pub mod refresh_token;
pub mod resealing;
pub mod revoked_token;
pub mod session_client;
pub mod setup_link;
pub mod sign_in;
pub mod signing_key;
pub mod spent_challenge;
pub mod terms;
#[cfg(feature = "testing")]
pub mod testing;
pub mod totp_device;
pub mod transfer;
pub mod user;
pub mod verification;

pub use connection::Conn;
pub use db::Db;
pub use error::StorageError;
pub use job::Pending;
pub use pool::PoolState;
pub use postgres_url::PostgresUrl;
pub use replica::{MayLag, Replica, ReplicaState};
pub use settings::{AtStart, DatabaseSettings, DatabaseUrl};

// Linked, not called: their features decide how the C libraries are built.
use libsqlite3_sys as _;
use openssl as _;
use pq_sys as _;
