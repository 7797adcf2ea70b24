//! What others encrypted opens; what nobody encrypted for us does not, and tells nothing.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jwe::{A128KW, Dir, ECDH_ES_A128KW};
use proptest::prelude::*;
use serde_json::json;
use vestibule_model::jose::{ContentEncryption, ResponseEncryption};

use super::*;
use crate::{
    MasterKey, RecipientKey, encrypt_for,
    testing::{NOW, Seeded, encryption_keys, object, sealer},
};

const PAYLOAD: &[u8] = b"a request object";

/// Keys and tokens of RFC 7516 and RFC 7520, and a token for each pair of algorithms that Python's
/// jwcrypto 1.6.1 made for the same keys; each of those says its own `alg` and `enc`.
static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("vectors.json")).unwrap());

fn stored(key_type: EncryptionKeyType, jwk: &Value) -> StoredEncryptionKey {
    let kid = jwk["kid"].as_str().unwrap().to_owned();
    let private = jwk.to_string();
    StoredEncryptionKey {
        public_jwk: private.clone(),
        sealed_private_jwk: sealer()
            .seal(&sealing_purpose(&kid), private.as_bytes(), &Seeded::new(8))
            .unwrap(),
        kid,
        key_type,
        created_at: NOW,
        retired_at: None,
        expires_at: None,
    }
}

/// The keys of the specifications' examples.
fn theirs() -> DecryptionKeys {
    let rsa = stored(EncryptionKeyType::Rsa, &VECTORS["rsa"]);
    let ec = stored(EncryptionKeyType::EcP256, &VECTORS["ec"]);
    DecryptionKeys::load(&[rsa, ec], &sealer()).unwrap()
}

fn ours() -> &'static DecryptionKeys {
    static KEYS: LazyLock<DecryptionKeys> =
        LazyLock::new(|| DecryptionKeys::load(&encryption_keys(), &sealer()).unwrap());
    &KEYS
}

fn secret() -> Secret {
    Secret::new("a client secret")
}

fn decrypt(token: &str) -> Result<Vec<u8>, DecryptFault> {
    ours().decrypt(token, Some(&secret()))
}

/// A token for us.
fn encrypted(alg: KeyManagementAlg, enc: ContentEncryption) -> String {
    let (jwks, secret) = (json!({ "keys": ours().published_jwks() }), secret());
    let key =
        if alg.is_symmetric() { RecipientKey::Secret(&secret) } else { RecipientKey::Jwks(&jwks) };
    encrypt_for(ResponseEncryption { alg, enc }, key, PAYLOAD, None).unwrap()
}

/// The token with one of its five parts replaced.
fn with_part(token: &str, place: usize, part: &[u8]) -> String {
    let encoded = URL_SAFE_NO_PAD.encode(part);
    let mut parts: Vec<_> = token.split('.').collect();
    parts[place] = &encoded;
    parts.join(".")
}

fn part(token: &str, place: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(place).unwrap()).unwrap()
}

fn header_of(token: &str) -> Map<String, Value> {
    serde_json::from_slice(&part(token, 0)).unwrap()
}

/// The token with members put into its header; it is no longer authentic.
fn with_header(token: &str, members: Value) -> String {
    let mut header = header_of(token);
    header.extend(object(members));
    with_part(token, 0, Value::Object(header).to_string().as_bytes())
}

#[test]
fn the_examples_of_the_specifications_open() {
    for example in VECTORS["of_specifications"].as_array().unwrap() {
        let token = example["token"].as_str().unwrap();
        let opened = if let Some(key) = example["key"].as_object() {
            let mut key = key.clone();
            // RFC 7520 names the `enc` there.
            key.remove("alg");
            let key = Jwk::from_map(key).unwrap();
            let read = Encrypted::read(token).unwrap();
            let (alg, enc) = read.algorithms().unwrap();
            let decrypter: Box<dyn JweDecrypter> = match alg {
                KeyManagementAlg::A128Kw => Box::new(A128KW.decrypter_from_jwk(&key).unwrap()),
                KeyManagementAlg::Dir => Box::new(Dir.decrypter_from_jwk(&key).unwrap()),
                _ => Box::new(ECDH_ES_A128KW.decrypter_from_jwk(&key).unwrap()),
            };
            read.open(enc, decrypter.as_ref())
        } else {
            theirs().decrypt(token, None).ok()
        };
        let text = opened.map(|opened| String::from_utf8(opened).unwrap());
        assert_eq!(text.as_deref(), example["plaintext"].as_str(), "{}", example["of"]);
    }
}

