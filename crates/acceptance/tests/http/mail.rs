//! Mails on their way: from the outbox to a mail server, once, whatever breaks.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use actix_web::web::Data;
use vestibule_acceptance::{Backend, TestApp, on_both_databases};
use vestibule_mail::{
    Smtp, SmtpSettings,
    testing::{At, FakeSmtp, Trouble},
};
use vestibule_model::{
    ErrorCode, OAuthError, Secret, Timestamp, UserId, mail::OutboxMail, settings,
};
use vestibule_pages::Mail;
use vestibule_server::jobs::{self, Activity};
use vestibule_storage::outbox;
use vestibule_text::Lang;
use vestibule_web::{
    AppState,
    mail::{self, Letter},
};

const ADDRESS: &str = "ana@people.example";

/// Longer than anything takes here, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

async fn with_smtp(backend: Backend) -> TestApp {
    let smtp = |state: &mut AppState| {
        Arc::make_mut(&mut state.settings).mail = settings::Mail::Smtp;
    };
    TestApp::start_with(backend, smtp).await
}

fn smtp(url: &str) -> Smtp {
    Smtp::new(&SmtpSettings {
        url: &Secret::new(url),
        from: "Test ID <no-reply@id.example>",
        host: "id.example",
        timeout: PATIENCE,
        ca_file: None,
    })
    .expect("settings that work")
}

/// The way to a server that is not there.
async fn dead() -> Smtp {
    let gone = FakeSmtp::start().await;
    smtp(&gone.url())
}

/// A mail to Ana, as a handler writes it.
fn written(state: &AppState) -> OutboxMail {
    let ana = UserId::new("user-ana");
    let letter = Letter { to: ADDRESS, lang: Lang::De, user: Some(&ana) };
    let mail = Mail::EmailOtp { code: "042137", valid_for: 600 };
    mail::write(state, letter, &mail, state.now()).expect("words").expect("mails are on")
}

/// Puts `count` mails into the outbox.
async fn post(app: &TestApp, count: usize) {
    let mails: Vec<_> = (0..count).map(|_| written(&app.state)).collect();
    app.rows(move |conn| mails.iter().try_for_each(|mail| mail::post(conn, Some(mail)))).await;
}

async fn deliver(state: &Data<AppState>, smtp: &Smtp) -> Option<Timestamp> {
    jobs::mail::deliver(state, Some(smtp)).await.expect("a database that answers")
}

async fn rows(app: &TestApp) -> Vec<OutboxMail> {
    app.rows(|conn| Ok(outbox::list_recent(conn, 99)?)).await
}

