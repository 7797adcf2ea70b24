//! Keys and what they do: the ring that signs and verifies our tokens, its rotation schedule, the
//! JWK Set, what clients sign and encrypt, encryption for them, and encryption and keyed MACs at
//! rest.
//!
//! The only crate that names `josekit` and `rsa`. It does no I/O and knows no clock: keys come in
//! as rows, time and randomness as parameters. OpenSSL, through `josekit`, does every private-key
//! operation; the `rsa` crate makes RSA keys and nothing else, because its private-key operations
//! leak timing (RUSTSEC-2023-0071).

mod algorithm;
pub mod client_assertion;
pub mod client_signature;
mod compact;
mod content;
pub mod data_keys;
mod decrypt;
mod digest;
mod encrypt;
mod encryption_key;
mod encryption_rotation;
mod error;
mod generate;
mod half_hash;
mod jwe;
mod jwk;
mod key_management;
mod key_pair;
mod mac;
pub mod master_key;
pub mod request_object;
mod ring;
pub mod rotation;
mod sealing;
#[cfg(test)]
mod testing;

pub use compact::sign_unsecured;
pub use decrypt::{DecryptFault, DecryptionKeys};
pub use digest::Digester;
pub use encrypt::{EncryptFault, RecipientKey, encrypt_for};
pub use encryption_key::generate_encryption_key;
pub use encryption_rotation::{EncryptionSettings, EncryptionStep, encryption_plan};
pub use error::{JwkFault, KeyError, TokenFault};
pub use generate::generate;
pub use half_hash::half_hash;
pub use jwk::thumbprint;
pub use master_key::MasterKey;
pub use ring::{Examined, Expected, Jwks, KeyRing, Opened, opened};
pub use sealing::Sealer;
