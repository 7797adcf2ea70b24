//! Which scripts may read which answers (WHATWG Fetch §3.2; OIDC Core §3.1.2.1 and RFC 9700 §2.6:
//! never at the authorization endpoint).

use std::time::Duration;

use reqwest::Method;
use vestibule_acceptance::{Backend, Page, Rp, TestApp, on_both_databases};
use vestibule_policy::rate_limit::Limits;
use vestibule_web::cors::Origins;

/// Where the single-page client's scripts come from.
const SPA: &str = "https://spa.example";

/// Origins whose scripts are none of our clients', however alike.
const STRANGERS: [&str; 9] = [
    "https://evil.example",
    "https://spa.example.evil.example",
    "http://spa.example",
    "https://spa.example:8443",
    "https://sub.spa.example",
    "https://spa.example/cb",
    "https://spa.exampl",
    "null",
    "*",
];

/// Enough to be asked about at every endpoint.
const CREDENTIALS: [(&str, &str); 5] = [
    ("client_id", "spa"),
    ("grant_type", "refresh_token"),
    ("refresh_token", "unknown"),
    ("token", "unknown"),
    ("access_token", "unknown"),
];

const SCRIPTED: [&str; 3] = ["/token", "/userinfo", "/revoke"];

async fn preflight(app: &TestApp, path: &str, origin: &str) -> Page {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, content-type"),
    ];
    app.machine().send(Method::OPTIONS, path, &headers, None).await
}

async fn posted(app: &TestApp, path: &str, origin: &str) -> Page {
    app.machine().post_with(path, &[("origin", origin)], &[("client_id", "spa")]).await
}

async fn got(app: &TestApp, path: &str, origin: &str) -> Page {
    app.machine().send(Method::GET, path, &[("origin", origin)], None).await
}

/// No header of CORS at all, so that the browser keeps the answer to itself.
fn assert_kept(page: &Page) {
    let cors: Vec<_> =
        page.headers.keys().filter(|name| name.starts_with("access-control-")).collect();
    assert!(cors.is_empty(), "{cors:?} at {}", page.url);
}

fn assert_allowed(page: &Page, origin: &str) {
    assert_eq!(page.header("access-control-allow-origin"), origin, "{page:#?}");
    assert_eq!(page.header("access-control-allow-credentials"), "");
}