on_both_databases! {
    started by with_smtp;

    async fn a_mail_arrives_in_the_words_of_its_receiver(app: TestApp) {
        let server = FakeSmtp::start().await;
        post(app, 1).await;
        let row = rows(app).await.remove(0);
        assert!(!row.sealed_message.contains("042137") && row.kind == "email-otp", "{row:?}");
        assert_eq!(deliver(&app.state, &smtp(&server.url())).await, None);
        let received = server.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].to, format!("RCPT TO:<{ADDRESS}>"));
        for piece in ["Subject: Ihr Anmeldecode", "042137", &format!("<{}@id.example>", row.id)] {
            assert!(received[0].data.contains(piece), "{piece} in {}", received[0].data);
        }
        assert!(rows(app).await[0].sent_at.is_some());
    }

    async fn two_instances_send_each_mail_once(app: TestApp) {
        let server = FakeSmtp::start().await;
        let (smtp, second) = (smtp(&server.url()), app.second());
        post(app, 30).await;
        for _ in 0..2 {
            tokio::join!(deliver(&app.state, &smtp), deliver(&second.state, &smtp));
        }
        let received = server.received();
        let names: BTreeSet<_> = received.iter().map(|mail| name_of(&mail.data)).collect();
        assert_eq!((received.len(), names.len()), (30, 30));
    }

    async fn a_dead_server_loses_no_mail(app: TestApp) {
        let server = FakeSmtp::start().await;
        let (alive, dead) = (smtp(&server.url()), dead().await);
        post(app, 3).await;
        let now = app.state.now();
        let due = deliver(&app.state, &dead).await.expect("they come again");
        assert!((45..=75).contains(&due.since(now)), "{}", due.since(now));
        for row in rows(app).await {
            let told = row.last_error.expect("a reason");
            assert!(told.starts_with("connecting: ") && !told.contains('@'), "{told}");
        }
        app.clock.advance(44);
        assert!(deliver(&app.state, &alive).await.is_some());
        assert_eq!(server.connections(), 0, "too early");
        app.clock.advance(31);
        assert_eq!(deliver(&app.state, &alive).await, None);
        assert_eq!(server.received().len(), 3);
    }

    /// Nobody hammers a server that is down with everything there is to send.
    async fn a_server_that_is_down_is_left_alone_after_one_batch(app: TestApp) {
        let server = FakeSmtp::start().await;
        for _ in 0..8 {
            server.plan(At::Greeting, Trouble::Says("421 down"));
        }
        post(app, 30).await;
        let due = deliver(&app.state, &smtp(&server.url())).await;
        assert_eq!((server.connections(), due), (8, Some(app.state.now())));
        assert!(server.received().is_empty());
        deliver(&app.state, &smtp(&server.url())).await;
        assert_eq!(server.received().len(), 22);
    }

    async fn pauses_grow_until_a_mail_is_given_up(app: TestApp) {
        let dead = dead().await;
        post(app, 1).await;
        let written_at = app.state.now();
        let mut pauses = Vec::new();
        while let Some(due) = deliver(&app.state, &dead).await {
            let pause = due.since(app.state.now());
            pauses.push(pause);
            app.clock.advance(pause);
        }
        assert!(pauses[..6].windows(2).all(|two| two[0] < two[1]), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= 18_000), "{pauses:?}");
        let age = app.state.now().since(written_at);
        assert!((2 * 86_400..=3 * 86_400).contains(&age), "{age}");
        let row = rows(app).await.remove(0);
        assert_eq!((row.next_attempt_at, row.sent_at), (None, None));
        let events = app.audit("mail.given_up").await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].user_id, Some(UserId::new("user-ana")));
        assert!(!events[0].detail.contains('@'), "{}", events[0].detail);
    }

    async fn a_receiver_that_is_not_there_is_given_up_at_once(app: TestApp) {
        let server = FakeSmtp::start().await;
        server.plan(At::Rcpt, Trouble::Says("550 5.1.1 <ana@people.example> is not here"));
        post(app, 1).await;
        assert_eq!(deliver(&app.state, &smtp(&server.url())).await, None);
        let row = rows(app).await.remove(0);
        assert_eq!(row.last_error.as_deref(), Some("RCPT: 550 5.1.1"));
        assert_eq!(app.audit("mail.given_up").await.len(), 1);
        app.clock.advance(86_400);
        deliver(&app.state, &smtp(&server.url())).await;
        assert_eq!(server.connections(), 1);
    }

    /// Its lease runs out, and the next one sends what it claimed.
    async fn what_an_instance_took_and_never_sent_is_sent_by_another(app: TestApp) {
        let server = FakeSmtp::start().await;
        let smtp = smtp(&server.url());
        post(app, 1).await;
        let now = app.state.now();
        app.rows(move |conn| Ok(outbox::claim(conn, now, now.plus(100), 9)?)).await;
        assert_eq!(deliver(&app.state, &smtp).await, Some(now));
        assert!(server.received().is_empty());
        app.clock.advance(100);
        assert_eq!(deliver(&app.state, &smtp).await, None);
        assert_eq!(server.received().len(), 1);
    }

    /// The server took it, and we never heard: it goes out again, and says that it is the same.
    async fn a_repeat_has_the_same_name(app: TestApp) {
        let server = FakeSmtp::start().await;
        let smtp = smtp(&server.url());
        server.plan(At::Kept, Trouble::Leaves);
        post(app, 1).await;
        assert!(deliver(&app.state, &smtp).await.is_some());
        app.clock.advance(75);
        assert_eq!(deliver(&app.state, &smtp).await, None);
        let received = server.received();
        assert_eq!((received.len(), &received[0]), (2, &received[1]));
    }

    async fn a_mail_goes_with_what_it_tells_of_or_not_at_all(app: TestApp) {
        let mail = written(&app.state);
        let failed: Result<(), OAuthError> = app
            .state
            .write(move |conn| {
                mail::post(conn, Some(&mail))?;
                Err(OAuthError::new(ErrorCode::Internal))
            })
            .await;
        assert!(failed.is_err() && rows(app).await.is_empty());
    }

    async fn the_job_sends_what_was_left_and_then_what_it_is_woken_for(app: TestApp) {
        let server = FakeSmtp::start().await;
        post(app, 1).await;
        let smtp = smtp(&server.url());
        let job = tokio::spawn(jobs::mail::run(app.state.clone(), Some(smtp), Arc::new(Activity::default())));
        let wait = |count| tokio::time::timeout(PATIENCE, server.arrived(count));
        wait(1).await.expect("what was left");
        post(app, 1).await;
        app.state.mail_wake.notify_one();
        wait(2).await.expect("what it was woken for");
        job.abort();
    }

    async fn with_a_mail_server_there_is_no_mailbox_page(app: TestApp) {
        for path in ["/dev/mailbox", "/dev/mailbox.json"] {
            assert_eq!(app.browser().get(path).await.status, 404, "{path}");
        }
    }
}

