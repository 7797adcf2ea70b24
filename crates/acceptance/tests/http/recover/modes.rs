//! Where there are no mails, and where few are asked for at once.

use std::sync::Arc;

use vestibule_acceptance::{Backend, TestApp, on_both_databases};
use vestibule_model::settings::Mail;
use vestibule_policy::guessing::Limit;

mod without_mail {
    use super::*;

    async fn mute(backend: Backend) -> TestApp {
        let off = |state: &mut vestibule_web::AppState| {
            Arc::make_mut(&mut state.settings).mail = Mail::Off;
        };
        TestApp::start_with(backend, off).await
    }

    on_both_databases! {
        started by mute;

        async fn it_says_that_it_cannot_help(app: TestApp) {
            let browser = app.browser();
            for path in ["/recover", "/unlock"] {
                let page = browser.get(path).await;
                assert_eq!(page.status, 403, "{path}");
                assert!(page.body.contains("We can’t send mails"), "{page:#?}");
                let token = browser.get("/login").await.field("csrf_token").unwrap();
                let fields = [("csrf_token", token.as_str()), ("username", "ana")];
                assert_eq!(browser.post(path, &fields).await.status, 403, "{path}");
            }
        }
    }
}

mod from_one_address {
    use super::*;

    async fn few(backend: Backend) -> TestApp {
        let few = |state: &mut vestibule_web::AppState| {
            state.guess_limits.ip = Limit { attempts: 3, ..state.guess_limits.ip };
        };
        TestApp::start_with(backend, few).await
    }

    on_both_databases! {
        started by few;

        /// Nobody fills letter boxes, or rows, from one place: not with many names either.
        async fn many_names_have_to_wait(app: TestApp) {
            for (at, path) in ["/recover", "/unlock", "/recover"].into_iter().enumerate() {
                let browser = app.browser();
                let form = browser.get(path).await;
                let name = format!("somebody{at}");
                let sent = browser.submit(&form, path, &[("username", &name)]).await;
                assert!(sent.status < 400, "{sent:#?}");
            }
            for path in ["/recover", "/unlock", "/register"] {
                let browser = app.browser();
                let form = browser.get(path).await;
                let fields = [("username", "cleo"), ("email", "cleo@people.example"),
                    ("password", crate::register::GOOD)];
                let refused = browser.submit(&form, path, &fields).await;
                assert_eq!(refused.status, 429, "{path}");
                assert!(refused.header("retry-after").parse::<i64>().unwrap() > 0);
                assert!(refused.body.contains("Wait a minute"), "{refused:#?}");
                assert_eq!(refused.field("username").as_deref(), Some("cleo"), "kept");
            }
            assert!(app.mails().await.is_empty());
        }
    }
}
