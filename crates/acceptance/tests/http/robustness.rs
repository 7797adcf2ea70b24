//! Bad input never yields a 5xx, a panic or half of a change.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use reqwest::Method;
use vestibule_acceptance::{Page, Rp, TestApp, Tokens, on_both_databases};

/// Every endpoint that takes a form.
const FORMS: [&str; 10] = [
    "/authorize",
    "/token",
    "/userinfo",
    "/revoke",
    "/introspect",
    "/end_session",
    "/login",
    "/consent",
    "/select-account",
    "/logout",
];

/// The endpoints whose answers are JSON.
const JSON: [&str; 3] = ["/token", "/revoke", "/introspect"];

const FORM_TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn oauth_error(page: &Page) -> String {
    page.json()["error"].as_str().unwrap_or_default().to_owned()
}

/// One made-up request.
#[derive(Clone, Debug)]
struct Attempt {
    method: &'static str,
    address: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn names() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "grant_type",
        "code",
        "redirect_uri",
        "code_verifier",
        "client_id",
        "client_secret",
        "refresh_token",
        "scope",
        "token",
        "token_type_hint",
        "client_assertion",
        "client_assertion_type",
        "response_type",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "claims",
        "response_mode",
        "login_hint",
        "id_token_hint",
        "acr_values",
        "request",
        "access_token",
        "username",
        "password",
        "csrf_token",
        "interaction",
        "decision",
        "logout",
        "choice",
        "post_logout_redirect_uri",
        "after",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => "[a-z\\[\\]%+\u{0}é]{0,8}"]
}

fn values(live: Vec<String>) -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "code",
        "S256",
        "plain",
        "web-app",
        "spa",
        "https://app.example/cb",
        "https://spa.example/cb",
        "openid",
        "none",
        "login",
        "consent",
        "query",
        "form_post",
        "-1",
        "0",
        "99999999999999999999",
        "{}",
        "{\"id_token\":{\"sub\":null}}",
        "[[[[",
        "eyJhbGciOiJub25lIn0.e30.",
        "a.b.c",
        "allow",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "ana",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ]);
    prop_oneof![
        6 => known.prop_map(str::to_owned),
        2 => prop::sample::select(live),
        2 => ".{0,40}",
        1 => "[\u{0}-\u{20}%&=+;]{0,20}",
        1 => prop::collection::vec(Just("x\u{fffd}"), 0..2_000).prop_map(|many| many.concat()),
    ]
}

fn addresses() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "/authorize",
        "/token",
        "/userinfo",
        "/revoke",
        "/introspect",
        "/jwks",
        "/end_session",
        "/login",
        "/select-account",
        "/consent",
        "/logout",
        "/signed-out",
        "/account",
        "/errors",
        "/",
        "/health/live",
        "/.well-known/openid-configuration",
    ]);
    let deep = prop::sample::select(vec![
        "/authorize/resume/",
        "/authorize/restart/",
        "/errors/",
        "/setup/",
        "/static/",
        "/",
        "/authorize/",
        "/token/",
        "/.well-known/",
    ]);
    let tail = "([A-Za-z0-9._-]{0,30}|%00|%ff|%2e%2e%2f|\\.\\./){0,3}";
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => (deep, tail).prop_map(|(a, b)| a.to_owned() + &b)]
}

