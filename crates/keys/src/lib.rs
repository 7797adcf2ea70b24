//! Keys and what they do: the ring that signs and verifies our tokens, its rotation schedule, the
//! JWK Set, client assertions, and encryption and keyed MACs at rest.
//!
//! The only crate that names `josekit` and `rsa`. It does no I/O and knows no clock: keys come in
//! as rows, time and randomness as parameters. OpenSSL, through `josekit`, does every private-key
//! operation; the `rsa` crate makes RSA keys and nothing else, because its private-key operations
//! leak timing (RUSTSEC-2023-0071).

mod algorithm;
pub mod client_assertion;
mod compact;
pub mod data_keys;
mod digest;
mod error;
mod generate;
mod half_hash;
mod jwk;
pub mod master_key;
mod ring;
pub mod rotation;
mod sealing;
#[cfg(test)]
mod testing;

pub use digest::Digester;
pub use error::{JwkFault, KeyError, TokenFault};
pub use generate::generate;
pub use half_hash::half_hash;
pub use jwk::thumbprint;
pub use master_key::MasterKey;
pub use ring::{Expected, Jwks, KeyRing};
pub use sealing::Sealer;
