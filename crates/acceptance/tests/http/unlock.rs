//! Too many wrong passwords: the owner ends the wait by mail.

use vestibule_acceptance::{PASSWORD, Page, TestApp, on_both_databases};

use crate::recover::{ANA, log_in};

async fn ask(app: &TestApp, name: &str) -> Page {
    let browser = app.browser();
    let form = browser.get("/unlock").await;
    browser.submit(&form, "/unlock", &[("username", name)]).await
}

/// Guesses at the account until it is locked.
async fn lock(app: &TestApp, name: &str) {
    for _ in 0..3 {
        assert_eq!(log_in(&app.browser(), name, "wrong").await.status, 422);
    }
    assert_eq!(log_in(&app.browser(), name, PASSWORD).await.status, 429);
}

on_both_databases! {
    async fn a_link_ends_the_wait(app: TestApp) {
        lock(app, "ana").await;
        let told = ask(app, "ana").await;
        assert_eq!(told.status, 200, "{told:#?}");
        let mail = app.mail_of("unlock-account", ANA).await;
        let link = mail.link("/unlock/");
        let browser = app.browser();
        for _ in 0..2 {
            assert_eq!(browser.get(&link).await.status, 200, "looking does nothing");
        }
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 429);
        let page = browser.get(&link).await;
        let done = browser.submit(&page, &link, &[]).await;
        assert!(done.body.contains("Your account is open again"), "{done:#?}");
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
        assert_eq!(app.audit("account.unlocked").await.len(), 1);
        // Once, and not for the next wait.
        lock(app, "ana").await;
        assert_eq!(browser.submit(&page, &link, &[]).await.status, 410);
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 429);
    }

    /// The counter of a device that the account knows is its own.
    async fn it_opens_known_devices_too(app: TestApp) {
        let known = app.browser();
        known.sign_in("ana").await;
        for _ in 0..3 {
            let page = known.get("/login?next=/account/password").await;
            let page = if page.status == 303 { app.clock.advance(601);
                known.get("/login?next=/account/password").await } else { page };
            known.submit(&page, "/login", &[("username", "ana"), ("password", "wrong")]).await;
        }
        ask(app, ANA).await;
        let link = app.mail_of("unlock-account", ANA).await.link("/unlock/");
        let page = known.get(&link).await;
        known.submit(&page, &link, &[]).await;
        let page = known.get("/login?next=/account/password").await;
        let fields = [("username", "ana"), ("password", PASSWORD)];
        assert_eq!(known.submit(&page, "/login", &fields).await.status, 303);
    }

    /// Unknown, open and locked accounts get the same answer; a mail goes only where it helps.
    async fn nobody_learns_who_has_an_account(app: TestApp) {
        lock(app, "ana").await;
        let mut seen = Vec::new();
        for name in ["ana", "ben", "nobody", "nobody@people.example", "ana@people.example"] {
            let draws = app.entropy.draws();
            let told = ask(app, name).await;
            let work = app.entropy.draws() - draws;
            let early = ask(app, name).await;
            assert_eq!((early.status, early.header("retry-after")), (429, "60"), "{name}");
            let body = told.without_names().replace(&format!("<bdi>{name}</bdi>"), "NAME");
            seen.push((told.status, work, body));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        let to: Vec<String> = app.mails().await.into_iter().map(|mail| mail.message.to).collect();
        assert_eq!(to, [ANA, ANA]);
    }

    async fn an_old_link_says_so(app: TestApp) {
        lock(app, "ana").await;
        ask(app, "ana").await;
        let link = app.mail_of("unlock-account", ANA).await.link("/unlock/");
        app.clock.advance(1_800);
        let page = app.browser().get(&link).await;
        assert!(page.status == 410 && page.body.contains("too old"), "{page:#?}");
        assert!(page.links().contains(&"/unlock".to_owned()), "{page:#?}");
        assert_eq!(app.browser().get("/unlock/made-up").await.status, 404);
    }

    async fn it_is_our_own_form_only(app: TestApp) {
        lock(app, "ana").await;
        let browser = app.browser();
        let _ = browser.post("/unlock", &[("username", "ana"), ("csrf_token", "x")]).await.stale_link();
        assert!(app.mails().await.is_empty());
        ask(app, "ana").await;
        let link = app.mail_of("unlock-account", ANA).await.link("/unlock/");
        let _ = browser.post(&link, &[]).await.stale_link();
        let _ = browser.post(&link, &[("csrf_token", "x")]).await.stale_link();
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 429);
    }
}