fn attempts(live: &[String]) -> impl Strategy<Value = Attempt> {
    let encoded = || {
        prop::collection::vec((names(), values(live.to_vec())), 0..10).prop_map(|pairs| {
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        })
    };
    let body = prop_oneof![
        8 => encoded().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    let method = prop::sample::select(vec!["GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD"]);
    let kind = prop::sample::select(vec![
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/json",
        "multipart/form-data; boundary=x",
        "",
        "text/plain",
    ]);
    let login = prop::sample::select(vec![
        "",
        "Basic d2ViLWFwcDp3ZWItYXBwLXNlY3JldC0wMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==",
        "Basic Og==",
        "Basic /w==",
        "Bearer a.b.c",
        "Bearer ",
        "DPoP x",
        "\u{e9}",
    ]);
    let cookie = prop::sample::select(vec![
        "",
        "__Host-vestibule-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "=;;==;a",
        "__Host-vestibule-browser=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
    ]);
    (method, addresses(), prop::option::of(encoded()), kind, login, cookie, body).prop_map(
        |(method, path, query, kind, login, cookie, body)| {
            let address = query.map_or(path.clone(), |query| format!("{path}?{query}"));
            let all = [("content-type", kind), ("authorization", login), ("cookie", cookie)];
            let filled = all.into_iter().filter(|(_, value)| !value.is_empty());
            let headers = filled.map(|(name, value)| (name, value.to_owned())).collect();
            Attempt { method, address, headers, body }
        },
    )
}

async fn send(app: &TestApp, attempt: &Attempt) -> Page {
    let method = Method::from_bytes(attempt.method.as_bytes()).expect("a method");
    let headers: Vec<_> = attempt.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let body = (!matches!(attempt.method, "GET" | "HEAD")).then(|| attempt.body.clone());
    app.machine().send(method, &attempt.address, &headers, body).await
}

/// Runs the cases on a thread and a runtime of their own, for proptest waits and does not await.
fn try_many(app: &TestApp, cases: u32, live: &[String]) {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&attempts(live), |attempt| {
                let page = runtime.block_on(send(app, &attempt));
                let ours = page.header("x-request-id").len() > 10 && page.status < 500;
                if ours { Ok(()) } else { Err(TestCaseError::fail(format!("{page:#?}"))) }
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
    };
    std::thread::scope(|scope| scope.spawn(work).join().expect("no case fails"));
}

/// What of the database other requests than right ones must never change.
async fn lasting(app: &TestApp) -> String {
    app.rows(|conn| {
        Ok(format!(
            "{:?} {:?} {:?} {:?}",
            vestibule_storage::client::list(conn)?,
            vestibule_storage::user::list(conn)?
                .iter()
                .map(|u| &u.password_hash)
                .collect::<Vec<_>>(),
            vestibule_storage::signing_key::list(conn)?.len(),
            vestibule_storage::audit::list_recent(conn, 100)?,
        ))
    })
    .await
}

/// Writes bytes as they are and reads until the server closes or has answered.
fn raw(app: &TestApp, request: &[u8]) -> String {
    let address = app.issuer.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(3))).expect("a time limit");
    // The server may close before it has read everything; its answer is still there.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

