//! What is kept, to take along, and the end of the account.

use vestibule_acceptance::{PASSWORD, Rp, on_both_databases};
use vestibule_model::{Clock, UserId};
use vestibule_web::cookies;

use crate::{
    account_gate::{done, send, signed_in},
    recover::{ANA, log_in, user},
};

const PATH: &str = "/account/data";
const FILE: &str = "/account/data.json";

on_both_databases! {
    async fn everything_can_be_taken_along(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
        let profile = [("name", "Ana Lima"), ("phone_number", "+351 21 000 00 00")];
        send(&browser, "/account/profile", &profile).await;
        signed_in(app, "ana").await;
        let file = browser.get(FILE).await;
        assert_eq!((file.status, file.header("content-type")), (200, "application/json"));
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"account.json\"");
        assert_eq!(file.header("cache-control"), "no-store");
        let document = file.json();
        assert_eq!(document["account"]["sub"], "user-ana");
        assert_eq!(document["account"]["email"], ANA);
        assert_eq!(document["profile"]["phone_number"], "+351210000000");
        assert_eq!(document["sessions"].as_array().map(Vec::len), Some(2));
        assert_eq!(document["devices"].as_array().map(Vec::len), Some(2));
        assert_eq!(document["apps"]["allowed"][0]["client_id"], "web-app");
        assert_eq!(document["apps"]["decisions"][0]["decision"], "given");
        assert_eq!(document["apps"]["connected"][0]["client_id"], "web-app");
        assert_eq!(document["mails"][0]["kind"], "new-device");
        let activity = document["activity"].as_array().expect("a list");
        assert!(activity.iter().any(|line| line["event"] == "profile.changed"), "{activity:#?}");
        assert_eq!(app.audit("account.exported").await.len(), 1);
        let page = browser.get(PATH).await;
        for part in ["Ana Lima", "+351210000000", "2 sessions, 2 known devices", "new-device",
            "Telephone number", "One app uses your account."] {
            assert!(page.body.contains(part), "{part}: {page:#?}");
        }
        assert!(page.links().contains(&FILE.to_owned()), "{page:#?}");
        let bens = signed_in(app, "ben").await.get(FILE).await;
        assert!(!bens.body.contains("ana"), "{bens:#?}");
    }

    /// Whoever gets hold of the file can sign in nowhere.
    async fn no_secret_is_in_it(app: TestApp) {
        let rp = Rp::web();
        let totp = app.give_totp("ana").await;
        let codes = app.give_recovery_codes("ana").await;
        let browser = app.browser();
        let page = browser.open(&rp.authorize()).await;
        let page = browser.verify(&browser.log_in(&page, "ana").await, &app.code(&totp)).await;
        let page = browser.decide(&page, "allow").await;
        let answer = page.refresh_target().expect("the way back");
        let tokens = rp.tokens_of(app, &answer).await;
        send(&browser, "/account/profile", &[("phone_number", "+351 21 000 00 00")]).await;
        let file = browser.get(FILE).await;
        assert_eq!(file.status, 200, "{file:#?}");
        assert_eq!(file.json()["sign_in"]["authenticator_apps"][0]["name"], "Phone");
        assert_eq!(file.json()["sign_in"]["recovery_codes_left"], 10);
        let ana = user(app, "ana").await;
        let (sealed_totp, sessions, devices) = app.rows(|conn| {
            let id = UserId::new("user-ana");
            let totp = vestibule_storage::totp_device::list_of_user(conn, &id)?;
            let sessions = vestibule_storage::browser_session::list_of_user(conn, &id)?;
            let devices = vestibule_storage::device::list_of_user(conn, &id)?;
            Ok((totp[0].sealed_secret.clone(), sessions, devices))
        }).await;
        let jar = browser.cookies();
        let mut secrets = vec![
            ana.password_hash.clone(),
            ana.sealed_profile.clone().expect("a sealed telephone number"),
            PASSWORD.to_owned(),
            sealed_totp,
            totp.secret_text(),
            totp.secret_text().replace(' ', ""),
            jar[cookies::SESSION].clone(),
            jar[cookies::DEVICE].clone(),
            tokens.get("refresh_token").to_owned(),
            tokens.get("access_token").to_owned(),
        ];
        secrets.extend(codes);
        secrets.extend(sessions.iter().map(|row| row.token_hash.as_str().to_owned()));
        secrets.extend(devices.iter().map(|row| row.token_hash.as_str().to_owned()));
        for secret in secrets {
            assert!(secret.len() > 8, "{secret}");
            assert!(!file.body.contains(&secret), "{secret} in {file:#?}");
        }
        for word in ["$argon2", "\"hash", "secret", "token_hash", "sealed"] {
            assert!(!file.body.contains(word), "{word} in {file:#?}");
        }
    }

    async fn the_account_ends_after_days_of_grace(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let tokens = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
        let other = signed_in(app, "ana").await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains("We wait 14 days before"), "{page:#?}");
        let answer = send(&browser, PATH, &[("username", " ANA ")]).await;
        let page = done(&browser, answer, "scheduled").await;
        assert!(page.body.contains("15 January 2026"), "{page:#?}");
        let at = app.clock.now().plus(14 * 86_400);
        assert_eq!(user(app, "ana").await.deletion_at, Some(at));
        assert_eq!((browser.who().await, other.who().await), (Some("ana"), None));
        assert!(!Rp::is_active(app, tokens.get("access_token")).await);
        let refused = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "offline access too: {refused:#?}");
        assert_eq!(app.audit("deletion.scheduled").await.len(), 1);
        // Asking again does not put it off.
        app.clock.advance(300);
        let again = send(&browser, PATH, &[("username", "ana")]).await;
        assert_eq!((again.status, again.location().query()), (303, None));
        assert_eq!(user(app, "ana").await.deletion_at, Some(at));
        assert_eq!(app.audit("deletion.scheduled").await.len(), 1);
        // The owner can still sign in, and keep it.
        assert_eq!(log_in(&app.browser(), "ana", PASSWORD).await.status, 303);
        done(&browser, send(&browser, "/account", &[("decision", "keep")]).await, "kept").await;
        assert_eq!(user(app, "ana").await.deletion_at, None);
    }

    async fn the_mail_takes_it_back(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        done(&browser, send(&browser, PATH, &[("username", "ana")]).await, "scheduled").await;
        let link = app.mail_of("deletion-scheduled", ANA).await.link("/undo-deletion/");
        let owner = app.browser();
        let page = owner.get(&link).await;
        assert_eq!(page.status, 200, "{page:#?}");
        owner.submit(&page, &link, &[]).await;
        assert_eq!(user(app, "ana").await.deletion_at, None);
    }

    async fn only_the_own_user_name_confirms_it(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        for typed in ["ben", "", "ana@people.example", "anaa", "user-ana"] {
            let page = send(&browser, PATH, &[("username", typed)]).await;
            assert_eq!(page.status, 422, "{page:#?}");
            assert!(page.body.contains("This isn’t your user name."), "{page:#?}");
            assert!(page.body.contains("href=\"#username\""), "{page:#?}");
            assert_eq!(page.field("username").as_deref(), Some(typed));
        }
        assert_eq!(user(app, "ana").await.deletion_at, None);
        assert!(app.audit("deletion.scheduled").await.is_empty());
    }

    /// Without an administrator nobody could look after the server.
    async fn the_last_administrator_stays(app: TestApp) {
        app.add_person("ada", |user| user.is_admin = true).await;
        let browser = signed_in(app, "ada").await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains("You are the last administrator."), "{page:#?}");
        assert!(!page.body.contains("name=\"username\""), "{page:#?}");
        let page = send(&browser, PATH, &[("username", "ada")]).await;
        assert_eq!(page.status, 422, "{page:#?}");
        assert!(page.body.contains("You are the last administrator."), "{page:#?}");
        assert_eq!(user(app, "ada").await.deletion_at, None);
        app.add_person("bob", |user| user.is_admin = true).await;
        done(&browser, send(&browser, PATH, &[("username", "ada")]).await, "scheduled").await;
        // The other one is the last now.
        let bob = signed_in(app, "bob").await;
        assert_eq!(send(&bob, PATH, &[("username", "bob")]).await.status, 422);
    }
}
