//! Who may register: by invitation, nobody, where there are no mails, and under terms.

use std::sync::Arc;

use vestibule_acceptance::{Backend, TestApp, on_both_databases};
use vestibule_model::{
    OAuthError, UserId,
    entropy::random_secret,
    settings::{Mail, MfaRequired, MfaRules, Registration, Settings, Terms},
};
use vestibule_web::{cookies::SESSION, invitation::Invitation};

use super::{CLEO, GOOD, begin, cleo, fill, is_signed_in, type_code};

fn change(
    change: impl Fn(&mut Settings) + Send + Sync + 'static,
) -> impl Fn(&mut vestibule_web::AppState) + Send + Sync + 'static {
    move |state| change(Arc::make_mut(&mut state.settings))
}

async fn invite(app: &TestApp, email: &str) -> String {
    let invitation = Invitation { email: email.to_owned(), groups: vec!["staff".to_owned()] };
    let (now, entropy) = (app.state.now(), app.state.entropy.as_ref());
    let (row, secret) = invitation.issue(&app.state.sealer, now, entropy).expect("an invitation");
    app.rows(move |conn| Ok(vestibule_storage::verification::insert(conn, &row)?)).await;
    format!("/register?invite={}", secret.expose())
}

mod invited {
    use super::*;

    async fn invite_only(backend: Backend) -> TestApp {
        let settings = |settings: &mut Settings| {
            settings.accounts.registration = Registration::Invite;
        };
        TestApp::start_with(backend, change(settings)).await
    }

    on_both_databases! {
        started by invite_only;

        /// The link proves the address: no mail, no code.
        async fn an_invitation_makes_one_account(app: TestApp) {
            let path = invite(app, "cleo@people.example").await;
            let browser = app.browser();
            let form = browser.get(&path).await;
            assert_eq!(form.field("email").as_deref(), Some("cleo@people.example"));
            let done = fill(&browser, &path, &[("email", "evil@people.example")]).await;
            assert_eq!((done.status, done.location().path()), (303, "/account"), "{done:#?}");
            let user = cleo(app).await.expect("Cleo");
            assert_eq!(user.email, "cleo@people.example", "the invitation's, whatever was typed");
            assert!(user.email_verified);
            assert_eq!(user.groups, ["staff"]);
            assert!(app.mails().await.is_empty());
            assert!(is_signed_in(&browser).await);
            assert_eq!(app.browser().get(&path).await.status, 410);
            let late = app.browser();
            let token = late.get("/login").await.field("csrf_token").unwrap();
            let secret = path.split_once('=').unwrap().1;
            let fields = [("csrf_token", token.as_str()), ("invite", secret), ("username", "eve"),
                ("password", GOOD)];
            assert_eq!(late.post("/register", &fields).await.status, 410);
        }

        async fn without_an_invitation_there_is_no_form(app: TestApp) {
            let page = app.browser().get("/register").await;
            assert_eq!(page.status, 403);
            assert!(page.body.contains("You need an invitation"), "{page:#?}");
            let browser = app.browser();
            let token = browser.get("/login").await.field("csrf_token").unwrap();
            let mut fields = CLEO.to_vec();
            fields.push(("csrf_token", &token));
            assert_eq!(browser.post("/register", &fields).await.status, 403);
            let made_up = random_secret(app.state.entropy.as_ref());
            let made_up = format!("/register?invite={}", made_up.expose());
            assert_eq!(app.browser().get(&made_up).await.status, 410);
            assert!(app.mails().await.is_empty());
        }

        async fn an_invitation_ends(app: TestApp) {
            let path = invite(app, "cleo@people.example").await;
            app.clock.advance(7 * 86_400 - 1);
            let browser = app.browser();
            let form = browser.get(&path).await;
            assert_eq!(form.status, 200);
            app.clock.advance(1);
            let late = browser.submit(&form, "/register", &CLEO).await;
            assert_eq!(late.status, 410, "{late:#?}");
            assert!(cleo(app).await.is_none());
        }

        /// A name that is taken rolls everything back, the use of the invitation too.
        async fn a_taken_name_leaves_the_invitation_good(app: TestApp) {
            let path = invite(app, "cleo@people.example").await;
            let browser = app.browser();
            let refused = fill(&browser, &path, &[("username", "ana")]).await;
            assert_eq!(refused.status, 422);
            assert!(refused.field("invite").is_some(), "{refused:#?}");
            let done = browser.submit(&refused, "/register", &CLEO).await;
            assert_eq!(done.status, 303, "{done:#?}");
        }

        async fn an_invitation_for_somebody_who_has_an_account_says_so(app: TestApp) {
            let path = invite(app, "ana@people.example").await;
            let told = fill(&app.browser(), &path, &[]).await;
            assert_eq!(told.status, 200, "{told:#?}");
            assert!(told.links().contains(&"/recover".to_owned()), "{told:#?}");
        }
    }
}

