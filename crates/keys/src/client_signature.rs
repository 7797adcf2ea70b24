//! JWTs that clients sign: assertions, request objects, software statements. Signatures only: what
//! the claims must say is `vestibule_policy`'s.

use josekit::jwk::Jwk;
use serde_json::{Map, Value};
use vestibule_model::{Secret, client::SigningAlg, jose::ClientSignatureAlg};

use crate::{JwkFault, TokenFault, algorithm, compact::Compact, jwe, jwk, mac};

/// What a client's signature may be checked with. Give only what its registration says it signs
/// with: a key pair that is not given verifies nothing, and neither does a secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientKeys<'a> {
    /// The client's JWK Set.
    pub jwks: Option<&'a Value>,
    /// Its `client_secret`, the key of the HS algorithms (OIDC Core §10.1).
    pub secret: Option<&'a Secret>,
}

/// A JWT whose signature is the client's.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What it says.
    pub claims: Map<String, Value>,
    /// What it is signed with; `none` only if [`unsecured`] read it.
    pub alg: ClientSignatureAlg,
    /// The key that it named.
    pub kid: Option<String>,
}

/// Why a client's JWT is refused. Says nothing that came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Something about it as a JWT.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// An algorithm that we do not know, or that is not for this (RFC 8725 §3.2).
    #[error("the token's `alg` is not one that may be used here")]
    AlgNotAllowed,
    /// Nothing to check a key pair's signature with.
    #[error("the client has no jwks for the token's `alg`")]
    NoJwks,
    /// The client's `jwks` is not a JWK Set.
    #[error("the client's jwks is not a JWK Set with a `keys` array")]
    JwksMalformed,
    /// The token names a key that is not among those of the client that fit: it may be a new one.
    #[error("no key in the client's jwks has the token's `kid` and fits its `alg`")]
    UnknownKid,
    /// No key of the client fits the algorithm, and the token names none.
    #[error("no key in the client's jwks fits the token's `alg`")]
    NoFittingKey,
    /// Several keys of the client fit, and the token does not say which (OIDC Core §10.1).
    #[error("several keys in the client's jwks fit the token: it must name one by `kid`")]
    Ambiguous,
    /// The client's key cannot be used.
    #[error("the client's key cannot be used: {0}")]
    KeyUnusable(#[from] JwkFault),
    /// Nothing to check a MAC with.
    #[error("the client has no secret that could be the key of the token's MAC")]
    NoSecret,
    /// The secret has fewer octets than the hash (RFC 7518 §3.2).
    #[error("the client secret is too short for {}: it needs {least} characters", alg.as_str())]
    SecretTooShort {
        /// The algorithm that asks for more.
        alg: ClientSignatureAlg,
        /// How many octets it asks for.
        least: usize,
    },
}

impl SignatureFault {
    /// Whether the client may have changed its keys since its `jwks_uri` was read, so that reading
    /// it again could help (OIDC Core §10.1.1). A client that names no keys shows a change by
    /// nothing but a wrong signature.
    #[must_use]
    pub const fn may_be_stale(self) -> bool {
        matches!(
            self,
            Self::UnknownKid | Self::NoFittingKey | Self::Token(TokenFault::SignatureWrong)
        )
    }
}

/// The claims of a JWT signed with one of the client's keys: the one its `kid` names or the only one
/// that fits, or for the HS algorithms its secret. Judges no claim and no time.
///
/// `allowed` says which algorithms may be used; `none` never may, whatever it says. `typ` are the
/// media types that the token may have, in small letters and without `application/`; `None` stands
/// for a token without one (RFC 8725 §3.11).
///
/// # Errors
/// See [`SignatureFault`].
pub fn verify(
    token: &str,
    keys: ClientKeys<'_>,
    allowed: impl Fn(ClientSignatureAlg) -> bool,
    typ: &[Option<&str>],
) -> Result<Verified, SignatureFault> {
    let token = read(token, typ)?;
    let alg = ClientSignatureAlg::from_wire(&token.header.alg)
        .filter(|alg| allowed(*alg))
        .ok_or(SignatureFault::AlgNotAllowed)?;
    let claims = if let Some(least) = mac::least_secret(alg) {
        let secret = keys.secret.ok_or(SignatureFault::NoSecret)?;
        if secret.expose().len() < least {
            return Err(SignatureFault::SecretTooShort { alg, least });
        }
        token.claims_if(|signed, signature| mac::accepts(alg, secret, signed, signature))?
    } else {
        let signing = alg.signing().ok_or(SignatureFault::AlgNotAllowed)?;
        by_key_pair(&token, signing, keys.jwks.ok_or(SignatureFault::NoJwks)?)?
    };
    Ok(Verified { claims, alg, kid: token.header.kid })
}

