//! Where one is signed in, and the devices that are known.

use reqwest::Method;
use vestibule_acceptance::{Browser, Page, Rp, TestApp, on_both_databases};
use vestibule_model::{Clock, UserId, browser_session::BrowserSession, device::Device};

use crate::account_gate::{done, send, signed_in};

const PATH: &str = "/account/sessions";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";

async fn sessions(app: &TestApp, user: &'static str) -> Vec<BrowserSession> {
    app.rows(move |conn| {
        Ok(vestibule_storage::browser_session::list_of_user(conn, &UserId::new(user))?)
    })
    .await
}

async fn devices(app: &TestApp, user: &'static str) -> Vec<Device> {
    app.rows(move |conn| Ok(vestibule_storage::device::list_of_user(conn, &UserId::new(user))?))
        .await
}

/// Signs in as a telephone would.
async fn phone(app: &TestApp, name: &str) -> Browser {
    let browser = app.browser();
    let page = browser.get("/login").await;
    let token = page.field("csrf_token").expect("a token");
    let form = [
        ("csrf_token", token.as_str()),
        ("username", name),
        ("password", vestibule_acceptance::PASSWORD),
    ];
    let sent = browser.post_with("/login", &[("user-agent", PHONE)], &form).await;
    assert_eq!(sent.status, 303, "{sent:#?}");
    browser
}

/// How often a form of the page names one of the things of that kind.
fn offered(page: &Page, kind: &str) -> usize {
    page.body.matches(&format!("name=\"{kind}\"")).count()
}

on_both_databases! {
    async fn the_page_tells_them_apart(app: TestApp) {
        let rp = Rp { scope: "openid", ..Rp::spa() };
        let here = app.browser();
        rp.walk(&here, &rp.authorize()).await;
        phone(app, "ana").await;
        signed_in(app, "ben").await;
        let page = here.get(PATH).await;
        assert!(page.body.contains("Safari, iPhone"), "{page:#?}");
        assert!(page.body.contains("Signed in to: <bdi>The spa</bdi>"), "{page:#?}");
        assert!(page.body.contains("From your present network (<bdi>127.0.0.1</bdi>)"), "{page:#?}");
        assert_eq!(page.body.matches("this one").count(), 2, "the session and the device");
        // This one is left by signing out, and nobody else's is there.
        assert_eq!(offered(&page, "session"), 1);
        assert_eq!(offered(&page, "device"), 2);
        // What is over is not listed.
        app.clock.advance(2 * 3_600);
        here.sign_in("ana").await;
        assert_eq!(offered(&here.get(PATH).await, "session"), 0);
    }

    /// OIDC Core §11: what was granted for while the person is there ends; `offline_access` is meant
    /// to go on.
    async fn ending_one_ends_what_hangs_on_it(app: TestApp) {
        let (online, offline) = (Rp { scope: "openid profile", ..Rp::web() }, Rp::web());
        let there = app.browser();
        let first = online.tokens_of(app, &online.walk(&there, &online.authorize()).await).await;
        let second = offline.tokens_of(app, &offline.walk(&there, &offline.authorize()).await).await;
        let id = sessions(app, "user-ana").await[0].id.as_str().to_owned();
        let here = signed_in(app, "ana").await;
        let page = done(&here, send(&here, PATH, &[("session", &id)]).await, "ended").await;
        assert_eq!(offered(&page, "session"), 0);
        assert_eq!(there.who().await, None);
        assert_eq!(here.who().await, Some("ana"));
        assert!(!Rp::is_active(app, first.get("access_token")).await);
        assert_eq!(offline.refresh(app, second.get("refresh_token")).await.status, 200);
        let lines = app.audit("session.ended").await;
        assert_eq!((lines.len(), lines[0].detail.as_str()), (1, format!("session {id}").as_str()));
        // Sent once more, it does nothing more.
        let again = send(&here, PATH, &[("session", &id)]).await;
        assert_eq!((again.status, again.location().query()), (303, None));
        assert_eq!(app.audit("session.ended").await.len(), 1);
    }

    async fn all_others_end_at_once(app: TestApp) {
        let others = [signed_in(app, "ana").await, signed_in(app, "ana").await];
        let ben = signed_in(app, "ben").await;
        let here = signed_in(app, "ana").await;
        done(&here, send(&here, PATH, &[("decision", "others")]).await, "others").await;
        for other in &others {
            assert_eq!(other.who().await, None);
        }
        assert_eq!((here.who().await, ben.who().await), (Some("ana"), Some("ben")));
        assert_eq!(app.audit("sessions.ended").await[0].detail, "2 sessions");
    }

    /// Ids are no secrets: only their owner's count.
    async fn other_peoples_are_out_of_reach(app: TestApp) {
        let ana = signed_in(app, "ana").await;
        let session = sessions(app, "user-ana").await[0].id.as_str().to_owned();
        let device = devices(app, "user-ana").await[0].id.as_str().to_owned();
        let ben = signed_in(app, "ben").await;
        for fields in [[("session", session.as_str())], [("device", device.as_str())],
            [("session", "")], [("session", "unknown")], [("device", "unknown")]] {
            let answer = send(&ben, PATH, &fields).await;
            assert_eq!((answer.status, answer.location().query()), (303, None), "{fields:?}");
        }
        assert_eq!(ana.who().await, Some("ana"));
        assert_eq!(devices(app, "user-ana").await.len(), 1);
        assert!(app.audit("session.ended").await.is_empty());
        assert!(app.audit("device.forgotten").await.is_empty());
    }

    /// A forgotten device is asked for the second step again, and a sign-in with it is told by mail.
    async fn a_device_is_forgotten(app: TestApp) {
        let here = signed_in(app, "ana").await;
        let there = phone(app, "ana").await;
        let now = app.clock.now();
        let id = devices(app, "user-ana").await.into_iter()
            .find(|device| device.user_agent.contains("iPhone")).expect("the telephone").id;
        let trusted = id.clone();
        app.rows(move |conn| {
            let until = Some(now.plus(30 * 86_400));
            Ok(vestibule_storage::device::trust(conn, &trusted, &UserId::new("user-ana"), until)?)
        }).await;
        let page = here.get(PATH).await;
        assert!(page.body.contains("Not asked for a second step until 31 January 2026"), "{page:#?}");
        let answer = send(&here, PATH, &[("device", id.as_str())]).await;
        let page = done(&here, answer, "forgotten").await;
        assert_eq!(offered(&page, "device"), 1);
        assert_eq!(there.who().await, Some("ana"), "who is signed in stays so");
        assert_eq!(app.audit("device.forgotten").await.len(), 1);
        let before = app.mails_to("ana@people.example").await.len();
        app.clock.advance(60);
        phone_again(&there, "ana").await;
        let mails = app.mails_to("ana@people.example").await;
        assert_eq!((mails.len(), mails[0].kind.as_str()), (before + 1, "new-device"));
    }
}

/// Signs in once more with the same browser.
async fn phone_again(browser: &Browser, name: &str) {
    browser.forget(vestibule_web::cookies::SESSION);
    let page = browser.send(Method::GET, "/login", &[("user-agent", PHONE)], None).await;
    browser.log_in(&page, name).await;
}
