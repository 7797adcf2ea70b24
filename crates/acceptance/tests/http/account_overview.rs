//! The account at a glance.

use vestibule_acceptance::on_both_databases;
use vestibule_model::{Clock, UserId};

use crate::{
    account_gate::{done, send, signed_in},
    recover::user,
};

on_both_databases! {
    async fn it_says_what_wants_attention(app: TestApp) {
        app.add_person("cid", |user| user.email_verified = false).await;
        let page = signed_in(app, "cid").await.get("/account").await;
        assert!(page.body.contains("not confirmed yet"), "{page:#?}");
        assert!(page.body.contains("Add a second step"), "{page:#?}");
        assert!(page.body.contains("You are signed in here only."), "{page:#?}");
        assert!(page.body.contains("No app uses your account."), "{page:#?}");
        assert!(!page.body.contains("will be deleted"), "{page:#?}");

        let browser = signed_in(app, "ana").await;
        app.give_totp("ana").await;
        app.give_recovery_codes("ana").await;
        let page = browser.get("/account").await;
        assert!(!page.body.contains("Worth a look"), "{page:#?}");
        assert!(page.body.contains("One authenticator app"), "{page:#?}");
        assert!(page.body.contains("10 recovery codes left"), "{page:#?}");
        app.rows(|conn| {
            Ok(vestibule_storage::recovery_code::delete_all(conn, &UserId::new("user-ana"))?)
        }).await;
        let page = browser.get("/account").await;
        assert!(page.body.contains("You have no recovery codes."), "{page:#?}");
    }

    /// Taking the wish back needs no fresh sign-in.
    async fn an_account_that_is_to_be_deleted_is_kept_by_a_button(app: TestApp) {
        let at = app.clock.now().plus(86_400);
        app.rows(move |conn| {
            Ok(vestibule_storage::user::set_deletion(conn, &UserId::new("user-ana"), Some(at))?)
        }).await;
        let browser = signed_in(app, "ana").await;
        app.clock.advance(3_600);
        let page = browser.get("/account").await;
        assert!(page.body.contains("Your account will be deleted"), "{page:#?}");
        assert!(page.body.contains("2 January 2026"), "{page:#?}");
        // A form that says nothing changes nothing.
        assert_eq!(send(&browser, "/account", &[]).await.location().query(), None);
        assert!(user(app, "ana").await.deletion_at.is_some());
        let kept = done(&browser, send(&browser, "/account", &[("decision", "keep")]).await, "kept");
        assert!(!kept.await.body.contains("will be deleted"));
        assert_eq!(user(app, "ana").await.deletion_at, None);
        assert_eq!(app.audit("deletion.undone").await.len(), 1);
        // Once more does nothing more.
        send(&browser, "/account", &[("decision", "keep")]).await;
        assert_eq!(app.audit("deletion.undone").await.len(), 1);
    }
}
