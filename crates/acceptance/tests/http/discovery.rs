//! Discovery (OIDC Discovery 1.0 §3, §4; RFC 8414 §2, §3).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use reqwest::Method;
use serde_json::{Value, json};
use vestibule_acceptance::{Backend, Page, TestApp, on_both_databases};
use vestibule_model::{
    client::SigningAlg,
    settings::{Issuer, Profile, Registration, RegistrationPolicy, Settings, Terms},
};
use vestibule_protocol::discovery::{Extras, document};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// With sorted members, and the port that is another each time left out.
fn stable(document: &Value, issuer: &str) -> String {
    let members: BTreeMap<_, _> = document.as_object().expect("an object").iter().collect();
    let text = serde_json::to_string_pretty(&members).expect("JSON");
    text.replace(issuer, "http://issuer")
}

async fn asked_again(app: &TestApp, tag: &str) -> Page {
    app.machine().send(Method::GET, OPENID, &[("if-none-match", tag)], None).await
}

fn oidc(settings: &mut Settings) {
    settings.profile = Profile::Oidc;
    settings.client_registration.policy = RegistrationPolicy::Open;
}

/// What a change of the settings changes of the document: each member before and after.
fn changed(
    settings: &Settings,
    change: impl FnOnce(&mut Settings),
) -> BTreeMap<String, [Value; 2]> {
    let mut other = settings.clone();
    change(&mut other);
    let (before, after) =
        (document(settings, Extras::default()), document(&other, Extras::default()));
    differences(&before, &after)
}

fn differences(before: &Value, after: &Value) -> BTreeMap<String, [Value; 2]> {
    let names: BTreeSet<_> = [before, after]
        .iter()
        .flat_map(|document| document.as_object().expect("an object").keys())
        .collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), [before[name].clone(), after[name].clone()]))
        .collect()
}

/// Profile `oidc` with everything that can be switched on.
async fn whole(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| oidc(Arc::make_mut(&mut state.settings))).await
}

/// Whatever is announced is there.
#[tokio::test]
// spec: OIDC RP-Initiated Logout 2.1 REQUIRED: discovery has end_session_endpoint @ protocol/src/discovery.rs
async fn every_endpoint_answers() {
    let app = &whole(Backend::Sqlite).await;
    let document = app.machine().get(OPENID).await.json();
    let mut seen = Vec::new();
    for (name, value) in document.as_object().unwrap() {
        let address = value.as_str().filter(|text| text.starts_with(&app.issuer));
        let Some(address) = address.filter(|_| name != "issuer") else { continue };
        let only_post = [
            "token_endpoint",
            "revocation_endpoint",
            "introspection_endpoint",
            "registration_endpoint",
        ];
        let only_get = ["jwks_uri", "service_documentation", "check_session_iframe"];
        let got = app.machine().get(address).await;
        assert!(got.status != 404 && got.status < 500, "{name}: {got:#?}");
        assert_eq!(got.status == 405, only_post.contains(&name.as_str()), "{name}");
        let posted = app.machine().post(address, &[]).await;
        assert!(posted.status != 404 && posted.status < 500, "{name}: {posted:#?}");
        assert_eq!(posted.status == 405, only_get.contains(&name.as_str()), "{name}");
        seen.push(name.as_str());
    }
    let expected = [
        "authorization_endpoint",
        "check_session_iframe",
        "end_session_endpoint",
        "introspection_endpoint",
        "jwks_uri",
        "registration_endpoint",
        "revocation_endpoint",
        "service_documentation",
        "token_endpoint",
        "userinfo_endpoint",
    ];
    seen.sort_unstable();
    assert_eq!(seen, expected);
}

