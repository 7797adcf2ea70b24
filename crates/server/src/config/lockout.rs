//! `[lockout]`: what happens to those who guess.

use vestibule_policy::guessing::{Limit, Limits};

use super::key::{Key, Section};
use super::lifetimes::{DAY, HOUR};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "lockout",
    doc: "What happens to those who guess passwords and codes. A device that somebody signed in with\n\
          before has an allowance of its own, so strangers cannot lock its owner out. Passkeys are\n\
          never locked.",
    keys: &[
        Key::new("lockout.attempts", "3", "Wrong guesses at one account before it is locked."),
        Key::new("lockout.window", "\"15m\"", "How long a wrong guess counts."),
        Key::new(
            "lockout.first_delay",
            "\"30s\"",
            "How long the first lock lasts. Each further wrong guess doubles it.",
        ),
        Key::new("lockout.max_delay", "\"15m\"", "The longest that a lock lasts."),
        Key::new(
            "lockout.ip_attempts",
            "100",
            "Wrong guesses from one address, at whatever accounts, before it has to wait.",
        ),
        Key::new(
            "lockout.client_attempts",
            "1000",
            "Wrong guesses on the way to one client before people have to wait there.",
        ),
    ],
};

pub(super) fn read(reader: &mut Reader) -> Limits {
    let own = Limit {
        attempts: reader.integer("lockout.attempts", 1..=1_000),
        window: reader.seconds("lockout.window", 10..=DAY),
        first_delay: reader.seconds("lockout.first_delay", 1..=HOUR),
        max_delay: reader.seconds("lockout.max_delay", 1..=DAY),
    };
    if own.first_delay > own.max_delay {
        let message = "must not be longer than `lockout.max_delay`";
        reader.mistake("lockout.first_delay", message, None);
    }
    let usual = Limits::default();
    // What many people share is locked for less long, and a six-digit code, which soon expires, for
    // longer from the first.
    let wide = Limit { max_delay: own.max_delay.min(usual.ip.max_delay), ..own };
    Limits {
        account: own,
        device: own,
        ip: Limit { attempts: reader.integer("lockout.ip_attempts", 1..=1_000_000), ..wide },
        client: Limit {
            attempts: reader.integer("lockout.client_attempts", 1..=1_000_000),
            ..wide
        },
        code: Limit {
            attempts: usual.code.attempts,
            first_delay: own.first_delay.saturating_mul(2).min(own.max_delay),
            ..own
        },
    }
}