/// The `Message-ID` of a mail.
fn name_of(data: &str) -> String {
    let line = data.lines().find(|line| line.starts_with("Message-ID: "));
    line.expect("a Message-ID").to_owned()
}

mod mailbox {
    use super::*;

    async fn in_development(backend: Backend) -> TestApp {
        let development = |state: &mut AppState| {
            Arc::make_mut(&mut state.settings).development = true;
        };
        TestApp::start_with(backend, development).await
    }

    on_both_databases! {
        started by in_development;

        async fn mails_are_shown_and_go_nowhere(app: TestApp) {
            assert_eq!(app.browser().get("/dev/mailbox.json").await.body, "[]");
            post(app, 2).await;
            assert_eq!(jobs::mail::deliver(&app.state, None).await.expect("a database"), None);
            assert!(rows(app).await.iter().all(|row| row.sent_at.is_some()));
            let mails = app.browser().get("/dev/mailbox.json").await.json();
            assert_eq!(mails.as_array().map(Vec::len), Some(2));
            let mail = &mails[0];
            assert_eq!((&mail["kind"], &mail["to"]), (&"email-otp".into(), &ADDRESS.into()));
            assert!(mail["text"].as_str().is_some_and(|text| text.contains("042137")), "{mail}");
            assert!(mail["html"].as_str().is_some_and(|html| html.contains("042137")), "{mail}");
            let list = app.browser().get("/dev/mailbox").await;
            let id = mail["id"].as_str().expect("an id");
            assert!(list.body.contains(&format!("href=\"/dev/mailbox/{id}\"")), "{list:#?}");
            let page = app.browser().get(&format!("/dev/mailbox/{id}")).await;
            assert!(page.status == 200 && page.body.contains("042137"), "{page:#?}");
            assert!(page.body.contains(ADDRESS), "{page:#?}");
            assert_eq!(app.browser().get("/dev/mailbox/nothing").await.status, 404);
        }
    }
}

mod production {
    use super::*;

    on_both_databases! {
        /// Whatever else is set: in production nobody reads other people's mails.
        async fn there_is_no_mailbox_page(app: TestApp) {
            post(app, 1).await;
            let id = &rows(app).await[0].id;
            for path in ["/dev/mailbox", "/dev/mailbox.json", &format!("/dev/mailbox/{id}")] {
                assert_eq!(app.browser().get(path).await.status, 404, "{path}");
            }
        }
    }
}