on_both_databases! {
    /// The scripts of a registered client read answers and errors alike.
    // spec: OIDC Core 5.3 SHOULD: scripts of clients can read userinfo across origins @ web/src/cors.rs
    // spec: RFC 9700 2.6 MAY: apps in a browser may call the token endpoint across origins @ web/src/cors.rs
    async fn a_registered_origin_reads_token_userinfo_and_revoke(app: TestApp) {
        for path in SCRIPTED {
            let page = posted(app, path, SPA).await;
            assert!((400..500).contains(&page.status), "{path}: {page:#?}");
            assert_allowed(&page, SPA);
            assert!(page.header("vary").contains("origin"), "{path}");
            assert!(page.header("access-control-expose-headers").contains("www-authenticate"));
        }
        let rp = Rp::spa();
        let code = rp.code(app).await;
        let form = [
            ("grant_type", "authorization_code"), ("code", code.as_str()),
            ("redirect_uri", rp.redirect_uri), ("code_verifier", rp.verifier),
            ("client_id", rp.client_id),
        ];
        let page = app.machine().post_with("/token", &[("origin", SPA)], &form).await;
        assert_eq!(page.status, 200, "{page:#?}");
        assert_allowed(&page, SPA);
        let bearer = format!("Bearer {}", page.json()["access_token"].as_str().unwrap());
        let headers = [("origin", SPA), ("authorization", bearer.as_str())];
        let page = app.machine().send(Method::GET, "/userinfo", &headers, None).await;
        assert_eq!(page.status, 200);
        assert_allowed(&page, SPA);
    }

    /// Fetch §3.2.3: the browser asks first, and is told methods and headers.
    async fn a_registered_origin_is_let_through_preflight(app: TestApp) {
        for path in SCRIPTED {
            let page = preflight(app, path, SPA).await;
            assert_eq!((page.status, page.body.as_str()), (204, ""), "{path}");
            assert_allowed(&page, SPA);
            let methods = page.header("access-control-allow-methods");
            assert!(methods.contains("POST") && !methods.contains('*'), "{methods}");
            let headers = page.header("access-control-allow-headers");
            assert!(headers.contains("authorization") && headers.contains("content-type"));
            assert_eq!(page.header("access-control-max-age"), "600");
        }
    }

    /// Every other origin gets nothing, and the cache is told that the origin matters.
    async fn a_strange_origin_gets_nothing(app: TestApp) {
        for origin in STRANGERS {
            for path in SCRIPTED {
                assert_kept(&preflight(app, path, origin).await);
                let page = posted(app, path, origin).await;
                assert_kept(&page);
                assert!(page.header("vary").contains("origin"), "{path}");
            }
        }
    }

    /// Pages, and endpoints that only servers call, answer no script of any origin.
    // spec: RFC 9700 2.6 MUST NOT: the authorization endpoint answers scripts of other origins @ web/src/cors.rs
    async fn nothing_else_answers_scripts(app: TestApp) {
        let paths = [
            "/authorize", "/login", "/consent", "/select-account", "/logout", "/end_session",
            "/account", "/introspect", "/health/live", "/errors", "/nowhere", "/",
        ];
        for path in paths {
            for origin in [SPA, "https://app.example", "https://evil.example"] {
                assert_kept(&preflight(app, path, origin).await);
                assert_kept(&posted(app, path, origin).await);
                let page = got(app, path, origin).await;
                assert_kept(&page);
                let policy = page.header("cross-origin-resource-policy");
                assert_eq!(policy, "same-origin", "{path}");
            }
        }
    }

    /// Discovery and keys are for everyone, and say so without credentials.
    // spec: RFC 9700 2.6 MAY: apps in a browser may read metadata and keys across origins @ web/src/cors.rs
    async fn discovery_and_keys_are_public(app: TestApp) {
        let paths = [
            "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks",
        ];
        for path in paths {
            for origin in [SPA, "https://evil.example", "null"] {
                let page = got(app, path, origin).await;
                assert_eq!(page.status, 200);
                assert_allowed(&page, "*");
                assert_eq!(page.header("cross-origin-resource-policy"), "cross-origin");
            }
            assert_allowed(&app.machine().get(path).await, "*");
        }
    }

    /// A client that is registered later is known later: what was answered before does not stick
    /// for another origin.
    async fn each_origin_is_judged_by_itself(app: TestApp) {
        assert_kept(&posted(app, "/token", "https://late.example:8443").await);
        let client = app.client("other", "https://LATER.example:8443/cb?x=1", "");
        app.add_client(client).await;
        assert_allowed(
            &posted(app, "/token", "https://later.example:8443").await,
            "https://later.example:8443",
        );
        assert_kept(&posted(app, "/token", "https://later.example").await);
    }

    /// An `Origin` longer than any real one is neither looked up nor remembered.
    async fn an_endless_origin_is_not_answered(app: TestApp) {
        let endless = format!("https://{}.example", "a".repeat(10_000));
        let headers = [("origin", endless.as_str()), ("access-control-request-method", "POST")];
        let page = app.machine().send(Method::OPTIONS, "/token", &headers, None).await;
        assert_eq!(page.status, 204);
        assert_eq!(page.header("access-control-allow-origin"), "");
    }

    /// What is wrong with a body is refused before the endpoint looks at anything.
    async fn a_body_that_is_too_large_is_refused_readably(app: TestApp) {
        let form = [("client_id", "spa"), ("code", &"x".repeat(70_000))];
        let page = app.machine().post_with("/token", &[("origin", SPA)], &form).await;
        assert_eq!(page.status, 413, "{page:#?}");
        assert_allowed(&page, SPA);
    }

    /// What anyone may read, scripts with headers of their own may read too.
    async fn a_preflight_of_the_public_documents_is_answered(app: TestApp) {
        for path in ["/jwks", "/.well-known/openid-configuration"] {
            let headers = [("origin", "https://any.example"), ("access-control-request-method", "GET")];
            let page = app.machine().send(Method::OPTIONS, path, &headers, None).await;
            assert_eq!((page.status, page.header("access-control-allow-origin")), (204, "*"), "{path}");
        }
    }
}

