//! What a client proves itself with beside an inline `jwks`: keys at its `jwks_uri`, and its secret
//! as a key (OIDC Core §9, §10; RFC 7523).

use serde_json::{Value, json};
use vestibule_acceptance::{
    ClientSite, Page, TestApp,
    forge::{self, KeyPair},
    on_both_databases,
};
use vestibule_model::{Clock, client::AuthMethod, jose::ClientSignatureAlg, sealed::SealedColumn};
use vestibule_server::entropy::OsEntropy;

const ID: &str = "robot";
/// Long enough for HS512.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn claims(app: &TestApp, jti: &str) -> Value {
    let now = app.clock.now().0;
    json!({ "iss": ID, "sub": ID, "aud": app.issuer, "jti": jti, "iat": now, "exp": now + 60 })
}

async fn present_at(app: &TestApp, path: &str, assertion: &str, more: &[(&str, &str)]) -> Page {
    let mut form = vec![
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    form.extend_from_slice(more);
    app.machine().post(path, &form).await
}

async fn present(app: &TestApp, assertion: &str) -> Page {
    present_at(app, "/token", assertion, &[("grant_type", "client_credentials")]).await
}

fn assert_refused(what: &str, page: &Page) {
    let seen = (page.status, page.json()["error"].clone());
    assert_eq!(seen, (401, json!("invalid_client")), "{what}: {page:#?}");
    // Whoever holds the key may hear what is wrong with the claims; nobody else learns anything.
    let described = page.json()["error_description"].to_string();
    let told = described.starts_with("\"client_assertion: aud ");
    assert!(told || described == "\"Client authentication failed\"", "{what}: {described}");
}

fn assert_proved(what: &str, page: &Page) {
    assert_eq!(page.status, 200, "{what}: {page:#?}");
}

/// A client whose keys are at `/jwks.json` of the site.
async fn with_site(app: &TestApp, site: &ClientSite, keys: &[&KeyPair]) {
    publish(site, keys);
    let mut client = app.client(ID, "https://robot.example/cb", "");
    client.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    client.metadata.jwks_uri = Some(site.url("/jwks.json"));
    app.add_client(client).await;
}

fn publish(site: &ClientSite, keys: &[&KeyPair]) {
    let public: Vec<_> = keys.iter().map(|key| key.public()).collect();
    site.put_json("/jwks.json", &json!({ "keys": public }));
}

/// A client whose secret is a key.
async fn with_secret(app: &TestApp, method: AuthMethod) {
    let mut client = app.client(ID, "https://robot.example/cb", SECRET);
    client.metadata.token_endpoint_auth_method = method;
    let purpose = SealedColumn::ClientSecret.purpose(ID);
    let sealed = app.state.sealer.seal(&purpose, SECRET.as_bytes(), &OsEntropy);
    client.sealed_secret = Some(sealed.expect("a sealed secret"));
    app.add_client(client).await;
}

on_both_databases! {
    // spec: OIDC Core 10.1.1 SHOULD: a kid that is not known makes us read the client's keys again @ web/src/client_keys.rs
    // spec: OIDC Registration 2 MAY: jwks_uri says where a client's keys are @ web/src/client_keys.rs
    async fn a_client_may_change_its_keys_at_any_time(app: TestApp) {
        let site = ClientSite::start();
        let [old, new, thief] =
            ["old", "new", "nobodys"].map(|kid| KeyPair::generate("ES256", kid));
        with_site(app, &site, &[&old]).await;
        for jti in ["a", "b", "c"] {
            assert_proved(jti, &present(app, &old.sign(&claims(app, jti))).await);
        }
        assert_eq!(site.hits("/jwks.json"), 1, "kept for a while");
        publish(&site, &[&old, &new]);
        assert_proved("new", &present(app, &new.sign(&claims(app, "d"))).await);
        assert_eq!(site.hits("/jwks.json"), 2, "read again for the new kid");
        for _ in 0..3 {
            assert_refused("nobody's", &present(app, &thief.sign(&claims(app, "e"))).await);
        }
        assert_eq!(site.hits("/jwks.json"), 2, "strangers cannot make us ask over and over");
        app.clock.advance(31);
        assert_refused("nobody's", &present(app, &thief.sign(&claims(app, "f"))).await);
        assert_eq!(site.hits("/jwks.json"), 3);
        publish(&site, &[&new]);
        app.clock.advance(31);
        assert_refused("nobody's", &present(app, &thief.sign(&claims(app, "g"))).await);
        assert_refused("withdrawn", &present(app, &old.sign(&claims(app, "h"))).await);
        assert_proved("new", &present(app, &new.sign(&claims(app, "i"))).await);
    }

    /// A set that serves keys without names is read again for a signature that none of them made.
    async fn a_nameless_key_may_change_too(app: TestApp) {
        let site = ClientSite::start();
        let [old, new] = ["", ""].map(|kid| KeyPair::generate("ES256", kid));
        let put = |key: &KeyPair| {
            let mut public = key.public();
            public.as_object_mut().unwrap().remove("kid");
            site.put_json("/jwks.json", &json!({ "keys": [public] }));
        };
        let nameless = json!({ "alg": "ES256" });
        with_site(app, &site, &[]).await;
        put(&old);
        let page = present(app, &old.sign_with(&nameless, &claims(app, "a"))).await;
        assert_proved("old", &page);
        put(&new);
        let page = present(app, &new.sign_with(&nameless, &claims(app, "b"))).await;
        assert_proved("new", &page);
    }

    /// A site that is down refuses, like any wrong proof, and is left alone for a while.
    async fn keys_that_cannot_be_had_prove_nothing(app: TestApp) {
        let site = ClientSite::start();
        let key = KeyPair::generate("ES256", "k");
        with_site(app, &site, &[&key]).await;
        for (status, jti) in [(500, "a"), (302, "b"), (404, "c")] {
            site.answer("/jwks.json", status);
            app.clock.advance(11);
            let before = site.hits("/jwks.json");
            for _ in 0..3 {
                assert_refused(jti, &present(app, &key.sign(&claims(app, jti))).await);
            }
            assert_eq!(site.hits("/jwks.json"), before + 1, "{status}");
        }
        assert_eq!(site.hits("/elsewhere"), 0);
        site.put("/jwks.json", "application/json", "{\"keys\":");
        app.clock.advance(11);
        assert_refused("no JSON", &present(app, &key.sign(&claims(app, "d"))).await);
        publish(&site, &[&key]);
        app.clock.advance(11);
        let proved = key.sign(&claims(app, "e"));
        assert_proved("back", &present(app, &proved).await);
        site.answer("/jwks.json", 500);
        app.clock.advance(3_700);
        let again = key.sign(&claims(app, "f"));
        assert_proved("an old copy serves while the site is down", &present(app, &again).await);
    }

    /// Nothing of them was looked at: nobody guessed.
    async fn assertions_that_cannot_be_checked_are_not_counted_as_wrong(app: TestApp) {
        let site = ClientSite::start();
        let key = KeyPair::generate("ES256", "k");
        with_site(app, &site, &[&key]).await;
        site.answer("/jwks.json", 500);
        for number in 0..61 {
            let assertion = key.sign(&claims(app, &number.to_string()));
            assert_refused("away", &present(app, &assertion).await);
        }
        publish(&site, &[&key]);
        app.clock.advance(11);
        assert_proved("back", &present(app, &key.sign(&claims(app, "back"))).await);
        let wrong = KeyPair::generate("ES256", "k");
        for number in 100..160 {
            let assertion = wrong.sign(&claims(app, &number.to_string()));
            assert_refused("wrong", &present(app, &assertion).await);
        }
        assert_eq!(present(app, &key.sign(&claims(app, "over"))).await.status, 429);
    }

    // spec: OIDC Core 9 MAY: client_secret_jwt proves a client by a MAC under its secret @ protocol/src/client_auth.rs
    async fn a_client_may_prove_itself_by_a_mac_under_its_secret(app: TestApp) {
        with_secret(app, AuthMethod::ClientSecretJwt).await;
        for alg in ["HS256", "HS384", "HS512"] {
            let assertion = forge::mac(alg, SECRET, &claims(app, alg));
            assert_proved(alg, &present(app, &assertion).await);
            assert_refused("replayed", &present(app, &assertion).await);
            let other = SECRET.replace('0', "1");
            let thief = forge::mac(alg, &other, &claims(app, &format!("{alg} thief")));
            assert_refused("another secret", &present(app, &thief).await);
        }
        let key = KeyPair::generate("ES256", "k");
        assert_refused("a key pair", &present(app, &key.sign(&claims(app, "pair"))).await);
        let none = forge::unsigned(&json!({ "alg": "none" }), &claims(app, "none"));
        assert_refused("none", &present(app, &none).await);
        let form = [
            ("grant_type", "client_credentials"), ("client_id", ID), ("client_secret", SECRET),
        ];
        assert_refused("the secret itself", &app.machine().post("/token", &form).await);
        app.change_client(ID, |client| client.sealed_secret = None).await;
        let assertion = forge::mac("HS256", SECRET, &claims(app, "hash alone"));
        assert_refused("a hash is no key", &present(app, &assertion).await);
    }

    // spec: OIDC Registration 2 MUST: assertions of another algorithm than the registered one are refused @ keys/src/client_assertion.rs
    async fn the_registered_algorithm_is_the_only_one(app: TestApp) {
        with_secret(app, AuthMethod::ClientSecretJwt).await;
        app.change_client(ID, |client| {
            client.metadata.token_endpoint_auth_signing_alg = Some(ClientSignatureAlg::HS384);
        })
        .await;
        for (alg, fits) in [("HS256", false), ("HS384", true), ("HS512", false)] {
            let page = present(app, &forge::mac(alg, SECRET, &claims(app, alg))).await;
            if fits { assert_proved(alg, &page) } else { assert_refused(alg, &page) }
        }
        let keys = [KeyPair::generate("ES256", "e"), KeyPair::generate("EdDSA", "d")];
        let public: Vec<_> = keys.iter().map(KeyPair::public).collect();
        app.change_client(ID, move |client| {
            client.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
            client.metadata.token_endpoint_auth_signing_alg = Some(ClientSignatureAlg::EdDSA);
            client.metadata.jwks = Some(json!({ "keys": public }));
        })
        .await;
        assert_refused("ES256", &present(app, &keys[0].sign(&claims(app, "es"))).await);
        assert_proved("EdDSA", &present(app, &keys[1].sign(&claims(app, "ed"))).await);
    }

    // spec: RFC 7523 3 MUST: a MAC proves only a client that registered for it @ policy/src/client_auth.rs
    async fn one_method_is_not_taken_for_another(app: TestApp) {
        with_secret(app, AuthMethod::PrivateKeyJwt).await;
        let key = KeyPair::generate("ES256", "k");
        let public = key.public();
        app.change_client(ID, move |client| {
            client.metadata.jwks = Some(json!({ "keys": [public] }));
        })
        .await;
        let mac = forge::mac("HS256", SECRET, &claims(app, "mac"));
        assert_refused("a MAC of a client with keys", &present(app, &mac).await);
        assert_proved("its key", &present(app, &key.sign(&claims(app, "key"))).await);
        for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None]
        {
            app.change_client(ID, move |client| {
                client.metadata.token_endpoint_auth_method = method;
            })
            .await;
            let mac = forge::mac("HS256", SECRET, &claims(app, method.as_str()));
            assert_refused(method.as_str(), &present(app, &mac).await);
        }
    }

    // spec: OIDC Core 9 SHOULD: the audience of an assertion is the token endpoint @ protocol/src/client_auth.rs
    async fn an_assertion_may_name_the_endpoint_that_is_called(app: TestApp) {
        with_secret(app, AuthMethod::ClientSecretJwt).await;
        let rows = [
            ("/token", "", true),
            ("/token", "/token", true),
            ("/token", "/introspect", false),
            ("/introspect", "/introspect", true),
            ("/introspect", "/token", true),
            ("/introspect", "", true),
            ("/introspect", "/revoke", false),
            ("/revoke", "/revoke", true),
            ("/revoke", "/authorize", false),
        ];
        for (index, (called, named, right)) in rows.into_iter().enumerate() {
            let mut body = claims(app, &index.to_string());
            body["aud"] = format!("{}{named}", app.issuer).into();
            let assertion = forge::mac("HS256", SECRET, &body);
            let form = [("grant_type", "client_credentials"), ("token", "unknown")];
            let page = present_at(app, called, &assertion, &form).await;
            let what = format!("{called} {named}");
            if right { assert_proved(&what, &page) } else { assert_refused(&what, &page) }
        }
    }
}
