//! Looking into tokens that somebody pastes, for `/playground`. Nothing here makes a token believed.

use serde_json::{Map, Value};
use vestibule_keys::{Examined, Expected, KeyRing, TokenFault, half_hash, opened};
use vestibule_model::{Message, Subject, client::SigningAlg, settings::Issuer};
use vestibule_policy::{
    authorize::HintedSubject,
    explain::{Kind, Signature},
};

use crate::state::AppState;

/// A token, taken apart and examined.
#[derive(Clone, Debug)]
pub struct TokenView {
    /// The header.
    pub header: Map<String, Value>,
    /// What is inside; `None` for an encrypted token.
    pub content: Option<Content>,
}

/// What is inside a token that is not encrypted.
#[derive(Clone, Debug)]
pub struct Content {
    /// What kind of token it says it is.
    pub kind: Kind,
    /// The claims.
    pub claims: Map<String, Value>,
    /// What became of the signature.
    pub signature: Signature,
    /// The key of ours that the header names.
    pub key: Option<Examined>,
}

/// Takes a compact JWS or JWE apart and looks for the key that signed it.
///
/// # Errors
/// Why `token` is none, in words for people.
pub fn view(ring: &KeyRing, token: &str) -> Result<TokenView, Message> {
    let parts = opened(token).map_err(|fault| match fault {
        TokenFault::TooLong => Message::new("playground-token-too-long"),
        _ => Message::new("playground-token-malformed"),
    })?;
    let Some(claims) = parts.claims else {
        return Ok(TokenView { header: parts.header, content: None });
    };
    let alg = parts.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let typ = parts.header.get("typ").and_then(Value::as_str);
    let (signature, key) = match alg {
        "none" => (Signature::None, None),
        "HS256" | "HS384" | "HS512" => (Signature::Mac, None),
        _ => match ring.examine(token) {
            Ok(key) => (of_key(&key), Some(key)),
            Err(TokenFault::NoKeyId) => (Signature::KeyUnnamed, None),
            Err(TokenFault::UnknownKey) => (Signature::KeyUnknown, None),
            Err(TokenFault::WrongAlgorithm) => (Signature::AlgorithmWrong, None),
            Err(_) => (Signature::Wrong, None),
        },
    };
    let content = Content { kind: Kind::of(typ, &claims), claims, signature, key };
    Ok(TokenView { header: parts.header, content: Some(content) })
}

const fn of_key(key: &Examined) -> Signature {
    match (key.holds, key.published) {
        (false, _) => Signature::Wrong,
        (true, true) => Signature::Good,
        (true, false) => Signature::Retired,
    }
}

/// What `at_hash` or `c_hash` has to be in an ID token whose header has `alg`, for that access token
/// or code (OIDC Core §3.1.3.6, §3.3.2.11).
#[must_use]
pub fn hash_claim(alg: &str, value: &str) -> Option<String> {
    SigningAlg::from_wire(alg).map(|alg| half_hash(alg, value))
}

/// Whom an `id_token_hint` that is a signed ID token of ours names.
#[must_use]
pub fn hinted(ring: &KeyRing, issuer: &Issuer, hint: &str) -> Option<HintedSubject> {
    let claims = ring.verify(hint, Expected::IdToken).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(issuer.as_str()) {
        return None;
    }
    let aud = claims.get("aud")?;
    let listed = aud.as_array().into_iter().flatten().filter_map(Value::as_str);
    let client_ids = aud.as_str().into_iter().chain(listed).map(str::to_owned).collect();
    Some(HintedSubject { sub: Subject::new(text("sub")?), client_ids })
}

impl AppState {
    /// [`view`] with the present keys.
    ///
    /// # Errors
    /// As [`view`].
    pub fn view_token(&self, token: &str) -> Result<TokenView, Message> {
        view(&self.keys.peek(), token)
    }
}
