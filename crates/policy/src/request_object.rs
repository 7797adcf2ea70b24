//! Authorization requests in a request object (OIDC Core §6, RFC 9101): which ones are taken, what
//! they may say, and what the request is then.
//!
//! OIDC Core and RFC 9101 differ, and what holds depends on [`rules`]:
//!
//! | | OIDC Core §6.1 | RFC 9101 |
//! | --- | --- | --- |
//! | parameters beside the object | count where the object is silent | are passed over, but for `client_id` (§6.3) |
//! | `alg: none` | for clients that registered it, or no algorithm | never (§10.5) |
//! | `client_id` in the object | may be missing | has to be there (§5) |
//!
//! RFC 9101 holds with the profile `oauth2.1`, and everywhere for clients that registered
//! `require_signed_request_object`. Under both, what stands outside and inside must not differ in
//! `client_id` and `response_type`. OIDC Core §6.1 also wants `response_type`, and `openid` in
//! `scope`, to stand outside, which RFC 9101 §5 takes back; nobody is refused for the lack of them,
//! for clients that follow RFC 9101 send `client_id` and `request` alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use vestibule_model::{
    ErrorCode, OAuthError, Timestamp,
    client::Client,
    jose::ClientSignatureAlg,
    settings::{Issuer, Profile},
};

use crate::{bearer::CLOCK_SKEW, params::Params};

/// The longest `request_uri` (RFC 9101 §5.2), in bytes.
const MAX_REQUEST_URI: usize = 512;

/// What a request object says about itself as a JWT (RFC 7519 §4.1): no parameters.
const OF_THE_JWT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// What no request object may hold (OIDC Core §6.1, RFC 9101 §4).
const NEVER_INSIDE: [&str; 2] = ["request", "request_uri"];

/// The parameters whose values are JSON (OIDC Core §5.5, §7.2.1; RFC 9396 §2).
const JSON_VALUED: [&str; 3] = ["claims", "registration", "authorization_details"];

/// Where a request object comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// From the request: the JWT.
    Value(&'a str),
    /// From elsewhere: the address.
    Reference(&'a str),
}

/// Which specification holds for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// OIDC Core §6.
    Core,
    /// RFC 9101.
    Secured,
}

/// Which specification holds for `client`.
#[must_use]
pub const fn rules(client: &Client, profile: Profile) -> Rules {
    match profile {
        Profile::Oidc if !client.metadata.require_signed_request_object => Rules::Core,
        Profile::Oidc | Profile::OAuth21 => Rules::Secured,
    }
}

/// Where the request object is, if there is one.
pub fn source<'a>(params: &'a Params, client: &Client) -> Result<Option<Source<'a>>, OAuthError> {
    match (params.get("request"), params.get("request_uri")) {
        (Some(_), Some(_)) => Err(ErrorCode::RequestObjectTwice.into()),
        (Some(object), None) => Ok(Some(Source::Value(object))),
        (None, Some(uri)) => Ok(Some(Source::Reference(uri))),
        (None, None) if client.metadata.require_signed_request_object => {
            Err(ErrorCode::RequestObjectRequired.into())
        }
        (None, None) => Ok(None),
    }
}

/// A `request_uri` that may be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The address without the part after `#`.
    pub address: String,
    /// What the content hashes to: the part after `#` of the request's address, or of those that
    /// are registered. Empty if nobody says.
    hashes: Vec<String>,
}

impl Reference {
    /// Whether the content is known beforehand by its hash, so that it may be kept (OIDC Core §6.2).
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        !self.hashes.is_empty()
    }

    /// Whether `content` is what the address promises (OIDC Core §6.2).
    pub fn check(&self, content: &[u8]) -> Result<(), OAuthError> {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
        if self.hashes.is_empty() || self.hashes.contains(&hash) {
            return Ok(());
        }
        Err(OAuthError::new(ErrorCode::RequestUriHashWrong)
            .because(format!("expected `{}`, got `{hash}`", self.hashes.join("` or `"))))
    }
}

