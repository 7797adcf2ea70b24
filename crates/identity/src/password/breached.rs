//! Asking a service whether a password was published after a break-in, without telling it the
//! password: it gets the first 5 hex digits of the SHA-1 and answers with every known rest
//! (k-anonymity, the range protocol of Have I Been Pwned).
//!
//! `vestibule_policy::password` refuses the commonest ones by itself; this is for who wants more and
//! may ask outside. There is no implementation over HTTP yet.

use std::{fmt::Write, pin::Pin};

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use vestibule_model::Secret;

/// How many hex digits the service gets to see: 20 of 160 bits.
const PREFIX: usize = 5;

/// An answer under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Vec<Suffix>, ServiceFault>> + Send + 'a>>;

/// A service that knows breached passwords.
pub trait BreachedPasswords: Send + Sync {
    /// Every breached password whose SHA-1 begins with `sha1_prefix`: 5 upper-case hex digits. Has
    /// to end by itself within a second or two, for somebody is waiting.
    fn suffixes<'a>(&'a self, sha1_prefix: &'a str) -> Lookup<'a>;
}

/// The rest of a breached password's SHA-1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suffix {
    /// 35 hex digits, in whatever case.
    pub digits: String,
    /// How often it was found; 0 only fills the answer up, so that its length tells nothing.
    pub seen: u64,
}

/// The service could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the service of breached passwords: {0}")]
pub struct ServiceFault(pub String);

/// Whether the service knows `password`. A service that does not answer keeps nobody from choosing a
/// password: then this is `false`, and the log says so.
pub async fn is_breached(password: &Secret, service: &dyn BreachedPasswords) -> bool {
    let digest = sha1_hex(password);
    let Some((prefix, rest)) = digest.split_at_checked(PREFIX) else { return false };
    match service.suffixes(prefix).await {
        Ok(suffixes) => suffixes.iter().any(|suffix| is(rest, suffix)),
        Err(fault) => {
            tracing::warn!(
                event = "password.breach_service_silent",
                %fault,
                "a new password was not looked up"
            );
            false
        }
    }
}

fn is(rest: &str, suffix: &Suffix) -> bool {
    let known = suffix.digits.to_ascii_uppercase();
    suffix.seen > 0 && bool::from(known.as_bytes().ct_eq(rest.as_bytes()))
}

fn sha1_hex(password: &Secret) -> String {
    Sha1::digest(password.expose().as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A service that answers what it is told to, and remembers what it was asked.
    struct Double {
        answer: Result<Vec<(&'static str, u64)>, &'static str>,
        asked: Mutex<Vec<String>>,
    }

    impl Double {
        fn new(answer: Result<Vec<(&'static str, u64)>, &'static str>) -> Self {
            Self { answer, asked: Mutex::default() }
        }
    }

    impl BreachedPasswords for Double {
        fn suffixes<'a>(&'a self, sha1_prefix: &'a str) -> Lookup<'a> {
            self.asked.lock().unwrap().push(sha1_prefix.to_owned());
            let suffixes = |known: &Vec<(&str, u64)>| {
                known
                    .iter()
                    .map(|(digits, seen)| Suffix { digits: (*digits).to_owned(), seen: *seen })
                    .collect()
            };
            let answer = self.answer.as_ref().map(suffixes);
            let answer = answer.map_err(|why| ServiceFault((*why).to_owned()));
            Box::pin(std::future::ready(answer))
        }
    }

    /// The SHA-1 of `password` is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
    const REST: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
    const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

    async fn asked(service: &Double) -> bool {
        is_breached(&Secret::new("password"), service).await
    }

    #[tokio::test]
    async fn a_password_that_the_service_knows_is_breached() {
        let lower = "1e4c9b93f3f0682250b6cf8331b7ee68fd8";
        let rows = [
            (vec![(OTHER, 3), (REST, 9)], true),
            (vec![(lower, 1)], true),
            (vec![(REST, 0)], false),
            (vec![(OTHER, 3)], false),
            (vec![("", 3), ("1E4C9", 3)], false),
            (vec![], false),
        ];
        for (answer, breached) in rows {
            let service = Double::new(Ok(answer.clone()));
            assert_eq!(asked(&service).await, breached, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn the_service_sees_five_digits_and_no_more() {
        let service = Double::new(Ok(vec![]));
        asked(&service).await;
        assert_eq!(*service.asked.lock().unwrap(), ["5BAA6"]);
    }

    #[tokio::test]
    async fn a_silent_service_keeps_nobody_out() {
        assert!(!asked(&Double::new(Err("timed out"))).await);
    }
}
