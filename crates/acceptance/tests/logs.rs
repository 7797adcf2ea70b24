//! Whatever the level, no log ever holds a secret.
//!
//! A test binary of its own: the subscriber that listens here is the whole process's.

#![expect(
    clippy::expect_used,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on has to fail"
)]

use std::{
    io::Write,
    sync::{Mutex, OnceLock, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use tracing::Level;
use tracing_subscriber::{
    filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};
use vestibule_acceptance::{
    Browser, PASSWORD, Page, Rp, TestApp, Tokens, forge::KeyPair, on_both_databases,
};
use vestibule_model::{
    Clock,
    client::{AccessTokenFormat, AuthMethod},
};

const WRONG_PASSWORD: &str = "wrong-Passw0rd-that-was-typed";
const WRONG_SECRET: &str = "wrong-client-secret-that-was-sent";
const POST_SECRET: &str = "post-app-secret-0123456789abcdef0123456789";

/// Everything that was logged in this process.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Recorder;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Recorder {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

/// Listens to every crate at every level; only the test's own HTTP client may say what it likes.
fn listen() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let everything = Targets::new()
            .with_default(Level::TRACE)
            .with_target("reqwest", tracing::level_filters::LevelFilter::OFF)
            .with_target("hyper", tracing::level_filters::LevelFilter::OFF)
            .with_target("hyper_util", tracing::level_filters::LevelFilter::OFF);
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Recorder);
        tracing_subscriber::registry().with(everything).with(lines).init();
    });
}

fn logged() -> String {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&log).into_owned()
}

/// The secrets of a run, each with what it is called.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 8, "{what} is too short to be looked for: {secret:?}");
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    fn add_tokens(&mut self, tokens: &Value) {
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = tokens[name].as_str() {
                self.add(name, token);
                // A JWT cut off in the middle is a part of a secret; its signature is the proof.
                self.add(name, token.rsplit('.').next().expect("a last part"));
            }
        }
    }

    fn add_cookies(&mut self, browser: &Browser) {
        for (name, value) in browser.cookies() {
            self.add(&name, &value);
        }
    }

    /// As it is, as a URL has it, and as the header has it.
    fn assert_absent(&self, log: &str) {
        for (what, secret) in &self.0 {
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for form in [secret.clone(), encoded, STANDARD.encode(secret)] {
                let at = log.find(&form);
                let line = at.map(|at| log[..at].lines().last().unwrap_or_default());
                assert!(at.is_none(), "{what} is in the log, after: {line:?}");
            }
        }
    }
}

fn bearer(app: &TestApp) -> impl AsyncFn(Method, &str) -> Page {
    let machine = app.machine();
    async move |method, token: &str| {
        let value = format!("Bearer {token}");
        machine.send(method, "/userinfo", &[("authorization", &value)], None).await
    }
}

/// Sign-in with a mistake on the way; the code, and what else was secret about it.
async fn sign_in(app: &TestApp, rp: &Rp, secrets: &mut Secrets) -> (Browser, String) {
    let browser = app.browser();
    let page = browser.follow(browser.get(&rp.authorize()).await).await;
    secrets.add("csrf_token", &page.field("csrf_token").expect("a token in the form"));
    secrets.add_cookies(&browser);
    let wrong = [("username", "ana"), ("password", WRONG_PASSWORD)];
    let refused = browser.submit(&page, "/login", &wrong).await;
    assert!(refused.status < 500 && refused.body.contains("password"));
    let answer = rp.walk(&browser, &rp.authorize()).await;
    secrets.add_cookies(&browser);
    let code = Rp::code_of(&answer);
    secrets.add("code", &code);
    (browser, code)
}

async fn code_flow(app: &TestApp, rp: &Rp, secrets: &mut Secrets) {
    let (browser, code) = sign_in(app, rp, secrets).await;
    let wrong = Rp { verifier: "wrong-verifier-wrong-verifier-wrong-verifier-0", ..rp.clone() };
    secrets.add("wrong verifier", wrong.verifier);
    assert_eq!(wrong.redeem(app, &code).await.status, 400);
    let tokens = Tokens(rp.redeem(app, &code).await.json());
    secrets.add_tokens(&tokens.0);
    let userinfo = bearer(app);
    assert_eq!(userinfo(Method::GET, tokens.get("access_token")).await.status, 200);
    assert_eq!(userinfo(Method::GET, tokens.get("id_token")).await.status, 401);
    let form = [("access_token", tokens.get("access_token"))];
    assert_eq!(app.machine().post("/userinfo", &form).await.status, 200);
    let in_query = format!("/userinfo?access_token={}", tokens.get("access_token"));
    assert_eq!(app.machine().get(&in_query).await.status, 401);
    let next = Tokens(rp.refresh(app, tokens.get("refresh_token")).await.json());
    secrets.add_tokens(&next.0);
    assert_eq!(rp.refresh(app, tokens.get("refresh_token")).await.status, 200, "the grace");
    for token in [next.get("refresh_token"), next.get("access_token")] {
        assert_eq!(rp.call(app, "/introspect", &[("token", token)]).await.status, 200);
    }
    assert_eq!(rp.call(app, "/revoke", &[("token", next.get("access_token"))]).await.status, 200);
    app.clock.advance(31);
    assert_eq!(rp.refresh(app, tokens.get("refresh_token")).await.status, 400, "reuse");
    assert_eq!(rp.redeem(app, &code).await.status, 400, "replay");
    assert_eq!(rp.call(app, "/revoke", &[("token", next.get("refresh_token"))]).await.status, 200);
    let hint = format!("/end_session?id_token_hint={}&state=x", next.get("id_token"));
    assert_eq!(browser.get(&hint).await.status, 200);
    let access = format!("/end_session?id_token_hint={}", next.get("access_token"));
    assert_eq!(browser.get(&access).await.status, 400);
}

