//! UserInfo as a JWT: signed, encrypted, or signed and then encrypted (OIDC Core §5.3.2).

use josekit::{
    jwe::{self, Dir, ECDH_ES_A128KW, JweDecrypter, RSA_OAEP_256},
    jwk::{Jwk, alg::ec::EcCurve},
};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vestibule_acceptance::{ClientSite, Page, Rp, TestApp, forge, on_both_databases};
use vestibule_model::{
    client::{Client, SigningAlg},
    jose::{ContentEncryption, KeyManagementAlg, ResponseEncryption},
    sealed::SealedColumn,
};

const SECRET: &str = "a secret of the client's that is a key as well";

/// The client's private key for what is encrypted to it.
fn rsa() -> Jwk {
    Jwk::generate_rsa_key(2_048).expect("a key")
}

fn public(key: &Jwk, kid: &str) -> Value {
    let mut public = json!(key.to_public_key().expect("a public key").as_ref());
    public["kid"] = kid.into();
    public["use"] = "enc".into();
    public
}

/// Header and plaintext of what only the holder of `decrypter`'s key can read.
fn opened(text: &str, decrypter: &dyn JweDecrypter) -> (Value, String) {
    let (plain, header) = jwe::deserialize_compact(text, decrypter).expect("a JWE for us");
    (json!(header.as_ref()), String::from_utf8(plain).expect("text"))
}

async fn register(app: &TestApp, change: impl FnOnce(&mut Client) + Clone + Send + 'static) {
    app.change_client("web-app", change).await;
}

async fn ask(app: &TestApp, token: &str) -> Page {
    let bearer = format!("Bearer {token}");
    app.machine().send(Method::GET, "/userinfo", &[("authorization", &bearer)], None).await
}

/// The answer for Ana, which has to be a JWT.
async fn jwt(app: &TestApp, token: &str) -> String {
    let page = ask(app, token).await;
    assert_eq!(page.status, 200, "{page:#?}");
    assert_eq!(page.header("content-type"), "application/jwt");
    assert_eq!(page.header("cache-control"), "no-store");
    page.body
}

async fn jwks(app: &TestApp) -> Value {
    app.machine().get("/jwks").await.json()
}

const fn encryption(alg: KeyManagementAlg, enc: ContentEncryption) -> ResponseEncryption {
    ResponseEncryption { alg, enc }
}

