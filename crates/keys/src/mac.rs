//! What a client secret is the key for: MACs of JWTs (RFC 7518 §3.2, OIDC Core §10.1), and the keys
//! of symmetric encryption (OIDC Core §10.2).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256, Sha384, Sha512};
use vestibule_model::{Secret, jose::ClientSignatureAlg};

/// The least length of the secret for `alg`, in octets: that of the hash (RFC 7518 §3.2). `None` if
/// it is no MAC.
pub(crate) const fn least_secret(alg: ClientSignatureAlg) -> Option<usize> {
    match alg {
        ClientSignatureAlg::HS256 => Some(32),
        ClientSignatureAlg::HS384 => Some(48),
        ClientSignatureAlg::HS512 => Some(64),
        _ => None,
    }
}

/// Whether `signature` is the MAC of `signed` under the octets of `secret`; in constant time.
pub(crate) fn accepts(
    alg: ClientSignatureAlg,
    secret: &Secret,
    signed: &[u8],
    signature: &[u8],
) -> bool {
    fn is_mac<M: Mac + KeyInit>(key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
        M::new_from_slice(key)
            .is_ok_and(|mac| mac.chain_update(signed).verify_slice(signature).is_ok())
    }
    let key = secret.expose().as_bytes();
    match alg {
        ClientSignatureAlg::HS256 => is_mac::<Hmac<Sha256>>(key, signed, signature),
        ClientSignatureAlg::HS384 => is_mac::<Hmac<Sha384>>(key, signed, signature),
        ClientSignatureAlg::HS512 => is_mac::<Hmac<Sha512>>(key, signed, signature),
        _ => false,
    }
}

/// An encryption key of `octets` octets, 64 at most: the left of the hash of the secret, by the
/// shortest hash that is long enough (OIDC Core §10.2).
pub(crate) fn encryption_key(secret: &Secret, octets: usize) -> Zeroizing<Vec<u8>> {
    let text = secret.expose().as_bytes();
    let mut key = Zeroizing::new(match octets {
        ..=32 => Sha256::digest(text).to_vec(),
        33..=48 => Sha384::digest(text).to_vec(),
        _ => Sha512::digest(text).to_vec(),
    });
    key.truncate(octets);
    key
}

#[cfg(test)]
mod tests {
    use vestibule_model::secret::hex;

    use super::*;

    /// The left of what Python's hashlib says.
    #[test]
    fn encryption_keys_are_the_left_of_the_shortest_hash_that_is_long_enough() {
        let secret = Secret::new("a client secret of some length");
        let key = |octets| hex(&encryption_key(&secret, octets));
        let sha256 = "faed68d36d9d4c46a7507723269e7d68efd59f2ecd80b2d75961480cf2231b14";
        let sha384 = "d2d2a68e0d26aa94b6f8c9b7343030a633871f70caa0a7c466f97f472c755b36\
            e0ee2356df4927b8a6eb379101c18584";
        let sha512 = "727083d55bc66765d762fb9255fc50ec3b03eede9b1b11f252cda77d1f72e522\
            f403768687773a8e54c6d04f82c4cf1d4efa03b381b840f45905b8adce0a5fa0";
        let table = [(16, sha256), (24, sha256), (32, sha256), (48, sha384), (64, sha512)];
        for (octets, hash) in table {
            assert_eq!(key(octets), hash.split_at(2 * octets).0, "{octets}");
        }
    }
}
