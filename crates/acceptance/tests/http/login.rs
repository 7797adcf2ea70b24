//! Signing in, and the session it makes (OIDC Core §3.1.2.3; RFC 6265 §4.1.2, §8.4; RFC 9700
//! §4.7).

use std::sync::Arc;

use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_identity::password::{PasswordHasher, PasswordSettings};
use vestibule_model::{
    Clock, Secret, SessionId, Timestamp, UserId, browser_session::BrowserSession,
    entropy::random_secret,
};
use vestibule_web::cookies::{BROWSER, DEVICE, SESSION};

/// Sends the sign-in page with these values.
async fn attempt(browser: &Browser, name: &str, password: &str) -> Page {
    let page = browser.get("/login").await;
    let fields = [("username", name), ("password", password)];
    browser.submit(&page, "/login", &fields).await
}

fn session(browser: &Browser) -> String {
    browser.cookies().get(SESSION).cloned().expect("a session")
}

/// A browser that holds this session cookie and nothing else.
fn holding(app: &TestApp, value: &str) -> Browser {
    let browser = app.browser();
    browser.set_cookie(SESSION, value);
    browser
}

on_both_databases! {
    /// By user name or mail address, in any case, with blanks around.
    async fn people_sign_in_by_name_or_address(app: TestApp) {
        for name in ["ana", "ANA", "ana@people.example", "Ana@People.Example", " ana "] {
            let browser = app.browser();
            assert_eq!(attempt(&browser, name, PASSWORD).await.status, 303, "{name}");
            assert_eq!(browser.who().await, Some("ana"));
        }
    }

    /// OWASP ASVS 2.2: a wrong password, an unknown name and a disabled account get the same
    /// status, words and headers, so that nobody learns who has an account.
    async fn a_refusal_does_not_tell_who_exists(app: TestApp) {
        app.add_person("cid", |user| user.disabled_at = Some(Timestamp(1))).await;
        let mut seen = Vec::new();
        let rows = [("ana", "wrong"), ("nobody", "wrong"), ("nobody", PASSWORD), ("cid", "wrong"),
            ("cid", PASSWORD), ("nobody@people.example", PASSWORD), ("cid@people.example", "x")];
        for (name, password) in rows {
            let browser = app.browser();
            let page = attempt(&browser, name, password).await;
            assert_eq!(page.status, 422, "{name}");
            assert!(page.body.contains("That user name and password don’t match."), "{page:#?}");
            assert!(!browser.cookies().contains_key(SESSION), "{name}");
            assert_eq!(page.field("username").as_deref(), Some(name));
            let mut headers = page.headers.clone();
            headers.retain(|name, _| !["x-request-id", "date", "content-length"]
                .contains(&name.as_str()));
            let value = format!("value=\"{name}\"");
            seen.push((page.without_names().replace(&value, "NAME"), headers));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:#?}");
    }

    /// The same work whether or not the account exists: each attempt hands exactly one password to
    /// the hashing threads. Guards `login::attempt` against an early return.
    async fn every_attempt_hashes_one_password(app: TestApp) {
        app.add_person("cid", |user| user.disabled_at = Some(Timestamp(1))).await;
        let browser = app.browser();
        let page = browser.get("/login").await;
        let csrf = page.field("csrf_token").expect("a token");
        let before = app.state.passwords.work().hashes;
        let form = [("csrf_token", "wrong"), ("username", "ana"), ("password", "wrong")];
        assert_eq!(browser.post("/login", &form).await.status, 400);
        assert_eq!(app.state.passwords.work().hashes, before);
        let long = "x".repeat(2_000);
        for (name, password) in [("ana", "wrong"), ("nobody", "wrong"), ("cid", PASSWORD), ("", ""),
            ("ana", ""), ("ana", &long), ("nobody", &long)] {
            let before = app.state.passwords.work().hashes;
            let form = [("csrf_token", &*csrf), ("username", name), ("password", password)];
            assert_eq!(browser.post("/login", &form).await.status, 422);
            assert_eq!(app.state.passwords.work().hashes - before, 1, "{name}");
        }
    }

    /// The form keeps the name and never the password, and the right one works afterwards.
    async fn a_wrong_password_is_not_repeated(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let fields = [("username", "ana"), ("password", "hunter2-hunter2")];
        let mut again = browser.submit(&login, "/login", &fields).await;
        assert!(!again.body.contains("hunter2"), "{again:#?}");
        assert_eq!(again.field("interaction"), login.field("interaction"));
        again.url = login.url;
        assert_eq!(browser.log_in(&again, "ana").await.url.path(), "/consent");
    }

    /// RFC 6265 §4.1.2 and the `__Host-` prefix: the attributes that keep the cookies ours.
    async fn cookies_have_their_attributes(app: TestApp) {
        let browser = app.browser();
        let page = browser.get("/login").await;
        let named = page.header("set-cookie").to_owned();
        let signed_in = browser.submit(&page, "/login",
            &[("username", "ana"), ("password", PASSWORD)]).await;
        let session = signed_in.header("set-cookie").to_owned();
        let lines: Vec<&str> = session.split(", __Host-").collect();
        let device = format!("__Host-{}", lines[1]);
        let session = lines[0].to_owned();
        for (line, name) in [(&named, BROWSER), (&session, SESSION), (&device, DEVICE)] {
            assert!(name.starts_with("__Host-") && line.starts_with(name), "{line}");
            for part in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
                assert!(line.contains(part), "{part}: {line}");
            }
            assert!(!line.contains("Domain"), "{line}");
        }
        assert!(!session.contains("Max-Age") && !session.contains("Expires"), "{session}");
    }

    /// Session fixation: a cookie that somebody planted before the sign-in is worth nothing after.
    async fn a_planted_cookie_is_worthless(app: TestApp) {
        let planted = "A".repeat(43);
        let victim = holding(app, &planted);
        victim.sign_in("ana").await;
        assert_ne!(session(&victim), planted);
        assert_eq!(holding(app, &planted).who().await, None);
    }

    /// Session fixation with the attacker's own live session: it stays theirs, steps aside, and
    /// never becomes Ana's.
    async fn a_planted_session_of_another_person_stays_theirs(app: TestApp) {
        let attacker = app.browser();
        attacker.sign_in("ben").await;
        let planted = session(&attacker);
        let victim = holding(app, &planted);
        let login = victim.open(&Rp::web().authorize_with(&[("prompt", Some("login"))])).await;
        victim.log_in(&login, "ana").await;
        assert_eq!(victim.who().await, Some("ana"));
        assert_ne!(session(&victim), planted);
        assert_eq!(attacker.who().await, Some("ben"));
    }

    /// The identifier is renewed at each sign-in, though the session (`sid`) goes on.
    async fn the_identifier_is_renewed_at_login(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let first = rp.walk(&browser, &rp.authorize()).await;
        let old = session(&browser);
        let login = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        let page = browser.log_in(&login, "ana").await;
        let second = page.refresh_target().expect("the way back");
        assert_ne!(session(&browser), old);
        assert_eq!(holding(app, &old).who().await, None);
        let sid = rp.tokens_of(app, &first).await.claims("id_token")["sid"].clone();
        assert!(sid.is_string());
        assert_eq!(rp.tokens_of(app, &second).await.claims("id_token")["sid"], sid);
        assert_ne!(sid.as_str(), Some(old.as_str()), "the public name is not the cookie");
    }

    /// One sign-in serves every client (SSO), under the same `sid`.
    async fn one_session_serves_every_client(app: TestApp) {
        let browser = app.browser();
        let (web, spa) = (Rp::web(), Rp::spa());
        let one = web.tokens_of(app, &web.walk(&browser, &web.authorize()).await).await;
        let page = browser.open(&spa.authorize()).await;
        let page = browser.decide(&page, "allow").await;
        let two = spa.tokens_of(app, &page.refresh_target().expect("the way back")).await;
        assert_eq!(one.claims("id_token")["sid"], two.claims("id_token")["sid"]);
    }

    /// A session that nobody uses ends; each use starts the time anew.
    async fn an_idle_session_ends(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        app.clock.advance(7_199);
        assert_eq!(browser.who().await, Some("ana"));
        assert_eq!(browser.get(&rp.authorize()).await.status, 303);
        app.clock.advance(7_199);
        assert_eq!(browser.who().await, Some("ana"), "the use counted");
        app.clock.advance(1);
        assert_eq!(browser.who().await, None);
        assert_eq!(browser.open(&rp.authorize()).await.url.path(), "/login");
    }

    /// However much it is used, a session ends after twelve hours.
    async fn a_session_ends_absolutely(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        for _ in 0..11 {
            app.clock.advance(3_600);
            assert_eq!(browser.get(&rp.authorize()).await.location().host_str(),
                Some("app.example"));
        }
        app.clock.advance(3_599);
        assert_eq!(browser.get(&rp.authorize()).await.location().host_str(), Some("app.example"));
        app.clock.advance(1);
        assert_eq!(browser.who().await, None);
        let silent = rp.authorize_with(&[("prompt", Some("none"))]);
        assert_eq!(rp.told(&browser, &silent).await.0, "login_required");
    }

    /// A person who was disabled while signed in is signed in no more.
    async fn a_disabled_person_has_no_session(app: TestApp) {
        app.add_person("cid", |user| user.disabled_at = Some(Timestamp(1))).await;
        let (cookie, now) = (random_secret(app.state.entropy.as_ref()), app.clock.now());
        let row = |user: &str, token: &Secret| BrowserSession {
            id: SessionId::new(format!("session-{user}")),
            token_hash: token.token_hash(),
            user_id: UserId::new(format!("user-{user}")),
            auth_time: now,
            amr: vec!["pwd".to_owned()],
            acr: "urn:vestibule:acr:pwd".to_owned(),
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(3_600),
            device_id: None,
            ip: None,
            user_agent: None,
        };
        let other = random_secret(app.state.entropy.as_ref());
        let rows = [row("cid", &cookie), row("ana", &other)];
        app.rows(move |conn| {
            for row in &rows {
                vestibule_storage::browser_session::insert(conn, row)?;
            }
            Ok(())
        }).await;
        assert_eq!(holding(app, other.expose()).who().await, Some("ana"), "the row is good");
        let browser = holding(app, cookie.expose());
        assert_eq!(browser.who().await, None);
        assert_eq!(browser.open(&Rp::web().authorize()).await.url.path(), "/login");
    }

    /// A hash under weaker settings than today's is replaced when its password is seen.
    async fn an_outdated_hash_is_replaced_at_login(app: TestApp) {
        let weak = PasswordSettings { memory_kib: 32, ..PasswordSettings::default() };
        let hasher = Arc::new(PasswordHasher::new(weak).expect("threads"));
        let entropy = app.state.entropy.as_ref();
        let old = hasher.hash(Secret::new(PASSWORD), entropy).await.expect("a hash");
        app.add_person("dora", |user| user.password_hash.clone_from(&old)).await;
        let stored = || app.rows(|conn| {
            let user = vestibule_storage::user::find(conn, &UserId::new("user-dora"))?;
            Ok(user.expect("Dora").password_hash)
        });
        assert_eq!(attempt(&app.browser(), "dora", "wrong").await.status, 422);
        assert_eq!(stored().await, old);
        assert_eq!(attempt(&app.browser(), "dora", PASSWORD).await.status, 303);
        let new = stored().await;
        assert!(new.starts_with("$argon2id$") && new.contains("m=64,"), "{new}");
        assert_eq!(attempt(&app.browser(), "dora", PASSWORD).await.status, 303);
        assert_eq!(stored().await, new);
    }

    /// Whatever is typed, the answer is no 5xx.
    async fn odd_input_is_just_wrong(app: TestApp) {
        let browser = app.browser();
        let long = "x".repeat(8_000);
        for name in ["", " ", "'; DROP TABLE users; --", "%", "_", "a%", "ＡＮＡ", "\u{202e}ana",
            "ana\u{200b}", &long] {
            for password in ["'", &long, "\u{1f6aa}"] {
                let page = attempt(&browser, name, password).await;
                assert_eq!(page.status, 422, "{name} {password}: {page:#?}");
            }
            // One more, and the name is locked, whoever has it.
            assert_eq!(attempt(&browser, name, "").await.status, 429, "{name}");
            app.clock.advance(3_600);
        }
    }
}
