//! Guessing passwords: what is locked, for whom, for how long, and what it costs the server.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use vestibule_acceptance::{Backend, Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};

/// One try with a password at the sign-in page.
async fn attempt(browser: &Browser, name: &str, password: &str) -> Page {
    let page = browser.get("/login").await;
    browser.submit(&page, "/login", &[("username", name), ("password", password)]).await
}

/// Wrong until it is locked.
async fn lock(app: &TestApp, name: &str) {
    let stranger = app.browser();
    for _ in 0..3 {
        assert_eq!(attempt(&stranger, name, "wrong password").await.status, 422);
    }
}

on_both_databases! {
    /// Three wrong passwords: then nobody strange gets in, not with the right one either, until the
    /// time is over that the page names.
    async fn three_wrong_passwords_lock_for_a_while(app: TestApp) {
        lock(app, "ana").await;
        let stranger = app.browser();
        let refused = attempt(&stranger, "ana", PASSWORD).await;
        assert_eq!(refused.status, 429, "{refused:#?}");
        assert_eq!(refused.header("retry-after"), "30");
        assert!(refused.body.contains("Too many tries. Wait 30 seconds"), "{refused:#?}");
        assert!(refused.body.contains("href=\"/unlock\""), "{refused:#?}");
        assert_eq!(refused.field("username").as_deref(), Some("ana"));
        // The mail address is the same account.
        assert_eq!(attempt(&stranger, "ANA@people.example", PASSWORD).await.status, 429);
        assert_eq!(attempt(&app.browser(), "ben", PASSWORD).await.status, 303);
        app.clock.advance(31);
        assert_eq!(attempt(&stranger, "ana", PASSWORD).await.status, 303);
    }

    /// Each further failure doubles the wait; a success forgets them all.
    async fn the_wait_grows_and_is_forgotten(app: TestApp) {
        lock(app, "ana").await;
        let stranger = app.browser();
        for wait in [30, 60, 120] {
            let refused = attempt(&stranger, "ana", "wrong password").await;
            assert_eq!(refused.header("retry-after"), wait.to_string());
            app.clock.advance(wait + 1);
            assert_eq!(attempt(&stranger, "ana", "wrong password").await.status, 422);
        }
        app.clock.advance(241);
        assert_eq!(attempt(&stranger, "ana", PASSWORD).await.status, 303);
        lock(app, "ana").await;
    }

    /// Whoever guesses from elsewhere cannot lock the owner out at home: a device that is known has
    /// an allowance of its own, and no more than that.
    async fn the_owner_gets_in_where_they_are_known(app: TestApp) {
        let home = app.browser();
        home.sign_in("ana").await;
        home.submit(&home.get("/logout").await, "/logout", &[("decision", "allow")]).await;
        assert_eq!(home.who().await, None);
        lock(app, "ana").await;
        assert_eq!(attempt(&app.browser(), "ana", PASSWORD).await.status, 429);
        assert_eq!(attempt(&home, "ana", PASSWORD).await.status, 303);
        home.forget(vestibule_web::cookies::SESSION);
        // The device is worth nothing for anybody else.
        lock(app, "ben").await;
        assert_eq!(attempt(&home, "ben", PASSWORD).await.status, 429);
        // And its own allowance is as small.
        for _ in 0..3 {
            assert_eq!(attempt(&home, "ana", "wrong password").await.status, 422);
        }
        assert_eq!(attempt(&home, "ana", PASSWORD).await.status, 429);
    }

    /// A name that nobody has is locked as one that somebody has: the same answers, the same number
    /// of hashes, the same number of hops and rows. Told by counting, not by the clock.
    async fn nobody_and_somebody_cost_the_same(app: TestApp) {
        let mut costs = Vec::new();
        for name in ["ana", "nobody-at-all"] {
            let browser = app.browser();
            browser.get("/login").await;
            let mut cost = Vec::new();
            for _ in 0..4 {
                let page = browser.get("/login").await;
                let hashes = app.state.passwords.work().hashes;
                let drawn = app.entropy.draws();
                let fields = [("username", name), ("password", "wrong password")];
                let answer = browser.submit(&page, "/login", &fields).await;
                let body = answer.without_names().replace(name, "NAME");
                let rows = app.rows(|conn| {
                    Ok(vestibule_storage::audit::list_recent(conn, 100)?.len())
                }).await;
                cost.push((
                    answer.status, body,
                    app.state.passwords.work().hashes - hashes,
                    app.entropy.draws() - drawn,
                    rows,
                ));
            }
            let first = cost[0].4;
            costs.push(cost.into_iter().map(|(s, b, h, d, r)| (s, b, h, d, r - first))
                .collect::<Vec<_>>());
        }
        assert_eq!(costs[0], costs[1]);
        assert_eq!(costs[0].iter().map(|cost| cost.2).collect::<Vec<_>>(), [1, 1, 1, 0]);
    }

    /// A try that is refused unseen writes nothing, and the counters are the same at every instance.
    async fn a_lock_is_shared_and_a_refusal_writes_nothing(app: TestApp) {
        let second = app.second();
        let stranger = app.browser();
        assert_eq!(attempt(&stranger, "ana", "wrong password").await.status, 422);
        stranger.via(&second);
        assert_eq!(attempt(&stranger, "ana", "wrong password").await.status, 422);
        stranger.direct();
        assert_eq!(attempt(&stranger, "ana", "wrong password").await.status, 422);
        stranger.via(&second);
        let written = async || {
            app.rows(|conn| Ok(vestibule_storage::audit::list_recent(conn, 100)?.len())).await
        };
        let before = written().await;
        assert_eq!(attempt(&stranger, "ana", PASSWORD).await.status, 429);
        assert_eq!(written().await, before);
    }

    /// Guesses sent in the same moment are not all free.
    async fn guesses_at_the_same_moment_are_counted(app: TestApp) {
        let browsers: Vec<Browser> = (0..12).map(|_| app.browser()).collect();
        let pages = join_all(browsers.iter().map(|b| b.get("/login"))).await;
        let tries = browsers.iter().zip(&pages).map(|(browser, page)| async move {
            let fields = [("username", "ana"), ("password", "wrong password")];
            browser.submit(page, "/login", &fields).await.status
        });
        let answers = join_all(tries).await;
        let judged = answers.iter().filter(|status| **status == 422).count();
        assert_eq!(judged, 3, "{answers:?}");
    }

    /// The client a sign-in is for learns nothing of it, and the request is still there afterwards.
    async fn a_lock_keeps_the_request(app: TestApp) {
        let rp = Rp::web();
        lock(app, "ana").await;
        let browser = app.browser();
        let page = browser.open(&rp.authorize()).await;
        let fields = [("username", "ana"), ("password", PASSWORD)];
        let refused = browser.submit(&page, "/login", &fields).await;
        assert_eq!(refused.status, 429);
        app.clock.advance(31);
        let consent = browser.follow(browser.submit(&refused, "/login", &fields).await).await;
        assert_eq!(consent.url.path(), "/consent", "{consent:#?}");
    }
}

