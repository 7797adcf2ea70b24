//! The mail address, as its page shows and changes it. What follows is in `email_change.rs`.

use std::sync::Arc;

use vestibule_acceptance::{Backend, TestApp, on_both_databases};
use vestibule_model::settings::Mail;

use crate::{
    account_gate::{send, signed_in},
    recover::{ANA, user},
};

const PATH: &str = "/account/email";
const NEW: &str = "ana@new.example";

on_both_databases! {
    async fn a_new_address_counts_once_its_code_was_typed(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains(ANA) && page.body.contains("confirmed"), "{page:#?}");
        assert!(!page.body.contains("Waiting to be confirmed"), "{page:#?}");
        let sent = browser.follow(send(&browser, PATH, &[("email", "  ana@new.example ")]).await).await;
        let code_page = sent.url.path().to_owned();
        assert!(code_page.starts_with("/account/email/verify/"), "{sent:#?}");
        assert_eq!(user(app, "ana").await.email, ANA);
        let waiting = browser.get(PATH).await;
        assert!(waiting.body.contains("Waiting to be confirmed"), "{waiting:#?}");
        assert!(waiting.body.contains(NEW) && waiting.links().contains(&code_page), "{waiting:#?}");
        // Nobody else sees it.
        let ben = signed_in(app, "ben").await.get(PATH).await;
        assert!(!ben.body.contains(NEW), "{ben:#?}");
        let code = app.mail_of("email-change", NEW).await.code();
        browser.submit(&sent, &code_page, &[("code", &code)]).await;
        let page = browser.get(PATH).await;
        assert!(page.body.contains(NEW) && !page.body.contains("Waiting"), "{page:#?}");
    }

    async fn an_address_that_is_not_proved_can_be(app: TestApp) {
        app.add_person("cid", |user| user.email_verified = false).await;
        let browser = signed_in(app, "cid").await;
        assert!(browser.get(PATH).await.body.contains("not confirmed"));
        let sent = browser.follow(send(&browser, PATH, &[("decision", "verify")]).await).await;
        let path = sent.url.path().to_owned();
        let code = app.mail_of("verify-email", "cid@people.example").await.code();
        browser.submit(&sent, &path, &[("code", &code)]).await;
        assert!(user(app, "cid").await.email_verified);
        assert!(!browser.get(PATH).await.body.contains("not confirmed"));
        // A second time there is nothing to prove.
        let answer = send(&browser, PATH, &[("decision", "verify")]).await;
        assert_eq!((answer.status, answer.location().path()), (303, PATH));
        assert_eq!(app.mails_to("cid@people.example").await.len(), 1);
    }

    async fn what_is_no_new_address_is_told(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        for (typed, sentence) in [
            ("ana@", "does not look like a mail address"),
            ("", "does not look like a mail address"),
            ("Ana@People.Example", "This is your address already."),
        ] {
            let page = send(&browser, PATH, &[("email", typed)]).await;
            assert_eq!(page.status, 422, "{page:#?}");
            assert!(page.body.contains(sentence), "{page:#?}");
            assert!(page.body.contains("href=\"#email\""), "{page:#?}");
            assert_eq!(page.field("email").as_deref(), Some(typed));
        }
        assert!(app.mails().await.is_empty());
    }

    async fn mails_go_out_one_a_minute(app: TestApp) {
        let browser = signed_in(app, "ana").await;
        assert_eq!(send(&browser, PATH, &[("email", NEW)]).await.status, 303);
        let early = send(&browser, PATH, &[("email", "ana@newer.example")]).await;
        assert_eq!((early.status, early.header("retry-after")), (429, "60"), "{early:#?}");
        assert_eq!(early.field("email").as_deref(), Some("ana@newer.example"));
        app.clock.advance(60);
        assert_eq!(send(&browser, PATH, &[("email", "ana@newer.example")]).await.status, 303);
    }
}

async fn without_mail(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| Arc::make_mut(&mut state.settings).mail = Mail::Off).await
}

mod off {
    use super::*;

    on_both_databases! {
        started by without_mail;

        async fn without_mails_the_page_says_so(app: TestApp) {
            app.add_person("cid", |user| user.email_verified = false).await;
            let browser = signed_in(app, "cid").await;
            let page = browser.get(PATH).await;
            assert!(page.body.contains("No mails are sent here"), "{page:#?}");
            assert!(!page.body.contains("<form"), "{page:#?}");
            for fields in [[("decision", "verify")], [("email", NEW)]] {
                let answer = send(&browser, PATH, &fields).await;
                assert_eq!((answer.status, answer.location().path()), (303, PATH));
            }
            assert!(app.mails().await.is_empty());
            assert_eq!(user(app, "cid").await.email, "cid@people.example");
        }
    }
}
