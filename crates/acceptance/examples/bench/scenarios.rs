//! What is measured: client_credentials, the code flow with a live session, refresh, idleness.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use vestibule_acceptance::{Browser, challenge_of};
use vestibule_storage::testing::TestDatabase;

use crate::{
    load::{Figures, drive},
    server::{PASSWORD, REDIRECT_URI, SECRET, Server},
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Every scenario, in order.
pub async fn all(server: &Server, each: Duration) -> Vec<(&'static str, Figures)> {
    let cookie = sign_in(server).await;
    vec![
        ("client_credentials RS256", client_credentials(server, "RS256", each).await),
        ("client_credentials ES256", client_credentials(server, "ES256", each).await),
        ("code flow RS256 (authorize + token)", code_flow(server, "RS256", &cookie, each).await),
        ("code flow ES256 (authorize + token)", code_flow(server, "ES256", &cookie, each).await),
        ("refresh RS256", refresh(server, "RS256", &cookie, each).await),
        ("refresh ES256", refresh(server, "ES256", &cookie, each).await),
    ]
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).build().expect("an HTTP client")
}

async fn token(client: &Client, url: &str, form: &[(&str, &str)]) -> Value {
    let sent = client.post(url).form(form).send().await.expect("an answer");
    let status = sent.status();
    let body = sent.bytes().await.expect("a body");
    assert!(status.is_success(), "{status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("JSON")
}

async fn client_credentials(server: &Server, alg: &'static str, each: Duration) -> Figures {
    let url: Arc<str> = format!("{}/token", server.issuer).into();
    drive(
        each,
        async |_| client(),
        move |client| {
            let url = Arc::clone(&url);
            async move {
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_id", alg),
                    ("client_secret", SECRET),
                    ("scope", "api"),
                ];
                token(&client, &url, &form).await;
                client
            }
        },
    )
    .await
}

fn authorize(server: &Server, alg: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", alg),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile offline_access"),
            ("state", "s"),
            ("nonce", "n"),
            ("code_challenge", &challenge_of(VERIFIER)),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    format!("{}/authorize?{query}", server.issuer)
}

/// Signs in and consents for both clients; the session's cookie.
async fn sign_in(server: &Server) -> String {
    let browser = Browser::new(&server.issuer);
    for alg in ["RS256", "ES256"] {
        let mut page = browser.follow(browser.get(&authorize(server, alg)).await).await;
        if page.url.path() == "/login" {
            let fields = [("username", "bench"), ("password", PASSWORD)];
            let sent = browser.submit(&page, "/login", &fields).await;
            page = browser.follow(sent).await;
        }
        let sent = browser.submit(&page, "/consent", &[("decision", "allow")]).await;
        let page = browser.follow(sent).await;
        assert!(page.refresh_target().is_some(), "{page:#?}");
    }
    let cookies = browser.cookies();
    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

async fn code_round(client: &Client, server: &Endpoints, alg: &str) -> Value {
    let request = client.get(&server.authorize).header("cookie", &server.cookie);
    let sent = request.send().await.expect("an answer");
    let location = sent.headers().get("location").expect("a redirect").to_str().expect("ASCII");
    let location = url::Url::parse(location).expect("a URL");
    sent.bytes().await.expect("a body");
    let (_, code) = location.query_pairs().find(|(name, _)| name == "code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", alg),
        ("client_secret", SECRET),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    token(client, &server.token, &form).await
}

struct Endpoints {
    authorize: String,
    token: String,
    cookie: String,
}

impl Endpoints {
    fn new(server: &Server, alg: &str, cookie: &str) -> Arc<Self> {
        Arc::new(Self {
            authorize: authorize(server, alg),
            token: format!("{}/token", server.issuer),
            cookie: cookie.to_owned(),
        })
    }
}

async fn code_flow(server: &Server, alg: &'static str, cookie: &str, each: Duration) -> Figures {
    let endpoints = Endpoints::new(server, alg, cookie);
    drive(
        each,
        async |_| client(),
        move |client| {
            let endpoints = Arc::clone(&endpoints);
            async move {
                code_round(&client, &endpoints, alg).await;
                client
            }
        },
    )
    .await
}

async fn refresh(server: &Server, alg: &'static str, cookie: &str, each: Duration) -> Figures {
    let endpoints = Endpoints::new(server, alg, cookie);
    let first = Arc::clone(&endpoints);
    let caller = async move |_| {
        let client = client();
        let tokens = code_round(&client, &first, alg).await;
        (client, refresh_token(&tokens))
    };
    drive(each, caller, move |(client, token_now)| {
        let endpoints = Arc::clone(&endpoints);
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", alg),
                ("client_secret", SECRET),
                ("refresh_token", token_now.as_str()),
            ];
            let tokens = token(&client, &endpoints.token, &form).await;
            (client, refresh_token(&tokens))
        }
    })
    .await
}

fn refresh_token(tokens: &Value) -> String {
    tokens.get("refresh_token").and_then(Value::as_str).expect("a refresh token").to_owned()
}

/// Transactions that an idle server causes in a minute, as PostgreSQL counts them.
pub async fn idle_transactions() -> i64 {
    let database = TestDatabase::postgres();
    let server = Server::start(&database.url());
    // What was under way is counted first: the statistics lag by up to a second.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let before = transactions(&database.url());
    tokio::time::sleep(Duration::from_mins(1)).await;
    let after = transactions(&database.url());
    drop(server);
    // Reading the counter is a transaction of its own.
    (after - before - 1).max(0)
}

fn transactions(url: &str) -> i64 {
    let query = "SELECT xact_commit + xact_rollback FROM pg_stat_database \
                 WHERE datname = current_database()";
    let psql = std::process::Command::new("psql").args([url, "-tAc", query]).output();
    let output = psql.expect("psql: apt-get install -y postgresql-client");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a count")
}
