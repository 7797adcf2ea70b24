//! New signing keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jwk::{
        Jwk, KeyPair,
        alg::{ec::EcKeyPair, ed::EdKeyPair, rsa::RsaKeyPair},
    },
};
use rsa::{
    RsaPrivateKey,
    pkcs8::EncodePrivateKey,
    rand_core::{self, CryptoRng, RngCore},
};
use serde_json::{Map, Value, json};
use vestibule_model::{
    Entropy, Timestamp, client::SigningAlg, sealed::SealedColumn, signing_key::StoredKey,
};

use crate::{
    KeyError, Sealer,
    algorithm::{self, Asymmetric},
    jwk,
};

/// A new key for `alg`, published from `now`; it signs at once if it is `active` and stands by
/// otherwise. `rsa_bits` counts for the RSA algorithms. Every bit of it comes from `entropy`.
///
/// RSA keys take a good part of a second to find: not for a database transaction of a busy server.
///
/// # Errors
/// `rsa_bits` is not between 2048 and 8192, or the new key fails to verify its own signature.
pub fn generate(
    alg: SigningAlg,
    rsa_bits: usize,
    now: Timestamp,
    active: bool,
    sealer: &Sealer,
    entropy: &dyn Entropy,
) -> Result<StoredKey, KeyError> {
    let failed = |reason: String| KeyError::GenerationFailed { alg, reason };
    let pair: Map<String, Value> = match alg {
        SigningAlg::RS256 | SigningAlg::PS256 => rsa_pair(rsa_bits, entropy),
        SigningAlg::ES256 => p256_pair(entropy).map_err(|fault| fault.to_string()),
        SigningAlg::EdDSA => ed25519_pair(entropy).map_err(|fault| fault.to_string()),
    }
    .map_err(failed)?
    .into();
    let members = jwk::public_members(&pair).map_err(|fault| failed(fault.to_string()))?;
    let kid = jwk::thumbprint(&members).map_err(|fault| failed(fault.to_string()))?;
    let public = jwk::labelled(members, alg, &kid);
    let private = jwk::labelled(pair, alg, &kid);
    prove(alg, &private, &public).map_err(|fault| failed(fault.to_string()))?;
    let text = Value::Object(private).to_string();
    let sealed_private_jwk = sealer.seal(&sealing_purpose(&kid), text.as_bytes(), entropy)?;
    Ok(StoredKey {
        kid,
        alg,
        public_jwk: Value::Object(public).to_string(),
        sealed_private_jwk,
        published_at: now,
        active_at: active.then_some(now),
        retired_at: None,
        expires_at: None,
    })
}

/// What a private part is sealed for: one key's row, so that rows cannot be swapped.
pub(crate) fn sealing_purpose(kid: &str) -> String {
    SealedColumn::SigningKey.purpose(kid)
}

/// Signs and verifies once, so that a key that came out wrong is never published.
fn prove(
    alg: SigningAlg,
    private: &Map<String, Value>,
    public: &Map<String, Value>,
) -> Result<(), JoseError> {
    let message = b"vestibule: does this key pair fit together?";
    let signature = algorithm::signer(alg, &Jwk::from_map(private.clone())?)?.sign(message)?;
    Asymmetric::from(alg).verifier(&Jwk::from_map(public.clone())?)?.verify(message, &signature)
}

fn rsa_pair(bits: usize, entropy: &dyn Entropy) -> Result<Jwk, String> {
    if !(2048..=8192).contains(&bits) {
        return Err(format!("{bits} bits are not between 2048 and 8192"));
    }
    let key = RsaPrivateKey::new(&mut EntropyRng(entropy), bits).map_err(|f| f.to_string())?;
    let der = key.to_pkcs8_der().map_err(|fault| fault.to_string())?;
    let pair = RsaKeyPair::from_der(der.as_bytes()).map_err(|fault| fault.to_string())?;
    Ok(pair.to_jwk_key_pair())
}

/// The order of P-256's group (SEC 2 §2.4.2): a private key is below it and not zero.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// By rejection sampling (FIPS 186-5 §A.2.2): one try in 2^32 is thrown away.
fn p256_pair(entropy: &dyn Entropy) -> Result<Jwk, JoseError> {
    let mut scalar = [0_u8; 32];
    while scalar == [0; 32] || scalar >= P256_ORDER {
        entropy.fill(&mut scalar);
    }
    let half = json!({ "kty": "EC", "crv": "P-256", "d": URL_SAFE_NO_PAD.encode(scalar) });
    Ok(EcKeyPair::from_jwk(&half_pair(&half)?)?.to_jwk_key_pair())
}

/// Any 32 bytes make a key (RFC 8032 §5.1.5).
fn ed25519_pair(entropy: &dyn Entropy) -> Result<Jwk, JoseError> {
    let mut seed = [0_u8; 32];
    entropy.fill(&mut seed);
    let half = json!({ "kty": "OKP", "crv": "Ed25519", "d": URL_SAFE_NO_PAD.encode(seed) });
    Ok(EdKeyPair::from_jwk(&half_pair(&half)?)?.to_jwk_key_pair())
}

