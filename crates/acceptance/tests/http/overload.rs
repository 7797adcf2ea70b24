//! More to do than can be done: what is turned away, what goes on, and what slow or absent clients
//! cost.

mod places;
mod readiness;

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::mpsc,
    time::{Duration, Instant},
};

use reqwest::Method;
use vestibule_acceptance::{Backend, Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_identity::password::{PasswordHasher, PasswordSettings};
use vestibule_model::settings::RegistrationPolicy;
use vestibule_web::{AppState, admission::Admission};

/// What is never turned away.
const FREE: [&str; 4] = [
    "/health/live",
    "/jwks",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

/// One request in flight is enough, and one thread hashes.
async fn small(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| {
        state.admission = Admission::new(1, 1_024);
        state.passwords = one_thread(8);
    })
    .await
}

fn one_thread(queue: usize) -> PasswordHasher {
    let settings = PasswordSettings { memory_kib: 64, concurrency: 1, queue, ..Default::default() };
    PasswordHasher::new(settings).expect("a password thread")
}

/// Keeps the password thread busy until the sender is dropped.
async fn hold_passwords(state: &AppState) -> mpsc::Sender<()> {
    let (let_go, held) = mpsc::channel::<()>();
    let (begun, at_it) = tokio::sync::oneshot::channel();
    let work = move || {
        let _ = begun.send(());
        let _ = held.recv();
    };
    tokio::select! {
        biased;
        answer = state.passwords.run(work) => panic!("it ended: {answer:?}"),
        begun = at_it => begun.expect("the thread is at it"),
    }
    let_go
}

/// Polls until `holds`, for ten seconds at most.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn assert_turned_away(page: &Page, what: &str) {
    assert_eq!(page.status, 503, "{what}: {page:#?}");
    let seconds: u32 = page.header("retry-after").parse().expect("seconds");
    assert!((1..=4).contains(&seconds), "{what}: {seconds}");
    assert_eq!(page.header("cache-control"), "no-store", "{what}");
}

/// Writes bytes as they are and reads until the server closes; says how long that took.
fn raw(app: &TestApp, request: &[u8]) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = connect(app);
    let _ = stream.write_all(request);
    (rest(&mut stream), started.elapsed())
}

fn connect(app: &TestApp) -> TcpStream {
    let address = app.issuer.strip_prefix("http://").expect("plain HTTP");
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time limit");
    stream
}

