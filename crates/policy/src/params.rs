//! Request parameters as OAuth wants them read (RFC 6749 §3.1, §3.2): form-encoded UTF-8, each
//! name once, an empty value as if it were not there.

use std::collections::BTreeSet;

use percent_encoding::percent_decode;
use vestibule_model::{ErrorCode, OAuthError};

/// The longest value taken; an assertion or an `id_token_hint` fits well.
const MAX_VALUE: usize = 8 * 1024;

/// Names that may come more than once: `resource` (RFC 8707 §2).
const REPEATABLE: &[&str] = &["resource"];

/// The parameters of one request, decoded, in the order they came. `Debug` shows names only:
/// values may be passwords, codes and secrets.
#[derive(Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string or a form body.
    ///
    /// # Errors
    /// `RequestMalformed` for a broken `%` escape, text that is not UTF-8 or a NUL character,
    /// `ParameterTooLong`, and `ParameterRepeated` (RFC 6749 §3.1).
    pub fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        let (params, fault) = Self::salvage(bytes);
        fault.map_or(Ok(params), Err)
    }

    /// What is beyond doubt of a request: the parameters that are whole and there once. And the
    /// first fault of the rest, if there is one; with a fault the parameters serve for nothing but
    /// telling the client of it.
    #[must_use]
    pub fn salvage(bytes: &[u8]) -> (Self, Option<OAuthError>) {
        let mut pairs = Vec::new();
        let (mut seen, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
        let mut first = None;
        for piece in bytes.split(|b| *b == b'&').filter(|piece| !piece.is_empty()) {
            let mut halves = piece.splitn(2, |b| *b == b'=');
            let name = match decode(halves.next().unwrap_or_default(), "The name of a parameter") {
                Ok(name) => name,
                Err(fault) => {
                    first = first.or(Some(fault));
                    continue;
                }
            };
            let value = match value(&name, halves.next().unwrap_or_default()) {
                Ok(value) if value.is_empty() => continue,
                Ok(value) => Some(value),
                Err(fault) => {
                    first = first.or(Some(fault));
                    None
                }
            };
            if !seen.insert(name.clone()) && !REPEATABLE.contains(&name.as_str()) {
                let description = format!("{} is given more than once", subject(&name));
                let fault = OAuthError::describe(ErrorCode::ParameterRepeated, description);
                first = first.or(Some(fault));
                doubtful.insert(name.clone());
            }
            pairs.extend(value.map(|value| (name, value)));
        }
        pairs.retain(|(name, _)| !doubtful.contains(name));
        (Self(pairs), first)
    }

    /// Parameters that came otherwise than as a form, such as those of a request object, by the
    /// same rules.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse), but for what only a form can have.
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, OAuthError> {
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let checked = pairs.map(|(name, value)| {
            let fault = if value.len() > MAX_VALUE || name.len() > MAX_VALUE {
                (ErrorCode::ParameterTooLong, "is too long")
            } else if name.contains('\0') || value.contains('\0') {
                (ErrorCode::RequestMalformed, "has a NUL character")
            } else {
                return Ok((name, value));
            };
            let description = format!("{} {}", subject(&name), fault.1);
            Err(OAuthError::describe(fault.0, description))
        });
        checked.collect::<Result<_, _>>().map(Self)
    }

    /// The value of `name`, never empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All pairs, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is no parameter at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The decoded value of `name`, if it is whole and not too long.
fn value(name: &str, raw: &[u8]) -> Result<String, OAuthError> {
    let subject = subject(name);
    let value = decode(raw, &subject)?;
    if value.len() > MAX_VALUE || name.len() > MAX_VALUE {
        let description = format!("{subject} is too long");
        return Err(OAuthError::describe(ErrorCode::ParameterTooLong, description)
            .because(format!("{} bytes, at most {MAX_VALUE}", value.len())));
    }
    Ok(value)
}

/// Form decoding that refuses what a browser would let pass: a lone `%`, bytes outside UTF-8, and
/// NUL, which PostgreSQL cannot hold in text.
fn decode(raw: &[u8], what: &str) -> Result<String, OAuthError> {
    let malformed =
        |why: &str| OAuthError::describe(ErrorCode::RequestMalformed, format!("{what} {why}"));
    let escapes_whole = raw.iter().enumerate().filter(|(_, b)| **b == b'%').all(|(at, _)| {
        let digit = |offset| raw.get(at + offset).is_some_and(u8::is_ascii_hexdigit);
        digit(1) && digit(2)
    });
    if !escapes_whole {
        return Err(malformed("has a % that two hex digits do not follow"));
    }
    let spaced: Vec<u8> = raw.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let text =
        percent_decode(&spaced).decode_utf8().map_err(|_| malformed("is not UTF-8"))?.into_owned();
    if text.contains('\0') { Err(malformed("has a NUL character")) } else { Ok(text) }
}

/// A parameter as the subject of a public sentence; named only if its name looks like one, so that
/// nobody can make us say something odd.
fn subject(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if !name.is_empty() && name.len() <= 40 && name.bytes().all(plain) {
        format!("The parameter {name}")
    } else {
        "A parameter".to_owned()
    }
}

#[cfg(test)]
mod tests;
