//! Two factors cannot be skipped. The pages are those of the router's own table, so that a new page
//! cannot be forgotten.

use vestibule_acceptance::{Browser, Page, Rp, TestApp, on_both_databases};
use vestibule_interaction::{Access, PAGES};
use vestibule_web::cookies;

/// Ana, who has an authenticator app, after her password: in the middle of a client's request.
async fn half(app: &TestApp) -> (Browser, Page) {
    app.give_totp("ana").await;
    let browser = app.browser();
    let page = browser.open(&Rp::web().authorize()).await;
    let page = browser.log_in(&page, "ana").await;
    assert_eq!(page.url.path(), "/login/verify", "{page:#?}");
    (browser, page)
}

/// Everything that tells of Ana and is not on the page that asks for her second factor.
fn tells_of_ana(page: &Page) -> bool {
    ["1990-02-03", "user-ana"].iter().any(|secret| page.body.contains(secret))
}

on_both_databases! {
    /// A password alone is no session: whatever page is asked for, by whatever method it has,
    /// nothing opens, nothing is told, and the client gets no code.
    async fn no_page_opens_to_half_a_sign_in(app: TestApp) {
        let (browser, page) = half(app).await;
        assert!(!browser.cookies().contains_key(cookies::SESSION), "{:?}", browser.cookies());
        let interaction = page.field("interaction").expect("the request's name");
        let csrf = page.field("csrf_token").expect("a token");
        let mut walked = 0;
        for row in PAGES.iter().filter(|row| row.access != Access::Public) {
            for method in row.methods {
                let path = row.path.replace("{id}", "x").replace("{token}", "x");
                assert!(!path.contains('{'), "{path}: fill its parameters in");
                let answer = match *method {
                    "get" => browser.get(&format!("{path}?interaction={interaction}")).await,
                    "post" => {
                        let fields = [
                            ("csrf_token", csrf.as_str()), ("interaction", interaction.as_str()),
                            ("decision", "allow"), ("choice", "continue"),
                        ];
                        browser.post(&path, &fields).await
                    }
                    other => panic!("{path}: {other}"),
                };
                holds_shut(&browser, row.access, &path, method, answer).await;
                walked += 1;
            }
        }
        assert!(walked > 40, "{walked}");
        // The second half still finishes what the first began.
        assert_eq!(browser.get("/account").await.location().path(), "/login");
    }

    /// The endpoints of the protocol know nothing of half a sign-in either.
    async fn no_code_and_no_logout_for_half_a_sign_in(app: TestApp) {
        let rp = Rp::web();
        let (browser, page) = half(app).await;
        let interaction = page.field("interaction").expect("the request's name");
        let resumed = browser.open(&format!("/authorize/resume/{interaction}")).await;
        assert_eq!(resumed.url.path(), "/login", "{resumed:#?}");
        assert_eq!(resumed.refresh_target(), None);
        let silent = rp.authorize_with(&[("prompt", Some("none"))]);
        assert_eq!(rp.told(&browser, &silent).await.0, "login_required");
        let again = browser.open(&rp.authorize()).await;
        assert_eq!(again.url.path(), "/login", "{again:#?}");
    }

    /// The cookie of half a sign-in is not taken for a session's, nor a session's for one.
    async fn the_cookies_are_not_exchangeable(app: TestApp) {
        let (browser, _) = half(app).await;
        let half = browser.cookies().get(cookies::SIGN_IN).expect("the half's cookie").clone();
        browser.set_cookie(cookies::SESSION, &half);
        assert_eq!(browser.get("/account").await.location().path(), "/login");
        let other = app.browser();
        other.sign_in("ben").await;
        let session = other.cookies().get(cookies::SESSION).expect("a session").clone();
        let thief = app.browser();
        thief.set_cookie(cookies::SIGN_IN, &session);
        let page = thief.get("/login/verify?next=/account").await;
        assert_eq!(page.location().path(), "/login");
    }

    /// Ten minutes, and once.
    async fn half_a_sign_in_ends(app: TestApp) {
        let totp = app.give_totp("ana").await;
        let browser = app.browser();
        let page = browser.log_in(&browser.get("/login").await, "ana").await;
        app.clock.advance(601);
        let late = browser.verify(&page, &app.code(&totp)).await;
        assert_eq!(late.url.path(), "/login", "{late:#?}");
        let page = browser.log_in(&late, "ana").await;
        let cookie = browser.cookies().get(cookies::SIGN_IN).expect("the half's cookie").clone();
        assert_eq!(browser.verify(&page, &app.code(&totp)).await.url.path(), "/account");
        app.clock.advance(60);
        let twin = app.browser();
        twin.set_cookie(cookies::SIGN_IN, &cookie);
        assert_eq!(twin.get("/login/verify").await.location().path(), "/login");
    }
}

/// Holds that the answer neither opens the page nor leads to a client.
async fn holds_shut(browser: &Browser, access: Access, path: &str, method: &str, answer: Page) {
    let what = format!("{method} {path}");
    assert!(answer.status < 500, "{what}: {answer:#?}");
    assert!(!tells_of_ana(&answer), "{what}: {answer:#?}");
    assert!(!answer.header("set-cookie").contains(cookies::SESSION), "{what}: {answer:#?}");
    match access {
        Access::Account => {
            assert_eq!(answer.status, 303, "{what}: {answer:#?}");
            assert_eq!(answer.location().path(), "/login", "{what}");
        }
        Access::Request => {
            if answer.status == 303 {
                let on = browser.follow(answer).await;
                assert!(on.url.path().starts_with("/login"), "{what}: {on:#?}");
                assert_eq!(on.refresh_target(), None, "{what}");
            } else {
                assert!(answer.status >= 400, "{what}: {answer:#?}");
            }
        }
        // The pages that finish it, and those that open to whoever has another secret.
        Access::HalfSignedIn | Access::Link | Access::Public => {}
    }
}

/// The table above is what is registered; this holds that the walk sees each kind of page.
#[test]
fn the_table_has_pages_of_every_kind() {
    for access in
        [Access::Public, Access::Request, Access::HalfSignedIn, Access::Link, Access::Account]
    {
        assert!(PAGES.iter().any(|row| row.access == access), "{access:?}");
    }
    for row in PAGES.iter().filter(|row| row.path.starts_with("/account")) {
        assert_eq!(row.access, Access::Account, "{}", row.path);
    }
}
