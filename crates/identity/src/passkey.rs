//! Passkeys: WebAuthn Level 3, as second factor and as the only one.
//!
//! `webauthn-rs-core` does the cryptography and the checks of §7.1 and §7.2; what it leaves to its
//! caller is here: who may answer which challenge, for how long, and what a person's device told.
//! The core is used instead of `webauthn-rs` because that crate asks for no discoverable
//! credential at registration, and without one there is no sign-in without a user name.
//!
//! Challenges come from the library's own generator (`rand`, seeded by the operating system), not
//! from `vestibule_model::Entropy`: the library offers no way to hand one in.
//!
//! # User verification
//! Registration prefers it. A passkey that verified its person then has to do so ever after; one
//! that did not (a security key without a PIN) stays a second factor. Sign-in without a password
//! requires it always.

mod authentication;
mod ceremony;
mod error;
mod models;
mod registration;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::{Host, Url};
use vestibule_model::UserId;
use webauthn_rs_core::{WebauthnCore, proto::AttestationConveyancePreference};

pub use authentication::{Named, Used, Verification, amr, identify};
pub use error::{PasskeyError, Unavailable};
pub use models::model_name;
pub use registration::{NewPasskey, Owner};

/// How long a challenge may be answered, in seconds: browsers are told, and `finish_*` checks.
pub const TIMEOUT: i64 = 300;

/// Bytes of a browser's answer; the largest attestation statements stay well below.
const MAX_RESPONSE: usize = 32 * 1024;

/// Passkeys of one issuer.
#[derive(Clone, Debug)]
pub struct Passkeys {
    core: WebauthnCore,
    attestation: Attestation,
}

/// Whether the authenticator is asked for a statement about its make (WebAuthn §5.4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attestation {
    /// No: nobody learns the model beyond what the authenticator tells anyway.
    #[default]
    None,
    /// Yes. The statement's own signature is checked and the statement is kept with the
    /// credential; it is not traced to a maker's root certificate.
    Direct,
}

/// What a page and the server need for one ceremony.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// JSON with the member `publicKey`, for `navigator.credentials.create` or `.get` by
    /// `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` (WebAuthn §5.1.8, §5.1.9).
    pub options: String,
    /// JSON that only the server may hold. The caller binds it to the browser it was made for
    /// and deletes it with the first answer, right or wrong.
    pub state: String,
}

impl Passkeys {
    /// Passkeys whose RP ID is the issuer's host and whose only origin is the issuer's.
    ///
    /// # Errors
    /// Where browsers allow no passkeys (WebAuthn §5.1.3): an IP address is no RP ID, and plain
    /// HTTP is no secure context but on `localhost`.
    pub fn new(issuer: &Url, name: &str) -> Result<Self, Unavailable> {
        let host = match issuer.host() {
            Some(Host::Domain(host)) => host,
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(Unavailable::IpAddress),
            None => return Err(Unavailable::NoHost),
        };
        let on_this_machine = host == "localhost" || host.ends_with(".localhost");
        if issuer.scheme() != "https" && !(issuer.scheme() == "http" && on_this_machine) {
            return Err(Unavailable::Insecure);
        }
        let origin = issuer.origin().ascii_serialization();
        let origin = Url::parse(&origin).map_err(|_| Unavailable::NoHost)?;
        let timeout = Duration::from_secs(TIMEOUT.unsigned_abs());
        // The name warns of its settings. Ours: one exact origin, no subdomains, no other port.
        let core = WebauthnCore::new_unsafe_experts_only(
            name,
            host,
            vec![origin],
            timeout,
            Some(false),
            Some(false),
        );
        Ok(Self { core, attestation: Attestation::None })
    }

    /// Asks for an attestation statement, or not.
    #[must_use]
    pub fn with_attestation(mut self, attestation: Attestation) -> Self {
        self.attestation = attestation;
        self
    }
}

impl From<Attestation> for AttestationConveyancePreference {
    fn from(attestation: Attestation) -> Self {
        match attestation {
            Attestation::None => Self::None,
            Attestation::Direct => Self::Direct,
        }
    }
}

/// The handle under which authenticators keep a person's passkeys (WebAuthn §5.4.3), base64url.
/// A hash, because the handle may be read off a device and should not be the `sub` of tokens.
pub fn user_handle(user: &UserId) -> String {
    encode(&user_handle_bytes(user))
}

fn user_handle_bytes(user: &UserId) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update("vestibule webauthn user handle")
        .chain_update(user.as_str())
        .finalize();
    let mut handle = [0; 16];
    handle.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    handle
}

/// Base64url without padding, as WebAuthn's JSON forms have it.
fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a browser's answer.
fn parse<T: serde::de::DeserializeOwned>(response: &str) -> Result<T, PasskeyError> {
    if response.len() > MAX_RESPONSE {
        return Err(PasskeyError::Malformed);
    }
    serde_json::from_str(response).map_err(|_| PasskeyError::Malformed)
}

/// Keeps the library from the log: at level error it prints whatever anybody sent, byte by byte.
/// What was wrong comes back as a [`PasskeyError`].
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    tracing::dispatcher::with_default(&tracing::Dispatch::none(), work)
}
