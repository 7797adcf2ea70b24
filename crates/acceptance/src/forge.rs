//! JWTs made and checked by hand, with josekit and none of the server's own code.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ed::EdCurve},
    },
    jws::{ES256, EdDSA, HS256, JwsSigner, JwsVerifier, PS256, RS256},
};
use serde_json::{Value, json};

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
