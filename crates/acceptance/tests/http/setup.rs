//! The first administrator's one-time link.

use vestibule_acceptance::{Browser, PASSWORD, Page, TestApp, on_both_databases};
use vestibule_model::{OAuthError, Secret};

/// Makes a link as `serve` does at its first start; its path.
async fn link(app: &TestApp, token: &str) -> String {
    let hash = Secret::new(token).token_hash();
    let end = app.state.now().plus(3_600);
    let done: Result<(), OAuthError> = app
        .state
        .write(move |conn| Ok(vestibule_storage::setup_link::insert(conn, &hash, end)?))
        .await;
    done.expect("a link");
    format!("/setup/{token}")
}

async fn fill(browser: &Browser, path: &str, [username, email, password]: [&str; 3]) -> Page {
    let page = browser.get(path).await;
    let fields = [("username", username), ("email", email), ("new_password", password)];
    browser.submit(&page, path, &fields).await
}

const ROOT: [&str; 3] = ["root", "root@example.org", "a long enough password"];

on_both_databases! {
    async fn it_makes_one_administrator_who_can_sign_in(app: TestApp) {
        let path = link(app, "first").await;
        let browser = app.browser();
        let sent = fill(&browser, &path, ROOT).await;
        assert_eq!((sent.status, sent.location().path()), (303, "/login"));
        let page = browser.get("/login").await;
        let fields = [("username", "root"), ("password", ROOT[2])];
        let entered = browser.submit(&page, "/login", &fields).await;
        assert_eq!(entered.location().path(), "/account");
        assert_eq!(browser.get(&path).await.status, 400, "the link works once");
    }

    /// Looking at it is not using it: mail scanners and previews follow links.
    async fn looking_does_not_use_it_up(app: TestApp) {
        let path = link(app, "first").await;
        assert_eq!(app.browser().get(&path).await.status, 200);
        assert_eq!(fill(&app.browser(), &path, ROOT).await.status, 303);
    }

    async fn another_link_is_dead_once_there_is_an_administrator(app: TestApp) {
        let (first, second) = (link(app, "first").await, link(app, "second").await);
        let late = app.browser();
        let open = late.get(&second).await;
        assert_eq!(fill(&app.browser(), &first, ROOT).await.status, 303);
        let fields = [("username", "eve"), ("email", "eve@example.org"), ("new_password", ROOT[2])];
        assert_eq!(late.submit(&open, &second, &fields).await.status, 400);
        let page = late.get("/login").await;
        let fields = [("username", "eve"), ("password", ROOT[2])];
        assert_eq!(late.submit(&page, "/login", &fields).await.status, 422);
    }

    async fn every_mistake_is_told_at_once_and_nothing_is_lost(app: TestApp) {
        let path = link(app, "first").await;
        let browser = app.browser();
        let page = fill(&browser, &path, ["ro ot", "root", "short"]).await;
        assert_eq!(page.status, 422);
        for id in ["#username", "#email", "#new_password"] {
            assert!(page.body.contains(&format!("href=\"{id}\"")), "{id}: {}", page.body);
        }
        assert_eq!(page.field("username").as_deref(), Some("ro ot"));
        assert!(!page.body.contains("short\""), "a password is never sent back");
        assert_eq!(fill(&browser, &path, ROOT).await.status, 303);
    }

    /// A name that is taken rolls the use of the link back with everything else.
    async fn a_taken_name_leaves_the_link_good(app: TestApp) {
        let path = link(app, "first").await;
        let browser = app.browser();
        for taken in [["ANA", "new@example.org", ROOT[2]], ["new", "Ana@people.example", ROOT[2]]] {
            let page = fill(&browser, &path, taken).await;
            assert_eq!(page.status, 422, "{taken:?}");
            assert!(page.body.contains("taken already"), "{}", page.body);
        }
        assert_eq!(fill(&browser, &path, ROOT).await.status, 303);
    }

    async fn an_old_and_an_invented_link_open_nothing(app: TestApp) {
        let path = link(app, "first").await;
        app.clock.advance(3_601);
        for path in [path.as_str(), "/setup/invented", "/setup/%00"] {
            let page = app.browser().get(path).await;
            assert!((400..500).contains(&page.status), "{path}: {}", page.status);
        }
    }

    async fn it_is_our_own_form_only(app: TestApp) {
        let path = link(app, "first").await;
        let fields = [("username", "eve"), ("email", "e@e.example"), ("new_password", PASSWORD)];
        let sent = app.machine().post(&path, &fields).await;
        assert_eq!(sent.status, 400);
        assert_eq!(fill(&app.browser(), &path, ROOT).await.status, 303);
    }
}
