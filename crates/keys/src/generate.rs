//! New signing keys.

use josekit::{JoseError, jwk::Jwk};
use serde_json::{Map, Value};
use vestibule_model::{
    Entropy, Timestamp, client::SigningAlg, sealed::SealedColumn, signing_key::StoredKey,
};

use crate::{
    KeyError, Sealer, algorithm, jwk,
    key_pair::{self, Curve},
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
    let pair: Map<String, Value> = pair(alg, rsa_bits, entropy).map_err(failed)?.into();
    let members = jwk::public_members(&pair).map_err(|fault| failed(fault.to_string()))?;
    let kid = jwk::thumbprint(&members).map_err(|fault| failed(fault.to_string()))?;
    let public = jwk::for_signing(members, alg, &kid);
    let private = jwk::for_signing(pair, alg, &kid);
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

fn pair(alg: SigningAlg, rsa_bits: usize, entropy: &dyn Entropy) -> Result<Jwk, String> {
    let pair = match alg {
        SigningAlg::RS256
        | SigningAlg::RS384
        | SigningAlg::RS512
        | SigningAlg::PS256
        | SigningAlg::PS384
        | SigningAlg::PS512 => return key_pair::rsa(rsa_bits, entropy),
        SigningAlg::ES256 => key_pair::ec(Curve::P256, entropy),
        SigningAlg::ES384 => key_pair::ec(Curve::P384, entropy),
        SigningAlg::ES512 => key_pair::ec(Curve::P521, entropy),
        SigningAlg::EdDSA => key_pair::ed25519(entropy),
    };
    pair.map_err(|fault| fault.to_string())
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
    algorithm::verifier(alg, &Jwk::from_map(public.clone())?)?.verify(message, &signature)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

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
            assert_eq!(key.active_at, (index < SigningAlg::ALL.len()).then_some(NOW));
            assert_eq!((key.retired_at, key.expires_at), (None, None));
            let private = private_jwk(&key);
            assert_eq!(private["kid"], key.kid.as_str());
            assert_eq!(private["alg"], key.alg.as_str());
            assert!(!key.public_jwk.contains(private["d"].as_str().unwrap()));
        }
    }

    #[test]
    fn entropy_decides_everything() {
        for alg in [SigningAlg::ES256, SigningAlg::ES384, SigningAlg::ES512, SigningAlg::EdDSA] {
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