#[test]
fn what_another_implementation_encrypted_opens() {
    let (keys, secret) = (theirs(), Secret::new(VECTORS["secret"].as_str().unwrap()));
    let mut seen = Vec::new();
    for token in VECTORS["of_jwcrypto"].as_array().unwrap() {
        let opened = keys.decrypt(token.as_str().unwrap(), Some(&secret)).unwrap();
        let header = header_of(token.as_str().unwrap());
        let pair = format!("{} {}", header["alg"], header["enc"]).replace('"', "");
        assert_eq!(String::from_utf8(opened).unwrap(), pair);
        seen.push(pair);
    }
    let every: Vec<_> = KeyManagementAlg::ALL
        .iter()
        .flat_map(|alg| ContentEncryption::ALL.iter().map(move |enc| (alg, enc)))
        .map(|(alg, enc)| format!("{} {}", alg.as_str(), enc.as_str()))
        .collect();
    assert_eq!(seen, every);
}

#[test]
fn other_peoples_tokens_do_not_open() {
    let secret = Secret::new(VECTORS["secret"].as_str().unwrap());
    for token in VECTORS["of_jwcrypto"].as_array().unwrap() {
        let token = token.as_str().unwrap();
        let header = header_of(token);
        let symmetric = KeyManagementAlg::from_wire(header["alg"].as_str().unwrap()).unwrap();
        let by_others = ours().decrypt(token, Some(&Secret::new("another secret")));
        if symmetric.is_symmetric() {
            assert_eq!(by_others, Err(DecryptFault::Broken));
            assert_eq!(theirs().decrypt(token, None), Err(DecryptFault::NoSecret));
        } else if header.contains_key("kid") {
            assert_eq!(by_others, Err(DecryptFault::UnknownKey));
        } else {
            assert_eq!(by_others, Err(DecryptFault::Broken));
            theirs().decrypt(token, Some(&secret)).unwrap();
        }
    }
}

#[test]
fn algorithms_that_are_not_listed_are_refused() {
    let token = encrypted(KeyManagementAlg::RsaOaep256, ContentEncryption::A128Gcm);
    let with = |name: &str, value: &str| decrypt(&with_header(&token, json!({ name: value })));
    for alg in [
        "RSA1_5",
        "RSA-OAEP-384",
        "RSA-OAEP-512",
        "A128GCMKW",
        "A256GCMKW",
        "ECDH-1PU",
        "PBES2-HS256+A128KW",
        "PBES2-HS512+A256KW",
        "none",
        "RS256",
        "rsa-oaep-256",
        "",
    ] {
        assert_eq!(with("alg", alg), Err(DecryptFault::AlgNotAllowed), "{alg}");
    }
    for enc in ["A128CBC", "A512GCM", "XC20P", "none", "a128gcm", ""] {
        assert_eq!(with("enc", enc), Err(DecryptFault::EncNotAllowed), "{enc}");
    }
}

/// RFC 8725 §2.1 for encryption: what is public is no key.
#[test]
fn nothing_public_serves_as_a_secret() {
    let [rsa, ec] = encryption_keys();
    for text in [&rsa.public_jwk, &ec.public_jwk, &rsa.kid] {
        let made_up = Secret::new(text.clone());
        for alg in [KeyManagementAlg::Dir, KeyManagementAlg::A256Kw] {
            let encryption = ResponseEncryption { alg, enc: ContentEncryption::A256Gcm };
            let key = RecipientKey::Secret(&made_up);
            let token = encrypt_for(encryption, key, PAYLOAD, None).unwrap();
            assert_eq!(ours().decrypt(&token, None), Err(DecryptFault::NoSecret));
            assert_eq!(decrypt(&token), Err(DecryptFault::Broken));
            // Nor does it open under the name of another algorithm.
            let renamed = with_header(&token, json!({ "alg": "RSA-OAEP", "kid": rsa.kid }));
            assert_eq!(decrypt(&renamed), Err(DecryptFault::Broken));
        }
    }
}

// spec: RFC 8725 3.6 SHOULD NOT: data is compressed before it is encrypted; a token that says so is refused @ keys/src/decrypt.rs
#[test]
fn compression_and_extensions_are_refused() {
    let token = encrypted(KeyManagementAlg::Dir, ContentEncryption::A128Gcm);
    for zip in [json!("DEF"), json!("none"), json!(""), json!(null), json!(false)] {
        let refused = decrypt(&with_header(&token, json!({ "zip": zip })));
        assert_eq!(refused, Err(DecryptFault::Compressed), "{zip}");
    }
    for crit in [json!(["exp"]), json!([]), json!(null), json!("exp")] {
        let refused = decrypt(&with_header(&token, json!({ "crit": crit })));
        assert_eq!(refused, Err(DecryptFault::Critical), "{crit}");
    }
}