/// A program that lets nobody write sessions for as long as it lives.
fn hold_sessions(url: &str) -> Child {
    let mut held = Command::new("psql")
        .args([url, "-qtA"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("psql: apt-get install -y postgresql-client");
    let lock = "BEGIN; LOCK TABLE browser_sessions IN SHARE ROW EXCLUSIVE MODE; SELECT 'held';\n";
    held.stdin.as_mut().expect("its input").write_all(lock.as_bytes()).expect("an open pipe");
    let mut said = String::new();
    BufReader::new(held.stdout.as_mut().expect("its output")).read_line(&mut said).expect("a line");
    assert_eq!(said.trim(), "held");
    held
}

/// The password was right and the session could not be stored: that is no guess, however often.
#[actix_web::test]
async fn a_sign_in_that_the_database_interrupts_locks_nobody_out() {
    let app = TestApp::start(Backend::Postgres).await;
    let browsers: Vec<_> = (0..3).map(|_| app.browser()).collect();
    let mut held = hold_sessions(&app.database_url());
    let pages = join_all(browsers.iter().map(|each| attempt(each, "ana", PASSWORD))).await;
    held.kill().expect("a program that runs");
    held.wait().expect("a program that ends");
    for page in &pages {
        assert!([503, 429].contains(&page.status), "{page:#?}");
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    let stranger = app.browser();
    while attempt(&stranger, "ana", PASSWORD).await.status != 303 {
        assert!(Instant::now() < deadline, "still locked out");
    }
}