on_both_databases! {
    /// The documents are a promise to clients: each change of them should be seen.
    // spec: OIDC Discovery 4.2 MUST: the answer is 200 with a JSON object as application/json @ protocol/src/discovery.rs
    // spec: RFC 8414 3.2 MUST: a successful answer is 200 with a JSON object as application/json @ protocol/src/discovery.rs
    // spec: RFC 9207 2.3 MUST: metadata says authorization_response_iss_parameter_supported @ protocol/src/discovery.rs
    // spec: RFC 9700 2.1.1 MUST: clients can find out that PKCE is supported, by code_challenge_methods_supported @ protocol/src/discovery.rs
    // spec: RFC 9700 2.6 RECOMMENDED: the server publishes its metadata @ protocol/src/discovery.rs
    async fn both_documents_are_the_promised_ones(app: TestApp) {
        let openid = app.machine().get(OPENID).await;
        let oauth = app.machine().get(OAUTH).await;
        for page in [&openid, &oauth] {
            assert_eq!(page.status, 200);
            assert_eq!(page.header("content-type"), "application/json");
            assert_eq!(page.header("cache-control"), "public, max-age=300");
        }
        insta::assert_snapshot!("openid_configuration", stable(&openid.json(), &app.issuer));
        assert_eq!(openid.body, oauth.body, "one document for both");
    }

    /// The same for the other profile, with registration open to everybody.
    async fn the_documents_of_profile_oidc_are_the_promised_ones(app: TestApp) {
        let mut settings = app.state.settings.as_ref().clone();
        oidc(&mut settings);
        let document = document(&settings, Extras { claims_from_elsewhere: true });
        insta::assert_snapshot!("openid_configuration_oidc", stable(&document, &app.issuer));
    }

    // spec: OIDC Discovery 4.3 MUST: issuer is the very address that was asked for the document @ protocol/src/discovery.rs
    // spec: RFC 8414 3.3 MUST: issuer is identical to the identifier that was inserted into the address @ protocol/src/discovery.rs
    async fn the_issuer_is_the_one_that_was_asked(app: TestApp) {
        for path in [OPENID, OAUTH] {
            let document = app.machine().get(path).await.json();
            assert_eq!(document["issuer"], app.issuer.as_str());
        }
    }

    /// RFC 9111 §5.2.2.1, RFC 9110 §13.1.2: a copy can be kept, and asked about cheaply.
    async fn a_copy_can_be_kept(app: TestApp) {
        let page = app.machine().get(OPENID).await;
        let tag = page.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let page = asked_again(app, &known).await;
            assert_eq!((page.status, page.body.as_str()), (304, ""), "{known}");
            assert_eq!(page.header("etag"), tag);
            assert_eq!(page.header("cache-control"), "public, max-age=300");
        }
        assert_eq!(asked_again(app, "\"x\"").await.status, 200);
        let other = TestApp::start_with(Backend::Sqlite, |state| {
            Arc::make_mut(&mut state.settings).profile = Profile::Oidc;
        })
        .await;
        assert_eq!(asked_again(&other, &tag).await.status, 200, "another document");
    }

    /// The profile decides about the response types and what belongs to them, and nothing else.
    // spec: OIDC Discovery 3 MUST NOT: none is listed for ID tokens unless they may be without a signature @ protocol/src/discovery.rs
    async fn the_profile_shows(app: TestApp) {
        let seen = changed(&app.state.settings, |settings| settings.profile = Profile::Oidc);
        let names: Vec<_> = seen.keys().map(String::as_str).collect();
        let expected = [
            "check_session_iframe", "grant_types_supported",
            "id_token_signing_alg_values_supported", "request_object_signing_alg_values_supported",
            "response_modes_supported", "response_types_supported",
        ];
        assert_eq!(names, expected);
        let [before, after] = &seen["response_types_supported"];
        assert_eq!(*before, json!(["code"]));
        let all = ["code", "id_token", "id_token token", "code id_token", "code token",
            "code id_token token"];
        assert_eq!(*after, json!(all));
        let [before, after] = &seen["response_modes_supported"];
        assert_eq!([before, after], [
            &json!(["query", "form_post"]), &json!(["query", "fragment", "form_post"]),
        ]);
        let [before, after] = &seen["grant_types_supported"];
        let has = |list: &Value, name: &str| list.as_array().unwrap().contains(&name.into());
        assert!(!has(before, "implicit") && has(after, "implicit"));
        for name in ["id_token_signing_alg_values_supported",
            "request_object_signing_alg_values_supported"] {
            let [before, after] = &seen[name];
            assert!(!has(before, "none") && has(after, "none"), "{name}");
        }
        assert_eq!(seen["check_session_iframe"][0], Value::Null);
    }

    /// Each other setting shows where it should, and only there.
    async fn each_policy_shows(app: TestApp) {
        let settings = &app.state.settings;
        for policy in [RegistrationPolicy::Token, RegistrationPolicy::Open] {
            let seen = changed(settings, |other| other.client_registration.policy = policy);
            assert_eq!(seen.len(), 1, "{policy:?}: {seen:?}");
            let [before, after] = &seen["registration_endpoint"];
            assert_eq!(*before, Value::Null);
            assert_eq!(*after, format!("{}/connect/register", app.issuer));
        }
        let terms = || Terms { version: "1".to_owned(), uri: "https://x.example/terms".to_owned() };
        let seen = changed(settings, |other| other.accounts.terms = Some(terms()));
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["op_tos_uri"]);
        assert_eq!(seen["op_tos_uri"][1], "https://x.example/terms");
        let seen = changed(settings, |other| other.accounts.registration = Registration::Off);
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["prompt_values_supported"]);
        let [before, after] = &seen["prompt_values_supported"];
        let has = |list: &Value| list.as_array().unwrap().contains(&"create".into());
        assert!(has(before) && !has(after), "nobody can make an account");
        let algs = || vec![SigningAlg::RS256, SigningAlg::ES384];
        let seen = changed(settings, |other| other.signing_algs = algs());
        let names: Vec<_> = seen.keys().map(String::as_str).collect();
        assert_eq!(names, [
            "access_token_signing_alg_values_supported", "id_token_signing_alg_values_supported",
            "userinfo_signing_alg_values_supported",
        ]);
        assert!(seen.values().all(|[_, after]| *after == json!(["RS256", "ES384"])), "{seen:?}");
        let extras = Extras { claims_from_elsewhere: true };
        let seen = differences(&document(settings, Extras::default()), &document(settings, extras));
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["claim_types_supported"]);
        let [before, after] = &seen["claim_types_supported"];
        assert_eq!(*before, json!(["normal"]));
        assert_eq!(*after, json!(["normal", "aggregated", "distributed"]));
    }

    // spec: OIDC Discovery 3 MUST: RS256 is among the algorithms of ID tokens @ protocol/src/discovery.rs
    // spec: OIDC Discovery 3 MUST: every member that is required is there @ protocol/src/discovery.rs
    // spec: OIDC Discovery 4.2 MUST: members with no value are left out @ protocol/src/discovery.rs
    // spec: RFC 8414 2 MUST: algorithms of client assertions are listed where assertions are taken, without none @ protocol/src/discovery.rs
    // spec: RFC 8414 3.2 MUST: members without a value are left out @ protocol/src/discovery.rs
    // spec: RFC 8414 2 REQUIRED: issuer, the endpoints of its grants and response_types_supported are there @ protocol/src/discovery.rs
    async fn what_is_required_is_there_and_nothing_is_empty(app: TestApp) {
        let mut settings = app.state.settings.as_ref().clone();
        for profile in [Profile::OAuth21, Profile::Oidc] {
            settings.profile = profile;
            let document = document(&settings, Extras::default());
            for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri",
                "response_types_supported", "subject_types_supported",
                "id_token_signing_alg_values_supported"] {
                assert!(!document[name].is_null(), "{name}");
            }
            let ours = document["id_token_signing_alg_values_supported"].as_array().unwrap();
            assert!(ours.contains(&"RS256".into()));
            for (name, value) in document.as_object().unwrap() {
                assert!(!value.is_null() && *value != json!([]), "{name}");
            }
            for endpoint in ["token", "revocation", "introspection"] {
                let algs = &document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
                let algs = algs.as_array().unwrap();
                assert!(algs.contains(&"HS256".into()) && algs.contains(&"ES256".into()));
                assert!(!algs.contains(&"none".into()), "{endpoint}");
            }
        }
    }

    /// An issuer with a path has its documents in every form that clients try, and only its own.
    // spec: OIDC Discovery 4.1 MUST: the well-known part is appended to an issuer with a path @ protocol/src/lib.rs
    // spec: RFC 8414 3.1 MUST: the well-known part is inserted before the path of the issuer @ protocol/src/lib.rs
    async fn an_issuer_with_a_path_has_both_forms(app: TestApp) {
        let plain = app.machine().get(OPENID).await.json();
        let app = TestApp::start_with(Backend::Sqlite, |state| {
            let settings = Arc::make_mut(&mut state.settings);
            settings.issuer = Issuer::new(settings.issuer.url("/auth/one"));
        })
        .await;
        let issuer = format!("{}/auth/one", app.issuer);
        assert_ne!(plain["issuer"], issuer.as_str());
        for path in [OPENID, OAUTH] {
            for address in [format!("/auth/one{path}"), format!("{path}/auth/one")] {
                let page = app.machine().get(&address).await;
                assert_eq!(page.status, 200, "{address}");
                assert_eq!(page.json()["issuer"], issuer.as_str());
                assert_eq!(page.json()["jwks_uri"], format!("{issuer}/jwks"));
                assert_eq!(page.header("access-control-allow-origin"), "*", "{address}");
            }
            for address in [path.to_owned(), format!("{path}/auth"), format!("{path}/auth/two")] {
                let page = app.machine().get(&address).await;
                assert_eq!(page.status, 404, "{address}");
            }
        }
    }
}
