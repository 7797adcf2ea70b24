//! Client assertions (RFC 7523 §2.2, OIDC Core §9 `private_key_jwt` and `client_secret_jwt`):
//! signatures only. What the claims must say is `vestibule_policy::client_auth`'s.

use serde_json::{Map, Value};
use vestibule_model::jose::ClientSignatureAlg;

use crate::client_signature::{self, ClientKeys, SignatureFault};

/// The algorithms that `private_key_jwt` may be signed with, as discovery lists them
/// (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414 §2).
pub const ALGS: [&str; 10] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

/// Those of `client_secret_jwt`.
pub const MAC_ALGS: [&str; 3] = ["HS256", "HS384", "HS512"];

/// The media types of an assertion (draft-ietf-oauth-rfc7523bis names one of its own).
const TYPES: &[Option<&str>] = &[None, Some("jwt"), Some("client-authentication+jwt")];

/// The claims of an assertion with the client's signature. `keys` has the JWK Set of a client that
/// registered `private_key_jwt`, or the secret of one that registered `client_secret_jwt`, never
/// both. `only` is its `token_endpoint_auth_signing_alg` (OIDC Registration §2). Judges no claim and
/// no time.
///
/// # Errors
/// See [`SignatureFault`].
pub fn verify(
    assertion: &str,
    keys: ClientKeys<'_>,
    only: Option<ClientSignatureAlg>,
) -> Result<Map<String, Value>, SignatureFault> {
    let allowed = |alg| only.is_none_or(|only| only == alg);
    client_signature::verify(assertion, keys, allowed, TYPES).map(|verified| verified.claims)
}

#[cfg(test)]
mod tests;
