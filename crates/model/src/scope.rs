//! `scope` (RFC 6749 §3.3): a set of case-sensitive names, printed in one order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// `openid` (OIDC Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// `offline_access` (OIDC Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes that OpenID Connect defines (OIDC Core §5.4, §11), in the order discovery lists them.
pub const STANDARD: [&str; 6] = [OPENID, "profile", "email", "address", "phone", OFFLINE_ACCESS];

/// A set of scope names, sorted, so that equal sets print and hash alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ScopeSet(BTreeSet<String>);

/// A scope text with a character outside RFC 6749 §3.3's `scope-token`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("scope name {0:?} has a character that RFC 6749 §3.3 does not allow")]
pub struct MalformedScope(pub String);

impl ScopeSet {
    /// Reads a space-delimited list. Empty text is the empty set; repeats fold together.
    ///
    /// # Errors
    /// A name with a character outside `%x21 / %x23-5B / %x5D-7E`.
    pub fn parse(text: &str) -> Result<Self, MalformedScope> {
        text.split(' ')
            .filter(|name| !name.is_empty())
            .map(|name| {
                let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
                if name.bytes().all(allowed) {
                    Ok(name.to_owned())
                } else {
                    Err(MalformedScope(name.to_owned()))
                }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `name` is in the set.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether every name of this set is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The names in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The names of this set that `other` lacks.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// The names of both sets together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// This set without `name`.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|n| *n != name).cloned().collect())
    }

    /// Whether the set has no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl std::fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// Of names that are known to be right.
impl FromIterator<&'static str> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = &'static str>>(names: I) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }
}

impl From<ScopeSet> for String {
    fn from(set: ScopeSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for ScopeSet {
    type Error = MalformedScope;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}
