//! Who may register clients: nobody, whoever has a token, or everybody within bounds (RFC 7591 §3,
//! §5), and whose software statements are believed (§2.3).

use std::sync::{Arc, OnceLock};

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use reqwest::Method;
use serde_json::{Value, json};
use vestibule_acceptance::{Backend, Page, TestApp, forge::KeyPair, on_both_databases};
use vestibule_model::{
    Secret, initial_access_token::InitialAccessToken, settings::RegistrationPolicy,
};
use vestibule_policy::client_metadata;
use vestibule_storage::{expiry, initial_access_token};

use crate::registration::{open, refused, register, registered, send, stored, with};

/// Whoever signs software statements that are believed here.
fn publisher() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate("ES256", "publisher"))
}

/// A server that wants initial access tokens and believes the publisher.
async fn by_token(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| {
        let registration = &mut Arc::make_mut(&mut state.settings).client_registration;
        registration.policy = RegistrationPolicy::Token;
        registration.software_statement_jwks = Some(json!({"keys": [publisher().public()]}));
    })
    .await
}

/// A server that takes two unused clients.
async fn narrow(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| {
        let registration = &mut Arc::make_mut(&mut state.settings).client_registration;
        registration.policy = RegistrationPolicy::Open;
        registration.max_unused = 2;
        registration.unused_lifetime = 600;
    })
    .await
}

async fn add_token(app: &TestApp, token: &'static str, uses_left: Option<i64>) {
    let now = app.state.now();
    let row = InitialAccessToken {
        id: format!("id of {token}"),
        hash: Secret::new(token).token_hash(),
        label: String::new(),
        created_at: now,
        expires_at: now.plus(3_600),
        uses_left,
    };
    app.rows(move |conn| Ok(initial_access_token::insert(conn, &row)?)).await;
}

async fn register_with(app: &TestApp, token: Option<&str>, body: &Value) -> Page {
    send(app, Method::POST, "/connect/register", token, Some(body)).await
}

fn unauthorized(page: &Page) -> &str {
    assert_eq!(page.status, 401, "{page:#?}");
    assert_eq!(page.json()["error"], "invalid_token");
    page.header("www-authenticate")
}

mod token {
    use super::*;

