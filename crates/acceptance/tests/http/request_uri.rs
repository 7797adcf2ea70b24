//! Request objects by reference (OIDC Core §6.2, RFC 9101 §5.2): fetched from the client's site,
//! from nowhere else, and never from our own network.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vestibule_acceptance::{
    Backend, ClientSite, Page, TestApp, forge, on_both_databases, outbound,
};
use vestibule_model::{ErrorCode, client::AuthMethod, settings::Profile};
use vestibule_outbound::ClientKeys;
use vestibule_web::request_objects::RequestObjects;

use crate::request_object::help::{
    address, assert_taken, assert_told, by_value, claims, keys, openid, outside, register,
};

/// The web client registers these addresses.
async fn allow(app: &TestApp, uris: Vec<String>) {
    register(app).await;
    app.change_client("web-app", move |client| client.metadata.request_uris = uris).await;
}

/// The answer to a request that refers to `uri`.
async fn by_reference(app: &TestApp, uri: &str) -> Page {
    let mut parameters = outside();
    parameters.push(("request_uri", uri.to_owned()));
    app.browser().get(&address(&parameters)).await
}

fn hash(content: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(content))
}

fn signed(app: &TestApp, state: &str) -> String {
    let mut object = claims(app);
    object["state"] = state.into();
    keys()[0].sign(&object)
}

mod core {
    use super::*;

    on_both_databases! {
        started by openid;

        // spec: OIDC Core 6.2.3 MUST: the request object is fetched by GET from request_uri @ web/src/request_objects.rs
        // spec: OIDC Core 6.2 MAY: an object at request_uri may be signed, unsigned or encrypted @ protocol/src/authorize/request_object.rs
        async fn an_object_is_fetched_anew_each_time(app: TestApp) {
            let site = ClientSite::start();
            allow(app, vec![site.url("/r")]).await;
            let jwks = app.machine().get("/jwks").await.json();
            let object = signed(app, "inside");
            let unsigned = forge::unsigned(&json!({ "alg": "none" }), &claims(app));
            let nested = forge::encrypted_for(&jwks, "ECDH-ES", "A256GCM", &object);
            for (hits, content) in [object.clone(), unsigned, nested, format!("{object}\n")]
                .into_iter()
                .enumerate()
            {
                site.put("/r", "application/oauth-authz-req+jwt", content);
                assert_taken("fetched", &by_reference(app, &site.url("/r")).await);
                assert_eq!(site.hits("/r"), hits + 1);
            }
            assert_eq!(site.visits("/r")[0].method, "GET");
        }

        // spec: OIDC Core 6.2 MAY: an object whose address carries its hash is kept @ web/src/request_objects.rs
        // spec: OIDC Core 6.2 SHOULD: another hash says that what was kept is no longer good @ web/src/request_objects.rs
        async fn an_object_with_its_hash_is_fetched_once(app: TestApp) {
            let site = ClientSite::start();
            let object = signed(app, "inside");
            allow(app, vec![format!("{}#{}", site.url("/r"), hash(&object))]).await;
            site.put("/r", "text/plain", object.clone());
            let pinned = format!("{}#{}", site.url("/r"), hash(&object));
            for uri in [&pinned, &pinned, &site.url("/r")] {
                assert_taken("pinned", &by_reference(app, uri).await);
                assert_eq!(site.hits("/r"), 1);
            }
            let newer = signed(app, "newer");
            site.put("/r", "text/plain", newer.clone());
            let page = by_reference(app, &format!("{}#{}", site.url("/r"), hash(&newer))).await;
            assert!(page.header("location").contains("state=newer"), "{page:#?}");
            assert_eq!(site.hits("/r"), 2);
        }

        /// OIDC Core §6.2: what is found has to be what the hash promises.
        async fn content_that_does_not_fit_its_hash_is_refused(app: TestApp) {
            let site = ClientSite::start();
            let object = signed(app, "inside");
            let registered = format!("{}#{}", site.url("/registered"), hash("other"));
            allow(app, vec![site.url("/r"), registered]).await;
            for path in ["/r", "/registered"] {
                site.put(path, "text/plain", object.clone());
            }
            let wrong = ErrorCode::RequestUriHashWrong;
            for uri in [
                format!("{}#{}", site.url("/r"), hash("other")),
                site.url("/registered"),
            ] {
                assert_told(&uri, &by_reference(app, &uri).await, wrong, "outside");
            }
            let fitting = format!("{}#{}", site.url("/registered"), hash(&object));
            assert_taken("a new hash", &by_reference(app, &fitting).await);
        }

        // spec: OIDC Registration 2 MUST: a request_uri that was not registered is not fetched @ policy/src/request_object.rs
        // spec: RFC 9101 5.2 SHOULD NOT: a request_uri is longer than 512 characters @ policy/src/request_object.rs
        // spec: OIDC Core 3.1.2.6 MAY: invalid_request_uri says that request_uri is no good @ policy/src/request_object.rs
        async fn only_registered_addresses_are_fetched(app: TestApp) {
            let site = ClientSite::start();
            allow(app, vec![site.url("/r")]).await;
            for path in ["/r", "/s", "/r/", "/R"] {
                site.put(path, "text/plain", signed(app, "inside"));
            }
            let unregistered = ErrorCode::RequestUriUnregistered;
            let long = format!("{}#{}", site.url("/r"), "a".repeat(500));
            let urls = ["/s", "/r/", "/R", "/r?x=1"].map(|path| site.url(path));
            for uri in urls.iter().chain([&long, &"urn:example:r".to_owned()]) {
                assert_told(uri, &by_reference(app, uri).await, unregistered, "outside");
            }
            assert_eq!(site.connections(), 0);
            assert_taken("registered", &by_reference(app, &site.url("/r")).await);
        }

        /// RFC 9101 §10.4: what cannot be fetched is told the client, without a word of our network.
        async fn what_cannot_be_fetched_is_told_the_client(app: TestApp) {
            let site = ClientSite::start();
            let gone = ClientSite::start().url("/r");
            let urls = ["/missing", "/moved", "/large", "/broken"].map(|path| site.url(path));
            allow(app, [&urls[..], std::slice::from_ref(&gone)].concat()).await;
            site.answer("/moved", 302);
            site.put("/elsewhere", "text/plain", signed(app, "inside"));
            site.put("/large", "text/plain", "a".repeat(70_000));
            site.put("/broken", "text/plain", vec![0xff_u8; 9]);
            for uri in urls[..3].iter().chain([&gone]) {
                let page = by_reference(app, uri).await;
                assert_told(uri, &page, ErrorCode::RequestUriUnfetched, "outside");
                assert!(!page.header("location").contains("127.0.0.1"), "{page:#?}");
            }
            assert_eq!(site.hits("/elsewhere"), 0, "no redirect is followed");
            let page = by_reference(app, &urls[3]).await;
            assert_told("bytes", &page, ErrorCode::RequestObjectMalformed, "outside");
        }
    }
}

