//! What the tests of this crate share: seeded randomness, keys made once, tokens made by hand.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{jwk::Jwk, jws::JwsSigner};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use vestibule_model::{
    Entropy, Timestamp,
    client::SigningAlg,
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
    signing_key::StoredKey,
};

use crate::{
    KeyRing, MasterKey, Sealer, algorithm, generate, generate::sealing_purpose,
    generate_encryption_key,
};

/// The time of the fixtures.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000);

/// SHA-256 of a counter: the same bytes for the same seed.
pub(crate) struct Seeded(AtomicU64, u64);

impl Seeded {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(0), seed)
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let block = Sha256::digest(format!("{} {count}", self.1));
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

pub(crate) fn master() -> MasterKey {
    MasterKey::generate(&Seeded::new(1))
}

pub(crate) fn sealer() -> Sealer {
    Sealer::new(&master())
}

/// A signing key for each algorithm, then one that stands by for each; made once.
pub(crate) fn keys() -> Vec<StoredKey> {
    static KEYS: LazyLock<Vec<StoredKey>> = LazyLock::new(|| {
        let entropy = Seeded::new(2);
        let mut keys = Vec::new();
        for active in [true, false] {
            for alg in SigningAlg::ALL {
                keys.push(generate(*alg, 2048, NOW, active, &sealer(), &entropy).unwrap());
            }
        }
        keys
    });
    KEYS.clone()
}

/// An encryption key of each type, in the order of [`EncryptionKeyType::ALL`]; made once.
pub(crate) fn encryption_keys() -> [StoredEncryptionKey; 2] {
    static KEYS: LazyLock<[StoredEncryptionKey; 2]> = LazyLock::new(|| {
        let entropy = Seeded::new(4);
        EncryptionKeyType::ALL
            .map(|of| generate_encryption_key(of, 2048, &sealer(), &entropy, NOW).unwrap())
    });
    KEYS.clone()
}

/// The ring of [`keys`].
pub(crate) fn ring() -> &'static KeyRing {
    static RING: LazyLock<KeyRing> =
        LazyLock::new(|| KeyRing::load(&keys(), &sealer(), NOW).unwrap());
    &RING
}

/// The signing key for `alg`.
pub(crate) fn key(alg: SigningAlg) -> StoredKey {
    keys().into_iter().find(|key| key.alg == alg).unwrap()
}

/// The key that stands by for `alg`.
pub(crate) fn standby(alg: SigningAlg) -> StoredKey {
    keys().into_iter().rfind(|key| key.alg == alg).unwrap()
}

pub(crate) fn public_jwk(key: &StoredKey) -> Map<String, Value> {
    serde_json::from_str(&key.public_jwk).unwrap()
}

pub(crate) fn private_jwk(key: &StoredKey) -> Map<String, Value> {
    let opened = sealer().open(&sealing_purpose(&key.kid), &key.sealed_private_jwk).unwrap();
    serde_json::from_slice(&opened).unwrap()
}

pub(crate) fn signer(key: &StoredKey) -> Box<dyn JwsSigner> {
    algorithm::signer(key.alg, &Jwk::from_map(private_jwk(key)).unwrap()).unwrap()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

pub(crate) fn claims() -> Map<String, Value> {
    object(json!({ "iss": "https://id.example", "sub": "alice", "exp": 1_800_000_600 }))
}

/// A token with any header and payload, properly signed by `signer`.
pub(crate) fn forge(signer: &dyn JwsSigner, header: &str, payload: &str) -> String {
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = signer.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode(&signature))
}

/// A token without a signature.
pub(crate) fn unsigned(header: &Value, payload: &Map<String, Value>) -> String {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.", encode(header.to_string()), encode(json!(payload).to_string()))
}
