//! Encrypted ID tokens, and ID tokens as hints (OIDC Core §3.1.2.1, §10.2), under the profile `oidc`.

use josekit::{
    jwe::{self, JweHeader, RSA_OAEP_256},
    jwk::Jwk,
};
use serde_json::{Value, json};
use vestibule_acceptance::{Browser, Rp, TestApp, Tokens, answer_of, on_both_databases};
use vestibule_model::{
    ResponseType,
    client::SigningAlg,
    jose::{ContentEncryption, KeyManagementAlg, ResponseEncryption},
    sealed::SealedColumn,
};

use crate::oidc::{allowed, asking, fragment_at_once, half_hash, verified};

/// Encrypts a text for a public key of ours or of a client, with josekit alone.
fn encrypted(text: &str, public: &Value) -> String {
    let jwk = Jwk::from_map(public.as_object().expect("a key").clone()).expect("a key");
    let mut header = JweHeader::new();
    header.set_content_encryption("A128GCM");
    header.set_content_type("JWT");
    header.set_key_id(public["kid"].as_str().unwrap_or_default());
    let encrypter = RSA_OAEP_256.encrypter_from_jwk(&jwk).expect("an encrypter");
    jwe::serialize_compact(text.as_bytes(), &header, &encrypter).expect("a JWE")
}

fn opened(token: &str, key: &Jwk) -> String {
    assert_eq!(token.split('.').count(), 5, "a JWE: {token}");
    let decrypter = RSA_OAEP_256.decrypter_from_jwk(key).expect("a decrypter");
    let (plain, header) = jwe::deserialize_compact(token, &decrypter).expect("a JWE");
    assert_eq!(header.content_type(), Some("JWT"), "RFC 7519 5.2");
    String::from_utf8(plain).expect("a JWT")
}

/// Our own RSA key for encryption, as the JWKS has it.
async fn our_key(app: &TestApp) -> Value {
    let jwks = app.machine().get("/jwks").await.json();
    let keys = jwks["keys"].as_array().expect("keys").clone();
    let ours = keys.into_iter().find(|key| key["use"] == "enc" && key["kty"] == "RSA");
    let mut ours = ours.expect("an encryption key");
    ours["alg"] = "RSA-OAEP-256".into();
    ours
}

/// What comes of `prompt=none` with that hint: `code`, or the error and its page.
async fn hinted(browser: &Browser, rp: &Rp, hint: &str) -> String {
    let silent = [("id_token_hint", Some(hint)), ("prompt", Some("none"))];
    let told = answer_of(&browser.get(&rp.authorize_with(&silent)).await.location());
    let code = told.get("error_uri").and_then(|uri| uri.rsplit('/').next());
    code.map_or_else(|| told.keys().find(|name| *name == "code").cloned(), |id| Some(id.to_owned()))
        .unwrap_or_default()
}