#[test]
fn what_is_no_jwe_is_refused() {
    let token = encrypted(KeyManagementAlg::Dir, ContentEncryption::A128Gcm);
    let header = Value::Object(header_of(&token)).to_string();
    for text in ["", ".", "...", "....", "a.b.c.d.e", &format!("{token}."), &format!(".{token}")] {
        assert!(decrypt(text).is_err(), "{text}");
    }
    assert_eq!(decrypt("a.b.c"), Err(DecryptFault::NotFiveParts));
    assert_eq!(decrypt(&format!("{token}.AAAA")), Err(DecryptFault::NotFiveParts));
    for header in [
        "[]".to_owned(),
        "not json".to_owned(),
        json!(["dir", "A128GCM"]).to_string(),
        json!({ "alg": "dir" }).to_string(),
        json!({ "enc": "A128GCM" }).to_string(),
        json!({ "alg": ["dir"], "enc": "A128GCM" }).to_string(),
        // RFC 7516 §4: a member given twice.
        header.replacen('{', r#"{"alg":"RSA-OAEP","#, 1),
        header.replacen('{', r#"{"enc":"A128GCM","#, 1),
        header.replacen('{', r#"{"kid":"a","kid":"b","#, 1),
        header.replacen('{', r#"{"epk":{},"epk":{},"#, 1),
    ] {
        let refused = decrypt(&with_part(&token, 0, header.as_bytes()));
        let malformed = matches!(refused, Err(DecryptFault::Token(TokenFault::Malformed(_))));
        assert!(malformed, "{header}: {refused:?}");
    }
    for place in 0..5 {
        let mut parts: Vec<_> = token.split('.').collect();
        parts[place] = "not base64url!";
        let refused = decrypt(&parts.join("."));
        assert!(matches!(refused, Err(DecryptFault::Token(_))), "{place}");
    }
}

#[test]
fn a_token_may_have_32_kib_and_not_one_byte_more() {
    let secret = secret();
    let encryption =
        ResponseEncryption { alg: KeyManagementAlg::Dir, enc: ContentEncryption::A128Gcm };
    let of_length = |length: usize| {
        let payload = "x".repeat(length);
        let key = RecipientKey::Secret(&secret);
        encrypt_for(encryption, key, payload.as_bytes(), None).unwrap()
    };
    let longest = (24_400..24_576).rev().map(of_length).find(|token| token.len() <= 32_768);
    let longest = longest.unwrap();
    assert!(longest.len() > 32_760, "{}", longest.len());
    decrypt(&longest).unwrap();
    assert_eq!(decrypt(&of_length(24_576)), Err(DecryptFault::TooLong));
    assert_eq!(decrypt(&".".repeat(1 << 20)), Err(DecryptFault::TooLong));
}

/// RFC 7518 §5.3: a GCM tag of one octet would be guessed in 256 tries.
#[test]
fn tags_and_nonces_have_their_full_length() {
    for enc in ContentEncryption::ALL.iter().copied() {
        let token = encrypted(KeyManagementAlg::A128Kw, enc);
        decrypt(&token).unwrap();
        for place in [2, 4] {
            let whole = part(&token, place);
            for length in 0..whole.len() {
                let refused = decrypt(&with_part(&token, place, &whole[..length]));
                assert_eq!(refused, Err(DecryptFault::Broken), "{enc:?} {place} {length}");
            }
            let longer = with_part(&token, place, &[whole.as_slice(), &[0]].concat());
            assert_eq!(decrypt(&longer), Err(DecryptFault::Broken), "{enc:?} {place}");
        }
    }
}

// spec: RFC 7516 11.5 MUST NOT: errors of an encrypted key are told apart @ keys/src/decrypt.rs
/// Whatever is wrong, and whichever step it is wrong in, the answer is one and the same (RFC 7516
/// §11.5).
#[test]
fn every_wrong_octet_is_answered_alike() {
    for alg in KeyManagementAlg::ALL.iter().copied() {
        for enc in [ContentEncryption::A128CbcHs256, ContentEncryption::A256Gcm] {
            let token = encrypted(alg, enc);
            for place in 1..5 {
                let whole = part(&token, place);
                for at in [0, whole.len() / 2, whole.len().saturating_sub(1)] {
                    let mut changed = whole.clone();
                    let Some(octet) = changed.get_mut(at) else { continue };
                    *octet ^= 1;
                    let refused = decrypt(&with_part(&token, place, &changed));
                    assert_eq!(refused, Err(DecryptFault::Broken), "{alg:?} {enc:?} {place} {at}");
                }
            }
            // The header is authenticated too (RFC 7516 §5.1 step 14).
            let refused = decrypt(&with_header(&token, json!({ "cty": "JWT" })));
            assert_eq!(refused, Err(DecryptFault::Broken), "{alg:?} {enc:?}");
        }
    }
}

#[test]
fn an_encrypted_key_of_any_length_does_no_harm() {
    for alg in KeyManagementAlg::ALL.iter().copied() {
        let token = encrypted(alg, ContentEncryption::A128CbcHs256);
        let right = part(&token, 1).len();
        for length in (0..80).chain([255, 256, 257, 512]).filter(|length| *length != right) {
            let refused = decrypt(&with_part(&token, 1, &vec![7; length]));
            assert_eq!(refused, Err(DecryptFault::Broken), "{alg:?} {length}");
        }
    }
}

/// A content key of the wrong length for `enc`, wrapped as it should be.
#[test]
fn a_content_key_of_another_length_is_refused() {
    let token = encrypted(KeyManagementAlg::A128Kw, ContentEncryption::A128Gcm);
    for enc in ["A128CBC-HS256", "A192GCM", "A256GCM"] {
        let refused = decrypt(&with_header(&token, json!({ "enc": enc })));
        assert_eq!(refused, Err(DecryptFault::Broken), "{enc}");
    }
    let token = encrypted(KeyManagementAlg::RsaOaep, ContentEncryption::A256Gcm);
    for enc in ["A128CBC-HS256", "A192GCM", "A128GCM"] {
        let refused = decrypt(&with_header(&token, json!({ "enc": enc })));
        assert_eq!(refused, Err(DecryptFault::Broken), "{enc}");
    }
}

/// The sender's key has to be a point of our curve: others would betray our key bit by bit.
#[test]
fn the_sender_cannot_choose_another_curve() {
    let token = encrypted(KeyManagementAlg::EcdhEs, ContentEncryption::A128Gcm);
    let of = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let epk = |kty: &str, crv: &str, x: usize, y: usize| json!({ "epk": { "kty": kty, "crv": crv, "x": of(&vec![1; x]), "y": of(&vec![2; y]) } });
    for members in [
        epk("EC", "P-256", 32, 32),
        epk("EC", "P-256", 31, 33),
        epk("EC", "P-256", 0, 0),
        epk("EC", "P-384", 48, 48),
        epk("EC", "secp256k1", 32, 32),
        epk("OKP", "X25519", 32, 0),
        epk("RSA", "P-256", 32, 32),
        json!({ "epk": {} }),
        json!({ "epk": { "kty": "EC", "crv": "P-256", "x": 1, "y": 2 } }),
        json!({ "epk": null }),
        json!({ "apu": "not base64url!" }),
    ] {
        let refused = decrypt(&with_header(&token, members.clone()));
        assert_eq!(refused, Err(DecryptFault::Broken), "{members}");
    }
}

#[test]
fn the_kid_names_the_key_and_without_one_any_may_open() {
    let [rsa, ec] = encryption_keys();
    let theirs = stored(EncryptionKeyType::Rsa, &VECTORS["rsa"]);
    let mut retired = rsa.clone();
    (retired.retired_at, retired.expires_at) = (Some(NOW), Some(NOW.plus(10)));
    let keys = DecryptionKeys::load(&[retired, ec.clone(), theirs], &sealer()).unwrap();
    assert_eq!(keys.published_jwks().len(), 2);
    // Named, though it has left the JWKS; and not named, behind another of its kind.
    let enc = ContentEncryption::A128Gcm;
    let named = encrypted(KeyManagementAlg::RsaOaep, enc);
    assert_eq!(header_of(&named)["kid"], rsa.kid.as_str());
    assert_eq!(keys.decrypt(&named, None).unwrap(), PAYLOAD);
    let mut public = object(serde_json::from_str(&rsa.public_jwk).unwrap());
    public.remove("kid");
    let jwks = json!({ "keys": [public] });
    let encryption = ResponseEncryption { alg: KeyManagementAlg::RsaOaep, enc };
    let nameless = encrypt_for(encryption, RecipientKey::Jwks(&jwks), PAYLOAD, None).unwrap();
    assert_eq!(keys.decrypt(&nameless, None).unwrap(), PAYLOAD);
    // A key of another kind, one that is not there, and none at all.
    for kid in [ec.kid.as_str(), "nobody", ""] {
        let refused = keys.decrypt(&with_header(&named, json!({ "kid": kid })), None);
        assert_eq!(refused, Err(DecryptFault::UnknownKey), "{kid}");
    }
    let none = DecryptionKeys::default();
    assert_eq!(none.decrypt(&nameless, None), Err(DecryptFault::UnknownKey));
    // A key that the token brings along is no key (RFC 7516 §4.1.4, §4.1.5).
    let brought = json!({ "jwk": public, "jku": "https://evil.example/jwks" });
    assert_eq!(keys.decrypt(&with_header(&named, brought), None), Err(DecryptFault::Broken));
}

#[test]
fn a_forgotten_key_opens_nothing_and_is_not_published() {
    let [mut rsa, ec] = encryption_keys();
    rsa.sealed_private_jwk.clear();
    let keys = DecryptionKeys::load(&[rsa, ec], &sealer()).unwrap();
    let token = encrypted(KeyManagementAlg::RsaOaep, ContentEncryption::A128Gcm);
    assert_eq!(keys.decrypt(&token, None), Err(DecryptFault::UnknownKey));
    assert_eq!(keys.published_jwks().len(), 1);
}

#[test]
fn keys_that_do_not_open_are_named() {
    let [rsa, ec] = encryption_keys();
    let kid = |key: &StoredEncryptionKey, sealer: &Sealer| match DecryptionKeys::load(
        std::slice::from_ref(key),
        sealer,
    ) {
        Err(KeyError::PrivateKeyUnusable { kid, .. }) => kid,
        other => panic!("{other:?}"),
    };
    let other = Sealer::new(&MasterKey::generate(&Seeded::new(5)));
    assert_eq!(kid(&rsa, &other), rsa.kid);
    // A private part moved from another row, and one of another kind.
    let moved =
        StoredEncryptionKey { sealed_private_jwk: ec.sealed_private_jwk.clone(), ..rsa.clone() };
    assert_eq!(kid(&moved, &sealer()), rsa.kid);
    let mistaken = StoredEncryptionKey { key_type: EncryptionKeyType::EcP256, ..rsa.clone() };
    assert_eq!(kid(&mistaken, &sealer()), rsa.kid);
    for broken in ["", "[]", "{}", r#"{"kty":"oct","k":"c2VjcmV0"}"#] {
        let key = StoredEncryptionKey { public_jwk: broken.to_owned(), ..ec.clone() };
        let refused = DecryptionKeys::load(&[key], &sealer());
        assert!(matches!(refused, Err(KeyError::PublicKeyUnusable { .. })), "{broken}");
    }
}

/// A row that holds more than it should publishes no more than it should.
#[test]
fn only_public_members_are_published() {
    for (jwk, names) in theirs()
        .published_jwks()
        .into_iter()
        .zip([["kty", "n", "e", "use", "kid"].as_slice(), &["kty", "crv", "x", "y", "use", "kid"]])
    {
        assert_eq!(object(jwk).keys().collect::<Vec<_>>(), names);
    }
    let printed = format!("{:?}", theirs());
    assert!(!printed.contains(VECTORS["rsa"]["d"].as_str().unwrap()), "{printed}");
}

#[test]
fn keys_are_shared_between_threads() {
    const fn shared<T: Send + Sync + 'static>() {}
    shared::<DecryptionKeys>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any one character changed, anywhere.
    #[test]
    fn a_changed_token_is_refused(
        alg in prop::sample::select(KeyManagementAlg::ALL.to_vec()),
        enc in prop::sample::select(ContentEncryption::ALL.to_vec()),
        at in any::<prop::sample::Index>(),
        with in "[A-Za-z0-9_.=-]",
    ) {
        let token = encrypted(alg, enc);
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &with);
        prop_assert_eq!(decrypt(&changed).is_ok(), changed == token, "{}", changed);
    }

    /// Nothing makes it panic: random parts behind headers that are read.
    #[test]
    fn nonsense_is_refused(
        alg in prop::sample::select(KeyManagementAlg::ALL.to_vec()),
        enc in prop::sample::select(ContentEncryption::ALL.to_vec()),
        epk in prop::collection::vec(any::<u8>(), 0..40),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 4),
    ) {
        let epk = URL_SAFE_NO_PAD.encode(epk);
        let header = json!({
            "alg": alg.as_str(), "enc": enc.as_str(),
            "epk": { "kty": "EC", "crv": "P-256", "x": epk, "y": epk }, "apu": epk,
        });
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        for part in parts {
            token.push('.');
            URL_SAFE_NO_PAD.encode_string(part, &mut token);
        }
        prop_assert_eq!(decrypt(&token), Err(DecryptFault::Broken));
    }

    #[test]
    fn any_text_is_refused(token in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,6}|\\PC{0,80}") {
        prop_assert!(decrypt(&token).is_err());
    }
}
