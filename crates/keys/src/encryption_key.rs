//! New encryption keys.

use serde_json::{Map, Value};
use vestibule_model::{
    Entropy, Timestamp,
    encryption_key::{EncryptionKeyType, StoredEncryptionKey},
    jose::{ContentEncryption, ResponseEncryption},
    sealed::SealedColumn,
};

use crate::{
    DecryptionKeys, KeyError, RecipientKey, Sealer, decrypt, encrypt_for, jwk,
    key_pair::{self, Curve},
};

/// A new encryption key, published from `now`. `rsa_bits` counts for RSA. Every bit of it comes from
/// `entropy`.
///
/// RSA keys take a good part of a second to find: not for a database transaction of a busy server.
///
/// # Errors
/// `rsa_bits` is not between 2048 and 8192, or the new key fails to open what it encrypted.
pub fn generate_encryption_key(
    key_type: EncryptionKeyType,
    rsa_bits: usize,
    sealer: &Sealer,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<StoredEncryptionKey, KeyError> {
    let failed = |reason: String| KeyError::EncryptionKeyNotMade { key_type, reason };
    let pair = match key_type {
        EncryptionKeyType::Rsa => key_pair::rsa(rsa_bits, entropy),
        EncryptionKeyType::EcP256 => {
            key_pair::ec(Curve::P256, entropy).map_err(|fault| fault.to_string())
        }
    };
    let pair: Map<String, Value> = pair.map_err(failed)?.into();
    let members = jwk::public_members(&pair).map_err(|fault| failed(fault.to_string()))?;
    let kid = jwk::thumbprint(&members).map_err(|fault| failed(fault.to_string()))?;
    let public = Value::Object(jwk::for_encryption(members, &kid)).to_string();
    let private = Value::Object(jwk::for_encryption(pair, &kid)).to_string();
    let sealed_private_jwk = sealer.seal(&sealing_purpose(&kid), private.as_bytes(), entropy)?;
    let key = StoredEncryptionKey {
        kid,
        key_type,
        public_jwk: public,
        sealed_private_jwk,
        created_at: now,
        retired_at: None,
        expires_at: None,
    };
    if opens_its_own(&key, sealer)? {
        Ok(key)
    } else {
        Err(failed("it does not open what it encrypted".to_owned()))
    }
}

/// What a private part is sealed for: one key's row, so that rows cannot be swapped.
pub(crate) fn sealing_purpose(kid: &str) -> String {
    SealedColumn::EncryptionKey.purpose(kid)
}

/// Encrypts and opens once by every algorithm, so that a key that came out wrong is never published.
fn opens_its_own(key: &StoredEncryptionKey, sealer: &Sealer) -> Result<bool, KeyError> {
    let message = b"vestibule: does this key pair fit together?";
    let keys = DecryptionKeys::load(std::slice::from_ref(key), sealer)?;
    let jwks = serde_json::json!({ "keys": keys.published_jwks() });
    Ok(decrypt::algorithms(key.key_type).iter().all(|alg| {
        let encryption = ResponseEncryption { alg: *alg, enc: ContentEncryption::A128Gcm };
        encrypt_for(encryption, RecipientKey::Jwks(&jwks), message, None)
            .is_ok_and(|token| keys.decrypt(&token, None).is_ok_and(|opened| opened == message))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        MasterKey,
        testing::{NOW, Seeded, encryption_keys, object, sealer},
        thumbprint,
    };

    fn make(key_type: EncryptionKeyType, bits: usize, seed: u64) -> StoredEncryptionKey {
        generate_encryption_key(key_type, bits, &sealer(), &Seeded::new(seed), NOW).unwrap()
    }

    #[test]
    fn a_key_is_published_from_the_start_and_bound_to_no_algorithm() {
        for key in encryption_keys() {
            assert_eq!((key.created_at, key.retired_at, key.expires_at), (NOW, None, None));
            let public = object(serde_json::from_str(&key.public_jwk).unwrap());
            assert_eq!(thumbprint(&public), Ok(key.kid.clone()));
            assert_eq!(public["kid"], json!(key.kid));
            assert_eq!(public["use"], "enc");
            for absent in ["alg", "d", "p", "q", "key_ops"] {
                assert!(!public.contains_key(absent), "{absent}");
            }
        }
    }

    #[test]
    fn entropy_decides_everything() {
        let kid = |seed| make(EncryptionKeyType::EcP256, 0, seed).kid;
        assert_eq!(kid(1), kid(1));
        assert_ne!(kid(1), kid(2));
    }

    #[test]
    fn rsa_keys_are_never_small() {
        for bits in [0, 1024, 2047, 8193] {
            let refused = generate_encryption_key(
                EncryptionKeyType::Rsa,
                bits,
                &sealer(),
                &Seeded::new(1),
                NOW,
            );
            assert!(matches!(refused, Err(KeyError::EncryptionKeyNotMade { .. })), "{bits}");
        }
    }

    #[test]
    fn a_private_part_opens_in_its_own_row_and_installation_only() {
        let open = |sealer: &Sealer, kid: &str, key: &StoredEncryptionKey| {
            sealer.open(&sealing_purpose(kid), &key.sealed_private_jwk)
        };
        let [rsa, ec] = encryption_keys();
        open(&sealer(), &rsa.kid, &rsa).unwrap();
        open(&sealer(), &ec.kid, &rsa).unwrap_err();
        let other = Sealer::new(&MasterKey::generate(&Seeded::new(77)));
        open(&other, &rsa.kid, &rsa).unwrap_err();
    }
}
