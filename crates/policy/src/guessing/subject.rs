//! What a try is counted against.

use std::{fmt, net::IpAddr};

use super::{Limit, Limits};

/// A try to sign in with a password.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// The user id, or the folded login name if nobody has it: names that do not exist lock like
    /// those that do.
    pub account_key: &'a str,
    /// The device, if it is a known one of that very account.
    pub device: Option<&'a str>,
    /// Where the try comes from.
    pub ip: Option<IpAddr>,
    /// The client that the sign-in is for.
    pub client: Option<&'a str>,
}

/// One thing that failures are counted against. Its text is stable; callers store a keyed hash of
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An account, by its key.
    Account(String),
    /// An account as seen from one device it knows.
    Device {
        /// The account's key.
        account: String,
        /// The device.
        device: String,
    },
    /// An IPv4 address, or the first address of an IPv6 /64.
    Ip(IpAddr),
    /// A client.
    Client(String),
    /// One kind of one-time code of one owner.
    Code {
        /// Such as `totp`.
        kind: &'static str,
        /// Whose: a user id, or the name of a verification.
        owner: String,
    },
    /// Clients that register themselves from one address, written as in [`Subject::Ip`]. Charged
    /// before they are judged, as an account is, and never forgotten.
    Registration(IpAddr),
}

impl Subject {
    /// Whether it is about one person only: charged before the try is judged, and forgotten when
    /// the try was right.
    #[must_use]
    pub const fn is_narrow(&self) -> bool {
        !matches!(self, Self::Ip(_) | Self::Client(_))
    }
}

impl fmt::Display for Subject {
    /// Two subjects never share a text: what may hold any character comes last, after its length
    /// if something follows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(key) => write!(f, "account:{key}"),
            Self::Device { account, device } => {
                write!(f, "device:{}:{account}:{device}", account.len())
            }
            Self::Ip(IpAddr::V4(address)) => write!(f, "ip:{address}"),
            Self::Ip(IpAddr::V6(network)) => write!(f, "ip:{network}/64"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Code { kind, owner } => write!(f, "code:{kind}:{owner}"),
            Self::Registration(address) => write!(f, "registration:{address}"),
        }
    }
}

/// What a sign-in try looks at, and is counted against when it fails.
///
/// A known device has an allowance of its own *instead of* all the others: whoever guesses from
/// elsewhere, be it from the same address or for the same client, cannot lock the owner out there.
/// The device's cookie is worth nothing for any other account.
#[must_use]
pub fn subjects(attempt: &Try<'_>, limits: &Limits) -> Vec<(Subject, Limit)> {
    let account = attempt.account_key.to_owned();
    if let Some(device) = attempt.device {
        let own = Subject::Device { account, device: device.to_owned() };
        return vec![(own, limits.device)];
    }
    let mut subjects = vec![(Subject::Account(account), limits.account)];
    subjects.extend(attempt.ip.map(|ip| (Subject::Ip(network(ip)), limits.ip)));
    subjects.extend(attempt.client.map(|id| (Subject::Client(id.to_owned()), limits.client)));
    subjects
}

/// What a one-time code is counted against: `kind` (such as `totp`) of `owner`, a user id or the
/// name of a verification.
#[must_use]
pub fn code_subject(kind: &'static str, owner: &str, limits: &Limits) -> (Subject, Limit) {
    (Subject::Code { kind, owner: owner.to_owned() }, limits.code)
}

/// What a registration through the open door (RFC 7591 §3) is counted against, whether it is a good
/// one or not. A test suite makes hundreds; what one address leaves unused is bounded by the number of
/// unused clients altogether.
#[must_use]
pub fn registration_subject(ip: IpAddr) -> (Subject, Limit) {
    let limit = Limit { attempts: 3_000, window: 3_600, first_delay: 60, max_delay: 3_600 };
    (Subject::Registration(network(ip)), limit)
}

/// The address as far as one customer has it: an IPv6 site gets a /64 (RFC 6177 §2).
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
    }
}
