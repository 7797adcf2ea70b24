//! What an operator sets.

use std::time::Duration;

use secrecy::SecretString;

use crate::CacheError;

/// The most characters of a prefix.
const LONGEST_PREFIX: usize = 64;

/// How to reach Redis, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// Where Redis is; the forms are those of docs/operations/redis.md.
    pub url: SecretString,
    /// What every key and channel begins with, for example `vestibule:`.
    pub prefix: String,
    /// Connections, each with a thread of its own.
    pub pool_size: u32,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a caller waits for an answer.
    pub timeout: Duration,
    /// How many calls may wait for a connection; more do without Redis at once.
    pub queue: usize,
}

/// Whether keys may begin with `text`.
///
/// # Errors
/// [`CacheError::Prefix`]: empty, too long, or with characters that mean something to Redis: `{}`
/// would put every key on one node of a cluster, and `*?[]` widen what an ACL allows.
pub fn check_prefix(text: &str) -> Result<(), CacheError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_' | '/');
    if !text.is_empty() && text.len() <= LONGEST_PREFIX && text.chars().all(allowed) {
        return Ok(());
    }
    Err(CacheError::Prefix(format!(
        "must be 1 to {LONGEST_PREFIX} letters, digits and : . - _ /, for example \"vestibule:\""
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_means_nothing_to_redis() {
        for good in ["vestibule:", "a", "eu-1/test_2."] {
            assert_eq!(check_prefix(good), Ok(()), "{good}");
        }
        for bad in ["", "{v}:", "v*", "v?", "v[1]", "a b", "ä", &"a".repeat(65)] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }
}
