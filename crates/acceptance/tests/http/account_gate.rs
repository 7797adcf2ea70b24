//! Who sees the pages of the account, whose forms they take, and what they make of hostile names.

use vestibule_acceptance::{Browser, PASSWORD, Page, TestApp, on_both_databases};
use vestibule_interaction::{Access, PAGES};
use vestibule_model::{DeviceId, UserId};
use vestibule_web::{cookies::SESSION, urls};

use crate::register::GOOD;

/// The pages whose forms these tests send, with a form that would change something.
const FORMS: [(&str, &[(&str, &str)]); 7] = [
    ("/account", &[("decision", "keep")]),
    ("/account/profile", &[("name", "Mallory")]),
    ("/account/email", &[("email", "mallory@evil.example")]),
    ("/account/password", &[("password", "x"), ("new_password", "y")]),
    ("/account/sessions", &[("decision", "others")]),
    ("/account/apps", &[("client", "web-app")]),
    ("/account/data", &[("username", "ana")]),
];

/// The token of an account page's forms.
pub async fn token(browser: &Browser) -> String {
    let page = browser.get("/account/profile").await;
    page.field("csrf_token").unwrap_or_else(|| panic!("no token: {page:#?}"))
}

/// Sends a form of the account as its page would.
pub async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = token(browser).await;
    let mut form = vec![("csrf_token", token.as_str())];
    form.extend_from_slice(fields);
    browser.post(path, &form).await
}

/// Holds that the form did what it says, and gives the page that tells so.
pub async fn done(browser: &Browser, answer: Page, what: &str) -> Page {
    assert_eq!(answer.status, 303, "{answer:#?}");
    assert_eq!(answer.location().query(), Some(format!("done={what}").as_str()), "{answer:#?}");
    let page = browser.follow(answer).await;
    assert!(page.body.contains("role=\"status\""), "{page:#?}");
    page
}

/// A browser that `name` is signed in with.
pub async fn signed_in(app: &TestApp, name: &str) -> Browser {
    let browser = app.browser();
    browser.sign_in(name).await;
    browser
}

/// Every page of the account that can be looked at and has no blank in its path.
fn rooms() -> Vec<&'static str> {
    let account = PAGES.iter().filter(|row| row.access == Access::Account);
    let rooms: Vec<_> = account
        .filter(|row| row.methods.contains(&"get") && !row.path.contains('{'))
        .map(|row| row.path)
        .collect();
    assert!(rooms.len() >= 11, "{rooms:?}");
    rooms
}