on_both_databases! {
    /// No made-up request breaks the server, and none spends a code or a token on the way.
    async fn random_requests_break_nothing(app: TestApp) {
        let rp = Rp::web();
        let (code, tokens) = (rp.code(app).await, rp.tokens(app).await);
        let before = lasting(app).await;
        let live = [code.clone(), tokens.get("id_token").to_owned()];
        try_many(app, 400, &live);
        assert_eq!(lasting(app).await, before);
        assert_eq!(rp.redeem(app, &code).await.status, 200, "the code is still whole");
        assert!(Rp::is_active(app, tokens.get("access_token")).await);
        let next = rp.refresh(app, tokens.get("refresh_token")).await;
        assert_eq!(rp.refresh(app, Tokens(next.json()).get("refresh_token")).await.status, 200);
    }

    /// RFC 9110 §15.5.14: too large is 413, said before anything is done.
    async fn an_oversized_body_is_413(app: TestApp) {
        let big = [b"token=".as_slice(), &vec![b'x'; 65_536]].concat();
        let fits = [b"a=".as_slice(), &vec![b'&'; 65_000]].concat();
        for path in FORMS {
            let page = app.machine().send(Method::POST, path, &[FORM_TYPE], Some(big.clone())).await;
            assert_eq!(page.status, 413, "{path}");
            let page = app.machine().send(Method::POST, path, &[FORM_TYPE], Some(fits.clone())).await;
            assert!(page.status != 413 && page.status < 500, "{path}: {}", page.status);
        }
        let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000)).repeat(4);
        let chunked = format!(
            "POST /token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n{chunk}0\r\n\r\n"
        );
        assert!(raw(app, chunked.as_bytes()).starts_with("HTTP/1.1 413"), "without a length");
    }

    /// Forms only (RFC 6749 Appendix B): 415 by a page (RFC 9110 §15.5.16), 400 in JSON (RFC 6749
    /// §5.2).
    async fn another_content_type_is_refused(app: TestApp) {
        let kinds = [
            "application/json", "text/plain", "multipart/form-data; boundary=x",
            "application/x-www-form-urlencodedx", "x", "",
        ];
        for path in FORMS.into_iter().filter(|path| *path != "/userinfo") {
            for kind in kinds {
                let headers: &[_] = if kind.is_empty() { &[] } else { &[("content-type", kind)] };
                let body = Some(b"{\"grant_type\":\"client_credentials\"}".to_vec());
                let page = app.machine().send(Method::POST, path, headers, body).await;
                let status = if JSON.contains(&path) { 400 } else { 415 };
                assert_eq!(page.status, status, "{path} {kind:?}");
            }
        }
        let form = [("grant_type", "client_credentials"), ("client_id", "web-app")];
        for kind in ["APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded;charset=utf-8"] {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form).finish().into_bytes();
            let headers = [("content-type", kind)];
            let page = app.machine().send(Method::POST, "/token", &headers, Some(body)).await;
            assert_eq!(page.status, 401, "{kind} is read, and the proof is missing");
        }
    }

    /// RFC 6749 §3.1, §3.2: "parameters MUST NOT be included more than once".
    // spec: RFC 6749 3.2 MUST NOT: a parameter of the token endpoint comes more than once @ policy/src/params.rs
    async fn a_repeated_parameter_is_refused(app: TestApp) {
        let rp = Rp::web();
        let code = rp.code(app).await;
        let form = [
            ("grant_type", "authorization_code"), ("code", code.as_str()),
            ("redirect_uri", rp.redirect_uri), ("code_verifier", rp.verifier),
        ];
        for repeated in form {
            let twice: Vec<_> = form.into_iter().chain([repeated]).collect();
            let page = rp.call(app, "/token", &twice).await;
            assert_eq!((page.status, oauth_error(&page)), (400, "invalid_request".to_owned()));
        }
        for path in ["/revoke", "/introspect"] {
            let page = rp.call(app, path, &[("token", "a"), ("token", "a")]).await;
            assert_eq!((page.status, oauth_error(&page)), (400, "invalid_request".to_owned()));
        }
        let page = app.machine().post("/userinfo", &[("access_token", "a"); 2]).await;
        assert!(page.header("www-authenticate").contains("error=\"invalid_request\""));
        let page = app.machine().get(&format!("{}&state=2", rp.authorize())).await;
        let told = page.header("location").contains("error=invalid_request");
        assert!(page.status == 303 && told, "at the authorization endpoint, by redirect: {page:#?}");
        assert_eq!(rp.redeem(app, &code).await.status, 200, "nothing was spent");
    }

    /// RFC 6749 Appendix B: UTF-8; and PostgreSQL's text holds no NUL.
    async fn what_is_not_text_is_refused(app: TestApp) {
        let bodies: [&[u8]; 8] = [
            b"grant_type=%ff", b"grant_type=\xff\xfe", b"grant_type=%00", b"grant_type=a%00b",
            b"grant_type=%", b"grant_type=%4", b"grant_type=%zz", b"%ff=x",
        ];
        for body in bodies {
            for path in JSON {
                let page = app.machine().send(Method::POST, path, &[FORM_TYPE], Some(body.to_vec())).await;
                let seen = (page.status, oauth_error(&page));
                assert_eq!(seen, (400, "invalid_request".to_owned()), "{path} {body:?}");
            }
            for path in ["/authorize", "/login", "/consent", "/end_session"] {
                let page = app.machine().send(Method::POST, path, &[FORM_TYPE], Some(body.to_vec())).await;
                assert_eq!(page.status, 400, "{path} {body:?}");
            }
        }
        for query in ["client_id=%ff", "client_id=%00", "client_id=%", "%00=x"] {
            for path in ["/authorize", "/end_session", "/login"] {
                assert_eq!(app.machine().get(&format!("{path}?{query}")).await.status, 400, "{path}?{query}");
            }
        }
    }

    /// An address that is none is 404 or 405, never more.
    async fn odd_paths_and_methods_are_told_so(app: TestApp) {
        for path in [
            "/nowhere", "/authorize/resume/%00", "/authorize/resume/%ff", "/authorize/restart/x",
            "/errors/%00", "/errors/VST-9999", "/setup/%ff", "/setup/%00", "/static/..%2f..%2fetc/passwd",
            "/static/%2e%2e/Cargo.toml", "/x//y", "/token/", "/TOKEN", "/.well-known/x",
        ] {
            let page = app.machine().get(path).await;
            assert!((400..500).contains(&page.status), "{path}: {}", page.status);
            assert!(page.header("content-type").starts_with("text/html"), "{path}");
        }
        for path in FORMS {
            for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
                let page = app.machine().send(method.clone(), path, &[], None).await;
                assert!(matches!(page.status, 404 | 405), "{method} {path}: {}", page.status);
            }
        }
    }

    /// RFC 6585 §5, RFC 9112 §3: what cannot be read as HTTP is 4xx, and the next request is fine.
    async fn endless_headers_and_broken_http_are_refused(app: TestApp) {
        let long = "x".repeat(60_000);
        for (name, value) in [("authorization", format!("Bearer {long}")), ("cookie", long.clone())] {
            let headers = [(name, value.as_str())];
            let page = app.machine().send(Method::GET, "/userinfo", &headers, None).await;
            assert_eq!(page.status, 401, "{name}");
        }
        let page = app.machine().get(&format!("/authorize?state={}", "x".repeat(30_000))).await;
        assert_eq!(page.status, 400);
        let endless = format!("GET /jwks HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(400_000));
        let many = format!("GET /jwks HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(5_000));
        for request in [
            endless.as_bytes(), many.as_bytes(), b"GET /jwks HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n",
            b"GET /jwks\xff HTTP/1.1\r\n\r\n", b"POST /token HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
            b"POST /token HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        ] {
            let answer = raw(app, request);
            let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
            assert!(refused, "{}", answer.lines().next().unwrap_or_default());
        }
        assert_eq!(app.machine().get("/jwks").await.status, 200);
    }
}
