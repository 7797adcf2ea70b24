//! The shared cache against real Redis servers.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has to fail"
)]

mod access;
mod changes;
mod counting;
mod fixtures;
mod outages;
mod topologies;
