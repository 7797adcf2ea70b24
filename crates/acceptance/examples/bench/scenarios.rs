//! What is measured: client_credentials, the code flow with a live session, refresh, idleness.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client,
    header::{HOST, HeaderMap, HeaderValue},
    redirect::Policy,
};
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
    let rs256 = Doors::of(server, "RS256", &cookie, &[&server.issuer]);
    let es256 = Doors::of(server, "ES256", &cookie, &[&server.issuer]);
    vec![
        ("client_credentials RS256", client_credentials(&rs256, each).await),
        ("client_credentials ES256", client_credentials(&es256, each).await),
        ("code flow RS256 (authorize + token)", code_flow(&rs256, each).await),
        ("code flow ES256 (authorize + token)", code_flow(&es256, each).await),
        ("refresh RS256", refresh(&rs256, each).await),
        ("refresh ES256", refresh(&es256, each).await),
    ]
}

/// What looks into tables that grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfRows {
    CodeFlow,
    Refresh,
    Introspection,
}

impl OfRows {
    pub const ALL: [Self; 3] = [Self::CodeFlow, Self::Refresh, Self::Introspection];

    pub fn name(self) -> &'static str {
        match self {
            Self::CodeFlow => "code-flow",
            Self::Refresh => "refresh",
            Self::Introspection => "introspection",
        }
    }

    /// By callers who take turns at the instances.
    pub async fn drive(
        self,
        server: &Server,
        cookie: &str,
        addresses: &[&str],
        each: Duration,
    ) -> Figures {
        let doors = Doors::of(server, "ES256", cookie, addresses);
        match self {
            Self::CodeFlow => code_flow(&doors, each).await,
            Self::Refresh => refresh(&doors, each).await,
            Self::Introspection => introspection(&doors, each).await,
        }
    }
}

/// A client that is taken for one of the issuer's, whichever instance it talks to.
fn client(doors: &Doors) -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, doors.host.clone());
    let client = Client::builder().redirect(Policy::none()).default_headers(headers);
    client.build().expect("an HTTP client")
}

/// The addresses of the instances, and what a caller of one of them says.
struct Doors {
    alg: &'static str,
    host: HeaderValue,
    each: Vec<Arc<Endpoints>>,
}

impl Doors {
    fn of(server: &Server, alg: &'static str, cookie: &str, addresses: &[&str]) -> Arc<Self> {
        let host = server.issuer.trim_start_matches("http://");
        let each = addresses.iter().map(|address| Endpoints::new(address, alg, cookie)).collect();
        Arc::new(Self { alg, host: HeaderValue::from_str(host).expect("a host"), each })
    }

    fn of_caller(&self, number: usize) -> Arc<Endpoints> {
        Arc::clone(self.each.get(number % self.each.len()).expect("an instance"))
    }
}

async fn token(client: &Client, url: &str, form: &[(&str, &str)]) -> Value {
    let sent = client.post(url).form(form).send().await.expect("an answer");
    let status = sent.status();
    let body = sent.bytes().await.expect("a body");
    assert!(status.is_success(), "{status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("JSON")
}

async fn client_credentials(doors: &Arc<Doors>, each: Duration) -> Figures {
    let (own, alg) = (Arc::clone(doors), doors.alg);
    drive(
        each,
        async move |number| (client(&own), own.of_caller(number)),
        move |(client, endpoints)| async move {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", alg),
                ("client_secret", SECRET),
                ("scope", "api"),
            ];
            token(&client, &endpoints.token, &form).await;
            (client, endpoints)
        },
    )
    .await
}

fn authorize(address: &str, alg: &str) -> String {
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
    format!("{address}/authorize?{query}")
}

/// Signs in and consents for both clients; the session's cookie.
pub async fn sign_in(server: &Server) -> String {
    let browser = Browser::new(&server.issuer);
    for alg in ["RS256", "ES256"] {
        let mut page = browser.follow(browser.get(&authorize(&server.issuer, alg)).await).await;
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
    introspect: String,
    cookie: String,
}

impl Endpoints {
    fn new(address: &str, alg: &str, cookie: &str) -> Arc<Self> {
        Arc::new(Self {
            authorize: authorize(address, alg),
            token: format!("{address}/token"),
            introspect: format!("{address}/introspect"),
            cookie: cookie.to_owned(),
        })
    }
}

async fn code_flow(doors: &Arc<Doors>, each: Duration) -> Figures {
    let (own, alg) = (Arc::clone(doors), doors.alg);
    drive(
        each,
        async move |number| (client(&own), own.of_caller(number)),
        move |(client, endpoints)| async move {
            code_round(&client, &endpoints, alg).await;
            (client, endpoints)
        },
    )
    .await
}

async fn refresh(doors: &Arc<Doors>, each: Duration) -> Figures {
    let (own, alg) = (Arc::clone(doors), doors.alg);
    let caller = async move |number| {
        let (client, endpoints) = (client(&own), own.of_caller(number));
        let tokens = code_round(&client, &endpoints, alg).await;
        (client, endpoints, text(&tokens, "refresh_token"))
    };
    drive(each, caller, move |(client, endpoints, token_now)| async move {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", alg),
            ("client_secret", SECRET),
            ("refresh_token", token_now.as_str()),
        ];
        let tokens = token(&client, &endpoints.token, &form).await;
        (client, endpoints, text(&tokens, "refresh_token"))
    })
    .await
}

async fn introspection(doors: &Arc<Doors>, each: Duration) -> Figures {
    let (own, alg) = (Arc::clone(doors), doors.alg);
    let caller = async move |number| {
        let (client, endpoints) = (client(&own), own.of_caller(number));
        let tokens = code_round(&client, &endpoints, alg).await;
        (client, endpoints, text(&tokens, "access_token"))
    };
    drive(each, caller, move |(client, endpoints, access_token)| async move {
        let form =
            [("client_id", alg), ("client_secret", SECRET), ("token", access_token.as_str())];
        let seen = token(&client, &endpoints.introspect, &form).await;
        assert_eq!(seen.get("active"), Some(&Value::Bool(true)), "{seen}");
        (client, endpoints, access_token)
    })
    .await
}

fn text(tokens: &Value, name: &str) -> String {
    tokens.get(name).and_then(Value::as_str).expect(name).to_owned()
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
