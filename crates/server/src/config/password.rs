//! `[password]`: what passwords must be, and what hashing one costs (argon2id, RFC 9106).

use vestibule_model::Secret;
use vestibule_policy::password::Rules;

use super::key::{Key, Section};
use super::reader::Reader;

/// A pepper shorter than this is none.
const PEPPER_BYTES: usize = 32;

pub(super) const SECTION: Section = Section {
    name: "password",
    doc: "What new passwords must be, and what hashing one costs (argon2id). Passwords hashed at\n\
          another cost are hashed again the next time their owner signs in.",
    keys: &[
        Key::new("password.min_length", "12", "The least number of characters, 8 to 64."),
        Key::new("password.max_length", "128", "The greatest number of characters, 64 to 1024."),
        Key::new(
            "password.min_strength",
            "3",
            "How hard a password must be to guess, 0 (anything) to 4, as zxcvbn estimates it.",
        ),
        Key::new(
            "password.classes",
            "0",
            "How many of lower case, upper case, digits and others it must have. 0 is best: length\n\
             is worth more than rules that make people write passwords down.",
        ),
        Key::new("password.history", "5", "How many of one's former passwords are refused."),
        Key::new(
            "password.refuse_breached",
            "true",
            "Refuse the passwords that are in every attacker's list. Asks nobody: the list is built in.",
        ),
        Key::absent(
            "password.pepper",
            "\"a long random text\"",
            "A secret that goes into every new hash, so that the database alone gives none away.\n\
             Whoever loses it resets every password. Old hashes take it at the next sign-in.",
        )
        .secret(),
        Key::absent(
            "password.pepper_file",
            "\"/run/secrets/password_pepper\"",
            "A file that holds the pepper, instead of `pepper`.",
        ),
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

/// What passwords must be, and what hashing one costs.
#[derive(Clone, Debug)]
pub struct Password {
    /// What a new one must be.
    pub rules: Rules,
    /// How many former ones are refused.
    pub history: i64,
    /// What goes into every new hash besides the password.
    pub pepper: Option<Secret>,
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
    Password {
        rules: rules(reader),
        history: reader.integer("password.history", 0..=24),
        pepper: pepper(reader),
        memory_kib,
        iterations,
        parallelism,
        concurrency,
    }
}

fn rules(reader: &mut Reader) -> Rules {
    let characters = |count: i64| usize::try_from(count).unwrap_or_default();
    let step = |number: i64| u8::try_from(number).unwrap_or_default();
    Rules {
        min: characters(reader.integer("password.min_length", 8..=64)),
        max: characters(reader.integer("password.max_length", 64..=1_024)),
        min_strength: step(reader.integer("password.min_strength", 0..=4)),
        classes: step(reader.integer("password.classes", 0..=4)),
        refuse_breached: reader.boolean("password.refuse_breached"),
    }
}

fn pepper(reader: &mut Reader) -> Option<Secret> {
    let pepper = reader.secret("password.pepper")?;
    let length = pepper.expose().len();
    if length < PEPPER_BYTES {
        let message = format!("has {length} bytes, which somebody could guess; take 32 or more");
        let fix = "make one with `openssl rand -hex 32`".to_owned();
        reader.mistake("password.pepper", message, Some(fix));
    }
    Some(pepper)
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(1)
}
