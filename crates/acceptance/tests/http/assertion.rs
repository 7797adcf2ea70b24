//! `private_key_jwt` (RFC 7523 §2.2, §3; OIDC Core §9; RFC 8725).

use std::sync::OnceLock;

use futures_util::future::join_all;
use serde_json::{Value, json};
use vestibule_acceptance::{
    Page, TestApp,
    forge::{self, KeyPair},
    on_both_databases,
};
use vestibule_model::{Clock, client::AuthMethod};

const ID: &str = "robot";

/// One key an algorithm, and a thief's; RSA keys take their time, so once a process.
fn keys() -> &'static [KeyPair; 4] {
    static KEYS: OnceLock<[KeyPair; 4]> = OnceLock::new();
    KEYS.get_or_init(|| {
        [
            KeyPair::generate("RS256", "rsa-1"),
            KeyPair::generate("ES256", "ec-1"),
            KeyPair::generate("PS256", "pss-1"),
            KeyPair::generate("RS256", "rsa-1"),
        ]
    })
}

async fn register(app: &TestApp) {
    let mut client = app.client(ID, "https://robot.example/cb", "");
    client.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    let public: Vec<_> = keys()[..3].iter().map(KeyPair::public).collect();
    client.metadata.jwks = Some(json!({ "keys": public }));
    app.add_client(client).await;
}

fn claims(app: &TestApp, jti: &str) -> Value {
    let now = app.clock.now().0;
    json!({
        "iss": ID, "sub": ID, "aud": app.issuer, "jti": jti, "iat": now, "exp": now + 60,
    })
}

async fn present(app: &TestApp, assertion: &str, more: &[(&str, &str)]) -> Page {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    form.extend_from_slice(more);
    app.machine().post("/token", &form).await
}

fn assert_refused(what: &str, page: &Page) {
    let seen = (page.status, page.json()["error"].clone());
    assert_eq!(seen, (401, json!("invalid_client")), "{what}: {page:#?}");
    // Whoever holds the key may hear what is wrong with the claims; nobody else learns anything.
    let described = page.json()["error_description"].to_string();
    let told = described.starts_with("\"client_assertion: ");
    assert!(told || described == "\"Client authentication failed\"", "{what}: {described}");
    assert!(page.header("www-authenticate").starts_with("Basic "), "{what}");
}

