//! Terms of service, by version.

use std::sync::Arc;

use vestibule_acceptance::{Backend, Browser, Page, Rp, TestApp, on_both_databases};
use vestibule_model::{UserId, settings::Terms};
use vestibule_web::AppState;

async fn with_terms(backend: Backend) -> TestApp {
    let terms = |state: &mut AppState| {
        let uri = "https://id.example/terms".to_owned();
        let terms = Terms { version: "2026-11".to_owned(), uri };
        Arc::make_mut(&mut state.settings).accounts.terms = Some(terms);
    };
    TestApp::start_with(backend, terms).await
}

/// Signs Ana in on the way to the client.
async fn arrive(browser: &Browser) -> Page {
    let page = browser.open(&Rp::web().authorize()).await;
    if page.url.path() == "/login" { browser.log_in(&page, "ana").await } else { page }
}

async fn accept(app: &TestApp, version: &'static str) {
    let (ana, now) = (UserId::new("user-ana"), app.state.now());
    app.rows(move |conn| Ok(vestibule_storage::terms::accept(conn, &ana, version, now)?)).await;
}

on_both_databases! {
    started by with_terms;

    async fn they_are_asked_for_once(app: TestApp) {
        let browser = app.browser();
        let page = arrive(&browser).await;
        assert_eq!(page.url.path(), "/terms");
        assert!(page.body.contains("href=\"https://id.example/terms\""), "{page:#?}");
        assert!(page.body.contains("2026-11"), "{page:#?}");
        let sent = browser.submit(&page, "/terms", &[("decision", "accept")]).await;
        let page = browser.follow(sent).await;
        assert_eq!(page.url.path(), "/consent");
        assert_eq!(app.audit("terms.accepted").await.len(), 1);
        assert_eq!(arrive(&app.browser()).await.url.path(), "/consent");
    }

    async fn a_new_version_is_asked_for_again(app: TestApp) {
        accept(app, "2025-01").await;
        assert_eq!(arrive(&app.browser()).await.url.path(), "/terms");
        accept(app, "2026-11").await;
        assert_eq!(arrive(&app.browser()).await.url.path(), "/consent");
    }

    async fn cancel_is_told_to_the_client(app: TestApp) {
        let browser = app.browser();
        let page = arrive(&browser).await;
        let sent = browser.submit(&page, "/terms", &[("decision", "cancel")]).await;
        let page = browser.follow(sent).await;
        let target = page.refresh_target().expect("the way back");
        assert!(target.as_str().contains("error=access_denied"), "{target}");
        assert!(app.audit("terms.accepted").await.is_empty());
    }

    /// What was shown counts: a yes to other terms is none.
    async fn another_version_is_not_accepted_by_the_way(app: TestApp) {
        let browser = app.browser();
        let page = arrive(&browser).await;
        for version in ["2025-01", "", "2026-11 "] {
            let fields = [("decision", "accept"), ("version", version)];
            let sent = browser.submit(&page, "/terms", &fields).await;
            assert_eq!(browser.follow(sent).await.url.path(), "/terms", "{version:?}");
        }
        assert!(app.audit("terms.accepted").await.is_empty());
    }

    /// OIDC Core §3.1.2.6: no page may be shown, so the client hears why.
    // spec: OIDC Core 3.1.2.1 MUST NOT: prompt=none shows no page of any kind; interaction_required tells of one @ policy/src/prompt.rs
    async fn silence_is_answered_by_interaction_required(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let silent = Rp::web().authorize_with(&[("prompt", Some("none"))]);
        assert_eq!(Rp::web().told(&browser, &silent).await.0, "interaction_required");
    }

    async fn it_is_our_own_form_only(app: TestApp) {
        let browser = app.browser();
        let page = arrive(&browser).await;
        let interaction = page.field("interaction").expect("the request's name");
        for decision in ["accept", "cancel"] {
            for token in ["", "x"] {
                let fields = [("interaction", interaction.as_str()), ("decision", decision),
                    ("version", "2026-11"), ("csrf_token", token)];
                let _ = browser.post("/terms", &fields).await.stale_link();
            }
        }
        assert_eq!(browser.open(page.url.as_str()).await.url.path(), "/terms");
        // Without a session there is nobody to accept.
        let stranger = app.browser();
        let fields = [("interaction", interaction.as_str()), ("decision", "accept")];
        let sent = stranger.post("/terms", &fields).await;
        assert_eq!(sent.status, 303, "{sent:#?}");
        assert!(app.audit("terms.accepted").await.is_empty());
    }
}