/// Whether the client registered this `request_uri` (OIDC Core §6.2, OIDC Registration §2). The
/// parts after `#` need not be the same: a new one says that the content has changed.
pub fn registered(uri: &str, client: &Client) -> Result<Reference, OAuthError> {
    let refused = |why: String| OAuthError::new(ErrorCode::RequestUriUnregistered).because(why);
    if uri.len() > MAX_REQUEST_URI {
        return Err(refused(format!("{} bytes, at most {MAX_REQUEST_URI}", uri.len())));
    }
    let (address, fragment) = in_two(uri);
    let of_registered = client.metadata.request_uris.iter().map(|uri| in_two(uri));
    let mut same = of_registered.filter(|(known, _)| *known == address).peekable();
    if same.peek().is_none() {
        let shown: String = address.escape_debug().take(200).collect();
        return Err(refused(format!("`{shown}` is not among the client's request_uris")));
    }
    let hashes = match hash(fragment) {
        Some(hash) => vec![hash],
        None => same.filter_map(|(_, fragment)| hash(fragment)).collect(),
    };
    Ok(Reference { address: address.to_owned(), hashes })
}

fn in_two(uri: &str) -> (&str, &str) {
    uri.split_once('#').unwrap_or((uri, ""))
}

/// A part after `#` that is a base64url SHA-256.
fn hash(fragment: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(fragment).ok()?;
    (bytes.len() == 32).then(|| fragment.to_owned())
}

/// The algorithm that a request object says it is signed with, if this client may use it
/// (`request_object_signing_alg`, OIDC Registration §2; RFC 9101 §10.5).
pub fn signature_alg(
    alg: &str,
    client: &Client,
    rules: Rules,
) -> Result<ClientSignatureAlg, OAuthError> {
    let registered = client.metadata.request_object_signing_alg;
    let alg = ClientSignatureAlg::from_wire(alg).ok_or_else(|| {
        OAuthError::new(ErrorCode::RequestObjectSignatureWrong).because("its alg is not known here")
    })?;
    if alg == ClientSignatureAlg::None {
        return may_be_unsigned(client, rules).map(|()| alg);
    }
    match registered {
        Some(only) if only != alg => Err(OAuthError::new(ErrorCode::RequestObjectSignatureWrong)
            .because(format!("alg is `{}`, registered `{}`", alg.as_str(), only.as_str()))),
        _ => Ok(alg),
    }
}

/// Whether the client's request objects may come without a signature: then they prove no more than
/// plain parameters do.
pub fn may_be_unsigned(client: &Client, rules: Rules) -> Result<(), OAuthError> {
    let refused = |why| OAuthError::new(ErrorCode::RequestObjectUnsigned).because(why);
    let registered = client.metadata.request_object_signing_alg;
    if rules == Rules::Secured {
        return Err(refused("only signed ones are taken from this client or in this profile"));
    }
    match registered {
        None | Some(ClientSignatureAlg::None) => Ok(()),
        Some(_) => Err(refused("the client registered another request_object_signing_alg")),
    }
}

