//! Short-lived shared state: of this process alone, or of all instances through Redis. Whatever is
//! lost with it costs time, never a grant: what must not be lost is in the database.
//!
//! Two things are shared. Counters of fixed windows ([`Cache::count`]) live in Redis, each with an
//! expiry; while Redis is away each process counts for itself. And the word that something changed
//! ([`Cache::changed`]) goes to every instance, which drops what it [`Kept`].
//!
//! Nothing here ever fails for the caller: a dead Redis costs a few timeouts, then the breaker is
//! open and Redis is left alone until it answers again.

mod answers;
mod breaker;
mod cache;
mod commands;
mod connect;
mod counters;
mod error;
mod health;
mod job;
mod kept;
mod listen;
mod message;
mod probe;
mod queue;
mod settings;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod url;
mod worker;

pub use self::{
    breaker::BreakerState,
    cache::{Cache, Counted, Ping},
    error::CacheError,
    kept::{Kept, Mark},
    settings::{RedisSettings, check_prefix},
    url::RedisUrl,
};