on_both_databases! {
    async fn a_stranger_is_asked_to_sign_in_and_comes_back(app: TestApp) {
        for path in rooms() {
            let browser = app.browser();
            let sent = browser.get(path).await;
            assert_eq!((sent.status, sent.location().path()), (303, "/login"), "{path}");
            let back = browser.log_in(&browser.follow(sent).await, "ana").await;
            assert_eq!((back.status, back.url.path()), (200, urls::section(path)), "{back:#?}");
        }
    }

    async fn no_form_is_taken_from_a_stranger(app: TestApp) {
        for (path, fields) in FORMS {
            let answer = app.browser().post(path, fields).await;
            assert_eq!((answer.status, answer.location().path()), (303, "/login"), "{path}");
        }
    }

    /// Whoever finds an open browser cannot change how its owner signs in, nor take their data away.
    async fn an_old_sign_in_is_not_enough_for_what_matters(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        let token = token(&browser).await;
        app.clock.advance(601);
        for path in rooms() {
            let answer = browser.get(path).await;
            if !urls::changes_sign_in(path) {
                assert_eq!(answer.status, 200, "{path}: {answer:#?}");
                continue;
            }
            assert_eq!((answer.status, answer.location().path()), (303, "/login"), "{path}");
            let next = format!("next={}", urls::section(path).replace('/', "%2F"));
            assert_eq!(answer.location().query(), Some(next.as_str()));
        }
        for (path, fields) in FORMS.iter().filter(|(path, _)| urls::changes_sign_in(path)) {
            let mut form = vec![("csrf_token", token.as_str())];
            form.extend_from_slice(fields);
            let answer = browser.post(path, &form).await;
            assert_eq!((answer.status, answer.location().path()), (303, "/login"), "{path}");
        }
        let login = browser.open("/account/password").await;
        let back = browser.log_in(&login, "ana").await;
        assert_eq!((back.status, back.url.path()), (200, "/account/password"), "{back:#?}");
    }

    /// A remembered device spares the second step at sign-in, and not where it matters.
    async fn a_remembered_device_is_not_enough_for_what_matters(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        app.give_totp("ana").await;
        assert_eq!(browser.get("/account").await.status, 200);
        assert!(urls::changes_sign_in("/account/data.json"), "walked below");
        for path in rooms().into_iter().filter(|path| urls::changes_sign_in(path)) {
            let answer = browser.get(path).await;
            assert_eq!((answer.status, answer.location().path()), (303, "/login/verify"), "{path}");
        }
    }

    /// A form that was left open while somebody else signed in does not speak for them; nor does a
    /// form of a page that is nobody's.
    async fn a_form_is_good_for_the_session_it_was_shown_to(app: TestApp) {
        let browser = signed_in(app, "ben").await;
        let bens = token(&browser).await;
        let nobodys = browser.get("/logout").await.field("csrf_token").expect("a token");
        browser.forget(SESSION);
        browser.sign_in("ana").await;
        for (path, fields) in FORMS {
            for token in [&bens, &nobodys] {
                let mut form = vec![("csrf_token", token.as_str())];
                form.extend_from_slice(fields);
                let answer = browser.post(path, &form).await;
                assert_eq!(answer.stale_link(), path);
            }
        }
        let ana = crate::recover::user(app, "ana").await;
        assert_eq!((ana.profile.name.as_deref(), ana.deletion_at), (Some("ana Example"), None));
        assert!(app.mails_to("mallory@evil.example").await.is_empty());
    }

    /// Every form is shown by one instance and taken by another, and the page that follows comes
    /// from the first again.
    async fn another_instance_takes_over_anywhere(app: TestApp) {
        let second = app.second();
        let browser = app.browser();
        let rp = vestibule_acceptance::Rp::web();
        rp.walk(&browser, &rp.authorize()).await;
        let other = signed_in(app, "ana").await;
        for (path, fields, what) in [
            ("/account/profile", &[("name", "ana Example II")][..], "saved"),
            ("/account/sessions", &[("decision", "others")], "others"),
            ("/account/apps", &[("client", "web-app")], "withdrawn"),
            ("/account/password", &[("password", PASSWORD), ("new_password", GOOD)], "changed"),
            ("/account/data", &[("username", "ana")], "scheduled"),
            ("/account", &[("decision", "keep")], "kept"),
        ] {
            let token = token(&browser).await;
            let mut form = vec![("csrf_token", token.as_str())];
            form.extend_from_slice(fields);
            browser.via(&second);
            let answer = browser.post(path, &form).await;
            browser.direct();
            done(&browser, answer, what).await;
        }
        assert_eq!((browser.who().await, other.who().await), (Some("ana"), None));
        let ana = crate::recover::user(app, "ana").await;
        assert_eq!((ana.profile.name.as_deref(), ana.deletion_at), (Some("ana Example II"), None));
    }

    /// A notice is one that we know, whatever the address says.
    async fn no_notice_comes_from_outside(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        for path in rooms() {
            for done in ["x", "%3Cscript%3Ealert(1)%3C/script%3E", "account-kept"] {
                let page = browser.get(&format!("{path}?done={done}")).await;
                assert_eq!(page.status, 200, "{page:#?}");
                assert!(!page.body.contains("class=\"notice\""), "{page:#?}");
                assert!(!page.body.contains("<script>"), "{page:#?}");
            }
        }
    }

    /// Names that people, apps and browsers chose stay text on every page.
    async fn hostile_names_stay_text(app: TestApp) {
        const HOSTILE: &str = "\"><script>alert(1)</script>";
        app.change_client("web-app", |client| {
            client.metadata.client_name = Some(HOSTILE.to_owned());
        }).await;
        let browser = app.browser();
        let rp = vestibule_acceptance::Rp::web();
        rp.walk(&browser, &rp.authorize()).await;
        let answer = send(&browser, "/account/profile", &[
            ("name", HOSTILE), ("nickname", HOSTILE), ("street_address", HOSTILE),
        ]).await;
        assert_eq!(answer.status, 303, "{answer:#?}");
        app.rows(|conn| {
            let ana = UserId::new("user-ana");
            let devices = vestibule_storage::device::list_of_user(conn, &ana)?;
            let id: &DeviceId = &devices[0].id;
            let (now, end) = (devices[0].last_seen_at, devices[0].expires_at);
            Ok(vestibule_storage::device::seen(conn, id, Some(HOSTILE), HOSTILE, now, end)?)
        }).await;
        let mut seen = 0;
        for path in rooms().into_iter().filter(|path| !path.contains('.')) {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{page:#?}");
            assert!(!page.body.contains("<script>"), "{page:#?}");
            seen += page.body.matches("&#60;script&#62;").count();
        }
        assert!(seen >= 8, "{seen}: are the names shown at all?");
    }
}
