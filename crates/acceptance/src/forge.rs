//! JWTs made and checked by hand, with josekit and none of the server's own code.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwe::{
        self, A128KW, A256KW, Dir, ECDH_ES, ECDH_ES_A128KW, JweEncrypter, JweHeader, RSA_OAEP,
        RSA_OAEP_256,
    },
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ed::EdCurve},
    },
    jws::{ES256, EdDSA, HS256, HS384, HS512, JwsSigner, JwsVerifier, PS256, RS256},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A key of a client, or of a thief.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The only algorithm it is used with.
    pub alg: &'static str,
    /// Its name in a JWK Set.
    pub kid: &'static str,
    jwk: Jwk,
}

impl KeyPair {
    /// A new key for `alg`.
    #[must_use]
    pub fn generate(alg: &'static str, kid: &'static str) -> Self {
        let jwk = match alg {
            "ES256" => Jwk::generate_ec_key(EcCurve::P256),
            "EdDSA" => Jwk::generate_ed_key(EdCurve::Ed25519),
            _ => Jwk::generate_rsa_key(2_048),
        };
        Self { alg, kid, jwk: jwk.expect("a key") }
    }

    /// The public JWK, named and bound to its algorithm.
    #[must_use]
    pub fn public(&self) -> Value {
        let public = self.jwk.to_public_key().expect("a public key");
        let mut public = json!(public.as_ref());
        public["kid"] = self.kid.into();
        public["use"] = "sig".into();
        public["alg"] = self.alg.into();
        public
    }

    /// A JWT with the usual header.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({ "alg": self.alg, "kid": self.kid, "typ": "JWT" }), claims)
    }

    /// A JWT with any header.
    #[must_use]
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let signer: Box<dyn JwsSigner> = match self.alg {
            "RS256" => Box::new(RS256.signer_from_jwk(&self.jwk).expect("a signer")),
            "PS256" => Box::new(PS256.signer_from_jwk(&self.jwk).expect("a signer")),
            "ES256" => Box::new(ES256.signer_from_jwk(&self.jwk).expect("a signer")),
            _ => Box::new(EdDSA.signer_from_jwk(&self.jwk).expect("a signer")),
        };
        assemble(header, claims, |text| signer.sign(text).expect("a signature"))
    }
}

/// A JWT with a MAC under a client's secret (OIDC Core §10.1).
#[must_use]
pub fn mac(alg: &str, secret: &str, claims: &Value) -> String {
    let secret = secret.as_bytes();
    let signer: Box<dyn JwsSigner> = match alg {
        "HS512" => Box::new(HS512.signer_from_bytes(secret).expect("a secret long enough")),
        "HS384" => Box::new(HS384.signer_from_bytes(secret).expect("a secret long enough")),
        _ => Box::new(HS256.signer_from_bytes(secret).expect("a secret long enough")),
    };
    let header = json!({ "alg": alg, "typ": "JWT" });
    assemble(&header, claims, |text| signer.sign(text).expect("a MAC"))
}

/// `content` encrypted for the key of a JWK Set with `"use": "enc"` that fits `alg`.
#[must_use]
pub fn encrypted_for(jwks: &Value, alg: &str, enc: &str, content: &str) -> String {
    let kty = if alg.starts_with("RSA") { "RSA" } else { "EC" };
    let keys = jwks["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["use"] == "enc" && key["kty"] == kty);
    let key = key.expect("a key to encrypt for").as_object().expect("a JWK").clone();
    let kid = key["kid"].as_str().expect("a kid").to_owned();
    let key = Jwk::from_map(key).expect("a JWK");
    let encrypter: Box<dyn JweEncrypter> = match alg {
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&key).expect("an encrypter")),
        "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&key).expect("an encrypter")),
        "ECDH-ES" => Box::new(ECDH_ES.encrypter_from_jwk(&key).expect("an encrypter")),
        _ => Box::new(ECDH_ES_A128KW.encrypter_from_jwk(&key).expect("an encrypter")),
    };
    encrypted(encrypter.as_ref(), Some(&kid), enc, content)
}

/// `content` encrypted under the hash of a client's secret (OIDC Core §10.2): `dir` (256 bits),
/// `A256KW` or `A128KW`.
#[must_use]
pub fn encrypted_under(secret: &str, alg: &str, enc: &str, content: &str) -> String {
    let hash = Sha256::digest(secret.as_bytes());
    let encrypter: Box<dyn JweEncrypter> = match alg {
        "dir" => Box::new(Dir.encrypter_from_bytes(hash).expect("an encrypter")),
        "A256KW" => Box::new(A256KW.encrypter_from_bytes(hash).expect("an encrypter")),
        _ => Box::new(A128KW.encrypter_from_bytes(&hash[..16]).expect("an encrypter")),
    };
    encrypted(encrypter.as_ref(), None, enc, content)
}

fn encrypted(encrypter: &dyn JweEncrypter, kid: Option<&str>, enc: &str, content: &str) -> String {
    let mut header = JweHeader::new();
    header.set_content_encryption(enc);
    header.set_content_type("JWT");
    if let Some(kid) = kid {
        header.set_key_id(kid);
    }
    jwe::serialize_compact(content.as_bytes(), &header, encrypter).expect("a JWE")
}

/// A JWT whose signature is the HMAC of a text that is no secret (RFC 8725 §2.1).
#[must_use]
pub fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signer = HS256.signer_from_bytes(secret).expect("a secret long enough");
    assemble(header, claims, |text| signer.sign(text).expect("a MAC"))
}

/// A JWT without any signature.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    assemble(header, claims, |_| Vec::new())
}

fn assemble(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Header and claims of a JWT, unverified.
#[must_use]
pub fn peek(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    });
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

/// Header and claims of a JWT that a key of the set verifies, as a resource server would do it.
#[must_use]
pub fn verified(jwks: &Value, token: &str) -> Option<(Value, Value)> {
    let (header, claims) = peek(token);
    let key = jwks["keys"].as_array()?.iter().find(|key| key["kid"] == header["kid"])?;
    if key["alg"] != header["alg"] {
        return None;
    }
    let jwk = Jwk::from_map(key.as_object()?.clone()).ok()?;
    let verifier: Box<dyn JwsVerifier> = match key["alg"].as_str()? {
        "RS256" => Box::new(RS256.verifier_from_jwk(&jwk).ok()?),
        "PS256" => Box::new(PS256.verifier_from_jwk(&jwk).ok()?),
        "ES256" => Box::new(ES256.verifier_from_jwk(&jwk).ok()?),
        "EdDSA" => Box::new(EdDSA.verifier_from_jwk(&jwk).ok()?),
        _ => return None,
    };
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    verifier.verify(signed.as_bytes(), &signature).ok()?;
    Some((header, claims))
}
