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
        let mut pairs = Vec::new();
        let mut seen = BTreeSet::new();
        for piece in bytes.split(|b| *b == b'&').filter(|piece| !piece.is_empty()) {
            let mut halves = piece.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default(), "The name of a parameter")?;
            let subject = subject(&name);
            let value = decode(halves.next().unwrap_or_default(), &subject)?;
            if value.is_empty() {
                continue;
            }
            if value.len() > MAX_VALUE || name.len() > MAX_VALUE {
                let description = format!("{subject} is too long");
                return Err(OAuthError::describe(ErrorCode::ParameterTooLong, description)
                    .because(format!("{} bytes, at most {MAX_VALUE}", value.len())));
            }
            if !seen.insert(name.clone()) && !REPEATABLE.contains(&name.as_str()) {
                let description = format!("{subject} is given more than once");
                return Err(OAuthError::describe(ErrorCode::ParameterRepeated, description));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
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
