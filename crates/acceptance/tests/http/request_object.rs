//! Request objects by value (OIDC Core §6.1, RFC 9101), with the profile `oidc` and with the default.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use vestibule_acceptance::{
    Backend, Page, Rp, TestApp, Tokens, answer_of,
    forge::{self, KeyPair},
    on_both_databases,
};
use vestibule_model::{
    Clock, ErrorCode, jose::ClientSignatureAlg, sealed::SealedColumn, settings::Profile,
};
use vestibule_server::entropy::OsEntropy;

use crate::request_object::help::{by_value, claims, outside, register};

/// What these tests and those by reference share.
pub mod help {
    use super::*;

    /// The client's key, and a thief's of the same name.
    pub fn keys() -> &'static [KeyPair; 2] {
        static KEYS: OnceLock<[KeyPair; 2]> = OnceLock::new();
        KEYS.get_or_init(|| {
            [KeyPair::generate("ES256", "app-1"), KeyPair::generate("ES256", "app-1")]
        })
    }

    /// A server with OpenID Connect in full.
    pub async fn openid(backend: Backend) -> TestApp {
        TestApp::start_with(backend, |state| {
            Arc::make_mut(&mut state.settings).profile = Profile::Oidc;
        })
        .await
    }

    /// The web client's keys become known.
    pub async fn register(app: &TestApp) {
        let jwks = json!({ "keys": [keys()[0].public()] });
        app.change_client("web-app", move |client| client.metadata.jwks = Some(jwks)).await;
    }

    /// A right request of the web client as claims, which no page may follow: an answer comes at
    /// once.
    pub fn claims(app: &TestApp) -> Value {
        let mut claims = json!({ "iss": "web-app", "aud": app.issuer, "prompt": "none" });
        for (name, value) in Rp::web().parameters() {
            claims[name] = value.into();
        }
        claims["state"] = "inside".into();
        claims["exp"] = (app.clock.now().0 + 60).into();
        claims
    }

    /// What stands beside an object in a request that everybody understands.
    pub fn outside() -> Vec<(&'static str, String)> {
        vec![
            ("client_id", "web-app".to_owned()),
            ("response_type", "code".to_owned()),
            ("scope", "openid".to_owned()),
            ("redirect_uri", Rp::web().redirect_uri.to_owned()),
            ("state", "outside".to_owned()),
        ]
    }

    /// The address of a request with these parameters.
    pub fn address(parameters: &[(&'static str, String)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/authorize?{}", query.extend_pairs(parameters).finish())
    }

    /// The answer to `outside` with one parameter more.
    pub async fn by_value(app: &TestApp, object: &str) -> Page {
        let mut parameters = outside();
        parameters.push(("request", object.to_owned()));
        app.browser().get(&address(&parameters)).await
    }

    /// Holds that the request was taken, with the `state` of the object: what is missing is somebody
    /// who is signed in.
    pub fn assert_taken(what: &str, page: &Page) {
        let answer = answer_of(&page.location());
        let seen = (answer.get("error"), answer.get("state"));
        let expected = ("login_required".to_owned(), "inside".to_owned());
        assert_eq!(seen, (Some(&expected.0), Some(&expected.1)), "{what}: {page:#?}");
    }

    /// Holds that the client is told of this refusal at its registered address, with this `state`.
    pub fn assert_told(what: &str, page: &Page, code: ErrorCode, state: &str) {
        let to = page.location();
        assert!(to.as_str().starts_with(Rp::web().redirect_uri), "{what}: {to}");
        let answer = answer_of(&to);
        assert_eq!(answer["error"], code.wire().as_str(), "{what}: {answer:?}");
        assert!(answer["error_uri"].ends_with(code.id()), "{what}: {answer:?}");
        assert_eq!(answer.get("state").map(String::as_str), Some(state), "{what}: {answer:?}");
    }
}

use help::{address, assert_taken, assert_told, keys, openid};

/// The web client's secret, sealed as a key.
async fn seal_secret(app: &TestApp) {
    let sealer = app.state.sealer.clone();
    app.change_client("web-app", move |client| {
        let purpose = SealedColumn::ClientSecret.purpose("web-app");
        let text = sealer.seal(&purpose, Rp::web().secret.as_bytes(), &OsEntropy);
        client.sealed_secret = Some(text.expect("a sealed secret"));
    })
    .await;
}

mod core {
    use super::*;

    on_both_databases! {
        started by openid;

        // spec: OIDC Core 6.1 MUST: what the request object says takes the place of the same parameter beside it @ policy/src/request_object.rs
        // spec: OIDC Core 6.1 MAY: claims and numbers are JSON values inside a request object @ policy/src/request_object.rs
        async fn a_request_object_is_the_request(app: TestApp) {
            register(app).await;
            let mut object = claims(app);
            object.as_object_mut().unwrap().remove("prompt");
            object["nonce"] = "from-the-object".into();
            object["max_age"] = 3_600.into();
            object["claims"] = json!({ "id_token": { "email": { "essential": true } } });
            let mut parameters = outside();
            parameters.push(("nonce", "from-the-query".to_owned()));
            parameters.retain(|(name, _)| *name != "redirect_uri");
            parameters.push(("request", keys()[0].sign(&object)));
            let answer = Rp::web().walk(&app.browser(), &address(&parameters)).await;
            assert_eq!(answer_of(&answer)["state"], "inside");
            let page = Rp::web().redeem(app, &Rp::code_of(&answer)).await;
            assert_eq!(page.status, 200, "{page:#?}");
            let id_token = Tokens(page.json()).claims("id_token");
            assert_eq!(id_token["nonce"], "from-the-object");
            assert!(id_token["auth_time"].is_i64() && id_token["email"].is_string(), "{id_token}");
        }

        // spec: OIDC Core 6.1 MUST: what the object does not say is taken from beside it @ policy/src/request_object.rs
        async fn what_the_object_leaves_out_may_stand_outside(app: TestApp) {
            register(app).await;
            let rp = Rp::web();
            let object = keys()[0].sign(&json!({ "state": "inside", "prompt": "none" }));
            let page = app.browser().get(&rp.authorize_with(&[("request", Some(&object))])).await;
            assert_taken("merged", &page);
        }

        // spec: OIDC Core 6.1 MUST: client_id and response_type inside are those outside @ policy/src/request_object.rs
        // spec: OIDC Core 6.1 MUST NOT: a request object holds no request and no request_uri @ policy/src/request_object.rs
        // spec: OIDC Core 6.1 SHOULD: a signed object's iss is the client and its aud our issuer @ policy/src/request_object.rs
        async fn what_cannot_be_is_refused(app: TestApp) {
            register(app).await;
            let now = app.clock.now().0;
            let rows = [
                ("request", json!("a.b.c")),
                ("request_uri", json!("https://app.example/r")),
                ("iss", json!("spa")),
                ("aud", json!("https://else.example")),
                ("exp", json!(now - 30)),
                ("nbf", json!(now + 31)),
                ("iat", json!(now + 31)),
                ("sub", json!("web-app")),
            ];
            for (name, value) in rows {
                let mut object = claims(app);
                object[name] = value;
                let page = by_value(app, &keys()[0].sign(&object)).await;
                assert_told(name, &page, ErrorCode::RequestObjectClaimWrong, "inside");
            }
            let mut differing = claims(app);
            differing["response_type"] = "id_token".into();
            let page = by_value(app, &keys()[0].sign(&differing)).await;
            let told = page.location();
            // As the object's response_type would have it (Multiple Response Types §5).
            assert!(told.fragment().is_some_and(|f| f.contains("invalid_request_object")), "{told}");
            let mut other = claims(app);
            other["client_id"] = "spa".into();
            let page = by_value(app, &keys()[0].sign(&other)).await;
            assert_told("client_id", &page, ErrorCode::RequestObjectClaimWrong, "outside");
            let mut mistyped = claims(app);
            mistyped["scope"] = json!(["openid"]);
            let page = by_value(app, &keys()[0].sign(&mistyped)).await;
            assert_told("scope", &page, ErrorCode::RequestObjectMalformed, "outside");
            assert_taken("right", &by_value(app, &keys()[0].sign(&claims(app))).await);
        }

        // spec: OIDC Core 6.3.2 MUST: the signature of a request object is checked @ protocol/src/authorize/request_object.rs
        // spec: OIDC Core 3.1.2.6 MAY: invalid_request_object says that the object is no good @ protocol/src/authorize/request_object.rs
        async fn a_wrong_signature_says_nothing_not_even_where_to_go(app: TestApp) {
            register(app).await;
            let [key, thief] = keys();
            let object = claims(app);
            let good = key.sign(&object);
            let wrong = ErrorCode::RequestObjectSignatureWrong;
            let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
            let rows = [
                ("thief", thief.sign(&object), wrong),
                ("unknown kid", key.sign_with(&header("ES256", "app-2"), &object), wrong),
                ("another alg", key.sign_with(&header("RS256", "app-1"), &object), wrong),
                ("no secret", forge::mac("HS256", Rp::web().secret, &object), wrong),
                ("another kind of JWT", key.sign_with(
                    &json!({ "alg": "ES256", "typ": "client-authentication+jwt" }), &object), wrong),
                ("cut off", good[..good.len() - 4].to_owned(), wrong),
                ("no JWT", "nonsense".to_owned(), ErrorCode::RequestObjectMalformed),
                ("dots", "..".to_owned(), ErrorCode::RequestObjectMalformed),
                ("five dots", "....".to_owned(), ErrorCode::RequestObjectMalformed),
            ];
            for (what, object, code) in rows {
                assert_told(what, &by_value(app, &object).await, code, "outside");
                let mut nowhere = outside();
                nowhere.retain(|(name, _)| *name != "redirect_uri");
                nowhere.push(("request", object));
                app.browser().get(&address(&nowhere)).await.assert_refused(code);
            }
        }

        // spec: OIDC Core 6.1 MAY: alg none is taken from clients that may use it @ policy/src/request_object.rs
        // spec: OIDC Registration 2 MUST: objects of another algorithm than the registered one are refused @ policy/src/request_object.rs
        async fn an_unsigned_object_needs_a_registration_that_allows_it(app: TestApp) {
            register(app).await;
            let unsigned = forge::unsigned(&json!({ "alg": "none" }), &claims(app));
            let signed = keys()[0].sign(&claims(app));
            let rows = [
                (None, None, None),
                (Some(ClientSignatureAlg::None), None,
                    Some(ErrorCode::RequestObjectSignatureWrong)),
                (Some(ClientSignatureAlg::ES256), Some(ErrorCode::RequestObjectUnsigned), None),
                (Some(ClientSignatureAlg::RS256), Some(ErrorCode::RequestObjectUnsigned),
                    Some(ErrorCode::RequestObjectSignatureWrong)),
            ];
            for (registered, of_unsigned, of_signed) in rows {
                app.change_client("web-app", move |client| {
                    client.metadata.request_object_signing_alg = registered;
                })
                .await;
                for (object, refused) in [(&unsigned, of_unsigned), (&signed, of_signed)] {
                    let what = format!("{registered:?} {refused:?}");
                    let page = by_value(app, object).await;
                    match refused {
                        None => assert_taken(&what, &page),
                        Some(code) => assert_told(&what, &page, code, "outside"),
                    }
                }
            }
        }

        // spec: RFC 9101 10.5 MUST: a client that registered require_signed_request_object sends nothing else @ policy/src/request_object.rs
        async fn a_client_can_ask_for_the_stricter_rules(app: TestApp) {
            register(app).await;
            app.change_client("web-app", |client| {
                client.metadata.require_signed_request_object = true;
            })
            .await;
            let plain = app.browser().get(&Rp::web().authorize()).await;
            assert_told("plain", &plain, ErrorCode::RequestObjectRequired, "st-1");
            let unsigned = forge::unsigned(&json!({ "alg": "none" }), &claims(app));
            let page = by_value(app, &unsigned).await;
            assert_told("unsigned", &page, ErrorCode::RequestObjectUnsigned, "outside");
            assert_taken("signed", &by_value(app, &keys()[0].sign(&claims(app))).await);
        }

        // spec: OIDC Core 6.1 MAY: request objects are signed with the client secret @ web/src/client_keys.rs
        // spec: OIDC Core 10.2 MUST: symmetric encryption is by the hash of the client secret @ protocol/src/authorize/request_object.rs
        async fn the_client_secret_is_a_key_where_it_was_kept(app: TestApp) {
            let secret = Rp::web().secret;
            let object = claims(app);
            let signed = forge::mac("HS256", secret, &object);
            let told = by_value(app, &signed).await;
            assert_told("hash", &told, ErrorCode::RequestObjectSignatureWrong, "outside");
            let hidden = forge::encrypted_under(secret, "A256KW", "A256GCM", &signed);
            let told = by_value(app, &hidden).await;
            assert_told("hash", &told, ErrorCode::RequestObjectUnopened, "outside");
            seal_secret(app).await;
            assert_taken("HS256", &by_value(app, &signed).await);
            for (alg, enc) in
                [("A256KW", "A256GCM"), ("A128KW", "A128CBC-HS256"), ("dir", "A256GCM")]
            {
                let hidden = forge::encrypted_under(secret, alg, enc, &signed);
                assert_taken(alg, &by_value(app, &hidden).await);
                let other = forge::encrypted_under("another secret", alg, enc, &signed);
                let told = by_value(app, &other).await;
                assert_told(alg, &told, ErrorCode::RequestObjectUnopened, "outside");
            }
            let thief = forge::mac("HS256", "another secret of thirty-two letters", &object);
            let told = by_value(app, &thief).await;
            assert_told("thief", &told, ErrorCode::RequestObjectSignatureWrong, "outside");
        }

        // spec: OIDC Core 6.1 MAY: a request object is encrypted for us, signed inside @ protocol/src/authorize/request_object.rs
        async fn an_object_can_be_encrypted_for_us(app: TestApp) {
            register(app).await;
            let jwks = app.machine().get("/jwks").await.json();
            let object = claims(app);
            let signed = keys()[0].sign(&object);
            for (alg, enc) in [
                ("RSA-OAEP", "A128CBC-HS256"),
                ("RSA-OAEP-256", "A256GCM"),
                ("ECDH-ES", "A128GCM"),
                ("ECDH-ES+A128KW", "A256CBC-HS512"),
            ] {
                let nested = forge::encrypted_for(&jwks, alg, enc, &signed);
                assert_taken(alg, &by_value(app, &nested).await);
                let alone = forge::encrypted_for(&jwks, alg, enc, &object.to_string());
                assert_taken("as good as unsigned", &by_value(app, &alone).await);
            }
            let nested = forge::encrypted_for(&jwks, "RSA-OAEP", "A256GCM", &signed);
            let twice = forge::encrypted_for(&jwks, "RSA-OAEP", "A256GCM", &nested);
            let told = by_value(app, &twice).await;
            assert_told("twice", &told, ErrorCode::RequestObjectMalformed, "outside");
            let damaged = format!("{}AAAA", &nested[..nested.len() - 4]);
            let told = by_value(app, &damaged).await;
            assert_told("damaged", &told, ErrorCode::RequestObjectUnopened, "outside");
            app.change_client("web-app", |client| {
                client.metadata.request_object_signing_alg = Some(ClientSignatureAlg::ES256);
            })
            .await;
            let alone = forge::encrypted_for(&jwks, "ECDH-ES", "A256GCM", &object.to_string());
            let told = by_value(app, &alone).await;
            assert_told("alone", &told, ErrorCode::RequestObjectUnsigned, "outside");
            assert_taken("nested", &by_value(app, &nested).await);
        }

        /// The page keeps the request, not the object, which may end while somebody types.
        async fn an_object_may_end_while_its_page_is_open(app: TestApp) {
            register(app).await;
            let mut object = claims(app);
            object.as_object_mut().unwrap().remove("prompt");
            let browser = app.browser();
            let mut parameters = outside();
            parameters.push(("request", keys()[0].sign(&object)));
            let page = browser.follow(browser.get(&address(&parameters)).await).await;
            app.clock.advance(300);
            let consent = browser.log_in(&page, "ana").await;
            let answer = browser.decide(&consent, "allow").await;
            let answer = answer.refresh_target().expect("a way back to the client");
            assert_eq!(answer_of(&answer)["state"], "inside");
            assert!(!Rp::code_of(&answer).is_empty());
        }
    }
}

mod secured {
    use super::*;

    on_both_databases! {
        // spec: RFC 9101 6.3 MUST: only what the request object says is the request @ policy/src/request_object.rs
        // spec: RFC 9101 5 MUST: client_id alone has to stand beside a request object @ policy/src/request_object.rs
        async fn nothing_counts_that_stands_outside(app: TestApp) {
            register(app).await;
            let object = keys()[0].sign(&claims(app));
            let alone = [("client_id", "web-app".to_owned()), ("request", object.clone())];
            assert_taken("alone", &app.browser().get(&address(&alone)).await);
            assert_taken("beside", &by_value(app, &object).await);
            let mut silent = claims(app);
            silent.as_object_mut().unwrap().remove("redirect_uri");
            let page = by_value(app, &keys()[0].sign(&silent)).await;
            page.assert_refused(ErrorCode::RedirectUriMissing);
            let mut silent = claims(app);
            silent.as_object_mut().unwrap().remove("code_challenge");
            let mut parameters = Rp::web().parameters();
            parameters.push(("request", keys()[0].sign(&silent)));
            let page = app.browser().get(&address(&parameters)).await;
            assert_told("PKCE", &page, ErrorCode::CodeChallengeMissing, "inside");
        }

        // spec: RFC 9101 5 MUST: the object's client_id is the one beside it @ policy/src/request_object.rs
        async fn an_object_names_its_client(app: TestApp) {
            register(app).await;
            let mut nameless = claims(app);
            nameless.as_object_mut().unwrap().remove("client_id");
            let page = by_value(app, &keys()[0].sign(&nameless)).await;
            assert_told("nameless", &page, ErrorCode::RequestObjectClaimWrong, "inside");
        }

        // spec: RFC 9101 10.5 MUST: unsigned request objects are refused where only signed ones are taken @ policy/src/request_object.rs
        async fn an_unsigned_object_is_refused(app: TestApp) {
            register(app).await;
            let unsigned = forge::unsigned(&json!({ "alg": "none" }), &claims(app));
            let jwks = app.machine().get("/jwks").await.json();
            let hidden =
                forge::encrypted_for(&jwks, "RSA-OAEP-256", "A256GCM", &claims(app).to_string());
            for registered in [None, Some(ClientSignatureAlg::None)] {
                app.change_client("web-app", move |client| {
                    client.metadata.request_object_signing_alg = registered;
                })
                .await;
                for object in [&unsigned, &hidden] {
                    let page = by_value(app, object).await;
                    assert_told("unsigned", &page, ErrorCode::RequestObjectUnsigned, "outside");
                }
            }
        }

        /// OIDC Core §6.1: `request` and `request_uri` never come together; the form works as well.
        async fn an_object_comes_in_one_way(app: TestApp) {
            register(app).await;
            let object = keys()[0].sign(&claims(app));
            let mut both = outside();
            both.push(("request", object.clone()));
            both.push(("request_uri", "https://app.example/r".to_owned()));
            let page = app.browser().get(&address(&both)).await;
            assert_told("both", &page, ErrorCode::RequestObjectTwice, "outside");
            let form = [("client_id", "web-app"), ("request", object.as_str())];
            let parked = app.browser();
            let page = parked.follow(parked.post("/authorize", &form).await).await;
            let leaving = page.refresh_target().expect("a way back to the client");
            let answer = answer_of(&leaving);
            assert_eq!((&*answer["error"], &*answer["state"]), ("login_required", "inside"));
        }
    }
}
