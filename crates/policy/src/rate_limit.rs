//! How many requests of one kind are taken from one address within a minute.
//!
//! Counting is somebody else's: of one process, or of all instances together. While they should
//! count together and cannot, each takes half as many, so that all of them together stay nearer to
//! what was meant, and nobody is locked out for our own fault.

use std::{net::IpAddr, time::Duration};

/// The window that every limit is about.
pub const WINDOW: Duration = Duration::from_mins(1);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Forms of people without a session: signing in, registering, recovering, unlocking.
    SignIn,
    /// The authorization endpoint.
    Authorize,
    /// The token endpoint.
    Token,
    /// Introspection.
    Introspect,
    /// Revocation.
    Revoke,
    /// `UserInfo`.
    Userinfo,
    /// Clients that register themselves, and manage what they registered.
    Register,
    /// Wrong client credentials, of one client from one address.
    ClientAuth,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::SignIn,
        Self::Authorize,
        Self::Token,
        Self::Introspect,
        Self::Revoke,
        Self::Userinfo,
        Self::Register,
        Self::ClientAuth,
    ];

    /// Its name, in settings and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::Userinfo => "userinfo",
            Self::Register => "register",
            Self::ClientAuth => "client_auth_failures",
        }
    }
}

/// Requests a minute from one address, class by class; 0 is as many as come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the limit of the class of that name")]
pub struct Limits {
    pub sign_in: u32,
    pub authorize: u32,
    pub token: u32,
    pub introspect: u32,
    pub revoke: u32,
    pub userinfo: u32,
    pub register: u32,
    pub client_auth_failures: u32,
}

impl Default for Limits {
    /// Only guessing at client secrets is limited: how many people share an address, and how many
    /// requests a backend makes, only the operator knows.
    fn default() -> Self {
        Self {
            sign_in: 0,
            authorize: 0,
            token: 0,
            introspect: 0,
            revoke: 0,
            userinfo: 0,
            register: 0,
            client_auth_failures: 60,
        }
    }
}

impl Limits {
    /// The limit of `class`; `None` where there is none.
    #[must_use]
    pub fn of(&self, class: Class) -> Option<u32> {
        let limit = match class {
            Class::SignIn => self.sign_in,
            Class::Authorize => self.authorize,
            Class::Token => self.token,
            Class::Introspect => self.introspect,
            Class::Revoke => self.revoke,
            Class::Userinfo => self.userinfo,
            Class::Register => self.register,
            Class::ClientAuth => self.client_auth_failures,
        };
        (limit > 0).then_some(limit)
    }
}

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Everybody who should: all instances together, or the only one.
    Whole,
    /// This instance alone, for what they share is away.
    Part,
}

/// How many are taken in a window: half, but at least one, where only a part counts.
#[must_use]
pub fn allowed(limit: u32, counting: Counting) -> u64 {
    match counting {
        Counting::Whole => u64::from(limit),
        Counting::Part => u64::from(limit / 2).max(1),
    }
}

/// What is taken for one address: an IPv4 address, or the /64 that one household or machine has of
/// IPv6 (RFC 6177 §2).
#[must_use]
pub fn address(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn half_is_allowed_where_only_a_part_counts_and_never_none() {
        for (limit, whole, part) in [(60, 60, 30), (3, 3, 1), (1, 1, 1)] {
            assert_eq!(allowed(limit, Counting::Whole), whole);
            assert_eq!(allowed(limit, Counting::Part), part);
        }
    }

    #[test]
    fn zero_is_no_limit_and_only_guessing_is_limited_by_default() {
        let limited = Class::ALL.into_iter().filter(|class| Limits::default().of(*class).is_some());
        assert_eq!(limited.collect::<Vec<_>>(), [Class::ClientAuth]);
        let all = Limits { token: 5, ..Limits::default() };
        assert_eq!((all.of(Class::Token), all.of(Class::Revoke)), (Some(5), None));
    }

    #[test]
    fn an_address_is_what_one_party_has() {
        for (ip, name) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ] {
            assert_eq!(address(ip.parse().unwrap()), name);
        }
    }

    #[test]
    fn every_class_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Class::ALL.iter().map(|class| class.as_str()).collect();
        assert_eq!(names.len(), Class::ALL.len());
    }
}