/// Two requests a minute from each address at each endpoint.
async fn two_a_minute(backend: Backend) -> TestApp {
    let limits = Limits { token: 2, userinfo: 2, revoke: 2, register: 2, ..Limits::default() };
    TestApp::start_with(backend, move |state| state.rate_limits.limits = limits).await
}

/// A refusal of the rate limit that the scripts of `origin` may read, `Retry-After` included.
fn assert_readable(page: &Page, origin: &str) {
    assert_eq!(page.status, 429, "{page:#?}");
    assert_allowed(page, origin);
    assert!(page.header("access-control-expose-headers").contains("retry-after"), "{page:#?}");
    assert!(!page.header("retry-after").is_empty(), "{page:#?}");
}

/// Asks the database about an origin each time.
async fn forgetful(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |state| state.origins = Origins::fresh_for(Duration::ZERO)).await
}

mod what_was_known_lately {
    use super::*;

    on_both_databases! {
        started by forgetful;

        async fn is_enough_to_read_that_the_database_is_away(app: TestApp) {
            assert_allowed(&posted(app, "/token", SPA).await, SPA);
            app.state.db.shutdown();
            for path in SCRIPTED {
                let page = app.machine().post_with(path, &[("origin", SPA)], &CREDENTIALS).await;
                assert_eq!(page.status, 503, "{path}: {page:#?}");
                assert_allowed(&page, SPA);
                assert!(page.header("access-control-expose-headers").contains("retry-after"));
                let strange = [("origin", "https://evil.example")];
                assert_kept(&app.machine().post_with(path, &strange, &CREDENTIALS).await);
            }
        }

        /// A client that moved takes its right away with it, at once where anything is told.
        async fn is_forgotten_with_the_redirect_uri(app: TestApp) {
            assert_allowed(&posted(app, "/token", SPA).await, SPA);
            app.change_client("spa", |client| {
                client.metadata.redirect_uris = vec!["https://moved.example/cb".to_owned()];
            })
            .await;
            assert_kept(&posted(app, "/token", SPA).await);
            assert_kept(&preflight(app, "/token", SPA).await);
            assert_allowed(&posted(app, "/token", "https://moved.example").await, "https://moved.example");
        }
    }
}

mod over_the_limit {
    use super::*;

    on_both_databases! {
        started by two_a_minute;

        async fn the_scripts_of_clients_read_when_to_come_again(app: TestApp) {
            for path in SCRIPTED {
                for _ in 0..2 {
                    assert_allowed(&posted(app, path, SPA).await, SPA);
                }
                let page = posted(app, path, SPA).await;
                assert_readable(&page, SPA);
                assert_eq!(page.header("vary"), "origin", "{path}");
                let asked = preflight(app, path, SPA).await;
                assert_eq!(asked.status, 204, "{path}: {asked:#?}");
                assert_allowed(&asked, SPA);
                assert!(asked.header("access-control-allow-methods").contains("POST"));
                let strange = posted(app, path, "https://evil.example").await;
                assert_eq!(strange.status, 429, "{path}");
                assert_kept(&strange);
                assert_eq!(strange.header("vary"), "origin", "{path}");
                assert_kept(&preflight(app, path, "https://evil.example").await);
            }
        }

        /// Whoever is refused costs no look-up: an origin that nobody came from lately is told nothing.
        async fn nobody_is_looked_up_for_a_refusal(app: TestApp) {
            for _ in 0..2 {
                app.machine().post("/token", &[("client_id", "spa")]).await;
            }
            let page = posted(app, "/token", SPA).await;
            assert_eq!(page.status, 429, "{page:#?}");
            assert_kept(&page);
            assert_eq!(page.header("vary"), "origin");
        }

        async fn anybodys_scripts_read_it_where_anybody_registers(app: TestApp) {
            let path = "/connect/register";
            for _ in 0..2 {
                assert_ne!(posted(app, path, SPA).await.status, 429);
            }
            let page = posted(app, path, "https://any.example").await;
            assert_readable(&page, "*");
            assert_eq!(page.header("cross-origin-resource-policy"), "cross-origin");
            for _ in 0..3 {
                let asked = preflight(app, path, "https://any.example").await;
                assert_eq!(asked.status, 204, "{asked:#?}");
                assert_allowed(&asked, "*");
            }
        }
    }
}
