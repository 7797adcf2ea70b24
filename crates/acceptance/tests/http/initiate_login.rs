//! Sign-ins that begin here (OIDC Core §4): they lead to the client's registered address, with our
//! name, and nowhere else.

use vestibule_acceptance::{Rp, TestApp, answer_of, on_both_databases};
use vestibule_model::{Clock, ErrorCode};

const INITIATE: &str = "https://app.example/login?from=op";

async fn register(app: &TestApp, address: &'static str) {
    app.change_client("web-app", move |client| {
        client.metadata.initiate_login_uri = Some(address.to_owned());
    })
    .await;
}

on_both_databases! {
    // spec: OIDC Core 4 MUST: the client learns by iss who sends the person @ policy/src/initiate_login.rs
    async fn a_sign_in_begins_at_the_registered_address(app: TestApp) {
        register(app, INITIATE).await;
        let page = app.browser().get("/start/web-app").await;
        assert_eq!(page.status, 303, "{page:#?}");
        let to = page.location();
        assert!(to.as_str().starts_with("https://app.example/login?from=op&iss="), "{to}");
        assert_eq!(answer_of(&to)["iss"], app.issuer);
        assert_eq!(answer_of(&to).len(), 2, "no login_hint, nothing about the person: {to}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }

    // spec: OIDC Core 4 MAY: target_link_uri says where at the client the person goes on @ policy/src/initiate_login.rs
    async fn a_target_is_passed_on_if_it_is_the_clients(app: TestApp) {
        register(app, INITIATE).await;
        let browser = app.browser();
        let target = "https%3A%2F%2Fapp.example%2Fnotes%3Fa%3Db%26c";
        let page = browser.get(&format!("/start/web-app?target_link_uri={target}")).await;
        assert_eq!(answer_of(&page.location())["target_link_uri"], "https://app.example/notes?a=b&c");
        for target in ["https://evil.example/", "https://app.example@evil.example/", "//evil.example",
            "https://app.example.evil.example/", "javascript:alert(1)", "http://app.example/",
            "https://spa.example/", "https://evil.example%5C@app.example/", "/notes"] {
            let page = browser.get(&format!("/start/web-app?target_link_uri={target}")).await;
            page.assert_refused(ErrorCode::NotFound);
        }
        let twice = "/start/web-app?target_link_uri=https://app.example/&target_link_uri=//evil.example";
        browser.get(twice).await.assert_refused(ErrorCode::ParameterRepeated);
    }

    /// Rows are hostile, whatever registration refused; and nobody has us redirect anywhere else.
    async fn nothing_else_is_redirected_to(app: TestApp) {
        let browser = app.browser();
        browser.get("/start/web-app").await.assert_refused(ErrorCode::NotFound);
        for address in ["javascript:alert(1)", "data:text/html,x", "http://app.example/",
            "//evil.example", "/account", "com.example.app:/start", "https://a:b@app.example/",
            "https://app.example/\r\nset-cookie: a=b", ""] {
            register(app, address).await;
            browser.get("/start/web-app").await.assert_refused(ErrorCode::NotFound);
        }
        register(app, INITIATE).await;
        for path in ["/start/nobody", "/start/https:%2F%2Fevil.example", "/start/%2F%2Fevil.example",
            "/start/spa?iss=https://evil.example&initiate_login_uri=https://evil.example"] {
            browser.get(path).await.assert_refused(ErrorCode::NotFound);
        }
        let now = app.clock.now();
        app.change_client("web-app", move |client| client.disabled_at = Some(now)).await;
        browser.get("/start/web-app").await.assert_refused(ErrorCode::NotFound);
    }

    /// A page that got too old leads to the client as well, if the client says where it begins.
    async fn a_page_that_got_old_leads_to_the_client(app: TestApp) {
        let browser = app.browser();
        let login = browser.open(&Rp::web().authorize()).await;
        let interaction = login.field("interaction").expect("the request's name");
        app.clock.advance(app.state.settings.lifetimes.interaction + 1);
        let here = format!("/login?interaction={interaction}");
        let restart = format!("/authorize/restart/{interaction}");
        assert_eq!(browser.get(&here).await.links(), [restart.as_str()]);
        register(app, INITIATE).await;
        for address in [&here, &format!("/authorize/resume/{interaction}")] {
            let old = browser.get(address).await;
            assert_eq!(old.status, 400, "{old:#?}");
            assert!(old.body.contains("Start again at <bdi>The web-app</bdi>"), "{old:#?}");
            assert_eq!(old.links(), [restart.as_str(), "/start/web-app"], "{old:#?}");
        }
    }
}