/// The claims of a JWT without a signature (`alg: none`, RFC 7519 §6). Nothing is proved by them:
/// for a client that registered `none` and nobody else. `typ` as in [`verify`].
///
/// # Errors
/// [`SignatureFault::AlgNotAllowed`] if it has another `alg`, or a [`TokenFault`]; one with a
/// signature after all is refused as well (RFC 7518 §3.6).
pub fn unsecured(token: &str, typ: &[Option<&str>]) -> Result<Verified, SignatureFault> {
    let token = read(token, typ)?;
    if token.header.alg != ClientSignatureAlg::None.as_str() {
        return Err(SignatureFault::AlgNotAllowed);
    }
    let claims = token.claims_if(|_, signature| signature.is_empty())?;
    Ok(Verified { claims, alg: ClientSignatureAlg::None, kid: token.header.kid })
}

/// The claims of a software statement (RFC 7591 §2.3), signed with a key of whoever is trusted to
/// make such statements.
///
/// # Errors
/// See [`SignatureFault`].
pub fn verify_statement(token: &str, jwks: &Value) -> Result<Verified, SignatureFault> {
    let keys = ClientKeys { jwks: Some(jwks), secret: None };
    verify(token, keys, |_| true, &[None, Some("jwt"), Some("software-statement+jwt")])
}

/// What a JWT says of itself before anything is proved: enough to find out whose it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The claim `iss`; `None` for an encrypted one.
    pub iss: Option<String>,
    /// The claim `client_id`; `None` for an encrypted one.
    pub client_id: Option<String>,
    /// The header's `kid`.
    pub kid: Option<String>,
    /// The header's `alg`.
    pub alg: String,
    /// Whether it is a JWE: it has to be opened before it says more.
    pub is_encrypted: bool,
}

/// Looks into a JWT without believing it. `None` for what is none.
#[must_use]
pub fn peek(token: &str) -> Option<Peek> {
    if let Ok(encrypted) = jwe::Encrypted::read(token) {
        let (alg, kid) = (encrypted.header.alg, encrypted.header.kid);
        return Some(Peek { iss: None, client_id: None, kid, alg, is_encrypted: true });
    }
    let token = Compact::read(token).ok()?;
    let claims = token.unverified_claims().ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Peek {
        iss: text("iss"),
        client_id: text("client_id"),
        kid: token.header.kid,
        alg: token.header.alg,
        is_encrypted: false,
    })
}

fn read<'a>(token: &'a str, typ: &[Option<&str>]) -> Result<Compact<'a>, TokenFault> {
    let token = Compact::read(token)?;
    // A client may sign JWTs of many kinds with one key; those that name their type are never taken
    // for another (RFC 8725 §3.11).
    if typ.contains(&token.header.media_type().as_deref()) {
        Ok(token)
    } else {
        Err(TokenFault::WrongType)
    }
}

fn by_key_pair(
    token: &Compact<'_>,
    alg: SigningAlg,
    jwks: &Value,
) -> Result<Map<String, Value>, SignatureFault> {
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or(SignatureFault::JwksMalformed)?;
    let kid = token.header.kid.as_deref();
    let mut fitting = keys.iter().filter_map(Value::as_object).filter(|key| fits(key, alg, kid));
    let none =
        if kid.is_some() { SignatureFault::UnknownKid } else { SignatureFault::NoFittingKey };
    let key = fitting.next().ok_or(none)?;
    if fitting.next().is_some() {
        return Err(SignatureFault::Ambiguous);
    }
    let public = jwk::public_members(key)?;
    let verifier = Jwk::from_map(public)
        .and_then(|public| algorithm::verifier(alg, &public))
        .map_err(|_| JwkFault::Unsupported)?;
    Ok(token.claims(verifier.as_ref())?)
}

/// Whether a key may verify this (RFC 7517 §4.2–4.5): right kind and curve, meant for signatures,
/// not bound to another algorithm, and of that `kid` if one is named.
fn fits(key: &Map<String, Value>, alg: SigningAlg, kid: Option<&str>) -> bool {
    let (kty, crv) = algorithm::key_kind(alg);
    let may_verify = match key.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    };
    jwk::says(key, "kty", kty)
        && crv.is_none_or(|crv| jwk::says(key, "crv", crv))
        && jwk::allows(key, "use", "sig")
        && jwk::allows(key, "alg", alg.as_str())
        && kid.is_none_or(|kid| jwk::says(key, "kid", kid))
        && may_verify
}

#[cfg(test)]
mod tests;
