//! The compact form of a JWS (RFC 7515 §7.1), read without believing it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jws::{JwsSigner, JwsVerifier},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value, json};

use crate::TokenFault;

/// The longest token that is looked at.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// The header members that matter. Keys are never taken from a header (`jwk`, `jku`, `x5c`,
/// `x5u`), so those are not even read; a member given twice is refused (RFC 7515 §4).
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    #[serde(default)]
    pub(crate) typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

impl Header {
    /// `typ` in small letters and without the `application/` that RFC 7515 §4.1.9 lets one omit.
    pub(crate) fn media_type(&self) -> Option<String> {
        let typ = self.typ.as_ref()?.to_ascii_lowercase();
        Some(typ.strip_prefix("application/").map_or(typ.clone(), str::to_owned))
    }
}

/// A token's parts. What it says is out of reach until a verifier has agreed.
pub(crate) struct Compact<'a> {
    pub(crate) header: Header,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Takes a token apart and reads its header. `crit` is refused whatever it lists: we support no
    /// extension (RFC 7515 §4.1.11).
    pub(crate) fn read(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > MAX_BYTES {
            return Err(TokenFault::TooLong);
        }
        let not_three = TokenFault::Malformed("it has not three parts");
        let (signed, signature) = token.rsplit_once('.').ok_or(not_three)?;
        let (header, payload) = signed.split_once('.').ok_or(not_three)?;
        if payload.contains('.') {
            return Err(not_three);
        }
        let header: Header = read_header(header)?;
        if header.crit {
            return Err(TokenFault::Critical);
        }
        Ok(Self { header, signed, payload, signature })
    }

    /// The claims, if `verifier` accepts the signature. The caller has compared `alg`.
    pub(crate) fn claims(
        &self,
        verifier: &dyn JwsVerifier,
    ) -> Result<Map<String, Value>, TokenFault> {
        self.claims_if(|signed, signature| verifier.verify(signed, signature).is_ok())
    }

    /// The claims, if `accept` is content with what is signed and its signature.
    pub(crate) fn claims_if(
        &self,
        accept: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> Result<Map<String, Value>, TokenFault> {
        let signature = decode(self.signature)?;
        if !accept(self.signed.as_bytes(), &signature) {
            return Err(TokenFault::SignatureWrong);
        }
        self.unverified_claims()
    }

    /// The claims, believed by nobody yet.
    pub(crate) fn unverified_claims(&self) -> Result<Map<String, Value>, TokenFault> {
        serde_json::from_slice(&decode(self.payload)?)
            .map_err(|_| TokenFault::Malformed("its payload is not a JSON object"))
    }
}

/// Signs `claims` and joins the parts.
pub(crate) fn sign(
    signer: &dyn JwsSigner,
    kid: &str,
    typ: &str,
    claims: &Map<String, Value>,
) -> Result<String, JoseError> {
    let header = json!({ "alg": signer.algorithm().name(), "typ": typ, "kid": kid });
    let mut token = signing_input(&header, claims);
    let signature = signer.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// A JWT with `alg: none` and an empty signature (RFC 7519 §6.1): an ID token for a client that
/// registered `id_token_signed_response_alg` as `none`, sent by the token endpoint alone (OIDC Core
/// §2, §3.1.3.7 point 6). Nothing here ever takes one for a token of ours.
#[must_use]
pub fn sign_unsecured(claims: &Map<String, Value>) -> String {
    let mut token = signing_input(&json!({ "alg": "none", "typ": "JWT" }), claims);
    token.push('.');
    token
}

/// Header and payload as they are signed (RFC 7515 §5.1).
fn signing_input(header: &Value, claims: &Map<String, Value>) -> String {
    let mut text = URL_SAFE_NO_PAD.encode(header.to_string());
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(json!(claims).to_string(), &mut text);
    text
}

/// A header's members. One that is given twice is refused if it is among those that matter.
pub(crate) fn read_header<T: DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    let header = decode(part)?;
    let no_header = TokenFault::Malformed("its header is not what a JOSE header has to be");
    // serde would read the members from an array as well.
    if header.trim_ascii_start().first() != Some(&b'{') {
        return Err(no_header);
    }
    serde_json::from_slice(&header).map_err(|_| no_header)
}

pub(crate) fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed("a part is not base64url"))
}

/// True for a member that is there, even as `null`.
pub(crate) fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}
