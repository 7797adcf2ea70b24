//! The person's own part of the audit log.

use vestibule_acceptance::on_both_databases;
use vestibule_model::{ClientId, Timestamp, UserId, audit::AuditEvent};

use crate::account_gate::signed_in;

const PATH: &str = "/account/activity";

on_both_databases! {
    async fn it_is_told_in_words_and_only_to_its_owner(app: TestApp) {
        let browser = app.browser();
        let login = browser.get("/login").await;
        let wrong = [("username", "ana"), ("password", "wrong")];
        assert_eq!(browser.submit(&login, "/login", &wrong).await.status, 422);
        browser.sign_in("ana").await;
        let page = browser.get(PATH).await;
        let told = |words: &str| page.body.find(words).unwrap_or_else(|| panic!("{page:#?}"));
        assert!(told("You signed in.") < told("A wrong password was typed."), "the latest first");
        assert!(page.body.contains("127.0.0.1"), "{page:#?}");
        let ben = signed_in(app, "ben").await.get(PATH).await;
        assert!(!ben.body.contains("A wrong password"), "{ben:#?}");
    }

    /// An event that this version has no words for comes by its name, with the app's.
    async fn what_has_no_words_is_not_left_out(app: TestApp) {
        app.rows(|conn| {
            let event = AuditEvent::new(Timestamp(1), "some.new_event", "r")
                .of_user(&UserId::new("user-ana"));
            vestibule_storage::audit::insert(conn, &event.clone().of_client(&ClientId::new("spa")))?;
            Ok(vestibule_storage::audit::insert(conn, &event.of_client(&ClientId::new("gone")))?)
        }).await;
        let page = signed_in(app, "ana").await.get(PATH).await;
        assert_eq!(page.body.matches("<code><bdi>some.new_event</bdi></code>").count(), 2);
        assert!(page.body.contains("<bdi>The spa</bdi>"), "{page:#?}");
        assert!(page.body.contains("<bdi>gone</bdi>"), "{page:#?}");
    }

    async fn it_goes_on_page_by_page(app: TestApp) {
        app.rows(|conn| {
            for number in 0..120 {
                let event = AuditEvent::new(Timestamp(number * 60), "terms.accepted", "r")
                    .of_user(&UserId::new("user-ana"));
                vestibule_storage::audit::insert(conn, &event)?;
            }
            Ok(())
        }).await;
        let browser = signed_in(app, "ana").await;
        let mut page = browser.get(PATH).await;
        let mut lines = Vec::new();
        loop {
            lines.push(page.body.matches("<tr>\n<td").count());
            let on = page.links().into_iter().find(|link| link.contains("?before="));
            assert_eq!(page.body.contains("The latest</a>"), lines.len() > 1, "{page:#?}");
            let Some(on) = on else { break };
            page = browser.get(&on).await;
        }
        assert_eq!(lines, [50, 50, 21]);
        for odd in ["x", "-1", "0", "99999999999999999999"] {
            let page = browser.get(&format!("{PATH}?before={odd}")).await;
            assert_eq!(page.status, 200, "{page:#?}");
        }
    }
}