/// A JWK with the private part alone; OpenSSL works the public part out.
fn half_pair(half: &Value) -> Result<Jwk, JoseError> {
    Jwk::from_bytes(half.to_string())
}

/// Our entropy as the `rsa` crate takes it.
struct EntropyRng<'a>(&'a dyn Entropy);

impl RngCore for EntropyRng<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for EntropyRng<'_> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use vestibule_model::secret::hex;

    use super::*;
    use crate::{
        MasterKey,
        testing::{NOW, Seeded, keys, object, private_jwk, sealer},
    };

    fn make(alg: SigningAlg, bits: usize, entropy: &dyn Entropy) -> Result<StoredKey, KeyError> {
        generate(alg, bits, NOW, false, &sealer(), entropy)
    }

    #[test]
    fn a_key_is_published_and_signs_or_stands_by() {
        for (index, key) in keys().into_iter().enumerate() {
            assert_eq!(key.published_at, NOW);
            assert_eq!(key.active_at, (index < 4).then_some(NOW));
            assert_eq!((key.retired_at, key.expires_at), (None, None));
            let private = private_jwk(&key);
            assert_eq!(private["kid"], key.kid.as_str());
            assert_eq!(private["alg"], key.alg.as_str());
            assert!(!key.public_jwk.contains(private["d"].as_str().unwrap()));
        }
    }

    #[test]
    fn entropy_decides_everything() {
        for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
            let kid = |seed| make(alg, 0, &Seeded::new(seed)).unwrap().kid;
            assert_eq!(kid(1), kid(1));
            assert_ne!(kid(1), kid(2));
        }
    }

    /// RFC 8037 Appendix A.1 and A.2, and A.4's signature.
    #[test]
    fn ed25519_of_the_specification() {
        struct Fixed;
        impl Entropy for Fixed {
            fn fill(&self, bytes: &mut [u8]) {
                let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
                bytes.copy_from_slice(&URL_SAFE_NO_PAD.decode(seed).unwrap()[..bytes.len()]);
            }
        }
        let key = make(SigningAlg::EdDSA, 0, &Fixed).unwrap();
        assert!(key.public_jwk.contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signer = crate::testing::signer(&key);
        let signature =
            signer.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    /// Zero and the group's order are no private keys; one less than the order is.
    #[test]
    fn p256_scalars_outside_the_group_are_thrown_away() {
        struct Scripted(AtomicUsize);
        impl Entropy for Scripted {
            fn fill(&self, bytes: &mut [u8]) {
                let mut last = P256_ORDER;
                last[31] -= 1;
                let script = [[0; 32], [0xff; 32], P256_ORDER, last];
                let turn = self.0.fetch_add(1, Ordering::Relaxed).min(3);
                bytes.copy_from_slice(&script[turn][..bytes.len()]);
            }
        }
        let entropy = Scripted(AtomicUsize::new(0));
        let key = make(SigningAlg::ES256, 0, &entropy).unwrap();
        let scalar = URL_SAFE_NO_PAD.decode(private_jwk(&key)["d"].as_str().unwrap()).unwrap();
        assert!(hex(&scalar).ends_with("fc632550"), "{}", hex(&scalar));
        // (n - 1)·G is -G, so its x is G's own (SEC 2 §2.4.2).
        let public: Value = serde_json::from_str(&key.public_jwk).unwrap();
        let x = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
        let generator = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
        assert_eq!(hex(&x), generator);
    }

    #[test]
    fn rsa_keys_are_never_small() {
        for bits in [0, 1024, 2047, 8193] {
            let refused = make(SigningAlg::RS256, bits, &Seeded::new(1));
            assert!(matches!(refused, Err(KeyError::GenerationFailed { .. })), "{bits}");
        }
        for key in keys() {
            let jwk = object(serde_json::from_str(&key.public_jwk).unwrap());
            if let Some(n) = jwk.get("n").and_then(Value::as_str) {
                assert_eq!(URL_SAFE_NO_PAD.decode(n).unwrap().len(), 256);
                assert_eq!(jwk["e"], "AQAB");
            }
        }
    }

    #[test]
    fn a_private_part_opens_in_its_own_row_and_installation_only() {
        let open = |sealer: &Sealer, kid: &str, key: &StoredKey| {
            sealer.open(&sealing_purpose(kid), &key.sealed_private_jwk)
        };
        let keys = keys();
        open(&sealer(), &keys[0].kid, &keys[0]).unwrap();
        open(&sealer(), &keys[1].kid, &keys[0]).unwrap_err();
        let other = Sealer::new(&MasterKey::generate(&Seeded::new(77)));
        open(&other, &keys[0].kid, &keys[0]).unwrap_err();
    }
}
