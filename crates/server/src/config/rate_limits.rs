//! `[rate_limits]`: how many requests are taken from one address.

use vestibule_policy::rate_limit::Limits;

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "rate_limits",
    doc: "Requests that are taken from one network address (IPv6: /64) within a minute; 0 is as many\n\
          as come. What is too much is answered 429 with Retry-After. Instances that share Redis\n\
          count together; while it is away each counts for itself and takes half. Behind a proxy,\n\
          name it in server.trusted_proxies first, or everybody has its address. Guessing at\n\
          passwords has [lockout] beside this.",
    keys: &[
        Key::new(
            "rate_limits.sign_in",
            "0",
            "Forms of people who are not signed in: sign-in, registration, recovery. An office may\n\
             share one address.",
        ),
        Key::new("rate_limits.authorize", "0", "The authorization endpoint."),
        Key::new(
            "rate_limits.token",
            "0",
            "The token endpoint. A backend has one address for all.",
        ),
        Key::new("rate_limits.introspect", "0", "The introspection endpoint."),
        Key::new("rate_limits.revoke", "0", "The revocation endpoint."),
        Key::new("rate_limits.userinfo", "0", "The UserInfo endpoint."),
        Key::new("rate_limits.register", "0", "Clients that register themselves."),
        Key::new(
            "rate_limits.client_auth_failures",
            "60",
            "Wrong credentials of one client from one address. After that, its secret is not looked\n\
             at until the minute is over; from elsewhere the client goes on.",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader) -> Limits {
    let mut limit = |path| u32::try_from(reader.integer(path, 0..=10_000_000)).unwrap_or(0);
    Limits {
        sign_in: limit("rate_limits.sign_in"),
        authorize: limit("rate_limits.authorize"),
        token: limit("rate_limits.token"),
        introspect: limit("rate_limits.introspect"),
        revoke: limit("rate_limits.revoke"),
        userinfo: limit("rate_limits.userinfo"),
        register: limit("rate_limits.register"),
        client_auth_failures: limit("rate_limits.client_auth_failures"),
    }
}
