//! How many requests are taken from one address, and how many wrong client secrets.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use vestibule_acceptance::{Backend, Browser, Page, Rp, TestApp, within};
use vestibule_cache::{BreakerState, testing::TestRedis};
use vestibule_policy::rate_limit::Limits;
use vestibule_web::AppState;

const LONG: Duration = Duration::from_mins(1);

fn limited(limits: Limits) -> impl Fn(&mut AppState) + Send + Sync + 'static {
    move |state| {
        state.rate_limits.limits = limits;
        state.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    }
}

/// `POST /token` by client credentials, from somewhere.
async fn token(at: &Browser, from: &str, secret: &str) -> Page {
    let form =
        [("grant_type", "client_credentials"), ("client_id", "web-app"), ("client_secret", secret)];
    at.post_with("/token", &[("x-forwarded-for", from)], &form).await
}

async fn by_post(app: &TestApp) {
    app.change_client("web-app", |client| {
        client.metadata.token_endpoint_auth_method =
            vestibule_model::client::AuthMethod::ClientSecretPost;
    })
    .await;
}

fn assert_too_many(page: &Page) {
    assert_eq!(page.status, 429, "{page:#?}");
    let seconds: u64 = page.header("retry-after").parse().expect("whole seconds");
    assert!((1..=60).contains(&seconds), "{page:#?}");
    assert_eq!(page.header("cache-control"), "no-store");
}

/// Wrong secrets of one client from one address: then not even the right one is looked at there.
async fn guessing(app: &TestApp) {
    by_post(app).await;
    let (machine, right) = (app.machine(), Rp::web().secret);
    for _ in 0..3 {
        assert_eq!(token(&machine, "192.0.2.1", "wrong").await.status, 401);
    }
    let page = token(&machine, "192.0.2.1", right).await;
    assert_too_many(&page);
    assert_eq!(page.json()["error"], "temporarily_unavailable", "{page:#?}");
    assert!(page.body.contains("VST-0909"), "{page:#?}");
    assert_eq!(token(&machine, "192.0.2.2", right).await.status, 200, "from elsewhere");
    let spa = [("grant_type", "authorization_code"), ("code", "x"), ("client_id", "spa")];
    let headers = [("x-forwarded-for", "192.0.2.1")];
    let other = machine.post_with("/token", &headers, &spa).await;
    assert_eq!(other.status, 400, "another client: {other:#?}");
    for _ in 0..20 {
        assert_eq!(token(&machine, "192.0.2.3", right).await.status, 200, "no guess");
    }
}

const GUESSES: Limits = Limits { client_auth_failures: 3, ..OFF };
const OFF: Limits = Limits {
    sign_in: 0,
    authorize: 0,
    token: 0,
    introspect: 0,
    revoke: 0,
    userinfo: 0,
    register: 0,
    client_auth_failures: 0,
};

#[tokio::test]
async fn guessing_at_a_client_secret_is_stopped_for_that_address_and_client_only() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        guessing(&TestApp::start_with(backend, limited(GUESSES)).await).await;
    }
    let redis = TestRedis::start();
    guessing(&TestApp::sharing_with(&redis, LONG, limited(GUESSES)).await).await;
}

#[tokio::test]
async fn by_default_the_sixty_first_wrong_secret_is_not_looked_at() {
    let app = TestApp::start_with(Backend::Sqlite, limited(Limits::default())).await;
    by_post(&app).await;
    let machine = app.machine();
    for number in 1..=60 {
        assert_eq!(token(&machine, "192.0.2.1", "wrong").await.status, 401, "{number}");
    }
    assert_too_many(&token(&machine, "192.0.2.1", "wrong").await);
    // Nothing else is limited.
    for _ in 0..70 {
        assert_eq!(token(&machine, "192.0.2.2", Rp::web().secret).await.status, 200);
    }
}

/// The routes see `/token` in each of these.
#[tokio::test]
async fn an_encoded_path_is_counted_as_what_it_is() {
    let app = TestApp::start_with(Backend::Sqlite, limited(Limits { token: 3, ..OFF })).await;
    let at = async |path: &str| app.machine().post(path, &[("grant_type", "x")]).await;
    for path in ["/%74oken", "/t%6Fken", "/%74%6f%6b%65%6e"] {
        assert_eq!(at(path).await.json()["error"], "unsupported_grant_type", "{path}");
    }
    for path in ["/%74oken", "/token"] {
        let page = at(path).await;
        assert_too_many(&page);
        assert_eq!(page.json()["error"], "temporarily_unavailable", "{page:#?}");
    }
}

#[tokio::test]
async fn unknown_clients_of_one_address_are_counted_together() {
    let app = TestApp::start_with(Backend::Sqlite, limited(GUESSES)).await;
    let tries = async |name: &str| {
        let form = [("grant_type", "client_credentials"), ("client_id", name)];
        app.machine().post("/token", &form).await
    };
    for name in ["a", "b", "c"] {
        assert_eq!(tries(name).await.status, 401);
    }
    assert_too_many(&tries("d").await);
}

#[tokio::test]
async fn instances_that_share_redis_count_together() {
    let redis = TestRedis::start();
    let limits = Limits { token: 4, ..OFF };
    let app = TestApp::sharing_with(&redis, LONG, limited(limits)).await;
    by_post(&app).await;
    let (second, right) = (app.second(), Rp::web().secret);
    let (here, there) = (app.machine(), app.machine_at(&second));
    for at in [&here, &there, &here, &there] {
        assert_eq!(token(at, "2001:db8:0:1::1", right).await.status, 200);
    }
    for at in [&here, &there] {
        assert_too_many(&token(at, "2001:db8:0:1::ffff", right).await);
        assert_eq!(token(at, "2001:db8:0:2::1", right).await.status, 200, "another /64");
    }
    for (key, expiry) in redis.keys() {
        assert!((1..=60_000).contains(&expiry), "{key} stays for {expiry} ms");
        assert!(!key.contains("2001"), "an address in {key}");
    }
}