    on_both_databases! {
        started by by_token;

        // spec: RFC 7591 3 MAY: registration needs an initial access token, sent as a bearer token @ protocol/src/register/mod.rs
        // spec: OIDC Registration 3.1 MAY: the server asks for an initial access token @ protocol/src/register/mod.rs
        async fn a_good_token_lets_in_as_often_as_it_may(app: TestApp) {
            let bare = register_with(app, None, &with(&json!({}))).await;
            assert!(!unauthorized(&bare).contains("error="), "{bare:#?}");
            let wrong = register_with(app, Some("wrong"), &with(&json!({}))).await;
            assert!(unauthorized(&wrong).contains("error=\"invalid_token\""));
            add_token(app, "for two", Some(2)).await;
            // What is refused uses nothing up.
            let page = register_with(app, Some("for two"), &json!({})).await;
            refused(&page, "invalid_redirect_uri");
            for _ in 0..2 {
                let page = register_with(app, Some("for two"), &with(&json!({}))).await;
                assert_eq!(page.status, 201, "{page:#?}");
            }
            unauthorized(&register_with(app, Some("for two"), &with(&json!({}))).await);
            add_token(app, "for an hour", None).await;
            app.clock.advance(3_599);
            let page = register_with(app, Some("for an hour"), &with(&json!({}))).await;
            let client = stored(app, page.json()["client_id"].as_str().unwrap()).await.unwrap();
            let registration = client.registration.unwrap();
            assert_eq!(registration.unused_until, None, "nobody has to hurry");
            let came_with = registration.initial_access_token;
            assert_eq!(came_with.as_deref(), Some("id of for an hour"));
            app.clock.advance(1);
            unauthorized(&register_with(app, Some("for an hour"), &with(&json!({}))).await);
        }

        /// A program of its own is registered by somebody who is known.
        async fn a_token_opens_client_credentials_and_no_scope_more(app: TestApp) {
            add_token(app, "known", None).await;
            let machine = json!({"grant_types": ["client_credentials"]});
            let page = register_with(app, Some("known"), &machine).await;
            assert_eq!(page.status, 201, "{page:#?}");
            assert_eq!(page.json()["response_types"], json!([]));
            let page = register_with(app, Some("known"), &with(&json!({"scope": "admin"}))).await;
            refused(&page, "invalid_client_metadata");
        }

        // spec: RFC 7591 2.3 MUST: a statement that is believed wins over the members beside it @ policy/src/registration/statement.rs
        // spec: RFC 7591 3.2.1 MUST: the statement comes back unmodified, with its values as members of the answer @ policy/src/registration/answer.rs
        // spec: RFC 7591 2.3 MUST: a statement has iss and a signature @ policy/src/registration/statement.rs
        // spec: RFC 7591 3.2.2 MUST: bad statements are told as invalid, those of strangers as unapproved @ protocol/src/register/metadata.rs
        async fn software_statements_are_believed_from_whom_we_know(app: TestApp) {
            add_token(app, "known", None).await;
            let now = app.state.now().0;
            let claims = json!({
                "iss": "https://publisher.example", "software_id": "4NRB1", "exp": now + 60,
                "client_name": "Published app", "redirect_uris": ["https://new.example/cb"],
            });
            let statement = publisher().sign(&claims);
            let ask = |statement: Value| async move {
                let body = json!({
                    "software_statement": statement, "client_name": "Bank",
                    "client_name#de": "Bank", "redirect_uris": ["https://bank.example/cb"],
                });
                register_with(app, Some("known"), &body).await
            };
            let page = ask(json!(statement)).await;
            assert_eq!(page.status, 201, "{page:#?}");
            let answer = page.json();
            assert_eq!(answer["software_statement"], statement.as_str());
            assert_eq!(answer["client_name"], "Published app");
            assert_eq!(answer["software_id"], "4NRB1");
            assert_eq!(answer["redirect_uris"], json!(["https://new.example/cb"]));
            assert!(answer.get("client_name#de").is_none() && answer.get("iss").is_none());
            let thief = KeyPair::generate("ES256", "publisher");
            let stranger = KeyPair::generate("ES256", "stranger");
            for key in [&thief, &stranger] {
                refused(&ask(json!(key.sign(&claims))).await, "unapproved_software_statement");
            }
            for (spoilt, why) in [
                (json!({"software_id": "x"}), "no iss"),
                (json!({"iss": "p", "exp": now - 60}), "expired"),
            ] {
                let page = ask(json!(publisher().sign(&spoilt))).await;
                let told = refused(&page, "invalid_software_statement");
                assert!(told.contains(why), "{told}");
            }
            for garbage in ["x", "a.b.c", "...", &statement[1..]] {
                refused(&ask(json!(garbage)).await, "invalid_software_statement");
            }
            let none = vestibule_acceptance::forge::unsigned(&json!({"alg": "none"}), &claims);
            let page = ask(json!(none)).await;
            assert!(page.status == 400 && page.json()["error"] != "invalid_client_metadata");
            refused(&ask(json!(7)).await, "invalid_client_metadata");
        }
    }
}

mod bounds {
    use super::*;

    on_both_databases! {
        started by narrow;

        // spec: RFC 7591 3 MAY: registration by everybody is bounded @ protocol/src/register/mod.rs
        async fn there_are_only_so_many_clients_that_nobody_uses(app: TestApp) {
            let body = with(&json!({}));
            let first = registered(app, &body).await;
            registered(app, &body).await;
            let page = register(app, &body).await;
            assert_eq!(page.status, 429, "{page:#?}");
            assert_eq!(page.json()["error"], "temporarily_unavailable");
            assert_eq!(page.header("retry-after"), "60");
            // A token is good for a place of its own, also where none is needed; a bad one is not.
            add_token(app, "known", Some(1)).await;
            assert_eq!(register_with(app, Some("known"), &body).await.status, 201);
            unauthorized(&register_with(app, Some("known"), &body).await);
            let id = vestibule_model::ClientId::new(first["client_id"].as_str().unwrap());
            app.rows(move |conn| Ok(vestibule_storage::client::used(conn, &id)?)).await;
            registered(app, &body).await;
            assert_eq!(register(app, &body).await.status, 429);
            // Those that nobody used in time make room.
            app.clock.advance(600);
            let now = app.state.now();
            app.rows(move |conn| Ok(expiry::delete_expired(conn, now, 100)?)).await;
            let left = app.rows(|conn| Ok(vestibule_storage::client::list(conn)?)).await;
            let own: Vec<_> = left.iter().filter(|client| client.registration.is_some()).collect();
            assert_eq!(own.len(), 2, "the used one, and the one that came with a token");
            registered(app, &body).await;
        }
    }
}

