//! Instances that share a Redis: what one ends, the others refuse, and what Redis loses is nothing.

use std::time::Duration;

use vestibule_acceptance::{Backend, Browser, Rp, TestApp, Tokens, within};
use vestibule_cache::testing::TestRedis;
use vestibule_model::{ClientId, Clock, GrantId, UserId, client::AccessTokenFormat};

/// Far longer than any test: whoever refuses before that was told.
const LONG: Duration = Duration::from_mins(1);
/// How long word may take on a busy machine.
const WORD: Duration = Duration::from_secs(10);

async fn is_taken(at: &Browser, token: &str) -> bool {
    let bearer = format!("Bearer {token}");
    let page = at.post_with("/userinfo", &[("authorization", &bearer)], &[]).await;
    assert!(matches!(page.status, 200 | 401), "{page:#?}");
    page.status == 200
}

async fn introspected(at: &Browser, token: &str) -> bool {
    let (headers, _) = Rp::web().credentials();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = at.post_with("/introspect", &headers, &[("token", token)]).await;
    assert_eq!(page.status, 200, "{page:#?}");
    page.json()["active"] == true
}

/// Waits until every instance hears what the others say.
async fn listening(app: &TestApp, second: &vestibule_acceptance::Instance) {
    within(WORD, "both instances listen", async || {
        app.state.cache.is_listening() && second.state.cache.is_listening()
    })
    .await;
}

/// What ends a token, by the name of who does it.
async fn end(how: &str, app: &TestApp, browser: &Browser, tokens: &Tokens, code: &str) {
    let rp = Rp::web();
    let (access, refresh) = (tokens.get("access_token"), tokens.get("refresh_token"));
    let now = app.clock.now();
    match how {
        "the token is revoked" => {
            assert_eq!(rp.call(app, "/revoke", &[("token", access)]).await.status, 200);
        }
        "the refresh token is revoked" => {
            assert_eq!(rp.call(app, "/revoke", &[("token", refresh)]).await.status, 200);
        }
        "the code is used twice" => assert_eq!(rp.redeem(app, code).await.status, 400),
        "the refresh token is used twice" => {
            assert_eq!(rp.refresh(app, refresh).await.status, 200);
            app.clock.advance(120);
            assert_eq!(rp.refresh(app, refresh).await.status, 400);
        }
        "the person signs out" => {
            let page = browser.get("/logout").await;
            assert_eq!(
                browser.submit(&page, "/logout", &[("decision", "allow")]).await.status,
                303
            );
        }
        "the app is removed" => {
            let page = browser.get("/account/apps").await;
            let fields = [("client", "web-app")];
            let page = browser.submit(&page, "/account/apps", &fields).await;
            assert!(page.status < 400, "{page:#?}");
        }
        "the account is locked" => {
            let ana = UserId::new("user-ana");
            app.rows(move |conn| {
                Ok(vestibule_storage::user::set_disabled(conn, &ana, Some(now)).map(drop)?)
            })
            .await;
        }
        "the account is erased" => {
            let ana = UserId::new("user-ana");
            app.rows(move |conn| Ok(vestibule_storage::user::erase(conn, &ana, now).map(drop)?))
                .await;
        }
        "the client is disabled" => {
            app.change_client("web-app", move |client| client.disabled_at = Some(now)).await;
        }
        "the client is deleted" => {
            let app_id = ClientId::new("web-app");
            app.rows(move |conn| Ok(vestibule_storage::client::delete(conn, &app_id).map(drop)?))
                .await;
        }
        other => panic!("{other}"),
    }
}

const ENDS: [&str; 10] = [
    "the token is revoked",
    "the refresh token is revoked",
    "the code is used twice",
    "the refresh token is used twice",
    "the person signs out",
    "the app is removed",
    "the account is locked",
    "the account is erased",
    "the client is disabled",
    "the client is deleted",
];