#[tokio::test]
async fn instances_on_postgresql_alone_count_together_too() {
    let app = TestApp::start_with(Backend::Postgres, limited(Limits { token: 4, ..OFF })).await;
    by_post(&app).await;
    let (second, right) = (app.second(), Rp::web().secret);
    let (here, there) = (app.machine(), app.machine_at(&second));
    for at in [&here, &there, &here, &there] {
        assert_eq!(token(at, "2001:db8:0:1::1", right).await.status, 200);
    }
    for at in [&here, &there] {
        assert_too_many(&token(at, "2001:db8:0:1::ffff", right).await);
        assert_eq!(token(at, "2001:db8:0:2::1", right).await.status, 200, "another /64");
    }
}

#[tokio::test]
async fn instances_on_postgresql_alone_count_wrong_secrets_together() {
    let app = TestApp::start_with(Backend::Postgres, limited(GUESSES)).await;
    by_post(&app).await;
    let (second, right) = (app.second(), Rp::web().secret);
    let (here, there) = (app.machine(), app.machine_at(&second));
    for at in [&here, &here, &there] {
        assert_eq!(token(at, "192.0.2.1", "wrong").await.status, 401);
    }
    assert_too_many(&token(&there, "192.0.2.1", right).await);
    assert_eq!(token(&there, "192.0.2.2", right).await.status, 200, "from elsewhere");
    assert_eq!(token(&here, "192.0.2.1", "wrong").await.status, 401, "which hears of it so");
    assert_too_many(&token(&here, "192.0.2.1", right).await);
}

#[tokio::test]
async fn one_slow_answer_of_redis_refuses_nobody() {
    let redis = TestRedis::start();
    let app = TestApp::sharing_with(&redis, LONG, limited(Limits { token: 4, ..OFF })).await;
    by_post(&app).await;
    let (machine, right) = (app.machine(), Rp::web().secret);
    for _ in 0..2 {
        assert_eq!(token(&machine, "192.0.2.1", right).await.status, 200);
    }
    redis.pause();
    assert_eq!(token(&machine, "192.0.2.1", right).await.status, 200, "three of four");
    redis.resume();
}

/// However long they take to be counted everywhere.
#[tokio::test]
async fn secrets_that_come_all_at_once_are_not_all_looked_at() {
    let redis = TestRedis::start();
    let app = TestApp::sharing_with(&redis, LONG, limited(GUESSES)).await;
    by_post(&app).await;
    let machine = app.machine();
    assert_eq!(token(&machine, "192.0.2.9", Rp::web().secret).await.status, 200);
    redis.pause();
    let tries = (0..40).map(|_| token(&machine, "192.0.2.1", "wrong"));
    let answers = futures_util::future::join_all(tries).await;
    let seen = answers.iter().filter(|page| page.status == 401).count();
    // Each of the threads may be at one when the door closes.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    assert!((3..=3 + threads).contains(&seen), "{seen} were looked at");
    redis.resume();
}

#[tokio::test]
async fn while_redis_is_dead_each_instance_counts_alone_and_takes_half() {
    let mut redis = TestRedis::start();
    let limits = Limits { token: 4, ..OFF };
    let app = TestApp::sharing_with(&redis, LONG, limited(limits)).await;
    by_post(&app).await;
    let (second, right) = (app.second(), Rp::web().secret);
    redis.kill();
    let addresses = AtomicU8::new(2);
    let stranger = || format!("192.0.2.{}", addresses.fetch_add(1, Ordering::Relaxed));
    for (at, own) in [(app.machine(), &app.state), (app.machine_at(&second), &second.state)] {
        // One call that comes to nothing is no outage yet.
        within(Duration::from_secs(10), "Redis is given up", async || {
            token(&at, &stranger(), right).await;
            own.cache.state() != BreakerState::Closed
        })
        .await;
        for _ in 0..2 {
            assert_eq!(token(&at, "192.0.2.1", right).await.status, 200);
        }
        assert_too_many(&token(&at, "192.0.2.1", right).await);
    }
    redis.restart();
    within(Duration::from_secs(10), "all is counted again", async || {
        let known = token(&app.machine(), &stranger(), right).await.status == 200;
        known && !redis.keys().is_empty()
    })
    .await;
}

#[tokio::test]
async fn people_are_told_on_a_page_and_by_address_alone() {
    let limits = Limits { sign_in: 2, authorize: 2, ..OFF };
    let app = TestApp::start_with(Backend::Sqlite, limited(limits)).await;
    let (rp, browser) = (Rp::web(), app.browser());
    let login = browser.get("/login").await;
    for _ in 0..2 {
        let fields = [("username", "ana"), ("password", "wrong")];
        assert_eq!(browser.submit(&login, "/login", &fields).await.status, 422);
        assert_eq!(browser.get(&rp.authorize()).await.status, 303);
    }
    let over = [
        browser.submit(&login, "/login", &[("username", "ana"), ("password", "wrong")]).await,
        browser.get(&rp.authorize()).await,
    ];
    for page in over {
        assert_too_many(&page);
        assert!(page.header("content-type").starts_with("text/html"), "{page:#?}");
        assert!(page.body.contains("Too many requests came from your network"), "{page:#?}");
    }
    assert_eq!(browser.get("/login").await.status, 200, "looking is free");
}
