//! What programs are told when they are refused: the same four members everywhere (RFC 6749 §5.2),
//! with words that name what is wrong.

use std::collections::BTreeSet;

use reqwest::Method;
use vestibule_acceptance::{Page, Rp, TestApp, on_both_databases};

const CODE_GRANT: (&str, &str) = ("grant_type", "authorization_code");

/// An endpoint, a form, the `error` it gets, and a word of the description.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

/// Holds that the answer has what every refusal has, and that its `error_uri` can be read.
async fn assert_whole(app: &TestApp, page: &Page, what: &str) {
    assert_eq!(page.header("content-type"), "application/json", "{what}: {page:#?}");
    assert_eq!(page.header("cache-control"), "no-store", "{what}");
    let told = page.json();
    let members: BTreeSet<_> = told.as_object().expect("an object").keys().collect();
    let expected = ["error", "error_description", "error_uri", "request_id"].map(str::to_owned);
    assert_eq!(members, expected.iter().collect(), "{what}");
    assert_eq!(told["request_id"], page.header("x-request-id"), "{what}");
    // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
    for name in ["error", "error_description"] {
        let text = told[name].as_str().expect("text");
        let fits = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(!text.is_empty() && text.bytes().all(fits), "{what}: {text}");
    }
    let explained = app.browser().get(told["error_uri"].as_str().expect("an address")).await;
    assert_eq!(explained.status, 200, "{what}: {told}");
    let page_of_it = explained.url.path().rsplit('/').next().expect("a code");
    assert!(page_of_it.starts_with("VST-") && explained.body.contains(page_of_it), "{what}");
}

on_both_databases! {
    // spec: RFC 6749 5.2 MUST: an error answer of the token endpoint is JSON with error @ web/src/error.rs
    // spec: RFC 6749 5.2 MUST NOT: error and error_description keep to the printable characters without quote and backslash @ web/src/error.rs
    // spec: RFC 6749 5.2 MUST: error_uri is a URI @ web/src/error.rs
    async fn a_refusal_names_what_is_wrong(app: TestApp) {
        let rows: [Row; 12] = [
            ("/token", &[], "invalid_request", "grant_type"),
            ("/token", &[("grant_type", "password")], "unsupported_grant_type", "grant_type"),
            ("/token", &[CODE_GRANT], "invalid_request", "code"),
            ("/token", &[CODE_GRANT, ("code", "x"), ("redirect_uri", "https://app.example/cb")],
                "invalid_grant", "code"),
            ("/token", &[CODE_GRANT, CODE_GRANT], "invalid_request", "grant_type"),
            ("/token", &[("grant_type", "refresh_token")], "invalid_request", "refresh_token"),
            ("/token", &[("grant_type", "client_credentials"), ("scope", "\u{e9}")],
                "invalid_scope", "scope"),
            ("/token", &[("grant_type", "client_credentials"), ("scope", "unheard-of")],
                "invalid_scope", "scope"),
            ("/revoke", &[], "invalid_request", "token"),
            ("/revoke", &[("token", "x"), ("token", "y")], "invalid_request", "token"),
            ("/introspect", &[], "invalid_request", "token"),
            ("/introspect", &[("token", "x"), ("token_type_hint", "a"), ("token_type_hint", "b")],
                "invalid_request", "token_type_hint"),
        ];
        for (path, form, error, word) in rows {
            let page = Rp::web().call(app, path, form).await;
            let what = format!("{path} {form:?}");
            assert_eq!(page.status, 400, "{what}: {page:#?}");
            assert_whole(app, &page, &what).await;
            let told = page.json();
            assert_eq!(told["error"], error, "{what}");
            let description = told["error_description"].as_str().unwrap();
            assert!(description.contains(word), "{what}: {description}");
        }
    }

    /// The same where nobody is known, nothing is readable, or there is nothing.
    async fn every_kind_of_refusal_is_whole(app: TestApp) {
        let machine = app.machine();
        let form = ("content-type", "application/x-www-form-urlencoded");
        let large = Some(vec![b'x'; app.state.max_body_bytes + 1]);
        let broken = Some(b"%zz=%ff".to_vec());
        let bearer = [("authorization", "Bearer nonsense")];
        let pages = [
            ("no client", 401, machine.post("/token", &[("grant_type", "client_credentials")]).await),
            ("wrong secret", 401, machine.post("/revoke",
                &[("token", "x"), ("client_id", "web-app"), ("client_secret", "wrong")]).await),
            ("unknown client", 401, machine.post("/introspect",
                &[("token", "x"), ("client_id", "nobody"), ("client_secret", "x")]).await),
            ("JSON", 400, machine.send(Method::POST, "/token",
                &[("content-type", "application/json")], Some(b"{}".to_vec())).await),
            ("too large", 413, machine.send(Method::POST, "/token", &[form], large).await),
            ("broken", 400, machine.send(Method::POST, "/revoke", &[form], broken).await),
            ("method", 405, machine.get("/token").await),
            ("no token", 401, machine.get("/userinfo").await),
            ("bad token", 401, machine.send(Method::GET, "/userinfo", &bearer, None).await),
            ("no resource", 400, machine.get("/.well-known/webfinger").await),
            ("nothing there", 404,
                machine.send(Method::GET, "/x", &[("accept", "application/json")], None).await),
        ];
        for (what, status, page) in &pages {
            assert_eq!(page.status, *status, "{what}: {page:#?}");
            assert_whole(app, page, what).await;
        }
    }

    /// RFC 6749 §4.1.2.1: by redirect there is room for three members; the request's name is in our
    /// log and in a header.
    async fn a_refusal_by_redirect_says_as_much_as_it_may(app: TestApp) {
        for (change, word) in [
            (("response_type", None), "response_type"),
            (("scope", Some("\u{e9}")), "scope"),
            (("prompt", Some("none login")), "prompt"),
            (("max_age", Some("soon")), "max_age"),
            (("code_challenge", None), "code_challenge"),
        ] {
            let page = app.browser().get(&Rp::web().authorize_with(&[change])).await;
            let answer = page.location();
            let told: std::collections::BTreeMap<_, _> = answer.query_pairs().into_owned().collect();
            let names: Vec<_> = told.keys().map(String::as_str).collect();
            assert_eq!(names, ["error", "error_description", "error_uri", "iss", "state"], "{word}");
            assert!(told["error_description"].contains(word), "{word}: {told:?}");
            assert!(!page.header("x-request-id").is_empty());
            assert_eq!(app.browser().get(&told["error_uri"]).await.status, 200);
        }
    }

    /// The table of refusals for programs.
    async fn the_table_is_there_for_programs(app: TestApp) {
        let page = app.machine().get("/errors.json").await;
        assert_eq!((page.status, page.header("content-type")), (200, "application/json"));
        let rows = page.json();
        assert_eq!(rows.as_array().map(Vec::len), Some(vestibule_model::ErrorCode::ALL.len()));
        let first = &rows[0];
        assert_eq!((&first["code"], &first["error"]), (&"VST-0101".into(), &"invalid_request".into()));
        for name in ["error_description", "cause", "fix", "example"] {
            assert!(first[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
    }
}
