//! WebFinger (RFC 7033) as OIDC Discovery §2 uses it.

use std::sync::Arc;

use serde_json::json;
use vestibule_acceptance::{Backend, Page, TestApp, on_both_databases};
use vestibule_model::settings::Issuer;

const REL: &str = "http://openid.net/specs/connect/1.0/issuer";

async fn asked(app: &TestApp, pairs: &[(&str, &str)]) -> Page {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    app.machine().get(&format!("/.well-known/webfinger?{query}")).await
}

on_both_databases! {
    // spec: OIDC Discovery 2 MUST: the answer has a link with the issuer relation whose href is the issuer @ protocol/src/webfinger.rs
    // spec: RFC 7033 4.2 MUST: the answer is a JRD as application/jrd+json @ protocol/src/webfinger.rs
    // spec: RFC 7033 5 MUST: scripts of any origin may read the answer @ web/src/cors.rs
    async fn whoever_is_at_our_host_signs_in_here(app: TestApp) {
        let at_url = format!("{}/ana", app.issuer);
        for resource in ["acct:ana@localhost", at_url.as_str(), "localhost", "ana@localhost"] {
            let page = asked(app, &[("resource", resource), ("rel", REL)]).await;
            assert_eq!(page.status, 200, "{resource}: {page:#?}");
            assert_eq!(page.header("content-type"), "application/jrd+json");
            assert_eq!(page.header("access-control-allow-origin"), "*");
            assert!(page.header("cache-control").starts_with("public, max-age="));
            let link = json!({ "rel": REL, "href": app.issuer });
            assert_eq!(page.json(), json!({ "subject": resource, "links": [link] }));
        }
    }

    /// Nobody finds out by asking who has an account.
    async fn people_without_an_account_get_the_same_answer(app: TestApp) {
        let ana = asked(app, &[("resource", "acct:ana@localhost")]).await;
        let nobody = asked(app, &[("resource", "acct:nobody@localhost")]).await;
        assert_eq!(ana.status, 200);
        assert_eq!(ana.body.replace(":ana@", ":nobody@"), nobody.body);
    }

    // spec: RFC 7033 4.2 MUST: a request without a resource, or with a malformed one, is answered with 400 @ protocol/src/webfinger.rs
    async fn a_request_about_nothing_is_refused(app: TestApp) {
        let twice = [("resource", "acct:ana@localhost"), ("resource", "acct:ben@localhost")];
        let pairs: [&[(&str, &str)]; 4] = [&[], &[("rel", REL)], &[("resource", "")], &twice];
        for pairs in pairs {
            let page = asked(app, pairs).await;
            assert_eq!(page.status, 400, "{pairs:?}");
            let refusal = page.json();
            assert_eq!(refusal["error"], "invalid_request");
            assert!(refusal["error_description"].as_str().unwrap().starts_with("resource is"));
            assert_eq!(refusal["request_id"], page.header("x-request-id"));
        }
        let page = app.machine().get("/.well-known/webfinger?resource=acct:%FF@localhost").await;
        assert_eq!(page.status, 400);
    }

    // spec: RFC 7033 4.2 MUST: a resource that the server knows nothing about is answered with 404 @ protocol/src/webfinger.rs
    async fn another_host_is_not_ours(app: TestApp) {
        for resource in ["acct:ana@else.example", "https://else.example/localhost",
            "acct:localhost@else.example", "localhost.else.example", "ftp://localhost"] {
            let page = asked(app, &[("resource", resource)]).await;
            assert_eq!(page.status, 404, "{resource}");
            assert_eq!(page.header("access-control-allow-origin"), "*");
            assert!(page.json()["error_uri"].as_str().unwrap().ends_with("/errors/VST-0513"));
        }
    }

    // spec: RFC 7033 4.3 SHOULD: rel leaves only the links of the relations that are asked for @ protocol/src/webfinger.rs
    async fn only_the_relations_asked_for_are_told(app: TestApp) {
        let resource = ("resource", "acct:ana@localhost");
        let page = asked(app, &[resource, ("rel", "http://webfinger.net/rel/avatar")]).await;
        assert_eq!((page.status, page.json()["links"].clone()), (200, json!([])));
        let page = asked(app, &[resource, ("rel", "x"), ("rel", REL)]).await;
        assert_eq!(page.json()["links"].as_array().map(Vec::len), Some(1));
    }

    /// RFC 7033 §4: at the root of the host, wherever the issuer is.
    async fn it_stands_at_the_root_of_the_host(app: TestApp) {
        let other = TestApp::start_with(Backend::Sqlite, |state| {
            let settings = Arc::make_mut(&mut state.settings);
            settings.issuer = Issuer::new(settings.issuer.url("/auth"));
        })
        .await;
        let page = asked(&other, &[("resource", "acct:ana@localhost")]).await;
        assert_eq!(page.json()["links"][0]["href"], format!("{}/auth", other.issuer));
        let below = other.machine().get("/auth/.well-known/webfinger?resource=localhost").await;
        assert_eq!(below.status, 404);
        let page = asked(app, &[("resource", "acct:ana@localhost")]).await;
        assert_eq!(page.json()["links"][0]["href"], app.issuer.as_str());
    }
}