/// What else comes until the server closes; fails if it does not.
fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(fault) if fault.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(fault) => panic!("not closed: {fault}: {}", String::from_utf8_lossy(&answer)),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// A form's head that announces `length` bytes.
fn head(path: &str, length: usize) -> String {
    let kind = if path.starts_with("/connect/") {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn sign_in_form(browser: &Browser, login: &Page) -> String {
    let mut fields = login.hidden_fields("/login");
    fields.extend([("username", "ana"), ("password", PASSWORD)].map(|(n, v)| (n.into(), v.into())));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let cookies: Vec<_> = browser.cookies().iter().map(|(n, v)| format!("{n}={v}")).collect();
    format!(
        "POST /login HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        cookies.join("; "),
        body.len()
    )
}

mod turning_away {
    use super::*;

    on_both_databases! {
        started by small;

        /// Beyond capacity new work gets a fast 503, and whoever has begun gets to the end.
        async fn new_work_waits_and_what_is_under_way_finishes(app: TestApp) {
            let rp = Rp::web();
            let (ana, other) = (app.browser(), app.browser());
            let login = ana.open(&rp.authorize()).await;
            let waiting = other.open(&rp.authorize()).await;
            let let_go = hold_passwords(&app.state).await;
            let consent = {
                let (signing_in, ()) = tokio::join!(ana.log_in(&login, "ana"), async {
                    until("a request is in flight", || app.state.admission.in_flight() == 1).await;
                    new_work_is_turned_away(app, &rp).await;
                    under_way(app, &rp, &other, &waiting).await;
                    drop(let_go);
                });
                signing_in
            };
            let answer = ana.decide(&consent, "allow").await.refresh_target().expect("a way back");
            assert_eq!(rp.redeem(app, &Rp::code_of(&answer)).await.status, 200);
            assert_eq!(app.state.admission.in_flight(), 0);
            assert_eq!(app.browser().get(&rp.authorize()).await.status, 303, "it is over");
        }

        /// The database's end, as far as it can be had here: it takes no more work.
        async fn without_a_database_everything_is_503_and_nothing_500(app: TestApp) {
            let rp = Rp::web();
            let tokens = rp.tokens(app).await;
            app.state.db.shutdown();
            let started = Instant::now();
            for path in FREE {
                assert_eq!(app.machine().get(path).await.status, 200, "{path}");
            }
            assert_eq!(app.machine().get("/health/ready").await.status, 503);
            let style = app.machine().get("/errors").await;
            assert_eq!(style.status, 200, "what asks nothing of the database is there");
            for path in [rp.authorize().as_str(), "/login", "/register", "/account", "/end_session"] {
                let page = app.browser().get(path).await;
                if page.status != 200 && page.status != 303 {
                    assert_turned_away(&page, path);
                }
            }
            let access = tokens.get("access_token");
            let refused = [
                rp.call(app, "/introspect", &[("token", access)]).await,
                rp.call(app, "/revoke", &[("token", access)]).await,
                rp.redeem(app, "x").await,
                rp.refresh(app, tokens.get("refresh_token")).await,
                app.machine().send(Method::GET, "/userinfo",
                    &[("authorization", &format!("Bearer {access}"))], None).await,
            ];
            for page in refused {
                assert_turned_away(&page, page.url.path());
                assert_eq!(page.json()["error"], "temporarily_unavailable");
            }
            assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        }
    }

    async fn new_work_is_turned_away(app: &TestApp, rp: &Rp) {
        let address = rp.authorize_with(&[("state", Some("a&b=\"c\""))]);
        let page = app.browser().get(&address).await;
        assert_turned_away(&page, "a request for a sign-in");
        assert!(page.header("content-type").starts_with("text/html"), "{page:#?}");
        let again = page.links().into_iter().find(|link| link.starts_with("/authorize?"));
        assert_eq!(again.as_deref(), Some(address.as_str()), "the request is kept");
        for path in ["/login", "/", "/register"] {
            let page = app.browser().get(path).await;
            assert_turned_away(&page, path);
        }
        let other =
            b"GET //evil.example/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let (other, _) = raw(app, other);
        assert!(other.starts_with("HTTP/1.1 503") && !other.contains("href=\"//"), "{other}");
        let json = [("content-type", "application/json")];
        let body = Some(b"{}".to_vec());
        for page in [
            app.machine().send(Method::POST, "/connect/register", &json, body).await,
            app.machine().get("/.well-known/webfinger?resource=acct:ana@people.example").await,
            app.machine().get("/.well-known/%77ebfinger?resource=acct:ana@people.example").await,
        ] {
            assert_turned_away(&page, page.url.path());
            assert_eq!(page.json()["error"], "temporarily_unavailable");
            // A script of anybody's reads when to come again, here as always.
            assert_eq!(page.header("access-control-allow-origin"), "*", "{page:#?}");
            assert!(page.header("access-control-expose-headers").contains("retry-after"));
        }
        let asked = app.machine().send(Method::OPTIONS, "/connect/register", &[], None).await;
        assert_eq!(asked.status, 204, "a preflight costs nothing");
        for path in FREE.into_iter().chain(["/health/ready"]) {
            assert_eq!(app.machine().get(path).await.status, 200, "{path}");
        }
    }

    async fn under_way(app: &TestApp, rp: &Rp, other: &Browser, waiting: &Page) {
        assert_eq!(other.get(waiting.url.as_str()).await.status, 200, "a page that was shown");
        assert_eq!(rp.redeem(app, "x").await.status, 400, "a code is judged");
        assert_eq!(rp.call(app, "/introspect", &[("token", "x")]).await.status, 200);
        assert_eq!(rp.call(app, "/revoke", &[("token", "x")]).await.status, 200);
        assert_eq!(app.machine().get("/userinfo").await.status, 401);
        assert_eq!(other.get("/logout").await.status, 200);
    }
}

mod passwords {
    use super::*;

    async fn short_queue(backend: Backend) -> TestApp {
        TestApp::start_with(backend, |state| state.passwords = one_thread(4)).await
    }

    on_both_databases! {
        started by short_queue;

        /// Beyond the queue: at once 503 with Retry-After, and no wait. Those who wait are served.
        async fn beyond_the_queue_a_sign_in_is_refused_at_once(app: TestApp) {
            let rp = Rp::web();
            let mut people = Vec::new();
            for _ in 0..5 {
                let browser = app.browser();
                let login = browser.open(&rp.authorize()).await;
                people.push((browser, login));
            }
            let (late, page) = people.pop().expect("five");
            let signed_in = app.browser();
            signed_in.log_in(&signed_in.open(&rp.authorize()).await, "ben").await;
            let let_go = hold_passwords(&app.state).await;
            // Three wrong ones lock an account, and each counts as one until it is judged.
            let names = ["ana", "ben", "ana", "ben"];
            let all = people.iter().zip(names).map(|((browser, login), name)| browser.log_in(login, name));
            let (served, ()) = tokio::join!(futures_util::future::join_all(all), async {
                until("four wait", || app.state.passwords.backlog().waiting == 4).await;
                let started = Instant::now();
                let refused = late.log_in(&page, "ana").await;
                assert_eq!(refused.status, 503, "{refused:#?}");
                assert!(!refused.header("retry-after").is_empty());
                assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
                let new = app.browser().get(&rp.authorize()).await;
                assert_turned_away(&new, "a new flow, for whose password there would be no room");
                for path in ["/login", "/register", "/recover"] {
                    assert_turned_away(&app.browser().get(path).await, path);
                }
                let going_on = signed_in.get(&rp.authorize()).await;
                assert_eq!(going_on.status, 303, "no password is asked for: {going_on:#?}");
                assert_eq!(app.browser().get("/").await.status, 200);
                drop(let_go);
            });
            assert!(served.iter().all(|page| page.status == 200), "{served:#?}");
            assert_eq!(late.log_in(&page, "ana").await.status, 200, "and then it is free again");
        }

        /// Whoever hangs up while waiting costs no hash, and is charged no guess.
        async fn whoever_went_away_is_not_worked_for(app: TestApp) {
            let rp = Rp::web();
            let browser = app.browser();
            let login = browser.open(&rp.authorize()).await;
            let let_go = hold_passwords(&app.state).await;
            let before = app.state.passwords.work().hashes;
            for _ in 0..3 {
                let mut stream = connect(app);
                stream.write_all(sign_in_form(&browser, &login).as_bytes()).expect("a request");
                // Those of before may still stand in the queue, though nobody waits for them.
                until("it is taken in", || app.state.admission.in_flight() > 0).await;
                until("it waits", || app.state.passwords.backlog().waiting > 0).await;
                drop(stream);
                until("it is given up", || app.state.admission.in_flight() == 0).await;
            }
            drop(let_go);
            until("nothing waits", || app.state.passwords.backlog().waiting == 0).await;
            app.state.passwords.run(|| ()).await.expect("the thread is free");
            assert_eq!(app.state.passwords.work().hashes, before);
            // Three that were charged would have locked the account.
            assert_eq!(browser.log_in(&login, "ana").await.status, 200);
        }
    }
}

mod slow_clients {
    use super::*;
    use vestibule_server::intake::Intake;

    const PATIENCE: Duration = Duration::from_millis(1_500);

    async fn impatient() -> TestApp {
        let intake =
            Intake { header_timeout: PATIENCE, keep_alive: PATIENCE * 3, ..Intake::default() };
        TestApp::start_taking(Backend::Sqlite, intake, |state| state.body_timeout = PATIENCE).await
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_408_and_the_connection_closes() {
        let app = impatient().await;
        for (path, kind) in [("/token", "application/json"), ("/login", "text/html")] {
            let request = format!("{}grant_type=", head(path, 1_000));
            let (answer, took) = raw(&app, request.as_bytes());
            assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
            let answer = answer.to_ascii_lowercase();
            assert!(answer.contains("connection: close") && answer.contains(kind), "{answer}");
            assert!(took >= PATIENCE && took < Duration::from_secs(8), "{path}: {took:?}");
        }
        assert_eq!(app.state.admission.in_flight(), 0);
    }

    #[tokio::test]
    async fn heads_that_trickle_and_idle_connections_are_closed() {
        let app = impatient().await;
        let (answer, _) = raw(&app, b"GET /jwks HT");
        assert!(answer.starts_with("HTTP/1.1 408"), "the first head: {answer}");
        let whole = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
        for (then, what) in [("GET /jwks HT", "a later head"), ("", "nothing")] {
            let mut stream = connect(&app);
            stream.write_all(whole.as_bytes()).expect("a request");
            stream.write_all(whole.as_bytes()).expect("another");
            stream.write_all(then.as_bytes()).expect("a part of a third");
            let answers = rest(&mut stream);
            assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{what}: {answers}");
        }
    }

    /// The sender of an endless body is told, and is not listened to for ever.
    #[tokio::test]
    async fn an_endless_body_is_cut_off() {
        let app = impatient().await;
        let mut stream = connect(&app);
        let head = "POST /token HTTP/1.1\r\nhost: localhost\r\ncontent-type: \
                    application/x-www-form-urlencoded\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("a head");
        let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
        let sent = (0..2_000).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count();
        assert!(sent < 1_000, "{sent} chunks of 32 KiB were taken");
    }
}

mod limits {
    use super::*;

    /// Every route that takes a body says 413 to one that is too large, before it comes.
    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused_unread() {
        let app = TestApp::start_with(Backend::Sqlite, |state| {
            let settings = std::sync::Arc::make_mut(&mut state.settings);
            settings.client_registration.policy = RegistrationPolicy::Open;
            settings.playground = true;
        });
        let app = app.await;
        let machines = ["/token", "/introspect", "/revoke", "/connect/register"];
        let people =
            vestibule_interaction::PAGES.iter().filter(|page| page.methods.contains(&"post"));
        let people = people.map(|page| page.path).chain(["/authorize", "/end_session"]);
        let mut others = Vec::new();
        for path in machines.into_iter().chain(people).filter(|path| !path.contains('{')) {
            let limit = if path == "/connect/register" { 262_144 } else { 65_536 };
            let (answer, took) = raw(&app, head(path, limit + 1).as_bytes());
            let kind = if machines.contains(&path) { "application/json" } else { "text/html" };
            if !answer.starts_with("HTTP/1.1 413") || !answer.contains(kind) {
                let start = answer.lines().next().unwrap_or_default().to_owned();
                others.push((path, start));
            }
            assert!(took < Duration::from_secs(5), "{path}: {took:?}");
        }
        assert_eq!(others, []);
    }
}

mod hosts {
    use super::*;

    fn get(app: &TestApp, path: &str, headers: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
        raw(app, request.as_bytes()).0
    }

    /// Pains 2.6: a page says which host it was asked for at and which is configured.
    #[tokio::test]
    async fn a_page_at_another_host_says_so_and_programs_are_served() {
        let app = TestApp::start(Backend::Sqlite).await;
        let foreign = "host: login.example.com:8443\r\n";
        for path in ["/", "/login", "/account", "/nowhere", &Rp::web().authorize()] {
            let answer = get(&app, path, foreign);
            assert!(answer.starts_with("HTTP/1.1 421"), "{path}: {answer}");
            assert!(answer.contains("login.example.com:8443"), "{path}: {answer}");
            assert!(answer.contains("localhost"), "{path}: {answer}");
        }
        for path in ["/jwks", "/%6Awks", "/health/live", "/.well-known/openid-configuration"] {
            let answer = get(&app, path, foreign);
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
            assert!(!answer.contains("login.example.com"), "{path}: {answer}");
        }
        let shown = get(&app, "/", "host: a.b<script>\r\n");
        assert!(!shown.contains("<script>"), "{shown}");
    }

    /// What a request says of how it came is believed from trusted proxies only.
    #[tokio::test]
    async fn forwarded_hosts_are_believed_from_trusted_proxies_only() {
        let app = TestApp::start(Backend::Sqlite).await;
        let headers = "host: localhost\r\nx-forwarded-host: evil.example\r\n\
                       forwarded: host=evil.example;proto=https\r\nx-forwarded-proto: https\r\n";
        assert!(get(&app, "/", headers).starts_with("HTTP/1.1 200"));
        let found = get(&app, "/.well-known/openid-configuration", headers);
        assert!(found.contains(&app.issuer) && !found.contains("evil.example"), "{found}");
        let proxied = TestApp::start_with(Backend::Sqlite, |state| {
            state.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        });
        let proxied = proxied.await;
        let answer = get(&proxied, "/", headers);
        assert!(answer.starts_with("HTTP/1.1 421") && answer.contains("evil.example"), "{answer}");
        let own = "host: 10.0.0.7\r\nx-forwarded-host: evil.example, localhost\r\n";
        assert!(get(&proxied, "/", own).starts_with("HTTP/1.1 200"));
    }
}