on_both_databases! {
    /// RFC 7523 §3; `client_id` beside the assertion is optional (RFC 7521 §4.2).
    // spec: OIDC Core 9 MAY: private_key_jwt proves a client by a signature of its own key @ protocol/src/client_auth.rs
    // spec: RFC 7521 4.2 MUST: client_id beside an assertion is the client of the assertion @ protocol/src/client_auth.rs
    // spec: RFC 9700 2.5 RECOMMENDED: clients can authenticate without a secret that both sides know @ keys/src/client_assertion.rs
    async fn an_assertion_of_a_registered_key_proves_the_client(app: TestApp) {
        register(app).await;
        for key in &keys()[..3] {
            let page = present(app, &key.sign(&claims(app, key.kid)), &[]).await;
            assert_eq!(page.status, 200, "{}: {page:#?}", key.alg);
            let (_, access) = forge::peek(page.json()["access_token"].as_str().unwrap());
            assert_eq!(access["client_id"], ID);
        }
        let key = &keys()[0];
        let named = present(app, &key.sign(&claims(app, "named")), &[("client_id", ID)]).await;
        assert_eq!(named.status, 200);
        let mismatch = key.sign(&claims(app, "mismatch"));
        let page = present(app, &mismatch, &[("client_id", "web-app")]).await;
        assert_refused("client_id of another", &page);
    }

    /// RFC 7523 §3 (3): the audience is the issuer or the token endpoint, one or in a list.
    // spec: RFC 7523 3 MUST: an assertion whose aud does not name this server is refused @ policy/src/client_auth.rs
    async fn the_audience_is_this_server(app: TestApp) {
        register(app).await;
        let key = &keys()[0];
        let endpoint = format!("{}/token", app.issuer);
        for (jti, aud) in [
            ("a", json!(endpoint)),
            ("b", json!([app.issuer])),
            ("c", json!(["https://else.example", endpoint])),
        ] {
            let mut body = claims(app, jti);
            body["aud"] = aud;
            assert_eq!(present(app, &key.sign(&body), &[]).await.status, 200, "{jti}");
        }
        for (jti, aud) in [
            ("d", json!("https://else.example")),
            ("e", json!(format!("{}/", app.issuer))),
            ("f", json!([])),
            ("g", Value::Null),
            ("h", json!(format!("{}/revoke", app.issuer))),
        ] {
            let mut body = claims(app, jti);
            body["aud"] = aud.clone();
            assert_refused(&format!("aud {aud}"), &present(app, &key.sign(&body), &[]).await);
        }
    }

    /// RFC 7523 §3 (1–7): one claim wrong at a time.
    // spec: RFC 7523 3 MUST: iss and sub of an assertion are there and are the client @ policy/src/client_auth.rs
    // spec: RFC 7523 3 MUST: an assertion has exp, and is refused when it has passed but for a small skew of clocks @ policy/src/client_auth.rs
    // spec: RFC 7523 3 MUST: an assertion is refused before its nbf @ policy/src/client_auth.rs
    // spec: RFC 7523 3 MAY: an assertion that lives unreasonably long is refused @ policy/src/client_auth.rs
    // spec: OIDC Core 9 REQUIRED: an assertion has iss, sub, aud, jti and exp @ policy/src/client_auth.rs
    async fn a_wrong_claim_is_refused(app: TestApp) {
        register(app).await;
        let now = app.clock.now().0;
        let rows: [(&str, &str, Option<Value>); 16] = [
            ("expired", "exp", Some(json!(now - 30))),
            ("far future", "exp", Some(json!(now + 3_601))),
            ("very far future", "exp", Some(json!(i64::MAX))),
            ("no exp", "exp", None),
            ("exp is text", "exp", Some(json!("soon"))),
            ("not yet valid", "nbf", Some(json!(now + 31))),
            ("issued in the future", "iat", Some(json!(now + 31))),
            ("iss is another", "iss", Some(json!("web-app"))),
            ("no iss", "iss", None),
            ("sub is another", "sub", Some(json!("user-ana"))),
            ("no sub", "sub", None),
            ("no aud", "aud", None),
            ("no jti", "jti", None),
            ("empty jti", "jti", Some(json!(""))),
            ("jti is a number", "jti", Some(json!(7))),
            ("jti is too long", "jti", Some(json!("j".repeat(257)))),
        ];
        for (index, (what, name, value)) in rows.into_iter().enumerate() {
            let mut body = claims(app, &format!("row-{index}"));
            match value {
                Some(value) => body[name] = value,
                None => drop(body.as_object_mut().unwrap().remove(name)),
            }
            assert_refused(what, &present(app, &keys()[0].sign(&body), &[("client_id", ID)]).await);
        }
        let mut edges = claims(app, "edges");
        edges["exp"] = json!(now + 3_600);
        edges["nbf"] = json!(now + 30);
        edges["iat"] = json!(now + 30);
        assert_eq!(present(app, &keys()[0].sign(&edges), &[]).await.status, 200);
        let mut past = claims(app, "past");
        past["exp"] = json!(now - 29);
        assert_eq!(present(app, &keys()[0].sign(&past), &[]).await.status, 200, "clock skew");
    }

    /// RFC 8725 §3.1, §3.2; RFC 7515 §4.1: the key decides how a signature is checked.
    // spec: RFC 7523 3 MUST: an assertion whose signature is wrong or missing is refused @ keys/src/client_signature.rs
    // spec: RFC 8725 3.8 MUST: the key belongs to the issuer of the token; one that the token brings along does not count @ keys/src/client_signature.rs
    // spec: RFC 7515 4.1.11 MUST: a token with a critical extension that is not understood is refused @ keys/src/client_signature.rs
    async fn a_wrong_signature_is_refused(app: TestApp) {
        register(app).await;
        let [rsa, ec, _, thief] = keys();
        let body = claims(app, "signature");
        let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid, "typ": "JWT" });
        let good = rsa.sign(&body);
        let public = rsa.public();
        let hmac = header("HS256", "rsa-1");
        let modulus = public["n"].as_str().unwrap();
        let mut changed = claims(app, "signature");
        changed["exp"] = json!(app.clock.now().0 + 61);
        let other_payload = rsa.sign(&changed);
        let (head, tail) = (good.split('.').next().unwrap(), good.rsplit('.').next().unwrap());
        let swapped = format!("{head}.{}.{tail}", other_payload.split('.').nth(1).unwrap());
        let rows = [
            ("another key", thief.sign(&body)),
            ("none", forge::unsigned(&header("none", "rsa-1"), &body)),
            ("None", forge::unsigned(&header("None", "rsa-1"), &body)),
            ("no signature", forge::unsigned(&header("RS256", "rsa-1"), &body)),
            ("HMAC of the JWK", forge::hs256(public.to_string().as_bytes(), &hmac, &body)),
            ("HMAC of n", forge::hs256(modulus.as_bytes(), &hmac, &body)),
            ("unknown kid", rsa.sign_with(&header("RS256", "rsa-2"), &body)),
            ("kid of another key", rsa.sign_with(&header("RS256", "ec-1"), &body)),
            ("alg of another key", rsa.sign_with(&header("ES256", "ec-1"), &body)),
            ("alg that the key is not for", rsa.sign_with(&header("PS256", "rsa-1"), &body)),
            ("critical extension", rsa.sign_with(
                &json!({ "alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": false }), &body)),
            ("key in the header", thief.sign_with(
                &json!({ "alg": "RS256", "jwk": thief.public() }), &body)),
            ("another type", rsa.sign_with(
                &json!({ "alg": "RS256", "kid": "rsa-1", "typ": "dpop+jwt" }), &body)),
            ("payload exchanged", swapped),
            ("cut off", good[..good.len() - 4].to_owned()),
            ("no JWT", "nonsense".to_owned()),
            ("empty parts", "..".to_owned()),
        ];
        for (what, assertion) in rows {
            assert_refused(what, &present(app, &assertion, &[("client_id", ID)]).await);
        }
        assert_eq!(present(app, &good, &[]).await.status, 200, "its jti is not used up");
        assert_eq!(present(app, &ec.sign(&claims(app, "ec")), &[]).await.status, 200);
    }

    /// RFC 7523 §3 (7), OIDC Core §9: a `jti` is used once, however the requests race.
    // spec: OIDC Core 9 MUST: an assertion is used once @ storage/src/client_assertion.rs
    // spec: RFC 7523 3 MAY: a jti that was used is refused for as long as the assertion would live @ storage/src/client_assertion.rs
    async fn an_assertion_is_used_once(app: TestApp) {
        register(app).await;
        let key = &keys()[1];
        let first = key.sign(&claims(app, "once"));
        assert_eq!(present(app, &first, &[]).await.status, 200);
        assert_refused("replayed", &present(app, &first, &[]).await);
        assert_refused("jti again", &present(app, &key.sign(&claims(app, "once")), &[]).await);
        app.clock.advance(89);
        assert_refused("replayed before it ends", &present(app, &first, &[]).await);
        let raced = key.sign(&claims(app, "raced"));
        let pages = join_all((0..12).map(|_| present(app, &raced, &[]))).await;
        let (won, lost): (Vec<_>, Vec<_>) = pages.into_iter().partition(|page| page.status == 200);
        assert_eq!(won.len(), 1);
        for page in &lost {
            assert_refused("lost the race", page);
        }
    }

    /// RFC 7523 §2.2: the type is part of the request; a client without keys has no proof.
    // spec: RFC 7523 2.2 MUST: client_assertion_type is the one of JWT bearer assertions @ protocol/src/client_auth.rs
    async fn an_assertion_needs_its_type_and_a_registered_key(app: TestApp) {
        register(app).await;
        let assertion = keys()[0].sign(&claims(app, "typed"));
        for kind in [None, Some("urn:ietf:params:oauth:client-assertion-type:saml2-bearer")] {
            let mut form = vec![("grant_type", "client_credentials")];
            form.extend(kind.map(|kind| ("client_assertion_type", kind)));
            form.push(("client_assertion", assertion.as_str()));
            assert_refused("type", &app.machine().post("/token", &form).await);
        }
        let mut body = claims(app, "web");
        body["iss"] = json!("web-app");
        body["sub"] = json!("web-app");
        assert_refused("method", &present(app, &keys()[0].sign(&body), &[]).await);
        app.change_client(ID, |client| client.metadata.jwks = None).await;
        assert_refused("no keys", &present(app, &assertion, &[]).await);
    }
}
