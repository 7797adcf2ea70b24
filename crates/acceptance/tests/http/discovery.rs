//! Discovery (OIDC Discovery 1.0 §3, §4; RFC 8414 §2, §3).

use serde_json::Value;
use vestibule_acceptance::on_both_databases;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// With sorted members, and the port that is another each time left out.
fn stable(document: &Value, issuer: &str) -> String {
    let members: std::collections::BTreeMap<_, _> =
        document.as_object().expect("an object").iter().collect();
    let text = serde_json::to_string_pretty(&members).expect("JSON");
    text.replace(issuer, "http://issuer")
}

on_both_databases! {
    /// The documents are a promise to clients: each change of them should be seen.
    async fn both_documents_are_the_promised_ones(app: TestApp) {
        let openid = app.machine().get(OPENID).await;
        let oauth = app.machine().get(OAUTH).await;
        for page in [&openid, &oauth] {
            assert_eq!(page.status, 200);
            assert_eq!(page.header("content-type"), "application/json");
            assert_eq!(page.header("cache-control"), "public, max-age=300");
        }
        insta::assert_snapshot!("openid_configuration", stable(&openid.json(), &app.issuer));
        insta::assert_snapshot!("oauth_authorization_server", stable(&oauth.json(), &app.issuer));
    }

    /// OIDC Discovery §4.3, RFC 8414 §3.3: `issuer` is the very address that was asked.
    async fn the_issuer_is_the_one_that_was_asked(app: TestApp) {
        for path in [OPENID, OAUTH] {
            let document = app.machine().get(path).await.json();
            assert_eq!(document["issuer"], app.issuer.as_str());
        }
    }

    /// Whatever is announced is there.
    async fn every_endpoint_answers(app: TestApp) {
        let document = app.machine().get(OPENID).await.json();
        let mut seen = 0;
        for (name, value) in document.as_object().unwrap() {
            let is_address = name.ends_with("_endpoint") || name.ends_with("_uri");
            if !is_address && name != "service_documentation" {
                continue;
            }
            let address = value.as_str().unwrap();
            assert!(address.starts_with(&app.issuer), "{name}: {address}");
            let only_post = ["token_endpoint", "revocation_endpoint", "introspection_endpoint"];
            let no_form = ["jwks_uri", "service_documentation"];
            let got = app.machine().get(address).await;
            assert!(got.status != 404 && got.status < 500, "{name}: {got:#?}");
            assert_eq!(got.status == 405, only_post.contains(&name.as_str()), "{name}");
            if !no_form.contains(&name.as_str()) {
                let posted = app.machine().post(address, &[]).await;
                let taken = !matches!(posted.status, 404 | 405) && posted.status < 500;
                assert!(taken, "{name}: {posted:#?}");
            }
            seen += 1;
        }
        assert_eq!(seen, 8, "authorize, token, userinfo, jwks, revoke, introspect, logout, errors");
    }
}
