//! A signing key at rest.

use crate::{Timestamp, client::SigningAlg};

/// A signing key's row. It is *published* from `published_at`, *signing* from `active_at` until
/// `retired_at`, and leaves the JWKS at `expires_at`, when the last token it signed is dead.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// `kid`: the JWK thumbprint (RFC 7638).
    pub kid: String,
    /// What it signs with.
    pub alg: SigningAlg,
    /// The public JWK, as JSON.
    pub public_jwk: String,
    /// The private JWK, sealed; empty once the key is out of the JWKS.
    pub sealed_private_jwk: String,
    /// First seen in the JWKS.
    pub published_at: Timestamp,
    /// First used to sign; `None` while it stands by.
    pub active_at: Option<Timestamp>,
    /// Last used to sign; `None` while it may sign.
    pub retired_at: Option<Timestamp>,
    /// When it leaves the JWKS; set together with `retired_at`.
    pub expires_at: Option<Timestamp>,
}
