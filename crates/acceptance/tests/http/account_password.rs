//! Another password: who may choose it, what it must be, and what ends with the old one.

use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, on_both_databases};
use vestibule_model::{Clock, UserId, verification::VerificationKind};

use crate::{
    account_gate::{done, send, signed_in},
    recover::{ANA, ask, link, log_in, user},
    register::GOOD,
};

const PATH: &str = "/account/password";

async fn change(browser: &Browser, present: &str, new: &str) -> Page {
    send(browser, PATH, &[("password", present), ("new_password", new)]).await
}

on_both_databases! {
    async fn it_ends_what_was_open_elsewhere_and_not_here(app: TestApp) {
        let rp = Rp::web();
        let (here, there) = (app.browser(), app.browser());
        let ours = rp.tokens_of(app, &rp.walk(&here, &rp.authorize()).await).await;
        let theirs = rp.tokens_of(app, &rp.walk(&there, &rp.authorize()).await).await;
        let now = app.clock.now();
        app.rows(move |conn| {
            let ana = UserId::new("user-ana");
            for device in vestibule_storage::device::list_of_user(conn, &ana)? {
                vestibule_storage::device::trust(conn, &device.id, &ana, Some(now.plus(9_999)))?;
            }
            Ok(())
        }).await;
        app.clock.advance(5);
        let page = done(&here, change(&here, PASSWORD, GOOD).await, "changed").await;
        assert!(page.body.contains("Your password is changed."), "{page:#?}");
        assert_eq!(here.who().await, Some("ana"));
        assert_eq!(there.who().await, None);
        let refused = rp.refresh(app, theirs.get("refresh_token")).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{refused:#?}");
        assert!(!Rp::is_active(app, theirs.get("access_token")).await);
        assert_eq!(rp.refresh(app, ours.get("refresh_token")).await.status, 200);
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 422);
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
        let devices = app.rows(|conn| {
            Ok(vestibule_storage::device::list_of_user(conn, &UserId::new("user-ana"))?)
        }).await;
        assert!(!devices.is_empty() && devices.iter().all(|device| device.trusted_until.is_none()));
        let ana = user(app, "ana").await;
        assert_eq!(ana.password_changed_at, Some(now.plus(5)));
        assert_eq!(app.audit("password.changed").await.len(), 1);
    }

    /// The mail has a link by which the owner shuts everybody out.
    async fn the_owner_is_told_and_can_freeze_the_account(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        done(&browser, change(&browser, PASSWORD, GOOD).await, "changed").await;
        let freeze = app.mail_of("password-changed", ANA).await.link("/freeze/");
        let owner = app.browser();
        let page = owner.get(&freeze).await;
        owner.submit(&page, &freeze, &[]).await;
        assert_eq!(browser.who().await, None);
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 422);
    }

    async fn a_wrong_present_password_changes_nothing(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        let page = change(&browser, "not-the-password", "short").await;
        assert_eq!(page.status, 422, "{page:#?}");
        assert!(page.body.contains("This isn’t your present password."), "{page:#?}");
        assert!(page.body.contains("This password is too short"), "both are told: {page:#?}");
        for field in ["password", "new_password"] {
            assert!(page.body.contains(&format!("href=\"#{field}\"")), "{page:#?}");
        }
        assert!(!page.body.contains("not-the-password") && !page.body.contains("\"short\""));
        assert_eq!(app.audit("password.wrong").await.len(), 1);
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
        assert!(app.mails_to(ANA).await.iter().all(|mail| mail.kind != "password-changed"));
    }

    /// The limits are those of the sign-in page, counted together: an open browser is no place to
    /// guess at.
    async fn guesses_are_counted_as_at_sign_in(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        for _ in 0..2 {
            assert_eq!(change(&browser, "wrong", GOOD).await.status, 422);
        }
        assert_eq!(change(&browser, PASSWORD, "short").await.status, 422, "right: all is forgotten");
        for _ in 0..3 {
            assert_eq!(change(&browser, "wrong", GOOD).await.status, 422);
        }
        let locked = change(&browser, PASSWORD, GOOD).await;
        assert_eq!((locked.status, locked.header("retry-after")), (429, "30"), "{locked:#?}");
        assert!(locked.body.contains("Too many tries"), "{locked:#?}");
        let device = vestibule_web::cookies::DEVICE;
        let twin = app.browser();
        twin.set_cookie(device, &browser.cookies()[device]);
        assert_eq!(log_in(&twin, "ana", PASSWORD).await.status, 429, "the same count");
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303, "from elsewhere");
        app.clock.advance(30);
        done(&browser, change(&browser, PASSWORD, GOOD).await, "changed").await;
    }

    async fn every_reason_is_told_and_former_ones_do_not_come_back(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains("12 to 128 characters"), "{page:#?}");
        assert!(page.body.contains("None of your last 5 passwords."), "{page:#?}");
        let page = change(&browser, PASSWORD, "ana1").await;
        assert!(page.body.contains("too short"), "{page:#?}");
        assert!(page.body.contains("This password is easy to guess"), "{page:#?}");
        let reused = "This is one of your last 5 passwords.";
        assert!(change(&browser, PASSWORD, PASSWORD).await.body.contains(reused));
        done(&browser, change(&browser, PASSWORD, GOOD).await, "changed").await;
        let page = change(&browser, GOOD, PASSWORD).await;
        assert_eq!(page.status, 422);
        assert!(page.body.contains(reused), "{page:#?}");
        // Whoever does not know the present one learns nothing of the others.
        let page = change(&browser, "wrong", PASSWORD).await;
        assert!(!page.body.contains(reused), "{page:#?}");
    }

    /// Who signs in by passkey alone can have a password besides.
    async fn a_first_password_needs_none_before(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        app.rows(|conn| {
            let ana = vestibule_storage::user::find_by_login(conn, "ana")?.expect("Ana");
            let hash = &ana.password_hash;
            Ok(vestibule_storage::user::replace_password_hash(conn, &ana.id, hash, "")?)
        }).await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains("You sign in without a password."), "{page:#?}");
        assert!(!page.body.contains("name=\"password\""), "{page:#?}");
        let answer = send(&browser, PATH, &[("new_password", GOOD)]).await;
        done(&browser, answer, "changed").await;
        assert_eq!(log_in(&app.browser(), "ana", GOOD).await.status, 303);
    }

    /// A link to set a password that went out before works no longer.
    async fn links_that_would_change_it_again_die(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        ask(&app.browser(), "ana").await;
        let link = link(app, ANA).await;
        done(&browser, change(&browser, PASSWORD, GOOD).await, "changed").await;
        assert_eq!(app.browser().get(&link).await.status, 410);
        let latest = app.rows(|conn| {
            let kind = VerificationKind::ResetPassword;
            Ok(vestibule_storage::verification::latest(conn, kind, "user-ana")?)
        }).await;
        assert!(latest.is_none_or(|row| row.consumed_at.is_some()));
    }

    /// Whatever is typed, the answer is no 5xx.
    async fn odd_input_is_just_wrong(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        let long = "x".repeat(8_000);
        for new in ["", " ", "\u{1f6aa}", "'; DROP", long.as_str()] {
            let page = change(&browser, PASSWORD, new).await;
            assert_eq!(page.status, 422, "{page:#?}");
        }
        assert_eq!(change(&browser, &long, GOOD).await.status, 422);
        assert_eq!(send(&browser, PATH, &[]).await.status, 422);
    }
}