on_both_databases! {
    started by crate::oidc::start;

    /// Signed first, then encrypted, wherever it comes from (OIDC Core §10).
    // spec: OIDC Core 10.2 MUST: an encrypted ID token is signed, then encrypted @ protocol/src/issue.rs
    // spec: OIDC Core 3.1.2.1 MAY: a client sends an ID token back encrypted for us @ protocol/src/authorize/hint.rs
    async fn id_tokens_are_encrypted_for_the_client_on_every_way(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let key = Jwk::generate_rsa_key(2_048).expect("a key");
        let mut public = json!(key.to_public_key().expect("a public key").as_ref());
        public["use"] = "enc".into();
        public["kid"] = "mine".into();
        app.change_client("web-app", move |client| {
            client.metadata.jwks = Some(json!({ "keys": [public] }));
            client.metadata.id_token_encryption = Some(ResponseEncryption {
                alg: KeyManagementAlg::RsaOaep256,
                enc: ContentEncryption::A128Gcm,
            });
        })
        .await;
        let told = fragment_at_once(&browser, &asking(&rp, ResponseType::CodeIdToken)).await;
        let front = verified(app, &opened(&told["id_token"], &key)).await;
        assert_eq!(front["c_hash"], half_hash(&told["code"]));
        let tokens = Tokens(rp.redeem(app, &told["code"]).await.json());
        let signed = opened(tokens.get("id_token"), &key);
        assert_eq!(verified(app, &signed).await["sub"], "user-ana");
        let refreshed = Tokens(rp.refresh(app, tokens.get("refresh_token")).await.json());
        verified(app, &opened(refreshed.get("id_token"), &key)).await;

        // As a hint: opened, or encrypted for us; not as it is, for only the client can open that.
        assert_eq!(hinted(&browser, &rp, &signed).await, "code");
        let ours = our_key(app).await;
        assert_eq!(hinted(&browser, &rp, &encrypted(&signed, &ours)).await, "code");
        assert_eq!(hinted(&browser, &rp, tokens.get("id_token")).await, "VST-0220");
        // What is inside counts no less than before.
        let mut forged = signed.clone();
        forged.replace_range(60..61, if &signed[60..61] == "A" { "B" } else { "A" });
        for inside in [forged.as_str(), "not a JWT", "", tokens.get("access_token")] {
            assert_eq!(hinted(&browser, &rp, &encrypted(inside, &ours)).await, "VST-0220");
        }
    }

    /// Under the client's secret both sides can open it, so the hint may come as it was sent.
    async fn an_id_token_under_the_clients_secret_is_a_hint_as_it_is(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        let purpose = SealedColumn::ClientSecret.purpose("web-app");
        let sealed = app.state.sealer.seal(&purpose, rp.secret.as_bytes(), app.state.entropy.as_ref());
        let sealed = sealed.expect("a sealed secret");
        app.change_client("web-app", move |client| {
            client.sealed_secret = Some(sealed);
            client.metadata.id_token_encryption = Some(ResponseEncryption {
                alg: KeyManagementAlg::A128Kw,
                enc: ContentEncryption::A128CbcHs256,
            });
        })
        .await;
        let tokens = rp.tokens(app).await;
        assert_eq!(tokens.get("id_token").split('.').count(), 5);
        assert_eq!(hinted(&browser, &rp, tokens.get("id_token")).await, "code");
        app.change_client("web-app", |client| client.sealed_secret = None).await;
        assert_eq!(hinted(&browser, &rp, tokens.get("id_token")).await, "VST-0220");
    }

    /// A client that nothing can be encrypted for is told so; nothing is sent to it in the clear.
    async fn without_a_key_of_the_client_there_is_no_id_token(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        app.change_client("web-app", |client| {
            client.metadata.id_token_encryption = Some(ResponseEncryption {
                alg: KeyManagementAlg::RsaOaep,
                enc: ContentEncryption::A128CbcHs256,
            });
        })
        .await;
        let told = fragment_at_once(&browser, &asking(&rp, ResponseType::CodeIdTokenToken)).await;
        crate::oidc::error_of(&told);
        let code = answer_of(&browser.get(&rp.authorize()).await.location())["code"].clone();
        let page = rp.redeem(app, &code).await;
        assert!((400..500).contains(&page.status), "{page:#?}");
        assert!(page.json().get("access_token").is_none(), "{page:#?}");
    }

    // spec: OIDC Core 3.1.2.1 SHOULD: a hint may have expired, and its aud may be a list @ protocol/src/authorize/hint.rs
    async fn the_audience_of_a_hint_may_be_a_list(app: TestApp) {
        let rp = Rp::web();
        let browser = allowed(app, &rp).await;
        for (iss, aud, outcome) in [
            (&*app.issuer, json!("web-app"), "code"),
            (&*app.issuer, json!(["other", "web-app"]), "code"),
            (&*app.issuer, json!(["other", 7]), "VST-0220"),
            (&*app.issuer, json!([]), "VST-0220"),
            (&*app.issuer, json!({ "web-app": 1 }), "VST-0220"),
            ("https://other.example", json!("web-app"), "VST-0220"),
        ] {
            let claims = json!({ "iss": iss, "sub": "user-ana", "aud": aud, "exp": 1 });
            let Value::Object(claims) = claims else { panic!("an object") };
            let hint = app.state.ring().sign(SigningAlg::RS256, "JWT", &claims).expect("a JWT");
            assert_eq!(hinted(&browser, &rp, &hint).await, outcome, "{aud}");
        }
    }
}