mod closed {
    use super::*;

    async fn off(backend: Backend) -> TestApp {
        let settings = |settings: &mut Settings| settings.accounts.registration = Registration::Off;
        TestApp::start_with(backend, change(settings)).await
    }

    on_both_databases! {
        started by off;

        async fn there_is_a_friendly_page(app: TestApp) {
            let path = invite(app, "cleo@people.example").await;
            for path in ["/register", &path] {
                let page = app.browser().get(path).await;
                assert_eq!(page.status, 403, "{path}");
                assert!(page.body.contains("Accounts are made for you"), "{page:#?}");
            }
            let browser = app.browser();
            let token = browser.get("/login").await.field("csrf_token").unwrap();
            let mut fields = CLEO.to_vec();
            fields.push(("csrf_token", &token));
            assert_eq!(browser.post("/register", &fields).await.status, 403);
            assert!(cleo(app).await.is_none() && app.mails().await.is_empty());
        }
    }
}

mod without_mail {
    use super::*;

    async fn mute(backend: Backend) -> TestApp {
        TestApp::start_with(backend, change(|settings| settings.mail = Mail::Off)).await
    }

    on_both_databases! {
        started by mute;

        async fn the_account_is_made_at_once_and_its_address_is_unproved(app: TestApp) {
            let browser = app.browser();
            let done = fill(&browser, "/register", &[]).await;
            assert_eq!((done.status, done.location().path()), (303, "/account"), "{done:#?}");
            assert!(is_signed_in(&browser).await);
            assert!(cleo(app).await.is_some_and(|user| !user.email_verified));
            let taken = fill(&app.browser(), "/register", &[("username", "cleo2")]).await;
            assert_eq!(taken.status, 422, "{taken:#?}");
            assert!(taken.body.contains("href=\"#email\""), "{taken:#?}");
        }
    }
}

mod with_terms_and_second_factor {
    use super::*;

    async fn strict(backend: Backend) -> TestApp {
        let settings = |settings: &mut Settings| {
            let uri = "https://id.example/terms".to_owned();
            settings.accounts.terms = Some(Terms { version: "2026-11".to_owned(), uri });
            settings.mfa = MfaRules { required: MfaRequired::Everyone, ..MfaRules::default() };
        };
        TestApp::start_with(backend, change(settings)).await
    }

    on_both_databases! {
        started by strict;

        async fn terms_are_accepted_with_the_account_and_the_factor_is_asked_for(app: TestApp) {
            let browser = app.browser();
            for terms in [None, Some(("terms", "2020-01")), Some(("terms", "on"))] {
                let changes: Vec<_> = terms.into_iter().collect();
                let refused = fill(&browser, "/register", &changes).await;
                assert_eq!(refused.status, 422, "{terms:?}");
                assert!(refused.body.contains("href=\"#terms\""), "{refused:#?}");
            }
            let page = begin(&browser, &[("terms", "2026-11")]).await;
            let code = app.mail_to("cleo@people.example").await.code();
            let done = type_code(&browser, &page, &code).await;
            assert_eq!(done.location().path(), "/login/verify", "{done:#?}");
            assert!(!browser.cookies().contains_key(SESSION), "half signed in is no session");
            let id: UserId = cleo(app).await.expect("Cleo").id;
            let accepted = app.rows(move |conn| {
                Ok::<_, OAuthError>(vestibule_storage::terms::accepted(conn, &id, "2026-11")?)
            });
            assert!(accepted.await);
        }
    }
}
