//! Client assertions (RFC 7523 §2.2, OIDC Core §9 `private_key_jwt`): signatures only. What the
//! claims must say is `vestibule_policy::client_auth`'s.

use josekit::jwk::Jwk;
use serde_json::{Map, Value};

use crate::{JwkFault, TokenFault, algorithm::Asymmetric, compact::Compact, jwk};

/// The algorithms an assertion may be signed with, as discovery lists them
/// (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414 §2).
pub const ALGS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Why an assertion is refused. Says nothing that came with the assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// Something about it as a JWT.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// `none`, HMAC, or an algorithm we do not know (RFC 8725 §3.2).
    #[error("the assertion's `alg` is not one of {}", ALGS.join(", "))]
    AlgNotAllowed,
    /// The client's `jwks` is not a JWK Set.
    #[error("the client's jwks is not a JWK Set with a `keys` array")]
    JwksMalformed,
    /// No key of the client has that `kid` and fits the algorithm.
    #[error("no key in the client's jwks has the assertion's `kid` and fits its `alg`")]
    NoFittingKey,
    /// Several keys of the client fit, and the assertion does not say which (RFC 7515 §4.1.4).
    #[error("several keys in the client's jwks fit the assertion: it must name one by `kid`")]
    Ambiguous,
    /// The client's key cannot be used.
    #[error("the client's key cannot be used: {0}")]
    KeyUnusable(#[from] JwkFault),
}

/// The `iss` that an assertion claims, to find the client whose keys must verify it. Nothing is
/// proved by it.
#[must_use]
pub fn peek_issuer(assertion: &str) -> Option<String> {
    let claims = Compact::read(assertion).ok()?.unverified_claims().ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

/// The claims of an assertion signed with one of the client's keys: the one its `kid` names, or the
/// only one that fits. Judges no claim and no time.
///
/// # Errors
/// See [`AssertionFault`].
pub fn verify(assertion: &str, jwks: &Value) -> Result<Map<String, Value>, AssertionFault> {
    let assertion = Compact::read(assertion)?;
    // A client may sign other JWTs with the same key (DPoP proofs, request objects); those name
    // their type, and none of them is an assertion (RFC 8725 §3.11).
    let media_type = assertion.header.media_type();
    if !matches!(media_type.as_deref(), None | Some("jwt" | "client-authentication+jwt")) {
        return Err(TokenFault::WrongType.into());
    }
    let alg = Asymmetric::from_wire(&assertion.header.alg).ok_or(AssertionFault::AlgNotAllowed)?;
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or(AssertionFault::JwksMalformed)?;
    let kid = assertion.header.kid.as_deref();
    let mut fitting = keys.iter().filter_map(Value::as_object).filter(|key| fits(key, alg, kid));
    let key = fitting.next().ok_or(AssertionFault::NoFittingKey)?;
    if fitting.next().is_some() {
        return Err(AssertionFault::Ambiguous);
    }
    let public = jwk::public_members(key)?;
    let verifier = Jwk::from_map(public)
        .and_then(|public| alg.verifier(&public))
        .map_err(|_| JwkFault::Unsupported)?;
    Ok(assertion.claims(verifier.as_ref())?)
}

/// Whether a key may verify this (RFC 7517 §4.2–4.5): right kind and curve, meant for signatures,
/// not bound to another algorithm, and of that `kid` if one is named.
fn fits(key: &Map<String, Value>, alg: Asymmetric, kid: Option<&str>) -> bool {
    let is = |name: &str, wanted: &str| key.get(name).and_then(Value::as_str) == Some(wanted);
    let is_or_absent = |name: &str, wanted: &str| !key.contains_key(name) || is(name, wanted);
    let (kty, crv) = alg.key_kind();
    let may_verify = match key.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    };
    is("kty", kty)
        && crv.is_none_or(|crv| is("crv", crv))
        && is_or_absent("use", "sig")
        && is_or_absent("alg", alg.as_str())
        && kid.is_none_or(|kid| is("kid", kid))
        && may_verify
}

#[cfg(test)]
mod tests;
