//! For tests here and in `acceptance`: seeded randomness, and a browser with a security key in
//! software, so that passkeys can be tried without either.

#![expect(clippy::expect_used, reason = "a test that cannot go on has to fail")]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vestibule_model::Entropy;

/// SHA-256 of a counter: the same bytes for the same seed.
#[derive(Debug)]
pub struct Seeded(AtomicU64, u64);

impl Seeded {
    /// Randomness that repeats itself.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(0), seed)
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let block = Sha256::digest(format!("{} {count}", self.1));
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

/// Flags of authenticator data (WebAuthn §6.1): somebody was present.
pub const PRESENT: u8 = 0x01;
/// The person was verified.
pub const VERIFIED: u8 = 0x04;
/// The credential may be backed up.
pub const BACKUP_ELIGIBLE: u8 = 0x08;
/// The credential is backed up.
pub const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// A browser on one page, with an authenticator that holds one ES256 credential and does as it is
/// told: also what a real one would refuse.
#[derive(Clone, Debug)]
pub struct SoftAuthenticator {
    /// Where the browser is, as it writes into the client data.
    pub origin: String,
    /// The relying party in place of the one that was asked for.
    pub rp_id: Option<String>,
    /// What the authenticator says of itself: [`PRESENT`] and the others.
    pub flags: u8,
    /// The counter of its last signature; `None` for a model that does not count.
    pub counter: Option<u32>,
    /// Whether it tells the user handle when it signs in.
    pub discoverable: bool,
    /// Whether the page is in another site's frame.
    pub framed: bool,
    /// Whether it attests itself with its credential's key (WebAuthn §8.2, self attestation).
    pub attests: bool,
    /// Its model.
    pub aaguid: [u8; 16],
    seed: u64,
    user_handle: Option<String>,
}

impl SoftAuthenticator {
    /// A security key that verifies its person, counts, and keeps its credential to itself. The
    /// same seed makes the same key.
    #[must_use]
    pub fn new(origin: &str, seed: u64) -> Self {
        Self {
            origin: origin.to_owned(),
            rp_id: None,
            flags: PRESENT | VERIFIED,
            counter: Some(0),
            discoverable: true,
            framed: false,
            attests: false,
            aaguid: [0; 16],
            seed,
            user_handle: None,
        }
    }

    /// The id of its credential, base64url.
    #[must_use]
    pub fn credential_id(&self) -> String {
        encode(&self.digest("credential id"))
    }

    /// `navigator.credentials.create` with the options of a page: the answer's `toJSON()`.
    ///
    /// # Panics
    /// If they are no creation options.
    pub fn create(&mut self, options: &str) -> String {
        let options = public_key(options);
        self.user_handle = member(&options, "/user/id").as_str().map(str::to_owned);
        let rp_id = member(&options, "/rp/id").as_str().expect("an RP ID");
        let mut data = self.authenticator_data(rp_id, self.flags | ATTESTED);
        let id = self.digest("credential id");
        data.extend(self.aaguid);
        data.extend(u16::try_from(id.len()).expect("a short id").to_be_bytes());
        data.extend(id);
        data.extend(cbor(&self.public_key()));
        let client_data = self.client_data("webauthn.create", &options);
        let (format, statement) = if self.attests {
            let signature = Cbor::Bytes(self.sign(&data, &client_data));
            ("packed", BTreeMap::from([(text("alg"), Cbor::Integer(-7)), (text("sig"), signature)]))
        } else {
            ("none", BTreeMap::new())
        };
        let object = cbor(&Cbor::Map(BTreeMap::from([
            (text("fmt"), text(format)),
            (text("attStmt"), Cbor::Map(statement)),
            (text("authData"), Cbor::Bytes(data)),
        ])));
        let response = json!({
            "attestationObject": encode(&object),
            "clientDataJSON": encode(client_data.as_bytes()),
            "transports": ["usb", "nfc", "smoke-signals"],
            "publicKeyAlgorithm": -7,
        });
        let extensions = json!({ "credProps": { "rk": self.discoverable } });
        self.credential(&response, &extensions)
    }

    /// `navigator.credentials.get` with the options of a page: the answer's `toJSON()`.
    ///
    /// # Panics
    /// If they are no request options.
    pub fn get(&mut self, options: &str) -> String {
        let options = public_key(options);
        self.counter = self.counter.map(|counter| counter + 1);
        let rp_id = member(&options, "/rpId").as_str().expect("an RP ID");
        let data = self.authenticator_data(rp_id, self.flags);
        let client_data = self.client_data("webauthn.get", &options);
        let user_handle = self.user_handle.as_ref().filter(|_| self.discoverable);
        let response = json!({
            "authenticatorData": encode(&data),
            "clientDataJSON": encode(client_data.as_bytes()),
            "signature": encode(&self.sign(&data, &client_data)),
            "userHandle": user_handle,
        });
        self.credential(&response, &json!({}))
    }

    fn credential(&self, response: &Value, extensions: &Value) -> String {
        json!({
            "id": self.credential_id(),
            "rawId": self.credential_id(),
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "response": response,
            "clientExtensionResults": extensions,
        })
        .to_string()
    }

    fn authenticator_data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let rp_id = self.rp_id.as_deref().unwrap_or(rp_id);
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(flags);
        data.extend(self.counter.unwrap_or(0).to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({
            "type": kind,
            "challenge": member(options, "/challenge"),
            "origin": self.origin,
            "crossOrigin": self.framed,
        })
        .to_string()
    }

    fn sign(&self, data: &[u8], client_data: &str) -> Vec<u8> {
        let hash = Sha256::digest(client_data);
        let signed: Vec<u8> = data.iter().copied().chain(hash).collect();
        let signature: Signature = self.key().sign(&signed);
        signature.to_der().as_bytes().to_vec()
    }

    fn digest(&self, what: &str) -> [u8; 32] {
        Sha256::digest(format!("{} {what}", self.seed)).into()
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_slice(&self.digest("private key")).expect("a scalar in range")
    }

    /// COSE (RFC 9053 §7.1.1): an EC2 key on P-256 for ES256.
    fn public_key(&self) -> Cbor {
        let point = self.key().verifying_key().to_sec1_point(false);
        let x = point.x().expect("an x").to_vec();
        let y = point.y().expect("a y").to_vec();
        Cbor::Map(BTreeMap::from([
            (Cbor::Integer(1), Cbor::Integer(2)),
            (Cbor::Integer(3), Cbor::Integer(-7)),
            (Cbor::Integer(-1), Cbor::Integer(1)),
            (Cbor::Integer(-2), Cbor::Bytes(x)),
            (Cbor::Integer(-3), Cbor::Bytes(y)),
        ]))
    }
}

fn public_key(options: &str) -> Value {
    let options: Value = serde_json::from_str(options).expect("options in JSON");
    member(&options, "/publicKey").clone()
}

fn member<'a>(options: &'a Value, path: &str) -> &'a Value {
    options.pointer(path).expect("a member of the options")
}

fn text(value: &str) -> Cbor {
    Cbor::Text(value.to_owned())
}

fn cbor(value: &Cbor) -> Vec<u8> {
    serde_cbor_2::to_vec(value).expect("CBOR")
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