on_both_databases! {
    // spec: OIDC Core 5.3.2 MUST: a signed answer is sent as application/jwt @ protocol/src/userinfo.rs
    // spec: OIDC Core 5.3.2 SHOULD: a signed answer has iss, the issuer, and aud, the client @ protocol/src/userinfo.rs
    // spec: OIDC Core 5.3.2 MUST: sub is in every answer, the same as in the ID token @ protocol/src/userinfo.rs
    async fn a_client_gets_it_signed_as_it_registered(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        for alg in [SigningAlg::RS256, SigningAlg::PS256, SigningAlg::ES256, SigningAlg::EdDSA] {
            register(app, move |client| {
                client.metadata.userinfo_signed_response_alg = Some(alg);
            })
            .await;
            let answer = jwt(app, tokens.get("access_token")).await;
            let (header, claims) = forge::verified(&jwks(app).await, &answer).expect("verifies");
            assert_eq!(header["alg"], alg.as_str());
            assert_eq!(claims["iss"], app.issuer.as_str());
            assert_eq!(claims["aud"], "web-app");
            assert_eq!(claims["sub"], tokens.claims("id_token")["sub"]);
            assert_eq!(claims["email"], "ana@people.example");
        }
    }

    // spec: OIDC Core 5.3.2 MUST: an answer that is only encrypted is the claims as JSON within @ protocol/src/userinfo.rs
    async fn a_client_gets_it_encrypted_as_it_registered(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let key = rsa();
        let set = json!({ "keys": [public(&key, "enc-1")] });
        register(app, move |client| {
            client.metadata.jwks = Some(set);
            client.metadata.userinfo_encryption =
                Some(encryption(KeyManagementAlg::RsaOaep256, ContentEncryption::A128CbcHs256));
        })
        .await;
        let answer = jwt(app, tokens.get("access_token")).await;
        let decrypter = RSA_OAEP_256.decrypter_from_jwk(&key).expect("a decrypter");
        let (header, plain) = opened(&answer, &decrypter);
        assert_eq!((&header["alg"], &header["enc"]), (&json!("RSA-OAEP-256"), &json!("A128CBC-HS256")));
        assert_eq!((&header["kid"], &header["cty"]), (&json!("enc-1"), &Value::Null));
        let claims: Value = serde_json::from_str(&plain).expect("JSON");
        assert_eq!(claims["sub"], "user-ana");
        assert!(claims.get("iss").is_none(), "only a signed answer has an issuer");
    }

    // spec: OIDC Core 5.3.2 MUST: what is signed and encrypted is signed first @ protocol/src/response_jwt.rs
    // spec: OIDC Core 10.2 SHOULD: a nested JWT says so by cty @ protocol/src/response_jwt.rs
    async fn a_client_gets_it_signed_and_then_encrypted(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let key = Jwk::generate_ec_key(EcCurve::P256).expect("a key");
        let set = json!({ "keys": [public(&key, "ec")] });
        register(app, move |client| {
            client.metadata.jwks = Some(set);
            client.metadata.userinfo_signed_response_alg = Some(SigningAlg::ES256);
            client.metadata.userinfo_encryption =
                Some(encryption(KeyManagementAlg::EcdhEsA128Kw, ContentEncryption::A256Gcm));
        })
        .await;
        let answer = jwt(app, tokens.get("access_token")).await;
        let decrypter = ECDH_ES_A128KW.decrypter_from_jwk(&key).expect("a decrypter");
        let (header, inner) = opened(&answer, &decrypter);
        assert_eq!(header["cty"], "JWT");
        assert!(header.get("zip").is_none());
        let (_, claims) = forge::verified(&jwks(app).await, &inner).expect("verifies");
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!("web-app"), &json!("user-ana")));
    }

    // spec: OIDC Core 10.2 MUST: symmetric keys are the left part of the SHA-2 hash of client_secret @ keys/src/mac.rs
    async fn the_client_secret_is_a_key(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let purpose = SealedColumn::ClientSecret.purpose("web-app");
        let sealed = app.state.sealer.seal(&purpose, SECRET.as_bytes(), app.entropy.as_ref());
        let sealed = sealed.expect("a sealed secret");
        register(app, move |client| {
            client.sealed_secret = Some(sealed);
            client.metadata.userinfo_encryption =
                Some(encryption(KeyManagementAlg::Dir, ContentEncryption::A128CbcHs256));
        })
        .await;
        let answer = jwt(app, tokens.get("access_token")).await;
        let decrypter = Dir.decrypter_from_bytes(Sha256::digest(SECRET)).expect("a decrypter");
        let (header, plain) = opened(&answer, &decrypter);
        assert_eq!(header["alg"], "dir");
        assert!(plain.contains("user-ana"), "{plain}");
    }

    /// OIDC Core §10.2.1: keys at a `jwks_uri` may change; a kind of key that was not there before
    /// is looked for again.
    // spec: OIDC Core 10.2.1 SHOULD: a client's new encryption key at its jwks_uri is found @ protocol/src/response_jwt.rs
    async fn new_keys_of_the_client_are_found(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let site = ClientSite::start();
        let (first, second) = (rsa(), Jwk::generate_ec_key(EcCurve::P256).expect("a key"));
        site.put_json("/jwks", &json!({ "keys": [public(&first, "rsa")] }));
        let uri = site.url("/jwks");
        register(app, move |client| {
            client.metadata.jwks_uri = Some(uri);
            client.metadata.userinfo_encryption =
                Some(encryption(KeyManagementAlg::RsaOaep256, ContentEncryption::A128Gcm));
        })
        .await;
        let decrypter = RSA_OAEP_256.decrypter_from_jwk(&first).expect("a decrypter");
        opened(&jwt(app, tokens.get("access_token")).await, &decrypter);
        site.put_json("/jwks", &json!({ "keys": [public(&second, "ec")] }));
        register(app, |client| {
            client.metadata.userinfo_encryption =
                Some(encryption(KeyManagementAlg::EcdhEsA128Kw, ContentEncryption::A128Gcm));
        })
        .await;
        let decrypter = ECDH_ES_A128KW.decrypter_from_jwk(&second).expect("a decrypter");
        opened(&jwt(app, tokens.get("access_token")).await, &decrypter);
    }

    /// A client without a key gets no answer in the clear, and is told what it lacks.
    async fn nothing_is_sent_in_the_clear_instead(app: TestApp) {
        let tokens = Rp::web().tokens(app).await;
        let ec = public(&Jwk::generate_ec_key(EcCurve::P256).expect("a key"), "ec");
        let wrong = json!({ "keys": [ec] });
        let rows: [(Option<Value>, Option<&'static str>, KeyManagementAlg, &str); 4] = [
            (None, None, KeyManagementAlg::RsaOaep, "neither jwks nor jwks_uri"),
            (Some(wrong), None, KeyManagementAlg::RsaOaep, "RSA"),
            (None, Some("http://127.0.0.1:9/jwks"), KeyManagementAlg::RsaOaep, "jwks_uri"),
            (None, None, KeyManagementAlg::A128Kw, "client_secret"),
        ];
        for (jwks, jwks_uri, alg, word) in rows {
            register(app, move |client| {
                client.metadata.jwks = jwks;
                client.metadata.jwks_uri = jwks_uri.map(str::to_owned);
                client.metadata.userinfo_encryption =
                Some(encryption(alg, ContentEncryption::A128CbcHs256));
            })
            .await;
            let page = ask(app, tokens.get("access_token")).await;
            assert_eq!(page.status, 400, "{word}: {page:#?}");
            let told = page.json();
            assert_eq!(told["error"], "invalid_request");
            let description = told["error_description"].as_str().unwrap();
            assert!(description.contains(word), "{word}: {description}");
            assert!(!page.body.contains("user-ana") && !page.body.contains("people.example"));
        }
    }
}
