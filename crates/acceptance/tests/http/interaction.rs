//! A pending request lives on the server: tabs, the back button, double submits, bookmarks and old
//! pages all end at the client or on a page with one way on.

use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, answer_of, on_both_databases};
use vestibule_model::{ErrorCode, ResponseType, Timestamp};

fn back(page: &Page) -> url::Url {
    assert_eq!(page.status, 200, "{page:#?}");
    page.refresh_target().unwrap_or_else(|| panic!("not on the way back: {page:#?}"))
}

fn interaction(page: &Page) -> String {
    page.field("interaction").expect("the request's name")
}

/// The pages of a request, as addresses.
fn pages(id: &str) -> [String; 4] {
    [
        format!("/login?interaction={id}"),
        format!("/consent?interaction={id}"),
        format!("/select-account?interaction={id}"),
        format!("/authorize/resume/{id}"),
    ]
}

/// Walks on from a sign-in or consent page as Ana.
async fn finish(browser: &Browser, mut page: Page) -> url::Url {
    if page.url.path() == "/login" {
        page = browser.log_in(&page, "ana").await;
    }
    if page.url.path() == "/consent" {
        page = browser.decide(&page, "allow").await;
    }
    back(&page)
}

on_both_databases! {
    /// While its pages are open a client may take an address or a response type back.
    // spec: RFC 9700 4.1 MUST: nobody is sent to an address that is registered no more @ policy/src/authorize.rs
    async fn what_was_taken_back_meanwhile_is_not_used(app: TestApp) {
        let (rp, browser) = (Rp::web(), app.browser());
        let page = browser.log_in(&browser.open(&rp.authorize()).await, "ana").await;
        assert_eq!(page.url.path(), "/consent");
        let id = interaction(&page);
        app.change_client(rp.client_id, |client| {
            client.metadata.redirect_uris = vec!["https://elsewhere.example/cb".to_owned()];
        })
        .await;
        browser.decide(&page, "allow").await.assert_refused(ErrorCode::RedirectUriMismatch);
        for path in pages(&id) {
            browser.get(&path).await.assert_refused(ErrorCode::RedirectUriMismatch);
        }
        app.change_client(rp.client_id, |client| {
            client.metadata.redirect_uris = vec![Rp::web().redirect_uri.to_owned()];
            client.metadata.response_types = vec![ResponseType::IdToken];
        })
        .await;
        for path in pages(&id) {
            browser.get(&path).await.assert_refused(ErrorCode::ResponseTypeNotAllowed);
        }
    }

    /// Five tabs, each with its own request; Ana signs in in the third, then sends the forms that
    /// still stand in the other four. All end at the callback, each with its own `state`.
    async fn five_tabs_all_end_at_the_callback(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let states = ["tab-1", "tab-2", "tab-3", "tab-4", "tab-5"];
        let mut tabs = Vec::new();
        for state in states {
            tabs.push(browser.open(&rp.authorize_with(&[("state", Some(state))])).await);
        }
        for at in [2, 0, 1, 3, 4] {
            let answer = finish(&browser, browser.log_in(&tabs[at], "ana").await).await;
            assert_eq!(answer_of(&answer)["state"], states[at]);
            rp.tokens_of(app, &answer).await;
        }
    }

    /// The same, where the other tabs are loaded again instead.
    async fn tabs_that_are_reloaded_after_a_sign_in_go_on(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let one = browser.open(&rp.authorize_with(&[("state", Some("one"))])).await;
        let two = browser.open(&rp.authorize_with(&[("state", Some("two"))])).await;
        finish(&browser, one).await;
        let answer = back(&browser.open(two.url.as_str()).await);
        assert_eq!(answer_of(&answer)["state"], "two");
    }

    /// A form that is sent twice (an impatient finger) ends twice at the callback: the first
    /// answer can be the one that the browser drops.
    async fn a_double_submit_ends_at_the_callback_both_times(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let fields = [("username", "ana"), ("password", PASSWORD)];
        // The second leaves the browser before the first one's cookie is there.
        let twin = app.browser();
        for (name, value) in browser.cookies() {
            twin.set_cookie(&name, &value);
        }
        let first = browser.submit(&login, "/login", &fields).await;
        let second = twin.submit(&login, "/login", &fields).await;
        let consent = twin.follow(second).await;
        assert_eq!(browser.follow(first).await.url.path(), "/consent");
        let once = back(&twin.decide(&consent, "allow").await);
        let twice = back(&twin.decide(&consent, "allow").await);
        assert_ne!(Rp::code_of(&once), Rp::code_of(&twice));
        rp.tokens_of(app, &once).await;
        rp.tokens_of(app, &twice).await;
    }

    /// The back button after the end: every page of the request, loaded or sent again, ends at the
    /// client with a fresh code, for the first one is used up (RFC 6749 §4.1.2).
    async fn the_back_button_ends_at_the_client_with_a_fresh_code(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let consent = browser.log_in(&login, "ana").await;
        let mut answers = vec![back(&browser.decide(&consent, "allow").await)];
        rp.tokens_of(app, &answers[0]).await;
        for address in pages(&interaction(&login)) {
            answers.push(back(&browser.open(&address).await));
        }
        answers.push(back(&browser.decide(&consent, "allow").await));
        answers.push(back(&browser.log_in(&login, "ana").await));
        let mut codes: Vec<_> = answers.iter().map(Rp::code_of).collect();
        rp.tokens_of(app, &answers[answers.len() - 1]).await;
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 7, "each code once");
    }

    /// The name of a request is no key to it: in a browser where nobody or somebody else is signed
    /// in, a finished request of Ana's gives no code of hers.
    async fn a_finished_request_is_worth_nothing_elsewhere(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        finish(&browser, login.clone()).await;
        let bens = app.browser();
        for address in pages(&interaction(&login)) {
            assert_eq!(bens.open(&address).await.url.path(), "/login");
        }
        bens.sign_in("ben").await;
        for address in pages(&interaction(&login)) {
            let page = bens.open(&address).await;
            assert_eq!(page.url.path(), "/consent", "{page:#?}");
            assert!(page.body.contains("ben Example"), "{page:#?}");
        }
    }

    /// A page that waited too long: whatever is done with it shows one link, which starts the
    /// stored request anew and ends at the client with the same `state`.
    async fn an_old_page_restarts_and_ends_at_the_client(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let id = interaction(&login);
        app.clock.advance(1_799);
        assert_eq!(browser.get(&format!("/login?interaction={id}")).await.status, 200);
        app.clock.advance(1);
        let mut stale = Vec::new();
        for address in pages(&id) {
            stale.push(browser.get(&address).await);
        }
        let fields = [("username", "ana"), ("password", PASSWORD)];
        stale.push(browser.submit(&login, "/login", &fields).await);
        stale.push(browser.submit(&login, "/consent", &[("decision", "allow")]).await);
        stale.push(browser.submit(&login, "/select-account", &[("choice", "continue")]).await);
        for page in stale {
            assert_eq!(page.stale_link(), format!("/authorize/restart/{id}"));
        }
        assert_eq!(browser.who().await, None, "an old form signs nobody in");
        let fresh = browser.open(&format!("/authorize/restart/{id}")).await;
        assert_ne!(interaction(&fresh), id);
        let answer = finish(&browser, fresh).await;
        assert_eq!(answer_of(&answer)["state"], "st-1");
        rp.tokens_of(app, &answer).await;
    }

    /// A restart begins with nothing done: `prompt=login` asks again.
    async fn a_restart_forgets_what_was_done(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        let id = interaction(&login);
        finish(&browser, login).await;
        let page = browser.open(&format!("/authorize/restart/{id}")).await;
        assert_eq!(page.url.path(), "/login");
    }

    /// Cookies deleted while a form was open: one link, no word about cookies, and it leads on.
    async fn deleted_cookies_cost_one_click(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        browser.clear_cookies();
        let fields = [("username", "ana"), ("password", PASSWORD)];
        let page = browser.submit(&login, "/login", &fields).await;
        let link = page.stale_link();
        assert!(!page.body.to_lowercase().contains("cookie"), "{page:#?}");
        assert_eq!(browser.who().await, None);
        let login = browser.open(&link).await;
        let consent = browser.log_in(&login, "ana").await;

        browser.clear_cookies();
        let page = browser.decide(&consent, "allow").await;
        assert_eq!(page.url.path(), "/login", "with the session gone, sign in again");
        assert!(!page.body.to_lowercase().contains("cookie"), "{page:#?}");
        let again = browser.log_in(&page, "ana").await;
        assert_eq!(again.url.path(), "/consent");
        browser.forget(vestibule_web::cookies::BROWSER);
        let page = browser.submit(&again, "/consent", &[("decision", "allow")]).await;
        let link = page.stale_link();
        assert!(!page.body.to_lowercase().contains("cookie"), "{page:#?}");
        let answer = finish(&browser, browser.open(&link).await).await;
        rp.tokens_of(app, &answer).await;
    }

    /// A bookmarked sign-in page belongs to no request: it signs in and shows the account.
    async fn a_bookmarked_login_page_works(app: TestApp) {
        let browser = app.browser();
        let page = browser.get("/login").await;
        assert_eq!((page.status, page.field("interaction")), (200, None));
        assert_eq!(browser.log_in(&page, "ana").await.url.path(), "/account");
        let again = browser.get("/login").await;
        assert_eq!((again.status, again.location().path()), (303, "/account"));
        // Sent again from a page that stood open in another tab.
        assert_eq!(browser.log_in(&page, "ana").await.url.path(), "/account");
    }

    /// A name that was tampered with or never existed ends on a page, whatever is in it.
    async fn a_tampered_name_ends_on_a_page(app: TestApp) {
        let browser = app.browser();
        let login = browser.open(&Rp::web().authorize()).await;
        let id = interaction(&login);
        let mut flipped = id.clone();
        flipped.replace_range(0..1, if id.starts_with('A') { "B" } else { "A" });
        let long = "x".repeat(8_000);
        for name in [&*flipped, &id[1..], &id.to_lowercase(), "x", "%F0%9F%9A%AA", "'--", &long] {
            for address in pages(name) {
                browser.get(&address).await.assert_refused(ErrorCode::InteractionUnknown);
            }
            let page = browser.get(&format!("/authorize/restart/{name}")).await;
            page.assert_refused(ErrorCode::InteractionUnknown);
        }
        let forms = [("/login", "password"), ("/consent", "decision"), ("/select-account", "c")];
        for (path, field) in forms {
            let csrf = login.field("csrf_token").expect("a token");
            let form = [("interaction", &*flipped), ("csrf_token", &csrf), (field, "x")];
            browser.post(path, &form).await.assert_refused(ErrorCode::InteractionUnknown);
        }
    }

    /// Bytes that no name has, NUL among them, which PostgreSQL cannot hold: a page, never a 5xx.
    async fn odd_bytes_in_a_name_end_on_a_page(app: TestApp) {
        for name in ["%00", "a%00b", "%FF", "%2F..%2F", "%0d%0aX:y", "%"] {
            for address in ["/authorize/resume/", "/authorize/restart/", "/setup/", "/errors/",
                "/static/", "/login?interaction=", "/consent?interaction="] {
                let page = app.browser().get(&format!("{address}{name}")).await;
                assert!((400..500).contains(&page.status), "{address}{name}: {page:#?}");
                assert!(page.body.contains("</html>"), "{address}{name}: {page:#?}");
                page.assert_goes_nowhere();
            }
        }
    }

    /// A client that was disabled meanwhile gets nothing more, not even an error.
    async fn a_client_disabled_meanwhile_gets_nothing(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        finish(&browser, login.clone()).await;
        app.change_client("web-app", |client| client.disabled_at = Some(Timestamp(1))).await;
        for address in pages(&interaction(&login)) {
            browser.open(&address).await.assert_refused(ErrorCode::ClientUnknown);
        }
        let restart = format!("/authorize/restart/{}", interaction(&login));
        browser.open(&restart).await.assert_refused(ErrorCode::ClientUnknown);
    }

    /// RFC 9700 §4.12 and `form-action 'self'`: no form of ours redirects to the client. Each ends
    /// by 303 on a page of ours, which leads on by itself and by a link.
    async fn leaving_after_a_form_is_by_the_returning_page(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let consent = browser.log_in(&login, "ana").await;
        let mut last = vec![browser.decide(&consent, "allow").await];
        last.push(browser.log_in(&login, "ana").await);
        let choose = browser.open(&rp.authorize_with(&[("prompt", Some("select_account"))])).await;
        let choice = [("choice", "continue")];
        last.push(browser.follow(browser.submit(&choose, "/select-account", &choice).await).await);
        let consent = browser.open(&rp.authorize_with(&[("prompt", Some("consent"))])).await;
        last.push(browser.decide(&consent, "deny").await);
        for page in last {
            let target = back(&page);
            assert!(page.body.contains("Returning to"), "{page:#?}");
            assert_eq!(page.links().len(), 1, "{page:#?}");
            assert_eq!(page.only_link(), target.as_str());
            assert_eq!(page.header("cache-control"), "no-store");
            assert_eq!(page.header("referrer-policy"), "no-referrer");
        }
    }
}