/// Judges what a request object says, whose signature holds or that needs none. `outside` are the
/// parameters that came beside it.
pub fn check_claims(
    claims: &Map<String, Value>,
    outside: &Params,
    client: &Client,
    rules: Rules,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<(), OAuthError> {
    if let Some(name) = NEVER_INSIDE.into_iter().find(|name| claims.contains_key(*name)) {
        return Err(wrong(&format!("must not hold {name}"), ""));
    }
    is_of_client(claims, client, rules)?;
    is_for(claims, issuer)?;
    is_timely(claims, now)?;
    let (inside, beside) = (claims.get("response_type"), outside.get("response_type"));
    match (inside.and_then(Value::as_str), beside) {
        (Some(inside), Some(beside)) if !same_words(inside, beside) => {
            Err(wrong("has another response_type than the request beside it", ""))
        }
        _ => Ok(()),
    }
}

/// Two lists of words that may differ in their order (Multiple Response Types §3).
fn same_words(one: &str, other: &str) -> bool {
    let words = |text: &str| {
        let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    words(one) == words(other)
}

fn wrong(what: &str, detail: &str) -> OAuthError {
    let description = format!("The request object {what}");
    OAuthError::describe(ErrorCode::RequestObjectClaimWrong, description).because(detail)
}

/// RFC 9101 §4, §5; OIDC Core §6.1: it is this client's, and no client assertion (RFC 9101 §10.8):
/// those have the client as `sub`.
fn is_of_client(
    claims: &Map<String, Value>,
    client: &Client,
    rules: Rules,
) -> Result<(), OAuthError> {
    let ours =
        |name: &str| claims.get(name).map(|value| value.as_str() == Some(client.id.as_str()));
    match ours("client_id") {
        Some(false) => return Err(wrong("has another client_id than the request beside it", "")),
        None if rules == Rules::Secured => return Err(wrong("has no client_id", "")),
        Some(true) | None => {}
    }
    if ours("iss") == Some(false) {
        return Err(wrong("has an iss that is not the client_id", ""));
    }
    if ours("sub") == Some(true) {
        return Err(wrong("has the client as sub, as client assertions have", ""));
    }
    Ok(())
}

/// OIDC Core §6.1, RFC 9101 §4: `aud`, one text or a list, should hold our issuer.
fn is_for(claims: &Map<String, Value>, issuer: &Issuer) -> Result<(), OAuthError> {
    let is_ours = |value: &Value| value.as_str() == Some(issuer.as_str());
    let ours = match claims.get("aud") {
        None => true,
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(value) => is_ours(value),
    };
    let expected = format!("expected `{}`", issuer.as_str());
    if ours { Ok(()) } else { Err(wrong("has an aud that is not the issuer", &expected)) }
}

/// RFC 7519 §4.1.4–4.1.6: times are judged if they are there.
fn is_timely(claims: &Map<String, Value>, now: Timestamp) -> Result<(), OAuthError> {
    if let Some(end) = time(claims, "exp")?
        && now >= end.plus(CLOCK_SKEW)
    {
        return Err(wrong("has expired", &format!("{} s ago", now.since(end))));
    }
    for name in ["nbf", "iat"] {
        if let Some(at) = time(claims, name)?
            && at.since(now) > CLOCK_SKEW
        {
            let ahead = format!("{} s ahead of our clock", at.since(now));
            return Err(wrong(&format!("has an {name} in the future"), &ahead));
        }
    }
    Ok(())
}

/// A `NumericDate` (RFC 7519 §2): whole seconds, or a fraction that is cut off.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, OAuthError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "saturating is right for a time")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|s| s.floor() as i64));
    let seconds = seconds.ok_or_else(|| wrong(&format!("has an {name} that is no time"), ""))?;
    Ok(Some(Timestamp(seconds)))
}

/// The request: what the object says and, where [`Rules`] let it count, what stands beside it.
/// Neither `request` nor `request_uri` is left.
pub fn merged(
    claims: &Map<String, Value>,
    outside: &Params,
    rules: Rules,
) -> Result<Params, OAuthError> {
    let mut pairs = Vec::new();
    let parameters = claims.iter().filter(|(name, _)| !OF_THE_JWT.contains(&name.as_str()));
    for (name, value) in parameters {
        pairs.extend(values(name, value)?.into_iter().map(|value| (name.clone(), value)));
    }
    let inside = |name: &str| pairs.iter().any(|(known, _)| known == name);
    let counts = |name: &str| {
        let permitted = rules == Rules::Core || name == "client_id";
        permitted && !NEVER_INSIDE.contains(&name) && !inside(name)
    };
    let beside: Vec<_> = outside
        .iter()
        .filter(|(name, _)| counts(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    pairs.extend(beside);
    Params::from_pairs(pairs)
}

/// A parameter's value as a form would carry it; `null` is none. Several for `resource` alone (RFC
/// 8707 §2, RFC 9101 §4).
fn values(name: &str, value: &Value) -> Result<Vec<String>, OAuthError> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Object(_) | Value::Array(_) if JSON_VALUED.contains(&name) => {
            Some(value.to_string())
        }
        Value::Null | Value::Object(_) | Value::Array(_) => None,
    };
    let found = match value {
        Value::Null => Some(Vec::new()),
        Value::Array(list) if name == "resource" => list.iter().map(plain).collect(),
        value => plain(value).map(|value| vec![value]),
    };
    if let Some(values) = found {
        return Ok(values);
    }
    if KNOWN.contains(&name) {
        let description = format!("{name} in the request object is no text or number");
        return Err(OAuthError::describe(ErrorCode::RequestObjectMalformed, description));
    }
    // RFC 6749 §3.1: parameters that are not known are ignored.
    Ok(Vec::new())
}

/// The parameters that mean something here and have no JSON value.
const KNOWN: [&str; 19] = [
    "client_id",
    "response_type",
    "response_mode",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "display",
    "ui_locales",
    "claims_locales",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "resource",
    "dpop_jkt",
];

#[cfg(test)]
mod tests;
