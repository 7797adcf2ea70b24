//! "This wasn't me", and a deletion that is taken back.

use vestibule_acceptance::{PASSWORD, Rp, TestApp, on_both_databases};
use vestibule_interaction::verification;
use vestibule_model::{Clock, Timestamp, UserId};
use vestibule_web::cookies::SESSION;

use crate::{
    recover::{ANA, ask, enrol, link, log_in, set, user},
    register::GOOD,
};

/// A freeze link, as mails carry it.
pub async fn freeze_link(app: &TestApp, id: &str) -> String {
    let (row, link) =
        verification::freeze_link(&app.state, &UserId::new(id), app.clock.now()).expect("a link");
    app.rows(move |conn| Ok(vestibule_storage::verification::insert(conn, &row)?)).await;
    link.strip_prefix(&app.issuer).expect("our own").to_owned()
}

async fn freeze(app: &TestApp, link: &str) {
    let browser = app.browser();
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{page:#?}");
    let done = browser.submit(&page, link, &[]).await;
    assert!(done.body.contains("Your account is frozen"), "{done:#?}");
}

on_both_databases! {
    async fn it_shuts_everybody_out_until_a_new_password(app: TestApp) {
        let (thief, rp) = (app.browser(), Rp::web());
        let tokens = rp.tokens(app).await;
        thief.sign_in("ana").await;
        let path = freeze_link(app, "user-ana").await;
        app.browser().get(&path).await;
        assert_eq!(thief.who().await, Some("ana"), "looking does nothing");
        freeze(app, &path).await;
        assert_eq!(thief.who().await, None);
        let refused = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{refused:#?}");
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 422);
        assert_eq!(log_in(&app.browser(), "ana", "!frozen").await.status, 422);
        assert_eq!(app.audit("account.frozen").await.len(), 1);
        let told = app.mail_of("account-frozen", ANA).await;
        assert_eq!(told.link("/recover"), "/recover");
        let owner = app.browser();
        ask(&owner, "ana").await;
        // What may be known to others does not come back.
        let link = link(app, ANA).await;
        assert_eq!(set(&owner, &link, PASSWORD).await.status, 422);
        assert_eq!(set(&owner, &link, GOOD).await.status, 303);
        assert_eq!(owner.who().await, Some("ana"));
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
        assert_eq!(app.browser().get(&path).await.status, 410, "the link works once");
    }

    /// Several mails can be out at once, and the link of each works.
    async fn a_newer_link_does_not_void_an_older_one(app: TestApp) {
        let older = freeze_link(app, "user-ana").await;
        let newer = freeze_link(app, "user-ana").await;
        assert_eq!(app.browser().get(&newer).await.status, 200);
        freeze(app, &older).await;
        freeze(app, &newer).await;
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 422);
    }

    /// The factors stay: a mail alone does not open a frozen account.
    async fn the_second_factor_is_still_asked_for(app: TestApp) {
        enrol(app, "user-ana").await;
        app.clock.advance(1);
        freeze(app, &freeze_link(app, "user-ana").await).await;
        let browser = app.browser();
        ask(&browser, "ana").await;
        let done = set(&browser, &link(app, ANA).await, GOOD).await;
        assert_eq!(done.location().path(), "/login/verify", "{done:#?}");
        assert!(!browser.cookies().contains_key(SESSION));
    }

    /// A factor that was added with the very mail that was answered, or since, may be a thief's.
    async fn factors_added_since_the_mail_go(app: TestApp) {
        let mailed = freeze_link(app, "user-ana").await;
        enrol(app, "user-ana").await;
        freeze(app, &mailed).await;
        let browser = app.browser();
        ask(&browser, "ana").await;
        let done = set(&browser, &link(app, ANA).await, GOOD).await;
        assert_eq!(done.location().path(), "/account", "{done:#?}");
    }

    /// Whoever had proved one factor before does not get in by the other.
    async fn a_sign_in_that_was_half_done_ends(app: TestApp) {
        let totp = enrol(app, "user-ana").await;
        let thief = app.browser();
        let page = thief.follow(log_in(&thief, "ana", PASSWORD).await).await;
        freeze(app, &freeze_link(app, "user-ana").await).await;
        let code = totp.code_at(app.clock.now());
        let refused = thief.submit(&page, "/login/verify", &[("code", &code)]).await;
        assert!(!thief.cookies().contains_key(SESSION), "{refused:#?}");
    }

    /// A reset mail that was out before may be a thief's who reads along.
    async fn links_that_were_out_before_are_void(app: TestApp) {
        let browser = app.browser();
        ask(&browser, "ana").await;
        let before = link(app, ANA).await;
        freeze(app, &freeze_link(app, "user-ana").await).await;
        assert_eq!(browser.get(&before).await.status, 410);
    }

    /// An administrator's lock is another thing, and no mail opens it.
    async fn a_lock_is_not_opened_by_freezing_and_recovering(app: TestApp) {
        let path = freeze_link(app, "user-ana").await;
        app.rows(|conn| {
            let ana = UserId::new("user-ana");
            Ok(vestibule_storage::user::set_disabled(conn, &ana, Some(Timestamp(1)))?)
        }).await;
        freeze(app, &path).await;
        ask(&app.browser(), "ana").await;
        assert!(app.mails_to(ANA).await.iter().all(|mail| mail.kind != "reset-password"));
        assert!(user(app, "ana").await.disabled_at.is_some());
    }

    async fn links_last_a_week_and_belong_to_one_account(app: TestApp) {
        let path = freeze_link(app, "user-ana").await;
        app.clock.advance(7 * 86_400 - 1);
        assert_eq!(app.browser().get(&path).await.status, 200);
        app.clock.advance(1);
        let late = app.browser().get(&path).await;
        assert!(late.status == 410 && late.body.contains("too old"), "{late:#?}");
        assert_eq!(app.browser().get("/freeze/made-up").await.status, 404);
        // A link for one thing does no other.
        let path = freeze_link(app, "user-ana").await;
        let token = path.strip_prefix("/freeze/").unwrap();
        for other in ["verify", "recover", "unlock", "undo-email", "undo-deletion"] {
            let page = app.browser().get(&format!("/{other}/{token}")).await;
            assert_eq!(page.status, 404, "{other}");
        }
        freeze(app, &path).await;
        assert_eq!(log_in(&app.browser(), "ben", PASSWORD).await.status, 303);
    }

    async fn it_is_our_own_form_only(app: TestApp) {
        let path = freeze_link(app, "user-ana").await;
        let browser = app.browser();
        browser.get(&path).await;
        let _ = browser.post(&path, &[]).await.stale_link();
        let _ = browser.post(&path, &[("csrf_token", "x")]).await.stale_link();
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
    }

    async fn a_deletion_is_taken_back_by_its_mail(app: TestApp) {
        let (ana, now) = (UserId::new("user-ana"), app.clock.now());
        let end = now.plus(14 * 86_400);
        let made = verification::undo_deletion_link(&app.state, &ana, end, now);
        let (row, link) = made.expect("a link");
        app.rows(move |conn| {
            vestibule_storage::user::set_deletion(conn, &ana, Some(end))?;
            Ok(vestibule_storage::verification::insert(conn, &row)?)
        }).await;
        let path = link.strip_prefix(&app.issuer).unwrap();
        app.clock.advance(14 * 86_400 - 1);
        let browser = app.browser();
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{page:#?}");
        let _ = browser.post(path, &[]).await.stale_link();
        assert!(user(app, "ana").await.deletion_at.is_some());
        let done = browser.submit(&page, path, &[]).await;
        assert!(done.body.contains("Your account stays"), "{done:#?}");
        assert!(user(app, "ana").await.deletion_at.is_none());
        assert_eq!(app.audit("deletion.undone").await.len(), 1);
        assert_eq!(browser.submit(&page, path, &[]).await.status, 410);
    }
}