on_both_databases! {
    /// `off` is how a server comes: there is nothing at these addresses, and nothing is announced.
    async fn a_closed_door_is_no_door(app: TestApp) {
        let document = app.machine().get("/.well-known/openid-configuration").await.json();
        assert!(document.get("registration_endpoint").is_none());
        add_token(app, "known", None).await;
        for token in [None, Some("known")] {
            let page = register_with(app, token, &with(&json!({}))).await;
            assert_eq!(page.status, 404, "{page:#?}");
            let address = "/connect/register/web-app";
            assert_eq!(send(app, Method::GET, address, token, None).await.status, 404);
        }
    }
}

/// Any JSON, and what the fields of a registration could hold.
fn any_value() -> impl Strategy<Value = Value> {
    let known = prop::sample::select(vec![
        "https://new.example/cb",
        "http://127.0.0.1:1/x",
        "https://[::1]/",
        "com.example.a:/x",
        "javascript:alert(1)",
        "code id_token",
        "implicit",
        "client_secret_jwt",
        "none",
        "RS256",
        "HS512",
        "dir",
        "RSA-OAEP",
        "A256GCM",
        "pairwise",
        "native",
        "openid email",
        "a.b.c",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        known.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(vec![
        "redirect_uris",
        "post_logout_redirect_uris",
        "client_name",
        "client_name#de",
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "contacts",
        "application_type",
        "grant_types",
        "response_types",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "scope",
        "jwks",
        "jwks_uri",
        "subject_type",
        "id_token_signed_response_alg",
        "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc",
        "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg",
        "request_object_signing_alg",
        "request_object_encryption_alg",
        "request_uris",
        "require_signed_request_object",
        "default_max_age",
        "require_auth_time",
        "default_acr_values",
        "initiate_login_uri",
        "frontchannel_logout_uri",
        "backchannel_logout_uri",
        "software_id",
        "software_version",
        "software_statement",
        "first_party",
        "required_acr",
        "client_id",
        "client_secret",
    ]);
    let fields = prop::collection::btree_map(field, any_value(), 0..4);
    let start = prop_oneof![1 => Just(json!({})), 4 => Just(with(&json!({})))];
    let right = (start, fields).prop_map(|(mut document, fields)| {
        for (name, value) in fields {
            document[name] = value;
        }
        document
    });
    prop_oneof![4 => right, 1 => any_value()]
}

/// Whatever comes is answered in one of the ways that the specification has, and what is stored keeps
/// the rules.
#[tokio::test]
async fn any_document_is_registered_or_refused() {
    let app = open(Backend::Sqlite).await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let mut accepted = 0;
    for _ in 0..400 {
        let document = any_document().new_tree(&mut runner).unwrap().current();
        let page = register(&app, &document).await;
        match page.status {
            201 => {
                accepted += 1;
                let id = page.json()["client_id"].as_str().unwrap().to_owned();
                let client = stored(&app, &id).await.unwrap();
                let found = client_metadata::check(&client.metadata, &app.state.settings);
                assert_eq!(found, [], "{document}");
                assert!(!client.metadata.first_party && client.metadata.required_acr.is_none());
            }
            400 => {
                let error = page.json()["error"].as_str().unwrap().to_owned();
                let known = [
                    "invalid_client_metadata",
                    "invalid_redirect_uri",
                    "invalid_software_statement",
                    "unapproved_software_statement",
                ];
                assert!(known.contains(&error.as_str()), "{document}: {page:#?}");
            }
            _ => panic!("{document}: {page:#?}"),
        }
    }
    assert!(accepted > 40, "{accepted} of 400 were good: too few to learn from");
}
