//! argon2: our own hashes, and those of others with whatever parameters.

use argon2::{
    Algorithm, Argon2, Block, KeyId, Params, ParamsBuilder, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use sha2::{Digest, Sha256};
use vestibule_model::Secret;

use super::{PasswordError, PasswordSettings, foreign::Unusable};

/// The most KiB of a hash that somebody else made.
const MEMORY_MAX: u64 = 1_024 * 1_024;
/// The most KiB times passes of such a hash: some seconds.
const WORK_MAX: u64 = 4 * MEMORY_MAX;

/// Makes and checks hashes, in memory that is used again.
#[derive(Clone)]
pub(super) struct Argon {
    params: Params,
    pepper: Option<Secret>,
    memory: Vec<Block>,
}

/// A stored hash, read.
pub(super) struct ArgonHash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    expected: Output,
}

/// Whether we have the pepper that a hash takes.
pub(super) enum Peppered {
    /// It takes none, or ours.
    Here,
    /// It takes one that we do not have.
    Elsewhere,
}

/// Reads an argon2 hash in PHC string form; `None` if it is of another kind.
pub(super) fn read(stored: &str) -> Option<Result<ArgonHash, Unusable>> {
    stored.starts_with("$argon2").then(|| parsed(stored).ok_or(Unusable::Unknown))
}

fn parsed(stored: &str) -> Option<ArgonHash> {
    let phc = PasswordHash::new(stored).ok()?;
    let params = Params::try_from(&phc).ok()?;
    if !params.data().is_empty() {
        return None;
    }
    // The string form of version 16 has no version.
    let version = phc.version.unwrap_or(Version::V0x10.into());
    Some(ArgonHash {
        algorithm: Algorithm::new(phc.algorithm.as_str()).ok()?,
        version: Version::try_from(version).ok()?,
        params,
        salt: phc.salt?,
        expected: phc.hash?,
    })
}

impl ArgonHash {
    /// The name of the pepper that it takes; empty if it takes none.
    pub(super) fn pepper_id(&self) -> &[u8] {
        self.params.keyid()
    }

    /// Whether it may be computed whatever the settings.
    pub(super) fn is_bearable(&self) -> bool {
        memory(&self.params) <= MEMORY_MAX && work(&self.params) <= WORK_MAX
    }

    /// What it costs, for the log.
    pub(super) fn cost(&self) -> String {
        format!("{} KiB, {} passes", self.params.m_cost(), self.params.t_cost())
    }
}

fn memory(params: &Params) -> u64 {
    u64::from(params.m_cost())
}

fn work(params: &Params) -> u64 {
    memory(params) * u64::from(params.t_cost())
}

impl Argon {
    pub(super) fn new(settings: PasswordSettings) -> Result<Self, PasswordError> {
        let mut builder = ParamsBuilder::new();
        builder
            .m_cost(settings.memory_kib)
            .t_cost(settings.iterations)
            .p_cost(settings.parallelism)
            .output_len(Params::DEFAULT_OUTPUT_LEN);
        let refused = |error: argon2::Error| PasswordError::Parameters(error.to_string());
        if let Some(pepper) = &settings.pepper {
            builder.keyid(pepper_id(pepper).map_err(refused)?);
        }
        let params = builder.build().map_err(refused)?;
        Ok(Self { params, pepper: settings.pepper, memory: Vec::new() })
    }

    pub(super) fn give_memory_back(&mut self) {
        self.memory = Vec::new();
    }

    pub(super) fn hash(&mut self, password: &Secret, salt: &[u8; 16]) -> Option<String> {
        let params = self.params.clone();
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).ok()?,
            salt: Some(Salt::new(salt).ok()?),
            hash: Some(self.output(
                &params,
                (Algorithm::Argon2id, Version::V0x13),
                password,
                salt,
            )?),
        };
        Some(hash.to_string())
    }

    /// Compares in constant time.
    pub(super) fn matches(&mut self, password: &Secret, hash: &ArgonHash) -> bool {
        let kind = (hash.algorithm, hash.version);
        self.output(&hash.params, kind, password, hash.salt.as_ref())
            .is_some_and(|got| got == hash.expected)
    }

    /// Whether the settings would make this very hash.
    pub(super) fn is_current(&self, hash: &ArgonHash) -> bool {
        hash.algorithm == Algorithm::Argon2id
            && hash.version == Version::V0x13
            && hash.params == self.params
    }

    /// Whether it may be computed: settings may be as high as they like, and be lowered again.
    pub(super) fn is_bearable(&self, hash: &ArgonHash) -> bool {
        let as_ours = memory(&hash.params) <= memory(&self.params)
            && work(&hash.params) <= work(&self.params);
        as_ours || hash.is_bearable()
    }

    pub(super) fn pepper_of(&self, hash: &ArgonHash) -> Peppered {
        let id = hash.pepper_id();
        if id.is_empty() || id == self.params.keyid() {
            Peppered::Here
        } else {
            Peppered::Elsewhere
        }
    }

    fn output(
        &mut self,
        params: &Params,
        (algorithm, version): (Algorithm, Version),
        password: &Secret,
        salt: &[u8],
    ) -> Option<Output> {
        let pepper = self.pepper.clone().filter(|_| !params.keyid().is_empty());
        let argon2 = match &pepper {
            Some(pepper) => Argon2::new_with_secret(
                pepper.expose().as_bytes(),
                algorithm,
                version,
                params.clone(),
            )
            .ok()?,
            None => Argon2::new(algorithm, version, params.clone()),
        };
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut out = [0_u8; Output::MAX_LENGTH];
        let out = out.get_mut(..length)?;
        let memory = self.memory.get_mut(..blocks)?;
        let done =
            argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, out, memory);
        // What a hash of others took more than ours do is not kept.
        let own = self.params.block_count();
        if self.memory.len() > own {
            self.memory.truncate(own);
            self.memory.shrink_to_fit();
        }
        done.ok().and_then(|()| Output::new(out).ok())
    }
}

/// The name of a pepper: 48 bits of a hash, so that another pepper is told from the right one.
fn pepper_id(pepper: &Secret) -> Result<KeyId, argon2::Error> {
    let mut hash = Sha256::new();
    hash.update(b"vestibule password pepper\0");
    hash.update(pepper.expose().as_bytes());
    let digest = hash.finalize();
    KeyId::new(digest.as_slice().get(..6).unwrap_or_default())
}
