//! `[keys]`: what signs tokens and what seals secrets.

use vestibule_model::{Secret, client::SigningAlg};

use super::key::{Key, Section};
use super::lifetimes::DAY;
use super::reader::Reader;

pub(super) const SECTION: Section = Section {
    name: "keys",
    doc: "What signs tokens, and the master key that protects secrets at rest.",
    keys: &[
        Key::absent(
            "keys.master_key_file",
            "\"/run/secrets/vestibule_master_key\"",
            "A file with the master key: 32 random bytes as 64 hex digits (openssl rand -hex 32).\n\
             Private keys are sealed under it, so keep a copy apart from the database.\n\
             Without it one is made in data_dir, which is for development only.",
        ),
        Key::absent(
            "keys.master_key",
            "\"64 hex digits\"",
            "The master key itself, instead of `master_key_file`; best left to the environment.",
        )
        .secret(),
        Key::new(
            "keys.algorithms",
            "[\"RS256\", \"PS256\", \"ES256\", \"EdDSA\"]",
            "Algorithms that tokens may be signed with: RS256, PS256, ES256, EdDSA. RS256 has to\n\
             be among them (OpenID Connect Discovery §3).",
        ),
        Key::new("keys.rsa_bits", "2048", "The size of new RSA keys: 2048, 3072 or 4096."),
        Key::new(
            "keys.rotate_after",
            "\"90d\"",
            "How long a key signs before its successor takes over.",
        ),
        Key::new(
            "keys.jwks_max_age",
            "\"5m\"",
            "How long clients may keep a copy of the public keys. A new key is published at least\n\
             this long before it signs.",
        ),
    ],
};

/// What signs and what seals.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The master key, as 64 hex digits; `None` to use the one made in `data_dir`.
    pub master_key: Option<Secret>,
    /// The algorithms with a key in the ring.
    pub algorithms: Vec<SigningAlg>,
    /// The size of new RSA keys.
    pub rsa_bits: usize,
    /// Seconds a key signs.
    pub rotate_after: i64,
    /// Seconds the JWKS may be cached.
    pub jwks_max_age: i64,
}

pub(super) fn read(reader: &mut Reader) -> Keys {
    let master_key = reader.secret("keys.master_key");
    if let Some(fault) = master_key.as_ref().and_then(|key| fault_of(key.expose())) {
        let fix = "make one with `openssl rand -hex 32`".to_owned();
        reader.mistake("keys.master_key", fault, Some(fix));
    }
    let algorithms = reader.list("keys.algorithms", |name| {
        SigningAlg::from_wire(name).ok_or_else(|| {
            format!("{name:?} is not one of RS256, PS256, ES256 and EdDSA (mind the case)")
        })
    });
    if !algorithms.contains(&SigningAlg::RS256) {
        let message = "must contain RS256, the one algorithm that every OpenID Connect client \
                       understands (OpenID Connect Discovery §3)";
        reader.mistake("keys.algorithms", message, None);
    }
    let rsa_bits = reader.typed("keys.rsa_bits", |entry| {
        let bits = super::reader::integer_of(entry)?;
        match bits {
            2_048 | 3_072 | 4_096 => Ok(usize::try_from(bits).unwrap_or(2_048)),
            other => Err(format!("must be 2048, 3072 or 4096, not {other}")),
        }
    });
    let rotate_after = reader.seconds("keys.rotate_after", 3_600..=3_650 * DAY);
    let jwks_max_age = reader.seconds("keys.jwks_max_age", 10..=DAY);
    if rotate_after <= 2 * jwks_max_age {
        let message = "must be more than twice `keys.jwks_max_age`: a key has to be known to \
                       everybody before it signs";
        reader.mistake("keys.rotate_after", message, None);
    }
    let rsa_bits = rsa_bits.unwrap_or(2_048);
    Keys { master_key, algorithms, rsa_bits, rotate_after, jwks_max_age }
}

fn fault_of(text: &str) -> Option<String> {
    if text.len() != 64 {
        return Some(format!(
            "must be 64 hex digits (32 bytes), but has {} characters",
            text.len()
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some("must be 64 hex digits (0-9, a-f), but has other characters".to_owned());
    }
    let mut bytes = text.bytes();
    let first = bytes.next();
    bytes.all(|byte| Some(byte) == first).then(|| "is one digit 64 times, not a key".to_owned())
}