/// Each end, with a token that both instances know well.
async fn each_end(app: &TestApp, how: &str, patience: Option<Duration>) {
    let (rp, second, browser) = (Rp::web(), app.second(), app.browser());
    if app.state.cache.is_shared() {
        listening(app, &second).await;
    }
    let code = Rp::code_of(&rp.walk(&browser, &rp.authorize()).await);
    let tokens = Tokens(rp.redeem(app, &code).await.json());
    let access = tokens.get("access_token");
    let (here, there) = (app.machine(), app.machine_at(&second));
    for at in [&here, &there, &here, &there] {
        assert!(is_taken(at, access).await, "{how}");
    }
    end(how, app, &browser, &tokens, &code).await;
    assert!(!is_taken(&here, access).await, "{how}: here it is over with the answer");
    match patience {
        Some(patience) => {
            within(patience, how, async || !is_taken(&there, access).await).await;
        }
        None => assert!(!is_taken(&there, access).await, "{how}: nothing is kept anywhere"),
    }
}

#[tokio::test]
async fn what_ends_on_one_instance_ends_on_all_by_word_alone() {
    let redis = TestRedis::start();
    for how in ENDS {
        let app = TestApp::sharing(&redis, LONG).await;
        each_end(&app, how, Some(WORD)).await;
    }
}

#[tokio::test]
async fn without_redis_what_ends_on_one_instance_is_over_on_all_at_once() {
    for how in ENDS {
        each_end(&TestApp::start(Backend::Postgres).await, how, None).await;
    }
}

#[tokio::test]
async fn introspection_hears_of_the_end_of_a_session_and_of_a_client() {
    let redis = TestRedis::start();
    let app = TestApp::sharing(&redis, LONG).await;
    let (rp, second, browser) = (Rp::web(), app.second(), app.browser());
    listening(&app, &second).await;
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        app.change_client("spa", move |client| client.metadata.access_token_format = format).await;
        let spa = Rp::spa();
        let code = Rp::code_of(&spa.walk(&browser, &spa.authorize()).await);
        let tokens = Tokens(spa.redeem(&app, &code).await.json());
        let (there, token) = (app.machine_at(&second), tokens.get("access_token"));
        assert!(introspected(&there, token).await && introspected(&there, token).await);
        end("the person signs out", &app, &browser, &tokens, &code).await;
        within(WORD, "the session's end", async || !introspected(&there, token).await).await;
    }
    // The caller itself: its credentials are good until it is disabled, and not a moment longer.
    let (headers, _) = rp.credentials();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let there = app.machine_at(&second);
    end("the client is disabled", &app, &browser, &rp_tokens(), "").await;
    within(WORD, "the client's end", async || {
        there.post_with("/introspect", &headers, &[("token", "x")]).await.status == 401
    })
    .await;
}

fn rp_tokens() -> Tokens {
    Tokens(serde_json::json!({ "access_token": "-", "refresh_token": "-" }))
}

/// As if the word of it never came: nobody announces what is written past `AppState`.
async fn revoke_unheard(app: &TestApp, tokens: &Tokens) {
    let jti = tokens.claims("access_token")["jti"].as_str().unwrap().to_owned();
    let grant = GrantId::new(jti.split('.').next().unwrap());
    let now = app.clock.now();
    let revoked =
        app.state.db.write(move |conn| vestibule_storage::grant::revoke(conn, &grant, now));
    assert!(revoked.await.unwrap());
}

#[tokio::test]
async fn whatever_becomes_of_the_word_the_stated_bound_holds() {
    let bound = Duration::from_millis(1_500);
    let redis = TestRedis::start();
    let app = TestApp::sharing(&redis, bound).await;
    let tokens = Rp::web().tokens(&app).await;
    let (at, access) = (app.machine(), tokens.get("access_token"));
    assert!(is_taken(&at, access).await);
    revoke_unheard(&app, &tokens).await;
    within(bound + Duration::from_millis(500), "the bound", async || !is_taken(&at, access).await)
        .await;
}

#[tokio::test]
async fn what_is_kept_asks_no_database() {
    let redis = TestRedis::start();
    let app = TestApp::sharing(&redis, LONG).await;
    listening(&app, &app.second()).await;
    let tokens = Rp::web().tokens(&app).await;
    let (at, access) = (app.machine(), tokens.get("access_token"));
    assert!(introspected(&at, access).await);
    revoke_unheard(&app, &tokens).await;
    assert!(introspected(&at, access).await, "it was read again before its time");
}

