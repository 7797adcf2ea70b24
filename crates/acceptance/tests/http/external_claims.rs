//! Aggregated and distributed claims in the userinfo answer (OIDC Core §5.6.2).

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule_acceptance::{Backend, ClientSite, Rp, TestApp, forge};
use vestibule_model::Secret;
use vestibule_outbound::{Outbound, Rules};
use vestibule_web::claim_source::HttpClaimSource;

/// A server whose claims come from `site`, too.
async fn asking(site: &ClientSite) -> TestApp {
    let url = site.url("/claims");
    TestApp::start_with(Backend::Sqlite, move |state| {
        let rules = Rules { allow_private_addresses: true, ..Rules::default() };
        let outbound = Outbound::new(rules).expect("rules that hold");
        let token = Some(Secret::new("token-of-the-source"));
        let source = HttpClaimSource::new(outbound, url.clone(), token);
        state.claim_source = Some(Arc::new(source));
    })
    .await
}

async fn userinfo(app: &TestApp, token: &str) -> Value {
    let page = app.machine().post("/userinfo", &[("access_token", token)]).await;
    assert_eq!(page.status, 200, "{page:#?}");
    page.json()
}

// spec: OIDC Core 5.6.2 MUST: claims by reference are members of _claim_names that lead to _claim_sources @ web/src/claim_source.rs
#[tokio::test]
async fn what_others_say_comes_by_reference() {
    let site = ClientSite::start();
    site.put_json(
        "/claims",
        &json!({
            "aggregated": [{ "claims": ["shoe_size", "sub"], "jwt": "eyJhbGciOiJub25lIn0.e30." }],
            "distributed": [
                { "claims": ["credit_score"], "endpoint": "https://bank.example/c",
                  "access_token": "for-the-bank" },
                { "claims": ["name"], "endpoint": "https://liar.example/c" },
            ],
        }),
    );
    let app = asking(&site).await;
    let tokens = Rp::web().tokens(&app).await;
    let answer = userinfo(&app, tokens.get("access_token")).await;
    assert_eq!(answer["sub"], "user-ana");
    assert_eq!(answer["name"], "ana Example", "our own claims are ours");
    assert_eq!(answer["_claim_names"], json!({ "shoe_size": "src1", "credit_score": "src2" }));
    let sources = json!({
        "src1": { "JWT": "eyJhbGciOiJub25lIn0.e30." },
        "src2": { "endpoint": "https://bank.example/c", "access_token": "for-the-bank" },
    });
    assert_eq!(answer["_claim_sources"], sources);
    let id_token = forge::peek(tokens.get("id_token")).1;
    assert!(id_token.get("_claim_names").is_none(), "{id_token}");
    let visits = site.visits("/claims");
    assert_eq!(visits.len(), 1, "userinfo asks, nothing else does");
    let question: Value = serde_json::from_str(&visits[0].body).expect("JSON");
    let expected = json!({
        "sub": "user-ana", "client_id": "web-app", "scope": "email offline_access openid profile",
        "claims": [],
    });
    assert_eq!((visits[0].method.as_str(), question), ("POST", expected));
    let document = app.machine().get("/.well-known/openid-configuration").await.json();
    let types = json!(["normal", "aggregated", "distributed"]);
    assert_eq!(document["claim_types_supported"], types);
}

/// Whatever becomes of the source, userinfo answers.
#[tokio::test]
async fn a_source_that_fails_takes_nothing_with_it() {
    let site = ClientSite::start();
    let app = asking(&site).await;
    let token = Rp::web().tokens(&app).await;
    let token = token.get("access_token");
    let http_endpoint = json!({
        "distributed": [{ "claims": ["x"], "endpoint": "http://bank.example/c" }],
    });
    let table: [&dyn Fn(); 5] = [
        &|| (),
        &|| site.answer("/claims", 500),
        &|| site.put("/claims", "application/json", "no JSON"),
        &|| site.put_json("/claims", &json!([])),
        &|| site.put_json("/claims", &http_endpoint),
    ];
    for (row, change) in table.into_iter().enumerate() {
        change();
        let answer = userinfo(&app, token).await;
        assert_eq!(answer["email"], "ana@people.example", "{row}");
        assert!(answer.get("_claim_names").is_none(), "{row}: {answer}");
        assert_eq!(site.hits("/claims"), row + 1);
    }
    drop(site);
    assert_eq!(userinfo(&app, token).await["sub"], "user-ana");
}
