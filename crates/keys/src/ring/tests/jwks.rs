//! The JWK Set.

use vestibule_model::encryption_key::StoredEncryptionKey;

use super::*;
use crate::testing::encryption_keys;

#[test]
fn the_jwks_has_public_members_only_in_a_fixed_order() {
    let mut keys = keys();
    // A row that holds more than it should.
    keys[0].public_jwk = Value::Object(private_jwk(&keys[0])).to_string();
    let mut retired = key(SigningAlg::RS256);
    retired.kid = "retired".to_owned();
    retired.retired_at = Some(NOW);
    retired.expires_at = Some(NOW.plus(1));
    keys.insert(0, retired);
    keys.reverse();
    let jwks = KeyRing::load(&keys, &sealer(), NOW).unwrap().jwks().clone();
    let body: Value = serde_json::from_str(&jwks.body).unwrap();
    assert_eq!(object(body.clone()).keys().collect::<Vec<_>>(), ["keys"]);
    let rsa = ["kty", "n", "e", "use", "alg", "kid"].as_slice();
    let ec = ["kty", "crv", "x", "y", "use", "alg", "kid"].as_slice();
    let published = body["keys"].as_array().unwrap();
    assert_eq!(published.len(), 2 * SigningAlg::ALL.len() + 1);
    for (jwk, alg) in published.iter().zip(SigningAlg::ALL.iter().cycle()) {
        let names = match alg.as_str().split_at(2).0 {
            "RS" | "PS" => rsa,
            "ES" => ec,
            _ => &["kty", "crv", "x", "use", "alg", "kid"],
        };
        assert_eq!(jwk["alg"], alg.as_str());
        assert_eq!(jwk["use"], "sig");
        assert_eq!(object(jwk.clone()).keys().collect::<Vec<_>>(), names);
    }
    let kids: Vec<_> = published.iter().map(|jwk| jwk["kid"].as_str().unwrap()).collect();
    let expected: Vec<_> = SigningAlg::ALL
        .iter()
        .map(|alg| key(*alg).kid)
        .chain(SigningAlg::ALL.iter().map(|alg| standby(*alg).kid))
        .chain(["retired".to_owned()])
        .collect();
    assert_eq!(kids, expected);
}

#[test]
fn encryption_keys_come_after_the_signing_keys_and_count_for_the_etag() {
    let load = || KeyRing::load(&keys(), &sealer(), NOW).unwrap();
    let without = load().jwks().clone();
    let with = |keys: &[StoredEncryptionKey]| {
        load().with_decryption_keys(DecryptionKeys::load(keys, &sealer()).unwrap())
    };
    let published = |ring: &KeyRing| -> Vec<Value> {
        let body: Value = serde_json::from_str(&ring.jwks().body).unwrap();
        body["keys"].as_array().unwrap().clone()
    };
    let [rsa, mut ec] = encryption_keys();
    let ring = with(&[ec.clone(), rsa.clone()]);
    let signing = published(&load());
    let all = published(&ring);
    let (first, last) = all.split_at(signing.len());
    assert_eq!(first, signing);
    let names = |jwk: &Value| object(jwk.clone()).keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        last.iter().map(|jwk| jwk["kid"].clone()).collect::<Vec<_>>(),
        [rsa.kid.as_str(), &ec.kid]
    );
    assert_eq!(names(&last[0]), ["kty", "n", "e", "use", "kid"]);
    assert_eq!(names(&last[1]), ["kty", "crv", "x", "y", "use", "kid"]);
    assert!(last.iter().all(|jwk| jwk["use"] == "enc"));
    assert_ne!(ring.jwks().etag, without.etag);
    assert_eq!(with(&[]).jwks(), &without);
    // A retired key is published no more, and opens still.
    ec.retired_at = Some(NOW);
    let fewer = with(&[rsa, ec]);
    assert_eq!(published(&fewer).len(), signing.len() + 1);
    assert_ne!(fewer.jwks().etag, ring.jwks().etag);
}

#[test]
fn the_etag_follows_the_body() {
    let all = ring().jwks().clone();
    assert!(all.etag.starts_with('"') && all.etag.ends_with('"') && all.etag.len() == 45);
    let mut keys = keys();
    keys.reverse();
    assert_eq!(*KeyRing::load(&keys, &sealer(), NOW).unwrap().jwks(), all);
    keys.pop();
    let fewer = KeyRing::load(&keys, &sealer(), NOW).unwrap().jwks().clone();
    assert_ne!(fewer.etag, all.etag);
    assert_eq!(KeyRing::load(&[], &sealer(), NOW).unwrap().jwks().body, r#"{"keys":[]}"#);
}
