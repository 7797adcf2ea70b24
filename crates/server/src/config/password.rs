//! `[password]`: what hashing a password costs (argon2id, RFC 9106).

use super::key::{Key, Section};
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "password",
    doc: "What hashing a password costs (argon2id). Passwords hashed at another cost are hashed\n\
          again the next time their owner signs in.",
    keys: &[
        Key::new("password.memory_kib", "19456", "Memory for one hash, in KiB."),
        Key::new("password.iterations", "2", "Passes over that memory."),
        Key::new("password.parallelism", "1", "Lanes of one hash."),
        Key::new(
            "password.concurrency",
            "\"auto\"",
            "Hashes at the same time; more wait. memory_kib times this is the most memory that\n\
             sign-ins can take. \"auto\" is one a processor core, at most 4.",
        ),
    ],
};

/// What hashing a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Password {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Hashes at the same time; `None` is one a core, at most 4.
    pub concurrency: Option<usize>,
}

pub(super) fn read(reader: &mut Reader) -> Password {
    // Less than this is weaker than the smallest choice OWASP's password storage advice has.
    let memory_kib = small(reader.integer("password.memory_kib", 7_168..=4 * 1_024 * 1_024));
    let parallelism = small(reader.integer("password.parallelism", 1..=64));
    let iterations = small(reader.integer("password.iterations", 1..=100));
    if memory_kib < 19_456 && iterations < 5 {
        let message =
            "is too little for so few passes; take 19456 with 2 iterations, or 7168 with 5";
        reader.mistake("password.memory_kib", message, None);
    }
    let concurrency = reader.count_or_auto("password.concurrency", 1..=256);
    Password { memory_kib, iterations, parallelism, concurrency }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(1)
}
