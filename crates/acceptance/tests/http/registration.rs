//! Clients register themselves (RFC 7591, OpenID Connect Dynamic Client Registration 1.0).

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use vestibule_acceptance::{
    Backend, ClientSite, Page, Rp, SIGNING_ALGS, TestApp, Tokens, forge::KeyPair, on_both_databases,
};
use vestibule_model::{
    ClientId,
    client::Client,
    settings::{Profile, RegistrationPolicy},
};
use vestibule_policy::client_metadata;

/// A server whose door is open, with all of OpenID Connect.
pub async fn open(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| {
        let settings = Arc::make_mut(&mut state.settings);
        settings.profile = Profile::Oidc;
        settings.client_registration.policy = RegistrationPolicy::Open;
    })
    .await
}

/// A request of the registration endpoints.
pub async fn send(
    app: &TestApp,
    method: Method,
    address: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Page {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = Vec::new();
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    if let Some(bearer) = &bearer {
        headers.push(("authorization", bearer.as_str()));
    }
    let body = body.map(|body| body.to_string().into_bytes());
    app.machine().send(method, address, &headers, body).await
}

/// Registers by the open door.
pub async fn register(app: &TestApp, body: &Value) -> Page {
    send(app, Method::POST, "/connect/register", None, Some(body)).await
}

/// Registers what is right.
pub async fn registered(app: &TestApp, body: &Value) -> Value {
    let page = register(app, body).await;
    assert_eq!(page.status, 201, "{page:#?}");
    page.json()
}

/// The least there is to say, and more.
pub fn with(more: &Value) -> Value {
    let mut body = json!({ "redirect_uris": ["https://new.example/cb"] });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A refusal with that `error`; its description.
pub fn refused(page: &Page, error: &str) -> String {
    assert_eq!(page.status, 400, "{page:#?}");
    let body = page.json();
    assert_eq!(body["error"], error, "{body}");
    let (uri, id) = (body["error_uri"].as_str().unwrap(), body["request_id"].as_str().unwrap());
    assert!(uri.contains("/errors/VST-07"), "{body}");
    assert_eq!(id, page.header("x-request-id"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("content-type"), "application/json");
    body["error_description"].as_str().unwrap().to_owned()
}

/// The client as the database has it.
pub async fn stored(app: &TestApp, id: &str) -> Option<Client> {
    let id = ClientId::new(id);
    app.rows(move |conn| Ok(vestibule_storage::client::find(conn, &id)?)).await
}

/// A client that registered itself, as it goes on.
pub fn rp_of(answer: &Value) -> Rp {
    let text = |name: &str| -> &'static str {
        Box::leak(answer[name].as_str().unwrap_or_default().to_owned().into_boxed_str())
    };
    Rp {
        client_id: text("client_id"),
        secret: text("client_secret"),
        redirect_uri: "https://new.example/cb",
        scope: "openid email",
        ..Rp::web()
    }
}

on_both_databases! {
    started by open;

    // spec: RFC 7591 3.2.1 MUST: the answer has status 201 and is application/json @ protocol/src/register/mod.rs
    // spec: RFC 7591 3.2.1 MUST: the answer has all that is registered, what the server chose included @ policy/src/registration/answer.rs
    // spec: RFC 7591 3.2.1 MUST: client_id is unique, client_secret comes with client_secret_expires_at @ protocol/src/register/mod.rs
    // spec: OIDC Registration 3.2 MUST: registration_client_uri and registration_access_token come together @ protocol/src/register/mod.rs
    // spec: RFC 7591 2 MUST: members that are not understood are ignored @ policy/src/registration.rs
    async fn the_least_there_is_to_say_gets_the_defaults(app: TestApp) {
        let page = register(app, &with(&json!({"unheard_of": [{}], "first_party": true}))).await;
        assert_eq!(page.status, 201, "{page:#?}");
        assert_eq!(page.header("content-type"), "application/json");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("pragma"), "no-cache");
        let mut answer = page.json();
        let id = answer["client_id"].as_str().unwrap().to_owned();
        assert_eq!(answer["client_secret"].as_str().map(str::len), Some(64));
        let token = answer["registration_access_token"].as_str().map(str::len);
        assert_eq!(token, Some(43));
        let address = format!("{}/connect/register/{id}", app.issuer);
        for name in ["client_id", "client_secret", "registration_access_token"] {
            answer.as_object_mut().unwrap().remove(name);
        }
        let expected = json!({
            "redirect_uris": ["https://new.example/cb"], "application_type": "web",
            "grant_types": ["authorization_code"], "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic", "subject_type": "public",
            "scope": "address email offline_access openid phone profile",
            "id_token_signed_response_alg": "RS256", "require_auth_time": false,
            "require_signed_request_object": false, "client_secret_expires_at": 0,
            "client_id_issued_at": app.state.now().0, "registration_client_uri": address,
        });
        assert_eq!(answer, expected);
        let client = stored(app, &id).await.unwrap();
        assert!(!client.metadata.first_party && client.sealed_secret.is_none());
        assert!(client.secret_hash.is_some());
        let events = app.audit("client.registered").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].client_id.as_ref().map(ClientId::as_str), Some(id.as_str()));
        assert_eq!(events[0].ip.as_deref(), Some("127.0.0.1"));
        let other = registered(app, &with(&json!({}))).await;
        assert_ne!(other["client_id"], id.as_str());
    }

    /// A stranger's app from its registration to its tokens.
    async fn whoever_registered_signs_people_in(app: TestApp) {
        let answer = registered(app, &with(&json!({"client_name": "New app"}))).await;
        let rp = rp_of(&answer);
        let browser = app.browser();
        let code = Rp::code_of(&rp.walk(&browser, &rp.authorize()).await);
        let page = rp.redeem(app, &code).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let claims = Tokens(page.json()).claims("id_token");
        assert_eq!(claims["aud"], answer["client_id"]);
        // Somebody signed in with it: it stays.
        let client = stored(app, rp.client_id).await.unwrap();
        assert_eq!(client.registration.unwrap().unused_until, None);
    }

    // spec: OIDC Core 10 MUST: a secret that is a key is kept where it can be used, and nowhere else @ protocol/src/register/credentials.rs
    // spec: RFC 7591 2 MUST: a client without a secret method gets no secret @ protocol/src/register/mod.rs
    async fn a_secret_is_kept_as_its_use_wants_it(app: TestApp) {
        for (more, has_secret, sealed) in [
            (json!({}), true, false),
            (json!({"token_endpoint_auth_method": "client_secret_post"}), true, false),
            (json!({"token_endpoint_auth_method": "client_secret_jwt"}), true, true),
            (json!({"request_object_signing_alg": "HS256"}), true, true),
            (json!({"id_token_encrypted_response_alg": "A256KW"}), true, true),
            (json!({"token_endpoint_auth_method": "none"}), false, false),
            (json!({"token_endpoint_auth_method": "private_key_jwt",
                    "jwks_uri": "https://new.example/keys"}), false, false),
        ] {
            let answer = registered(app, &with(&more)).await;
            assert_eq!(answer.get("client_secret").is_some(), has_secret, "{answer}");
            assert_eq!(answer.get("client_secret_expires_at").is_some(), has_secret, "{answer}");
            let client = stored(app, answer["client_id"].as_str().unwrap()).await.unwrap();
            assert_eq!((client.secret_hash.is_some(), client.sealed_secret.is_some()),
                       (has_secret, sealed), "{answer}");
            let Some(text) = client.sealed_secret else { continue };
            let purpose = format!("client_secret/{}", client.id);
            let opened = app.state.open_sealed(&purpose, &text).await.unwrap();
            assert_eq!(answer["client_secret"].as_str().unwrap().as_bytes(), opened);
        }
    }

    // spec: OIDC Registration 2 MUST: native clients register custom schemes or loopback addresses @ policy/src/redirect_uri/registration.rs
    // spec: OIDC Registration 2 MUST: web clients of the implicit flow register https addresses only @ policy/src/client_metadata/uris.rs
    // spec: OIDC Registration 2 MUST NOT: web clients of the implicit flow use localhost @ policy/src/client_metadata/uris.rs
    // spec: RFC 6749 3.1.2 MUST NOT: a redirect URI has a fragment @ policy/src/redirect_uri/registration.rs
    // spec: RFC 7591 3.2.2 MUST: a bad redirect URI is told as invalid_redirect_uri, in JSON with status 400 @ policy/src/client_metadata.rs
    async fn redirect_uris_are_safe_ones(app: TestApp) {
        let implicit = json!(["id_token"]);
        let code = json!(["code"]);
        for (uri, kind, types, right) in [
            ("https://new.example/cb?x=y", "web", &code, true),
            ("https://new.example/cb#", "web", &code, false),
            ("https://new.example/cb#x", "native", &code, false),
            ("http://new.example/cb", "web", &code, false),
            ("http://localhost:1234/cb", "web", &code, true),
            ("http://localhost:1234/cb", "web", &implicit, false),
            ("https://localhost/cb", "web", &implicit, false),
            ("https://new.example/cb", "web", &implicit, true),
            ("http://127.0.0.1/cb", "native", &implicit, true),
            ("com.example.new:/cb", "native", &code, true),
            ("com.example.new:/cb", "web", &code, false),
            ("newapp:/cb", "native", &code, false),
            ("javascript:alert(1)", "native", &code, false),
            ("data:text/html,x", "native", &code, false),
            ("https://*.example/cb", "web", &code, false),
            ("https://u@new.example/cb", "web", &code, false),
            ("https://new.example/\u{202e}", "web", &code, false),
            ("/cb", "web", &code, false),
        ] {
            let body = json!({
                "redirect_uris": [uri], "application_type": kind, "response_types": types,
            });
            let page = register(app, &body).await;
            if right {
                assert_eq!(page.status, 201, "{body}: {page:#?}");
            } else {
                let told = refused(&page, "invalid_redirect_uri");
                assert!(told.starts_with("redirect_uris: "), "{told}");
            }
        }
        refused(&register(app, &json!({})).await, "invalid_redirect_uri");
        refused(&register(app, &json!({"redirect_uris": []})).await, "invalid_redirect_uri");
    }

    // spec: OIDC Registration 2 MUST: the grant types hold those that the response types need @ policy/src/client_metadata/grants.rs
    // spec: RFC 7591 2.1 SHOULD: a client cannot register itself into an inconsistent state @ policy/src/client_metadata/grants.rs
    async fn response_types_and_grant_types_fit_together(app: TestApp) {
        for (types, grants) in [
            (json!(["code"]), json!(["authorization_code"])),
            (json!(["id_token"]), json!(["implicit"])),
            (json!(["token id_token"]), json!(["implicit"])),
            (json!(["id_token code"]), json!(["authorization_code", "implicit"])),
            (json!(["code token", "code"]), json!(["authorization_code", "implicit"])),
        ] {
            let answer = registered(app, &with(&json!({"response_types": types}))).await;
            assert_eq!(answer["grant_types"], grants, "{types}");
        }
        for (more, field) in [
            (json!({"response_types": ["code id_token"], "grant_types": ["authorization_code"]}),
                "grant_types"),
            (json!({"response_types": ["id_token"], "grant_types": ["authorization_code"]}),
                "grant_types"),
            (json!({"response_types": ["token"]}), "response_types"),
            (json!({"response_types": ["none"]}), "response_types"),
            (json!({"grant_types": ["implicit"]}), "response_types"),
            (json!({"grant_types": ["password"]}), "grant_types"),
            (json!({"grant_types": ["client_credentials"]}), "grant_types"),
        ] {
            let page = register(app, &with(&more)).await;
            let told = refused(&page, "invalid_client_metadata");
            assert!(told.starts_with(&format!("{field}: ")), "{more}: {told}");
        }
    }

    // spec: OIDC Registration 2 MUST NOT: jwks and jwks_uri are given together @ policy/src/client_metadata/keys.rs
    // spec: OIDC Registration 2 MUST NOT: none is the algorithm of client assertions @ policy/src/client_metadata/algorithms.rs
    // spec: OIDC Registration 2 MUST NOT: none signs ID tokens that come from the authorization endpoint @ policy/src/client_metadata/algorithms.rs
    // spec: OIDC Registration 2 MUST: an enc is given with its alg, whose default enc is A128CBC-HS256 @ policy/src/registration/members.rs
    // spec: OIDC Registration 2 MUST: initiate_login_uri is https @ policy/src/client_metadata/uris.rs
    // spec: OIDC Registration 2 MUST: sector_identifier_uri is https @ policy/src/client_metadata/uris.rs
    // spec: OIDC Core 8.1 MUST: pairwise clients with several hosts have a sector_identifier_uri @ policy/src/client_metadata/uris.rs
    // spec: OIDC Front-Channel Logout 2 MUST: frontchannel_logout_uri has scheme, host and port of a redirect URI @ policy/src/client_metadata/uris.rs
    // spec: OIDC Back-Channel Logout 2.2 MUST NOT: backchannel_logout_uri has a fragment @ policy/src/client_metadata/uris.rs
    // spec: RFC 7591 3.2.2 MUST: bad metadata is told as invalid_client_metadata, with status 400 @ policy/src/client_metadata.rs
    async fn what_does_not_fit_is_told_by_its_name(app: TestApp) {
        let key = KeyPair::generate("ES256", "k");
        let set = json!({"keys": [key.public()]});
        let mut secret = key.public();
        secret["d"] = "AAAA".into();
        for (more, field) in [
            (json!({"jwks": set, "jwks_uri": "https://new.example/k"}), "jwks"),
            (json!({"jwks": {"keys": [secret]}}), "jwks"),
            (json!({"jwks": set.to_string()}), "jwks"),
            (json!({"jwks_uri": "http://new.example/k"}), "jwks_uri"),
            (json!({"jwks_uri": "file:///etc/passwd"}), "jwks_uri"),
            (json!({"token_endpoint_auth_method": "private_key_jwt"}), "jwks"),
            (json!({"token_endpoint_auth_method": "tls_client_auth"}),
                "token_endpoint_auth_method"),
            (json!({"token_endpoint_auth_signing_alg": "none"}), "token_endpoint_auth_signing_alg"),
            (json!({"id_token_signed_response_alg": "HS256"}), "id_token_signed_response_alg"),
            (json!({"id_token_signed_response_alg": "ES512"}), "id_token_signed_response_alg"),
            (json!({"id_token_signed_response_alg": "none", "response_types": ["id_token"]}),
                "id_token_signed_response_alg"),
            (json!({"id_token_encrypted_response_enc": "A128GCM"}),
                "id_token_encrypted_response_enc"),
            (json!({"userinfo_encrypted_response_alg": "RSA1_5"}),
                "userinfo_encrypted_response_alg"),
            (json!({"request_object_encryption_alg": "PBES2-HS256+A128KW"}),
                "request_object_encryption_alg"),
            (json!({"id_token_encrypted_response_alg": "RSA-OAEP"}), "jwks"),
            (json!({"token_endpoint_auth_method": "none",
                    "request_object_signing_alg": "HS256"}), "request_object_signing_alg"),
            (json!({"subject_type": "secret"}), "subject_type"),
            (json!({"subject_type": "pairwise",
                    "redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}),
                "subject_type"),
            (json!({"sector_identifier_uri": "http://new.example/s"}), "sector_identifier_uri"),
            (json!({"initiate_login_uri": "http://new.example/i"}), "initiate_login_uri"),
            (json!({"initiate_login_uri": "http://localhost/i"}), "initiate_login_uri"),
            (json!({"frontchannel_logout_uri": "https://other.example/f"}),
                "frontchannel_logout_uri"),
            (json!({"backchannel_logout_uri": "https://new.example/b#x"}),
                "backchannel_logout_uri"),
            (json!({"request_uris": ["http://new.example/r"]}), "request_uris"),
            (json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
                "post_logout_redirect_uris"),
            (json!({"client_name": "\u{202e}live"}), "client_name"),
            (json!({"client_name": "a\u{0}b"}), "client_name"),
            (json!({"client_name#de": "\u{2066}"}), "client_name#de"),
            (json!({"logo_uri": "data:image/png;base64,AA"}), "logo_uri"),
            (json!({"policy_uri": "javascript:alert(1)"}), "policy_uri"),
            (json!({"tos_uri#fr": "javascript:alert(1)"}), "tos_uri#fr"),
            (json!({"client_uri": "http://new.example"}), "client_uri"),
            (json!({"default_max_age": -1}), "default_max_age"),
            (json!({"scope": "openid admin"}), "scope"),
        ] {
            let page = register(app, &with(&more)).await;
            let told = refused(&page, "invalid_client_metadata");
            assert!(told.starts_with(&format!("{field}: ")), "{more}: {told}");
        }
    }

    // spec: OIDC Registration 2 MUST: every algorithm that discovery offers can be registered @ policy/src/client_metadata/algorithms.rs
    async fn whatever_discovery_offers_can_be_registered(app: TestApp) {
        let key = KeyPair::generate("ES256", "k");
        let document = app.machine().get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["registration_endpoint"], format!("{}/connect/register", app.issuer));
        let mut count = 0;
        for (list, field, beside) in [
            ("id_token_signing_alg_values_supported", "id_token_signed_response_alg", json!({})),
            ("userinfo_signing_alg_values_supported", "userinfo_signed_response_alg", json!({})),
            ("request_object_signing_alg_values_supported", "request_object_signing_alg",
                json!({})),
            ("id_token_encryption_alg_values_supported", "id_token_encrypted_response_alg",
                json!({})),
            ("id_token_encryption_enc_values_supported", "id_token_encrypted_response_enc",
                json!({"id_token_encrypted_response_alg": "dir"})),
            ("userinfo_encryption_alg_values_supported", "userinfo_encrypted_response_alg",
                json!({})),
            ("request_object_encryption_alg_values_supported", "request_object_encryption_alg",
                json!({})),
            ("subject_types_supported", "subject_type", json!({})),
            ("token_endpoint_auth_methods_supported", "token_endpoint_auth_method", json!({})),
        ] {
            for name in document[list].as_array().unwrap() {
                let mut more = beside.clone();
                more[field] = name.clone();
                more["jwks"] = json!({"keys": [key.public()]});
                let answer = registered(app, &with(&more)).await;
                assert_eq!(&answer[field], name, "{field}");
                count += 1;
            }
        }
        assert!(count > 30 + SIGNING_ALGS.len(), "{count}");
        for types in document["response_types_supported"].as_array().unwrap() {
            registered(app, &with(&json!({"response_types": [types]}))).await;
        }
    }

    // spec: RFC 7591 2.2 MAY: what people read can be registered in several languages @ policy/src/client_metadata/texts.rs
    // spec: OIDC Registration 2.1 MUST: language tags are those of BCP 47 @ policy/src/client_metadata/texts.rs
    async fn texts_are_registered_in_several_languages(app: TestApp) {
        let answer = registered(app, &with(&json!({
            "client_name": "My app", "client_name#de": "Meine App", "client_name#ja-Jpan-JP": "アプリ",
            "tos_uri#fr": "https://new.example/fr",
        }))).await;
        assert_eq!(answer["client_name#ja-Jpan-JP"], "アプリ");
        assert_eq!(answer["tos_uri#fr"], "https://new.example/fr");
        let client = stored(app, answer["client_id"].as_str().unwrap()).await.unwrap();
        assert_eq!(client.metadata.localized("client_name", &["de-AT"]), Some("Meine App"));
        let page = register(app, &with(&json!({"client_name#d_e": "x"}))).await;
        refused(&page, "invalid_client_metadata");
    }

    // spec: RFC 7591 3.1 MUST: the parameters are members of one JSON object, as application/json @ web/src/json.rs
    async fn the_body_is_a_json_object(app: TestApp) {
        let json = [("content-type", "application/json; charset=utf-8")];
        for body in ["", "{", "[]", "null", "\"x\"", "{\"redirect_uris\": [\"\\ud800", "\u{0}"] {
            let bytes = Some(body.as_bytes().to_vec());
            let page = app.machine().send(Method::POST, "/connect/register", &json, bytes).await;
            refused(&page, "invalid_client_metadata");
        }
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)).into_bytes();
        let page = app.machine().send(Method::POST, "/connect/register", &json, Some(deep)).await;
        refused(&page, "invalid_client_metadata");
        let form = app.machine().post("/connect/register", &[("redirect_uris", "x")]).await;
        assert_eq!((form.status, form.json()["error"].clone()), (400, json!("invalid_request")));
        let large = vec![b' '; 300_000];
        let page = app.machine().send(Method::POST, "/connect/register", &json, Some(large)).await;
        assert_eq!(page.status, 413);
        assert_eq!(app.machine().get("/connect/register").await.status, 405);
    }

    // spec: RFC 9700 2.6 MAY: apps in a browser may call the registration endpoint across origins @ web/src/cors.rs
    async fn scripts_of_any_origin_may_register(app: TestApp) {
        let asks = [("origin", "https://new.example"), ("access-control-request-method", "PUT")];
        for path in ["/connect/register", "/connect/register/x"] {
            let page = app.machine().send(Method::OPTIONS, path, &asks, None).await;
            assert_eq!(page.status, 204);
            assert_eq!(page.header("access-control-allow-origin"), "*");
            assert!(page.header("access-control-allow-methods").contains("PUT"));
            assert!(page.header("access-control-allow-headers").contains("authorization"));
        }
        let page = register(app, &with(&json!({}))).await;
        assert_eq!(page.header("access-control-allow-origin"), "*");
        assert_eq!(page.header("access-control-allow-credentials"), "");
    }

    // spec: OIDC Registration 5 MUST: sector_identifier_uri lists every redirect URI, or registration fails @ policy/src/registration.rs
    async fn a_sector_is_believed_only_if_it_lists_everything(app: TestApp) {
        let site = ClientSite::start();
        let uris = json!(["https://a.example/cb", "https://b.example/cb"]);
        let body = json!({
            "redirect_uris": uris, "subject_type": "pairwise",
            "sector_identifier_uri": site.url("/sector"),
        });
        refused(&register(app, &body).await, "invalid_client_metadata");
        for listed in [json!(["https://a.example/cb"]), json!({"uris": uris}), json!("x")] {
            site.put_json("/sector", &listed);
            let told = refused(&register(app, &body).await, "invalid_client_metadata");
            assert!(told.starts_with("sector_identifier_uri: "), "{told}");
        }
        site.answer("/sector", 302);
        refused(&register(app, &body).await, "invalid_client_metadata");
        site.put("/sector", "text/html", "<html>");
        refused(&register(app, &body).await, "invalid_client_metadata");
        let more = json!(["https://c.example/", "https://a.example/cb", "https://b.example/cb"]);
        site.put_json("/sector", &more);
        let answer = registered(app, &body).await;
        assert_eq!(answer["sector_identifier_uri"], body["sector_identifier_uri"]);
        assert_eq!(site.hits("/sector"), 7);
    }

    /// What is stored passes the same rules again.
    async fn what_was_accepted_can_be_checked_again(app: TestApp) {
        let answer = registered(app, &with(&json!({
            "token_endpoint_auth_method": "client_secret_jwt",
            "response_types": ["code id_token token", "code"],
            "id_token_encrypted_response_alg": "A128KW",
            "contacts": ["ana@new.example"], "default_max_age": 60, "require_auth_time": true,
            "backchannel_logout_uri": "https://new.example/b",
            "frontchannel_logout_uri": "https://new.example/f",
            "request_uris": ["https://new.example/r#hash"],
        }))).await;
        let client = stored(app, answer["client_id"].as_str().unwrap()).await.unwrap();
        assert_eq!(client_metadata::check(&client.metadata, &app.state.settings), []);
    }
}

/// The other profile offers less, and says which setting that hangs on.
#[tokio::test]
async fn the_strict_profile_registers_the_code_flow_only() {
    let app = TestApp::start_with(Backend::Sqlite, |state| {
        let settings = Arc::make_mut(&mut state.settings);
        settings.client_registration.policy = RegistrationPolicy::Open;
    })
    .await;
    for more in [
        json!({"response_types": ["id_token"]}),
        json!({"response_types": ["code", "code token"]}),
        json!({"id_token_signed_response_alg": "none"}),
        json!({"request_object_signing_alg": "none"}),
    ] {
        let told = refused(&register(&app, &with(&more)).await, "invalid_client_metadata");
        assert!(told.contains("profile = 'oidc'"), "{more}: {told}");
    }
    let more = json!({"grant_types": ["authorization_code", "implicit", "refresh_token"]});
    let answer = registered(&app, &with(&more)).await;
    assert_eq!(answer["grant_types"], json!(["authorization_code", "refresh_token"]));
}