/// Nobody is let into our own network.
mod guarded {
    use super::*;

    async fn guarded(backend: Backend) -> TestApp {
        TestApp::start_with(backend, |state| {
            Arc::make_mut(&mut state.settings).profile = Profile::Oidc;
            state.outbound = outbound(false);
            state.client_keys = ClientKeys::new(state.outbound.clone());
            state.request_objects = RequestObjects::new(state.outbound.clone());
        })
        .await
    }

    /// The ways to write this machine, and others that are nobody's business.
    fn private(site: &ClientSite) -> Vec<String> {
        let here = site.url("/r");
        let port = here.trim_start_matches("http://127.0.0.1:").to_owned();
        let hosts = [
            "127.0.0.1",
            "localhost",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "[::1]",
            "0.0.0.0",
            "[::ffff:127.0.0.1]",
            "10.0.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "[fd00::1]",
        ];
        let mut urls = vec![here];
        urls.extend(hosts.iter().map(|host| format!("https://{host}:{port}")));
        urls
    }

    on_both_databases! {
        started by guarded;

        // spec: RFC 9101 10.4.1 MUST: request_uri is no way into a network that is not the client's @ outbound/src/address.rs
        async fn request_uri_leads_nowhere_inside(app: TestApp) {
            let site = ClientSite::start();
            site.put("/r", "text/plain", signed(app, "inside"));
            let urls = private(&site);
            allow(app, urls.clone()).await;
            for uri in urls {
                let page = by_reference(app, &uri).await;
                assert_told(&uri, &page, ErrorCode::RequestUriUnfetched, "outside");
            }
            assert_eq!(site.connections(), 0, "nobody even knocked");
        }

        // spec: RFC 7591 5 MUST: jwks_uri is no way into a network that is not the client's @ outbound/src/address.rs
        async fn jwks_uri_leads_nowhere_inside(app: TestApp) {
            let site = ClientSite::start();
            site.put_json("/r", &json!({ "keys": [keys()[0].public()] }));
            let object = signed(app, "inside");
            for uri in private(&site) {
                let known = uri.clone();
                app.change_client("web-app", move |client| {
                    client.metadata.jwks_uri = Some(uri);
                    client.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
                })
                .await;
                let page = by_value(app, &object).await;
                assert_told(&known, &page, ErrorCode::RequestObjectSignatureWrong, "outside");
                let mut assertion: Value = claims(app);
                assertion["sub"] = "web-app".into();
                assertion["jti"] = known.clone().into();
                let assertion = keys()[0].sign(&assertion);
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", assertion.as_str()),
                ];
                let page = app.machine().post("/token", &form).await;
                assert_eq!((page.status, &page.json()["error"]), (401, &json!("invalid_client")));
                assert_eq!(page.json()["error_description"], "Client authentication failed");
            }
            assert_eq!(site.connections(), 0, "nobody even knocked");
        }
    }
}
