//! Another mail address: the new one is proved, the old one can take it back.

use actix_web::test::TestRequest;
use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_interaction::verify_email::{self, Started};
use vestibule_model::Clock;

use crate::{
    recover::{ANA, ask, link, log_in, set, user},
    register::GOOD,
};

const NEW: &str = "ana@new.example";

/// Asks for another address as the account page does; the page that takes the code.
async fn start(app: &TestApp, name: &'static str, new: &str) -> Started {
    let (user, http) = (user(app, name).await, TestRequest::default().to_http_request());
    let started = verify_email::start_change(&app.state, &http, &user, new, app.clock.now());
    started.await.expect("an answer")
}

fn page_of(started: Started) -> String {
    let Started::Sent { page } = started else { panic!("{started:?}") };
    page
}

async fn change(app: &TestApp, browser: &Browser, new: &str) -> Page {
    let path = page_of(start(app, "ana", new).await);
    let page = browser.get(&path).await;
    let code = app.mail_of("email-change", new).await.code();
    browser.submit(&page, &path, &[("code", &code)]).await
}

async fn press(app: &TestApp, link: &str) -> Page {
    let browser = app.browser();
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{page:#?}");
    browser.submit(&page, link, &[]).await
}

on_both_databases! {
    async fn a_code_changes_it_and_the_old_address_is_told(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let done = change(app, &browser, NEW).await;
        assert!(done.body.contains("Your new address is in use"), "{done:#?}");
        let ana = user(app, "ana").await;
        assert_eq!((ana.email.as_str(), ana.email_verified), (NEW, true));
        assert_eq!(ana.updated_at, app.clock.now());
        let told = app.mail_of("email-changed", ANA).await;
        assert!(told.message.text.contains("a…"), "{}", told.message.text);
        assert!(!told.message.text.contains("ana"), "the whole address is not told");
        assert_eq!(app.audit("email.changed").await.len(), 1);
        assert_eq!(log_in(&app.browser(), NEW, PASSWORD).await.status, 303);
        assert_eq!(log_in(&app.browser(), ANA, PASSWORD).await.status, 422);
        assert_eq!(browser.who().await, Some("ana"));
    }

    async fn a_link_changes_it_in_any_browser(app: TestApp) {
        start(app, "ana", NEW).await;
        let link = app.mail_of("email-change", NEW).await.link("/verify/");
        assert_eq!(app.browser().get(&link).await.status, 200);
        assert_eq!(user(app, "ana").await.email, ANA, "looking does nothing");
        let done = press(app, &link).await;
        assert!(done.body.contains("Your new address is in use"), "{done:#?}");
        assert_eq!(user(app, "ana").await.email, NEW);
        assert_eq!(app.browser().get(&link).await.status, 410);
    }

    /// The code is the owner's: nobody else can type it, whoever finds its page.
    async fn a_code_is_good_for_its_owner_only(app: TestApp) {
        let path = page_of(start(app, "ana", NEW).await);
        let stranger = app.browser();
        assert_eq!(stranger.get(&path).await.location().path(), "/login");
        stranger.sign_in("ben").await;
        assert_eq!(stranger.get(&path).await.status, 404);
        let token = stranger.get("/logout").await.field("csrf_token").unwrap();
        let code = app.mail_of("email-change", NEW).await.code();
        let fields = [("csrf_token", token.as_str()), ("code", &code)];
        assert_eq!(stranger.post(&path, &fields).await.status, 404);
        assert_eq!(user(app, "ana").await.email, ANA);
    }

    async fn wrong_codes_and_old_ones_change_nothing(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let path = page_of(start(app, "ana", NEW).await);
        let page = browser.get(&path).await;
        let code = app.mail_of("email-change", NEW).await.code();
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        for _ in 0..5 {
            assert_eq!(browser.submit(&page, &path, &[("code", &wrong)]).await.status, 422);
        }
        assert_eq!(browser.submit(&page, &path, &[("code", &code)]).await.status, 422);
        let early = browser.submit(&page, &path, &[("decision", "send")]).await;
        assert_eq!((early.status, early.header("retry-after")), (429, "60"));
        app.clock.advance(60);
        let again = browser.submit(&page, &path, &[("decision", "send")]).await;
        assert_eq!(again.status, 303, "{again:#?}");
        let newer = again.location();
        let page = browser.get(newer.as_str()).await;
        assert!(page.body.contains("Another mail is on its way"), "{page:#?}");
        app.clock.advance(1_800);
        // The sign-in got old, too: it is asked for first.
        assert_eq!(browser.get(newer.path()).await.location().path(), "/login");
        let link = app.mail_of("email-change", NEW).await.link("/verify/");
        assert_eq!(app.browser().get(&link).await.status, 410);
        assert_eq!(user(app, "ana").await.email, ANA);
    }

    /// A taken address gets the same answer; its owner is told.
    async fn a_taken_address_is_told_to_its_owner(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let path = page_of(start(app, "ana", "Ben@People.Example").await);
        assert_eq!(browser.get(&path).await.status, 200);
        assert_eq!(app.mail_to("ben@people.example").await.kind, "already-registered");
        // Two want the same one at once.
        app.clock.advance(60);
        start(app, "ana", NEW).await;
        let link = app.mail_of("email-change", NEW).await.link("/verify/");
        start(app, "ben", NEW).await;
        let bens = app.mails_to(NEW).await.into_iter().map(|mail| mail.link("/verify/"));
        let bens = bens.into_iter().find(|other| *other != link).expect("two mails");
        assert!(press(app, &bens).await.body.contains("in use"));
        let late = press(app, &link).await;
        assert!(late.body.contains("has an account already"), "{late:#?}");
        let (ana, ben) = (user(app, "ana").await, user(app, "ben").await);
        assert!([ana.email.as_str(), ben.email.as_str()].contains(&NEW));
        assert_ne!(ana.email, ben.email);
    }

    /// The old address takes it back: the address is there again, and nobody is in.
    async fn the_old_address_takes_it_back(app: TestApp) {
        let (thief, rp) = (app.browser(), Rp::web());
        let tokens = rp.tokens(app).await;
        thief.sign_in("ana").await;
        change(app, &thief, NEW).await;
        let undo = app.mail_of("email-changed", ANA).await.link("/undo-email/");
        app.clock.advance(7 * 86_400 - 1);
        let done = press(app, &undo).await;
        assert!(done.body.contains("Your old address is back"), "{done:#?}");
        assert!(done.links().contains(&"/recover".to_owned()), "{done:#?}");
        assert_eq!(user(app, "ana").await.email, ANA);
        assert_eq!(thief.who().await, None);
        let refused = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{refused:#?}");
        // Whoever changed the address knew the password.
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 422);
        assert_eq!(app.audit("email.change_undone").await.len(), 1);
        for address in [ANA, NEW] {
            app.mail_of("email-change-undone", address).await;
        }
        assert_eq!(app.browser().get(&undo).await.status, 410);
        let owner = app.browser();
        ask(&owner, "ana").await;
        assert_eq!(set(&owner, &link(app, ANA).await, GOOD).await.status, 303);
        assert_eq!(owner.who().await, Some("ana"));
    }

    /// Ana's address was changed twice by a thief: her link undoes both, and the thief's link,
    /// which the second change sent to the thief, undoes nothing any more.
    async fn a_later_link_does_not_undo_the_undoing(app: TestApp) {
        let thief = app.browser();
        thief.sign_in("ana").await;
        change(app, &thief, NEW).await;
        let anas = app.mail_of("email-changed", ANA).await.link("/undo-email/");
        app.clock.advance(60);
        change(app, &thief, "ana@third.example").await;
        let thiefs = app.mail_of("email-changed", NEW).await.link("/undo-email/");
        assert_eq!(app.browser().get(&thiefs).await.status, 200);
        press(app, &anas).await;
        assert_eq!(user(app, "ana").await.email, ANA);
        assert_eq!(app.browser().get(&thiefs).await.status, 410);
    }

    /// The other way round the owner still has the last word.
    async fn an_earlier_link_still_works_after_a_later_one(app: TestApp) {
        let thief = app.browser();
        thief.sign_in("ana").await;
        change(app, &thief, NEW).await;
        let anas = app.mail_of("email-changed", ANA).await.link("/undo-email/");
        app.clock.advance(60);
        change(app, &thief, "ana@third.example").await;
        let thiefs = app.mail_of("email-changed", NEW).await.link("/undo-email/");
        press(app, &thiefs).await;
        assert_eq!(user(app, "ana").await.email, NEW);
        press(app, &anas).await;
        assert_eq!(user(app, "ana").await.email, ANA);
    }

    async fn an_address_that_is_gone_does_not_come_back(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        change(app, &browser, NEW).await;
        let undo = app.mail_of("email-changed", ANA).await.link("/undo-email/");
        app.add_person("alma", |user| ANA.clone_into(&mut user.email)).await;
        let done = press(app, &undo).await;
        assert!(done.body.contains("Another account uses"), "{done:#?}");
        assert!(!done.links().contains(&"/recover".to_owned()), "the mail would go elsewhere");
        assert_eq!(user(app, "ana").await.email, NEW);
        assert_eq!(browser.who().await, None);
    }

    /// An address that nobody ever proved may be a stranger's: it gets no power over the account.
    async fn an_address_that_was_never_proved_gets_no_link(app: TestApp) {
        app.rows(|conn| {
            let mut ana = vestibule_storage::user::find_by_login(conn, "ana")?.expect("Ana");
            ana.email_verified = false;
            Ok(vestibule_storage::user::save(conn, &ana)?)
        }).await;
        let browser = app.browser();
        browser.sign_in("ana").await;
        change(app, &browser, NEW).await;
        assert_eq!(user(app, "ana").await.email, NEW);
        assert!(app.mails_to(ANA).await.is_empty());
    }

    /// What went to the old address opens nothing any more.
    async fn links_to_the_old_address_are_void(app: TestApp) {
        ask(&app.browser(), "ana").await;
        let reset = link(app, ANA).await;
        let browser = app.browser();
        browser.sign_in("ana").await;
        change(app, &browser, NEW).await;
        assert_eq!(app.browser().get(&reset).await.status, 410);
    }

    async fn the_accounts_own_address_is_verified(app: TestApp) {
        app.rows(|conn| {
            let mut ana = vestibule_storage::user::find_by_login(conn, "ana")?.expect("Ana");
            ana.email_verified = false;
            Ok(vestibule_storage::user::save(conn, &ana)?)
        }).await;
        let (ana, http) = (user(app, "ana").await, TestRequest::default().to_http_request());
        let now = app.clock.now();
        let started = verify_email::start_verify(&app.state, &http, &ana, now).await;
        let path = page_of(started.expect("an answer"));
        let browser = app.browser();
        browser.sign_in("ana").await;
        let page = browser.get(&path).await;
        let code = app.mail_of("verify-email", ANA).await.code();
        let done = browser.submit(&page, &path, &[("code", &code)]).await;
        assert!(done.body.contains("Your address is confirmed"), "{done:#?}");
        assert!(user(app, "ana").await.email_verified);
        assert_eq!(app.audit("email.verified").await.len(), 1);
        let wait = verify_email::start_verify(&app.state, &http, &ana, now).await.expect("an answer");
        assert_eq!(wait, Started::Wait { seconds: 60 });
    }

    async fn it_is_our_own_form_only(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let path = page_of(start(app, "ana", NEW).await);
        let code = app.mail_of("email-change", NEW).await.code();
        let link = app.mail_of("email-change", NEW).await.link("/verify/");
        for (path, fields) in [(&path, vec![("code", code.as_str())]), (&link, vec![])] {
            for token in ["", "x"] {
                let mut fields = fields.clone();
                fields.push(("csrf_token", token));
                let _ = browser.post(path, &fields).await.stale_link();
            }
        }
        assert_eq!(user(app, "ana").await.email, ANA);
    }
}
