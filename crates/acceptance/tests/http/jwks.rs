//! The JWK Set (RFC 7517), the algorithms of each client, and key rotation.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use vestibule_acceptance::{Page, Rp, SIGNING_ALGS, TestApp, Tokens, forge, on_both_databases};
use vestibule_keys::KeyRing;
use vestibule_model::{Clock, client::SigningAlg};

async fn jwks(app: &TestApp) -> Value {
    app.machine().get("/jwks").await.json()
}

fn kids(set: &Value) -> BTreeSet<String> {
    let keys = set["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

async fn asked_again(app: &TestApp, tags: &str) -> Page {
    app.machine().send(Method::GET, "/jwks", &[("if-none-match", tags)], None).await
}

/// What the rotation job does, for every algorithm: standby signs, signing retires.
async fn rotate(app: &TestApp) {
    let now = app.clock.now();
    let mut keys = app.rows(|conn| Ok(vestibule_storage::signing_key::list(conn)?)).await;
    for key in &mut keys {
        if key.active_at.is_some() {
            key.retired_at = Some(now);
            key.expires_at = Some(now.plus(600 + 3_600));
        } else {
            key.active_at = Some(now);
        }
    }
    swap(app, &keys);
}

fn swap(app: &TestApp, keys: &[vestibule_model::signing_key::StoredKey]) {
    let ring = KeyRing::load(keys, &app.state.sealer, app.clock.now()).expect("a ring");
    app.state.keys.replace(ring);
}

on_both_databases! {
    /// RFC 7517 §4, RFC 7518 §6: public members only, and each key says what it is for.
    // spec: OIDC Discovery 3 MUST NOT: the published set has private or symmetric key values @ keys/src/jwk.rs
    // spec: OIDC Discovery 3 REQUIRED: each key says by use what it is for, since there are keys for both @ keys/src/jwk.rs
    // spec: OIDC Core 15.2 MUST: public keys are published as bare JWKs @ protocol/src/jwks.rs
    async fn the_set_shows_public_keys_only(app: TestApp) {
        let page = app.machine().get("/jwks").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), "application/jwk-set+json");
        let set = page.json();
        let keys = set["keys"].as_array().unwrap();
        let (signing, encryption): (Vec<_>, Vec<_>) =
            keys.iter().partition(|key| key["use"] == "sig");
        assert_eq!(signing.len(), 2 * SIGNING_ALGS.len(), "one signs, one stands by");
        let kinds: Vec<_> = encryption.iter().map(|key| key["kty"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["RSA", "EC"], "after those that sign");
        for key in keys {
            let mut names: BTreeSet<_> =
                key.as_object().unwrap().keys().map(String::as_str).collect();
            if key["use"] == "enc" {
                assert!(names.insert("alg"), "an encryption key serves several: {key}");
            } else {
                assert_eq!(key["use"], "sig");
                assert!(SigningAlg::from_wire(key["alg"].as_str().unwrap()).is_some());
            }
            let public: &[&str] = match key["kty"].as_str().unwrap() {
                "RSA" => &["n", "e"],
                "EC" => &["crv", "x", "y"],
                "OKP" => &["crv", "x"],
                other => panic!("{other}"),
            };
            let expected = ["kty", "use", "alg", "kid"].iter().chain(public).copied().collect();
            assert_eq!(names, expected, "{key}");
        }
        assert_eq!(kids(&set).len(), keys.len(), "a kid names one key");
    }

    /// RFC 9111 §5.2.2.1, RFC 9110 §13.1.2: the set may be cached and asked for again cheaply.
    async fn the_set_can_be_cached(app: TestApp) {
        let page = app.machine().get("/jwks").await;
        assert_eq!(page.header("cache-control"), "public, max-age=300");
        let tag = page.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{tag}");
        let list = format!("\"x\", {tag}");
        let weak = format!("W/{tag}");
        for known in [tag.as_str(), &list, &weak, "*"] {
            let page = asked_again(app, known).await;
            assert_eq!((page.status, page.body.as_str()), (304, ""), "{known}");
            assert_eq!(page.header("etag"), tag);
            assert_eq!(page.header("cache-control"), "public, max-age=300");
        }
        for unknown in ["\"x\"", "", tag.trim_matches('"'), "\"x\", \"y\""] {
            let page = asked_again(app, unknown).await;
            assert_eq!((page.status, page.header("etag")), (200, tag.as_str()), "{unknown}");
        }
        rotate(app).await;
        let page = asked_again(app, &tag).await;
        assert_eq!(page.status, 200, "another set");
        assert_ne!(page.header("etag"), tag);
    }

    /// After an idle time somebody looks before the set is given out as settled; where nobody does,
    /// it is given out for a moment only.
    async fn an_idle_server_looks_first(app: TestApp) {
        app.clock.advance(3_600);
        let page = app.machine().get("/jwks").await;
        assert_eq!(page.header("cache-control"), "public, max-age=5", "nobody looked");
        app.state.keys.note_watched();
        let state = app.state.clone();
        let watch = tokio::spawn(async move {
            state.keys.wanted().await;
            state.keys.note_checked(state.now());
        });
        let page = app.machine().get("/jwks").await;
        assert_eq!((page.status, page.header("cache-control")), (200, "public, max-age=300"));
        watch.await.expect("a watch that looked");
    }

    /// OIDC Registration §2 `id_token_signed_response_alg`: each client's own choice.
    // spec: OIDC Registration 2 REQUIRED: ID tokens are signed with the client's id_token_signed_response_alg @ protocol/src/issue.rs
    // spec: OIDC Core 15.1 MUST: ID tokens can be signed with RS256 @ keys/src/ring.rs
    async fn every_algorithm_verifies_against_the_set(app: TestApp) {
        let set = jwks(app).await;
        let all = SIGNING_ALGS.into_iter();
        for (alg, other) in all.clone().zip(all.cycle().skip(1)) {
            app.change_client("web-app", move |client| {
                client.metadata.id_token_signed_response_alg = alg;
                client.metadata.access_token_signed_response_alg = other;
            })
            .await;
            let tokens = Rp::web().tokens(app).await;
            for (name, alg) in [("id_token", alg), ("access_token", other)] {
                let token = tokens.get(name);
                let (header, claims) = forge::verified(&set, token).expect("verifies");
                assert_eq!(header["alg"], alg.as_str(), "{name}");
                assert_eq!(claims["iss"], app.issuer.as_str());
                let (signed, signature) = token.rsplit_once('.').unwrap();
                let first = if signature.starts_with('A') { "B" } else { "A" };
                let tampered = format!("{signed}.{first}{}", &signature[1..]);
                assert!(forge::verified(&set, &tampered).is_none(), "the check can fail");
            }
            assert!(Rp::is_active(app, tokens.get("access_token")).await);
        }
    }

    /// The next key is in the set before it signs; the last one stays until its tokens are dead.
    // spec: OIDC Core 10.1.1 SHOULD: a key that no longer signs stays published for a while @ keys/src/ring.rs
    // spec: OIDC Core 10.1 MUST: where several keys are published, the token names its key by kid @ keys/src/ring.rs
    async fn no_verification_fails_across_a_rotation(app: TestApp) {
        let rp = Rp::web();
        let before = jwks(app).await;
        let old = rp.tokens(app).await;
        rotate(app).await;
        let after = jwks(app).await;
        let new = rp.tokens(app).await;
        let kid = |tokens: &Tokens, name: &str| forge::peek(tokens.get(name)).0["kid"].clone();
        for name in ["id_token", "access_token"] {
            assert_ne!(kid(&old, name), kid(&new, name), "another key signs");
            for set in [&before, &after] {
                assert!(forge::verified(set, old.get(name)).is_some(), "old {name}");
                assert!(forge::verified(set, new.get(name)).is_some(), "new {name}");
            }
        }
        for tokens in [&old, &new] {
            assert!(Rp::is_active(app, tokens.get("access_token")).await);
        }
        assert_eq!(rp.refresh(app, old.get("refresh_token")).await.status, 200);
        let hint = format!("/end_session?id_token_hint={}", old.get("id_token"));
        assert_eq!(app.machine().get(&hint).await.status, 200);
    }

    /// A key that left the set verifies no access token; an old `id_token_hint` is still ours
    /// (OIDC RP-Initiated Logout §2).
    async fn a_key_that_left_the_set_is_good_for_hints_only(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let kid = forge::peek(tokens.get("access_token")).0["kid"].as_str().unwrap().to_owned();
        let now = app.clock.now();
        let mut keys = app.rows(|conn| Ok(vestibule_storage::signing_key::list(conn)?)).await;
        for key in keys.iter_mut().filter(|key| key.kid == kid) {
            key.retired_at = Some(now);
            key.expires_at = Some(now);
        }
        assert!(kids(&jwks(app).await).contains(&kid));
        swap(app, &keys);
        assert!(!kids(&jwks(app).await).contains(&kid));
        assert!(!Rp::is_active(app, tokens.get("access_token")).await);
        let hint = format!("/end_session?id_token_hint={}", tokens.get("id_token"));
        assert_eq!(app.machine().get(&hint).await.status, 200);
    }
}
