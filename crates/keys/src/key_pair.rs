//! New key pairs, every bit of which comes from the given entropy.

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
use serde_json::{Value, json};
use vestibule_model::Entropy;

/// An RSA key of `bits` bits, as a private JWK. Takes a good part of a second to find.
pub(crate) fn rsa(bits: usize, entropy: &dyn Entropy) -> Result<Jwk, String> {
    if !(2048..=8192).contains(&bits) {
        return Err(format!("{bits} bits are not between 2048 and 8192"));
    }
    let key = RsaPrivateKey::new(&mut EntropyRng(entropy), bits).map_err(|f| f.to_string())?;
    let der = key.to_pkcs8_der().map_err(|fault| fault.to_string())?;
    let pair = RsaKeyPair::from_der(der.as_bytes()).map_err(|fault| fault.to_string())?;
    Ok(pair.to_jwk_key_pair())
}

/// A curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The order of the curve's group (SEC 2 §2.4.2, §2.5.1, §2.6.1): a private key is below it and
    /// not zero.
    const fn order(self) -> &'static [u8] {
        match self {
            Self::P256 => {
                b"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\
                \xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"
            }
            Self::P384 => {
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
                \xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\
                \x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
            }
            Self::P521 => {
                b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
                \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
                \xff\xfa\x51\x86\x87\x83\xbf\x2f\x96\x6b\x7f\xcc\x01\x48\xf7\x09\
                \xa5\xd0\x3b\xb5\xc9\xb8\x89\x9c\x47\xae\xbb\x6f\xb7\x1e\x91\x38\
                \x64\x09"
            }
        }
    }
}

/// A key on `curve`, by rejection sampling (FIPS 186-5 §A.2.2): one try in 2^32 or fewer is thrown
/// away.
pub(crate) fn ec(curve: Curve, entropy: &dyn Entropy) -> Result<Jwk, JoseError> {
    let order = curve.order();
    // Of P-521's 66 octets the first has one bit.
    let unused = order.first().map_or(0, |top| top.leading_zeros());
    let mut scalar = vec![0_u8; order.len()];
    while scalar.iter().all(|octet| *octet == 0) || scalar.as_slice() >= order {
        entropy.fill(&mut scalar);
        if let Some(top) = scalar.first_mut() {
            *top &= u8::MAX >> unused;
        }
    }
    let half = json!({ "kty": "EC", "crv": curve.name(), "d": URL_SAFE_NO_PAD.encode(scalar) });
    Ok(EcKeyPair::from_jwk(&half_pair(&half)?)?.to_jwk_key_pair())
}

/// An Ed25519 key: any 32 bytes make one (RFC 8032 §5.1.5).
pub(crate) fn ed25519(entropy: &dyn Entropy) -> Result<Jwk, JoseError> {
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

    use serde_json::Map;
    use vestibule_model::secret::hex;

    use super::*;

    fn octets(jwk: &Jwk, name: &str) -> Vec<u8> {
        let jwk: Map<String, Value> = jwk.clone().into();
        URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
    }

    /// Zero and the group's order are no private keys; one less than the order is.
    #[test]
    fn scalars_outside_the_group_are_thrown_away() {
        struct Scripted(AtomicUsize, Curve);
        impl Entropy for Scripted {
            fn fill(&self, bytes: &mut [u8]) {
                let order = self.1.order().to_vec();
                let mut last = order.clone();
                *last.last_mut().unwrap() -= 1;
                // The bits above the order's count for nothing.
                last[0] |= if order[0] == 1 { 0x80 } else { 0 };
                let script = [vec![0; order.len()], vec![0xff; order.len()], order, last];
                let turn = self.0.fetch_add(1, Ordering::Relaxed).min(3);
                bytes.copy_from_slice(&script[turn]);
            }
        }
        // (n - 1)·G is -G, so its x is G's own (SEC 2 §2.4.2, §2.5.1, §2.6.1).
        let table = [
            (Curve::P256, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
            (
                Curve::P384,
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a\
                 545e3872760ab7",
            ),
            (
                Curve::P521,
                "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe759\
                 28fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
            ),
        ];
        for (curve, generator) in table {
            let entropy = Scripted(AtomicUsize::new(0), curve);
            let pair = ec(curve, &entropy).unwrap();
            assert_eq!(entropy.0.load(Ordering::Relaxed), 4, "{curve:?}");
            let mut last = curve.order().to_vec();
            *last.last_mut().unwrap() -= 1;
            assert_eq!(octets(&pair, "d"), last, "{curve:?}");
            assert_eq!(hex(&octets(&pair, "x")), generator);
        }
    }
}