/// Each way of proving a client, right and wrong.
async fn client_proofs(app: &TestApp, secrets: &mut Secrets) {
    let mut post = app.client("post-app", "https://post.example/cb", POST_SECRET);
    post.metadata.token_endpoint_auth_method = AuthMethod::ClientSecretPost;
    app.add_client(post).await;
    let key = KeyPair::generate("ES256", "ec-1");
    let mut robot = app.client("robot", "https://robot.example/cb", "");
    robot.metadata.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt;
    robot.metadata.jwks = Some(json!({ "keys": [key.public()] }));
    app.add_client(robot).await;
    let grant = ("grant_type", "client_credentials");
    for (secret, status) in [(POST_SECRET, 200), (WRONG_SECRET, 401)] {
        let form = [grant, ("client_id", "post-app"), ("client_secret", secret)];
        let page = app.machine().post("/token", &form).await;
        assert_eq!(page.status, status);
        secrets.add_tokens(&page.json());
    }
    let wrong = Rp { secret: WRONG_SECRET, ..Rp::web() };
    assert_eq!(wrong.call(app, "/token", &[grant]).await.status, 401);
    let now = app.clock.now().0;
    let assertion = key.sign(&json!({
        "iss": "robot", "sub": "robot", "aud": app.issuer, "jti": "once", "exp": now + 60,
    }));
    secrets.add("client_assertion", &assertion);
    secrets.add("client_assertion", assertion.rsplit('.').next().unwrap());
    let form = [
        grant,
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    for status in [200, 401] {
        let page = app.machine().post("/token", &form).await;
        assert_eq!(page.status, status, "{page:#?}");
        secrets.add_tokens(&page.json());
    }
}

fn every_constant(secrets: &mut Secrets) {
    let web = Rp::web();
    secrets.add("password", PASSWORD);
    secrets.add("wrong password", WRONG_PASSWORD);
    secrets.add("code_verifier", web.verifier);
    for secret in [web.secret, POST_SECRET, WRONG_SECRET] {
        secrets.add("client_secret", secret);
    }
    for secret in [web.secret, WRONG_SECRET] {
        secrets.add("Authorization", &STANDARD.encode(format!("{}:{secret}", web.client_id)));
    }
}

on_both_databases! {
    /// Issue 3, "secrets never in a log"; RFC 9700 §4.2.4 and RFC 6819 §4.3.3 for why.
    async fn no_secret_is_ever_logged(app: TestApp) {
        listen();
        let mut secrets = Secrets::default();
        every_constant(&mut secrets);
        code_flow(app, &Rp::web(), &mut secrets).await;
        code_flow_of_opaque_tokens(app, &mut secrets).await;
        client_proofs(app, &mut secrets).await;
        links_by_mail(app, &mut secrets).await;
        let log = logged();
        for expected in [
            " TRACE ", " INFO ", "http.request", "session.ended", "request.refused", "actix",
        ] {
            assert!(log.contains(expected), "{expected} is missing: does the recorder listen?");
        }
        assert!(secrets.0.len() > 40, "{} secrets", secrets.0.len());
        secrets.assert_absent(&log);
    }
}

async fn code_flow_of_opaque_tokens(app: &TestApp, secrets: &mut Secrets) {
    app.change_client("web-app", |client| {
        client.metadata.access_token_format = AccessTokenFormat::Opaque;
    })
    .await;
    code_flow(app, &Rp::web(), secrets).await;
}

/// Links stand in paths, and a mail address is nobody's business but its owner's.
async fn links_by_mail(app: &TestApp, secrets: &mut Secrets) {
    let (first, second) = ("violet anvil thunders over raft", "saffron glacier whispers to moths");
    let address = "cleo@people.example";
    for (what, secret) in [("new password", first), ("new password", second), ("address", address)]
    {
        secrets.add(what, secret);
    }
    let browser = app.browser();
    let fields = [("username", "cleo"), ("email", address), ("password", first)];
    browser.submit(&browser.get("/register").await, "/register", &fields).await;
    let verify = app.mail_of("verify-registration", address).await.link("/verify/");
    let form = browser.get("/recover").await;
    browser.submit(&browser.get(&verify).await, &verify, &[]).await;
    browser.submit(&form, "/recover", &[("username", address)]).await;
    let recover = app.mail_of("reset-password", address).await.link("/recover/");
    let page = browser.get(&recover).await;
    let done = browser.submit(&page, &recover, &[("new_password", second)]).await;
    assert_eq!(done.status, 303);
    let freeze = app.mail_of("password-changed", address).await.link("/freeze/");
    assert_eq!(browser.get(&freeze).await.status, 200);
    for link in [&verify, &recover, &freeze] {
        let token = link.rsplit('/').next().expect("a token");
        secrets.add("link", token);
        assert_eq!(browser.get(&format!("/register?invite={token}")).await.status, 410);
    }
    secrets.add_cookies(&browser);
}

/// The check itself can fail.
#[test]
#[should_panic(expected = "code is in the log")]
fn a_secret_that_is_logged_is_found() {
    let mut secrets = Secrets::default();
    secrets.add("code", "a/secret+code");
    secrets.assert_absent("INFO request path=/cb?code=a%2Fsecret%2Bcode");
}