#[tokio::test]
async fn an_instance_that_was_cut_off_forgets_what_it_kept() {
    let redis = TestRedis::start();
    let app = TestApp::sharing(&redis, LONG).await;
    let second = app.second();
    listening(&app, &second).await;
    let tokens = Rp::web().tokens(&app).await;
    let (there, access) = (app.machine_at(&second), tokens.get("access_token"));
    assert!(is_taken(&there, access).await && is_taken(&there, access).await);
    redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    revoke_unheard(&app, &tokens).await;
    within(WORD, "it listens anew", async || !is_taken(&there, access).await).await;
}

#[tokio::test]
async fn everything_goes_on_while_redis_is_dead() {
    let bound = Duration::from_secs(1);
    let mut redis = TestRedis::start();
    let app = TestApp::sharing(&redis, bound).await;
    let (rp, second, browser) = (Rp::web(), app.second(), app.browser());
    listening(&app, &second).await;
    browser.sign_in("ana").await;
    let (before, there) = (rp.tokens(&app).await, app.machine_at(&second));
    redis.kill();
    assert_eq!(browser.who().await, Some("ana"), "the session is in the database");
    browser.via(&second);
    assert_eq!(browser.who().await, Some("ana"));
    let refreshed = rp.refresh(&app, before.get("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{refreshed:#?}");
    let tokens = rp.tokens(&app).await;
    let access = tokens.get("access_token");
    assert!(introspected(&there, access).await);
    assert_eq!(rp.call(&app, "/revoke", &[("token", access)]).await.status, 200);
    assert!(!is_taken(&app.machine(), access).await);
    let late = bound + Duration::from_secs(1);
    within(late, "the bound without Redis", async || !introspected(&there, access).await).await;
    redis.restart();
    listening(&app, &second).await;
    assert!(introspected(&there, rp.tokens(&app).await.get("access_token")).await);
}

#[tokio::test]
async fn an_emptied_redis_signs_nobody_out() {
    let redis = TestRedis::start();
    let app = TestApp::sharing(&redis, LONG).await;
    let (rp, second, browser) = (Rp::web(), app.second(), app.browser());
    browser.sign_in("ana").await;
    let tokens = rp.tokens(&app).await;
    redis.flush();
    for via in [None, Some(&second)] {
        via.map_or_else(|| browser.direct(), |second| browser.via(second));
        assert_eq!(browser.who().await, Some("ana"));
    }
    assert!(introspected(&app.machine_at(&second), tokens.get("access_token")).await);
    assert_eq!(rp.refresh(&app, tokens.get("refresh_token")).await.status, 200);
}

/// Whoever hangs up after the commit: the write is run, its answer is nobody's.
#[tokio::test]
async fn word_goes_out_even_if_nobody_waits_for_the_commit() {
    let redis = TestRedis::start();
    let app = TestApp::sharing(&redis, LONG).await;
    let second = app.second();
    listening(&app, &second).await;
    let tokens = Rp::web().tokens(&app).await;
    let (there, access) = (app.machine_at(&second), tokens.get("access_token"));
    assert!(is_taken(&there, access).await && is_taken(&there, access).await);
    let jti = tokens.claims("access_token")["jti"].as_str().unwrap().to_owned();
    let (grant, now) = (GrantId::new(jti.split('.').next().unwrap()), app.clock.now());
    let (begun, begins) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let goes_on = std::sync::Arc::new(std::sync::Mutex::new(goes_on));
    let revoke = app.state.write(move |conn| {
        begun.send(()).unwrap();
        let _ = goes_on.lock().unwrap().recv();
        Ok(vestibule_storage::grant::revoke(conn, &grant, now)?)
    });
    let hung_up = tokio::time::timeout(Duration::from_millis(1), revoke).await;
    assert!(hung_up.is_err());
    begins.recv().unwrap();
    go_on.send(()).unwrap();
    within(WORD, "the word", async || !is_taken(&there, access).await).await;
}
