//! `vestibule keys rotate-data` and `list-data`.

use serde_json::Value;

use crate::site::Site;

fn states(site: &Site) -> Vec<(String, String)> {
    let word = |key: &Value, member: &str| key[member].as_str().unwrap().to_owned();
    let listed = site.json("keys list-data");
    let keys = listed.as_array().unwrap().iter();
    keys.map(|key| (word(key, "id"), word(key, "state"))).collect()
}

#[test]
fn a_data_key_is_replaced_and_shown() {
    let site = Site::new();
    let listed = site.json("keys list-data");
    let first = listed[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((first.len(), listed.as_array().unwrap().len()), (22, 1));
    assert!(listed[0]["created_at"].is_i64() && listed[0]["retired_at"].is_null(), "{listed}");
    let rotated = site.json("keys rotate-data");
    assert_eq!(rotated["replaces"], first);
    let second = rotated["id"].as_str().unwrap().to_owned();
    let expected = [(first, "replaced".to_owned()), (second, "sealing".to_owned())];
    assert_eq!(states(&site), expected);
    let keys = site.json("keys list");
    assert_eq!(keys, Value::Array(Vec::new()), "data keys are not among the signing keys");
}

#[test]
fn a_running_server_takes_the_new_data_key_over_and_seals_again() {
    let site = Site::new();
    let mut server = site.serve(&[]);
    let old = states(&site)[0].0.clone();
    let new = site.json("keys rotate-data")["id"].as_str().unwrap().to_owned();
    // Somebody has to come: an idle server asks the database nothing.
    assert!(server.get("/jwks").starts_with("HTTP/1.1 200"));
    // Two signing keys of each of two algorithms, and two encryption keys.
    assert_eq!(server.event("reseal.done")["texts"], 6);
    assert_eq!(server.event("data_keys.retired")["key"], old);
    let expected = [(old, "retired".to_owned()), (new, "sealing".to_owned())];
    assert_eq!(states(&site), expected);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    let server = site.serve(&[]);
    assert!(server.get("/jwks").contains("\"kty\""), "the keys open after a restart");
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}
