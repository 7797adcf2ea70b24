//! Clients notice in the browser that who is signed in has changed (OIDC Session Management 1.0).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use vestibule_acceptance::{Backend, Browser, Rp, TestApp, answer_of, on_both_databases};
use vestibule_model::settings::Profile;
use vestibule_web::cookies::BROWSER_STATE;

async fn oidc(backend: Backend) -> TestApp {
    let oidc = |state: &mut vestibule_web::AppState| {
        Arc::make_mut(&mut state.settings).profile = Profile::Oidc;
    };
    TestApp::start_with(backend, oidc).await
}

/// What our script in a client's frame would answer (§3.2).
fn is_unchanged(browser: &Browser, client_id: &str, origin: &str, session_state: &str) -> bool {
    let state = browser.cookies().get(BROWSER_STATE).cloned().unwrap_or_default();
    let (hash, salt) = session_state.split_once('.').expect("a salt");
    let digest = Sha256::digest(format!("{client_id} {origin} {state} {salt}"));
    hash == URL_SAFE_NO_PAD.encode(digest)
}

/// `session_state` of an answer to the web client.
async fn answered(browser: &Browser, address: &str) -> String {
    let answer = Rp::web().walk(browser, address).await;
    answer_of(&answer).get("session_state").expect("a session_state").clone()
}

fn unchanged(browser: &Browser, session_state: &str) -> bool {
    is_unchanged(browser, "web-app", "https://app.example", session_state)
}

on_both_databases! {
    started by oidc;

    /// §2: each answer has it, salted, and it holds for this client and its origin alone.
    // spec: OIDC Session Management 2 MUST: an authentication response has session_state @ web/src/session_state.rs
    // spec: OIDC Session Management 2 MUST NOT: session_state has a space in it @ web/src/session_state.rs
    // spec: OIDC Session Management 3.2 MUST: session_state is a salted hash of client_id, origin and the browser's state @ web/src/session_state.rs
    async fn an_answer_tells_the_state_of_the_browser(app: TestApp) {
        let browser = app.browser();
        let first = answered(&browser, &Rp::web().authorize()).await;
        let again = answered(&browser, &Rp::web().authorize()).await;
        assert!(!first.contains(' ') && first != again, "{first} {again}");
        assert!(unchanged(&browser, &first) && unchanged(&browser, &again));
        assert!(!is_unchanged(&browser, "spa", "https://app.example", &first));
        assert!(!is_unchanged(&browser, "web-app", "https://evil.example", &first));
        assert!(!unchanged(&app.browser(), &first));
    }

    /// §2: nobody signed in is a state too, told with the error.
    async fn a_refusal_tells_it_too_and_signing_in_changes_it(app: TestApp) {
        let browser = app.browser();
        let silent = Rp::web().authorize_with(&[("prompt", Some("none"))]);
        let answer = browser.get(&silent).await.location();
        let answer = answer_of(&answer);
        assert_eq!(answer["error"], "login_required");
        assert!(unchanged(&browser, &answer["session_state"]));
        let stranger = app.browser();
        stranger.get(&silent).await;
        assert_ne!(stranger.cookies()[BROWSER_STATE], browser.cookies()[BROWSER_STATE],
            "or any site could ask whether somebody is signed in");
        answered(&browser, &Rp::web().authorize()).await;
        assert!(!unchanged(&browser, &answer["session_state"]));
    }

    /// §3: it changes with who is signed in, and comes back with the same session; not when the same
    /// person proves more.
    // spec: OIDC Session Management 3 MUST: session_state changes when the End-User signs out @ web/src/logout.rs
    async fn it_changes_with_who_is_signed_in(app: TestApp) {
        let browser = app.browser();
        let anas = answered(&browser, &Rp::web().authorize()).await;
        let login = browser.open(&Rp::web().authorize_with(&[("prompt", Some("login"))])).await;
        browser.log_in(&login, "ana").await;
        assert!(unchanged(&browser, &anas), "the same person in the same session");
        let login = browser.open(&Rp::web().authorize_with(&[("prompt", Some("login"))])).await;
        browser.log_in(&login, "ben").await;
        assert!(!unchanged(&browser, &anas), "another person");
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[("decision", "allow")]).await;
        assert!(!unchanged(&browser, &anas), "nobody");
        let browser = app.browser();
        let anas = answered(&browser, &Rp::web().authorize()).await;
        let address = "/end_session?client_id=web-app";
        browser.get(address).await;
        assert!(unchanged(&browser, &anas), "asking changes nothing");
        let tokens = Rp::web().tokens_of(app,
            &Rp::web().walk(&browser, &Rp::web().authorize()).await).await;
        browser.get(&format!("/end_session?id_token_hint={}", tokens.get("id_token"))).await;
        assert!(!unchanged(&browser, &anas), "signed out");
    }

    /// Of a request from another site the browser sends this one cookie alone: that says nothing.
    async fn a_request_without_our_other_cookies_changes_nothing(app: TestApp) {
        let browser = app.browser();
        let anas = answered(&browser, &Rp::web().authorize()).await;
        let framed = app.browser();
        framed.set_cookie(BROWSER_STATE, &browser.cookies()[BROWSER_STATE]);
        let silent = Rp::web().authorize_with(&[("prompt", Some("none"))]);
        framed.get(&silent).await;
        assert!(unchanged(&framed, &anas));
    }

    /// §3.3: the page may be framed by anybody, and is nothing but its script; scripts and frames of
    /// other sites can have the cookie that it reads, and no other.
    // spec: OIDC Session Management 3.3 MUST: the page of check_session_iframe can be framed by clients @ web/src/session_state.rs
    async fn the_page_can_be_framed_and_no_other(app: TestApp) {
        let page = app.machine().get("/check_session").await;
        assert_eq!(page.status, 200, "{page:#?}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors https: http:") && policy.contains("default-src 'none'"));
        assert_eq!(page.header("x-frame-options"), "");
        assert_eq!(page.header("cross-origin-resource-policy"), "cross-origin");
        let script = page.body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
        let script = app.machine().get(script.expect("a script")).await;
        assert!(script.status == 200 && script.body.contains("postMessage"), "{script:#?}");
        for path in ["/login", "/signed-out", "/end_session"] {
            assert_eq!(app.machine().get(path).await.header("x-frame-options"), "DENY", "{path}");
        }
        let answer = app.browser().get(&Rp::web().authorize_with(&[("prompt", Some("none"))])).await;
        let set = answer.header("set-cookie");
        let state = set.split(&format!("{BROWSER_STATE}=")).nth(1).expect("the cookie");
        let state = state.split(", __Host-").next().unwrap_or(state);
        assert!(!state.contains("HttpOnly") && state.contains("SameSite=None; Secure"), "{set}");
        assert_eq!(set.matches("SameSite=None").count(), 1, "{set}");
    }
}

/// Outside the profile `oidc` there is none of it.
#[tokio::test]
async fn the_default_profile_knows_no_session_state() {
    let app = TestApp::start(Backend::Sqlite).await;
    assert_eq!(app.machine().get("/check_session").await.status, 404);
    let browser = app.browser();
    let answer = Rp::web().walk(&browser, &Rp::web().authorize()).await;
    assert!(!answer_of(&answer).contains_key("session_state"));
    assert!(!browser.cookies().contains_key(BROWSER_STATE));
}
