//! Hashes that another system made: bcrypt, scrypt and PBKDF2. Each is right at most once, for then
//! it is replaced by one of ours.

use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use vestibule_model::Secret;

/// The greatest bcrypt cost: a second or two.
const BCRYPT_COST_MAX: u32 = 14;
/// The most memory and work of scrypt, 128 · N · r · p bytes.
const SCRYPT_BYTES_MAX: u64 = 256 * 1_024 * 1_024;
/// The most rounds of PBKDF2.
const PBKDF2_ROUNDS_MAX: u32 = 2_000_000;
/// The bytes that a hash may have: fewer could be met by chance.
const HASH_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Base64 as people write it: with or without `=`, and passlib's with `.` for `+`.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a stored hash is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Of no form that we know.
    Unknown,
    /// Of which kind, and what it would cost.
    TooCostly(&'static str, String),
}

impl fmt::Display for Unusable {
    /// Never the hash itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("a stored password hash is of no known form"),
            Self::TooCostly(kind, cost) => {
                write!(f, "a stored {kind} hash would cost too much to check ({cost})")
            }
        }
    }
}

/// A stored hash, read.
pub(super) enum ForeignHash {
    /// The whole string, of 60 characters.
    Bcrypt(String),
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        expected: Vec<u8>,
    },
    Pbkdf2 {
        with: Prf,
        rounds: u32,
        salt: Vec<u8>,
        expected: Vec<u8>,
    },
}

/// The hash function of PBKDF2's HMAC.
#[derive(Clone, Copy)]
pub(super) enum Prf {
    Sha256,
    Sha512,
}

/// Reads a hash.
pub(super) fn read(stored: &str) -> Result<ForeignHash, Unusable> {
    let mut fields = stored.split('$');
    let (kind, rest) = match fields.next() {
        Some("") => (fields.next().unwrap_or_default(), fields.collect::<Vec<_>>()),
        // Django's begins with its name.
        Some(kind) => (kind, fields.collect()),
        None => return Err(Unusable::Unknown),
    };
    match (kind, rest.as_slice()) {
        ("2a" | "2b" | "2y", [cost, _]) => bcrypt(stored, cost),
        ("scrypt", [params, salt, hash]) => scrypt(params, salt, hash),
        ("pbkdf2-sha256", [rounds, salt, hash]) => pbkdf2(Prf::Sha256, rounds, decoded(salt), hash),
        ("pbkdf2-sha512", [rounds, salt, hash]) => pbkdf2(Prf::Sha512, rounds, decoded(salt), hash),
        ("pbkdf2_sha256", [rounds, salt, hash]) => {
            pbkdf2(Prf::Sha256, rounds, Some(salt.as_bytes().to_vec()), hash)
        }
        _ => Err(Unusable::Unknown),
    }
}

fn bcrypt(stored: &str, cost: &str) -> Result<ForeignHash, Unusable> {
    if stored.len() != 60 || !stored.is_ascii() {
        return Err(Unusable::Unknown);
    }
    match cost.parse() {
        Ok(4..=BCRYPT_COST_MAX) => Ok(ForeignHash::Bcrypt(stored.to_owned())),
        Ok(cost @ 15..) => Err(Unusable::TooCostly("bcrypt", format!("cost {cost}"))),
        _ => Err(Unusable::Unknown),
    }
}

/// `ln=16,r=8,p=1`, salt and hash in base64.
fn scrypt(params: &str, salt: &str, hash: &str) -> Result<ForeignHash, Unusable> {
    let number = |name| field(params, name).ok_or(Unusable::Unknown);
    let (log_n, r, p) = (number("ln")?, number("r")?, number("p")?);
    let n = 1_u64.checked_shl(log_n).filter(|_| log_n > 0).ok_or(Unusable::Unknown)?;
    let bytes = [u64::from(r), u64::from(p), 128].into_iter().fold(n, u64::saturating_mul);
    if bytes > SCRYPT_BYTES_MAX {
        return Err(Unusable::TooCostly("scrypt", format!("ln={log_n}, r={r}, p={p}")));
    }
    let log_n = u8::try_from(log_n).map_err(|_| Unusable::Unknown)?;
    Ok(ForeignHash::Scrypt {
        params: scrypt::Params::new(log_n, r, p).map_err(|_| Unusable::Unknown)?,
        salt: decoded(salt).ok_or(Unusable::Unknown)?,
        expected: expected(hash)?,
    })
}

/// `1000` or `i=1000,l=32`; the length is that of the hash.
fn pbkdf2(
    with: Prf,
    rounds: &str,
    salt: Option<Vec<u8>>,
    hash: &str,
) -> Result<ForeignHash, Unusable> {
    let rounds = rounds.parse().ok().or_else(|| field(rounds, "i")).ok_or(Unusable::Unknown)?;
    match rounds {
        1..=PBKDF2_ROUNDS_MAX => Ok(ForeignHash::Pbkdf2 {
            with,
            rounds,
            salt: salt.ok_or(Unusable::Unknown)?,
            expected: expected(hash)?,
        }),
        0 => Err(Unusable::Unknown),
        _ => Err(Unusable::TooCostly("PBKDF2", format!("{rounds} rounds"))),
    }
}

/// The number called `name` of a list such as `i=1000,l=32`.
fn field(list: &str, name: &str) -> Option<u32> {
    let mut pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text.replace('.', "+")).ok()
}

fn expected(hash: &str) -> Result<Vec<u8>, Unusable> {
    decoded(hash).filter(|bytes| HASH_BYTES.contains(&bytes.len())).ok_or(Unusable::Unknown)
}

impl ForeignHash {
    /// Compares in constant time.
    pub(super) fn matches(&self, password: &Secret) -> bool {
        let password = password.expose().as_bytes();
        match self {
            Self::Bcrypt(stored) => bcrypt::verify(password, stored).unwrap_or(false),
            Self::Scrypt { params, salt, expected } => {
                let mut got = vec![0; expected.len()];
                scrypt::scrypt(password, salt, params, &mut got).is_ok() && same(&got, expected)
            }
            Self::Pbkdf2 { with, rounds, salt, expected } => {
                let mut got = vec![0; expected.len()];
                match with {
                    Prf::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut got),
                    Prf::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *rounds, &mut got),
                }
                same(&got, expected)
            }
        }
    }
}

fn same(got: &[u8], expected: &[u8]) -> bool {
    got.ct_eq(expected).into()
}
