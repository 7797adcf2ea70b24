//! The compact form of a JWS (RFC 7515 §7.1), read without believing it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jws::{JwsSigner, JwsVerifier},
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::{Map, Value, json};

use crate::TokenFault;

/// The longest token that is looked at.
const MAX_BYTES: usize = 16 * 1024;

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
        let header = decode(header)?;
        let no_header = TokenFault::Malformed("its header is not what RFC 7515 asks for");
        // serde would read the members from an array as well.
        if header.trim_ascii_start().first() != Some(&b'{') {
            return Err(no_header);
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| no_header)?;
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
        let signature = decode(self.signature)?;
        verifier
            .verify(self.signed.as_bytes(), &signature)
            .map_err(|_| TokenFault::SignatureWrong)?;
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
    let header = json!({ "alg": signer.algorithm().name(), "typ": typ, "kid": kid }).to_string();
    let payload =
        serde_json::to_vec(claims).map_err(|fault| JoseError::InvalidJson(fault.into()))?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = signer.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed("a part is not base64url"))
}

/// True for a member that is there, even as `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}
