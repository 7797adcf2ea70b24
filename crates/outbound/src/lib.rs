//! Requests to hosts that strangers name: a client's `jwks_uri`, `request_uri` and
//! `sector_identifier_uri` are read, and logout tokens are posted to its `backchannel_logout_uri`,
//! through here and nowhere else.
//!
//! Whoever registers a client chooses these addresses, so each is a way to make this server speak to
//! somebody in its own network (server-side request forgery), to wait, or to take in without end
//! (RFC 7591 §5, RFC 9101 §10.4.1). [`Outbound`] therefore
//! - speaks `https` only, to any port but 0, and checks certificates against the system's trust
//!   anchors and those of [`Rules::extra_roots`];
//! - resolves the name itself and connects only to what it judged, so that no second answer of a name
//!   server can come between (DNS rebinding); one address that is not public refuses the host;
//! - follows no redirect, asks no proxy, sends no cookie or credentials, undoes no compression and
//!   keeps no connection;
//! - bounds the whole by time, the answer by bytes, and all that is under way by [`IN_FLIGHT`] and, for
//!   one host, [`IN_FLIGHT_PER_HOST`]: what is over is refused at once and never queues.
//!
//! [`ClientKeys`] keeps the key sets that clients publish.
//!
//! # Why hyper and not a client above it
//! A connection here is resolved, judged, made and spoken over once. That is hyper's part; what a
//! client library adds to it (pools, proxies, redirects, a second TLS) would have to be turned off.
//! TLS is the OpenSSL that is in this process anyway, as in `vestibule-mail`.
//!
//! # Privacy
//! No error holds an address that was resolved, nor anything of an answer but its status.

mod address;
mod client;
mod connect;
mod fault;
mod fetched;
mod in_flight;
mod jwks_cache;
mod look;
mod target;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::{Accept, MAX_IMAGE, Outbound, Rules};
pub use fault::{OutboundFault, RulesFault};
pub use fetched::Fetched;
pub use in_flight::{IN_FLIGHT, IN_FLIGHT_PER_HOST};
pub use jwks_cache::ClientKeys;
pub use look::{Seen, Tls};
