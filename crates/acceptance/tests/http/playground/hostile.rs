//! What nobody should send to the playground: nonsense, forgeries, markup and giants.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use vestibule_acceptance::{Page, Rp, on_both_databases};
use vestibule_model::client::AccessTokenFormat;

use super::{PAGES, encoded, is_page, row, started, tokens, unsigned, view};

const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)' autofocus x='",
    "</textarea></details></pre><svg onload=alert(1)>",
    "javascript:alert(1)//{{7*7}}${7*7}",
];

/// Nothing that was typed became markup.
fn assert_harmless(page: &Page) {
    assert!(page.status < 500, "{page:#?}");
    for live in ["<script>", "<img", "<svg onload", "onfocus='", "href=\"javascript:"] {
        assert!(!page.body.contains(live), "{live} in {page:#?}");
    }
}

on_both_databases! {
    started by super::started;
    /// A pasted request is taken apart, whatever it looks like.
    async fn a_pasted_request_is_taken_apart(app: TestApp) {
        let browser = app.browser();
        let url = format!("{}{}", app.issuer, Rp::web().authorize());
        let page = browser.post("/playground/check", &[("pg.url", &url)]).await;
        assert_eq!(page.status, 303, "{page:#?}");
        let page = browser.follow(page).await;
        assert!(page.body.contains("This request is good"), "{page:#?}");
        for nonsense in ["Hello", "", "https://id.example/", "javascript:alert(1)?x"] {
            let page = browser.post("/playground/check", &[("pg.url", nonsense)]).await;
            assert_eq!(page.status, 422, "{page:#?}");
            assert!(page.body.contains("There are no parameters in this"), "{page:#?}");
        }
        // Line breaks in an address become no headers.
        let split = "/authorize?client_id=a\r\nSet-Cookie: x=y&b=c";
        let page = browser.post("/playground/check", &[("pg.url", split)]).await;
        assert_eq!((page.status, page.header("set-cookie")), (303, ""), "{page:#?}");
    }

    /// A repeated parameter, broken escapes: named as the endpoint names them, and run as they came.
    async fn a_broken_request_is_explained_as_it_came(app: TestApp) {
        let browser = app.browser();
        let query = "client_id=web-app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&state=1&state=2";
        let page = browser.get(&format!("/playground/check?{query}")).await;
        assert!(row(&page, "state").contains("VST-0106"), "{page:#?}");
        assert!(page.links().contains(&format!("/authorize?{query}")), "{page:#?}");
        for query in ["%", "a=%zz", "%ff=1", "client_id=%00", "&&&", "=", "a", "?", "client_id"] {
            let page = browser.get(&format!("/playground/check?{query}")).await;
            assert!(is_page(&page), "{query}: {page:#?}");
            assert!(is_page(&browser.get(&format!("/playground?{query}")).await), "{query}");
            assert!(is_page(&browser.get(&format!("/playground/callback?{query}")).await), "{query}");
        }
    }

    /// Changed, foreign, unsigned, expired: each is told apart.
    async fn a_token_that_cannot_be_trusted_says_why(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let (tokens, _) = tokens(app, &browser).await;
        let id = tokens.get("id_token");
        let mut parts: Vec<&str> = id.split('.').collect();
        let forged = URL_SAFE_NO_PAD.encode(r#"{"sub":"ben"}"#);
        parts[1] = &forged;
        let forged = parts.join(".");
        let header: Value = serde_json::from_slice(
            &URL_SAFE_NO_PAD.decode(id.split('.').next().expect("a header")).expect("base64url"),
        ).expect("JSON");
        let kid = &header["kid"];
        let claims = json!({ "iss": "https://evil.example" });
        let odd = |header: &Value| unsigned(header, &claims);
        for (token, said) in [
            (forged, "The signature does not hold"),
            (odd(&json!({ "alg": "none" })), "There is no signature"),
            (odd(&json!({ "alg": "HS256" })), "Signed with a client’s secret"),
            (odd(&json!({ "alg": "RS256", "kid": "x" })), "No key of this server"),
            (odd(&json!({ "alg": "RS256" })), "names no key"),
            (odd(&json!({ "alg": "ES512", "kid": kid })), "names another algorithm"),
            (odd(&json!({ "alg": "RS256", "kid": 7 })), "does not hold"),
            ("a.b.c.d.e".to_owned(), "This is no JWT"),
            ("opaque".to_owned(), "This is no JWT"),
            (format!("{}.e30.x", "e".repeat(9_000)), "longer than any token"),
            (format!("{}....", URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A128GCM"}"#)),
                "only its recipient can read it"),
        ] {
            let page = view(&browser, &[("token", &token)]).await;
            assert_eq!(page.status, 200, "{token}: {page:#?}");
            assert!(page.body.contains(said), "no {said} for {token}: {page:#?}");
            assert!(!page.body.contains("Signature holds"), "{token}: {page:#?}");
        }
        let page = view(&browser, &[("token", id), ("access_token", "other"), ("nonce", "other"),
            ("client_id", "other")]).await;
        for text in ["at_hash does not fit", "The nonce is not that", "not meant for this client"] {
            assert!(page.body.contains(text), "no {text}: {page:#?}");
        }
        app.clock.advance(301);
        let page = view(&browser, &[("token", id)]).await;
        assert!(page.body.contains("It has expired"), "{page:#?}");
        let page = view(&browser, &[("token", tokens.get("access_token"))]).await;
        assert!(page.body.contains("Access token") && page.body.contains("RFC 9068"), "{page:#?}");
        assert!(page.body.contains("It has not expired"), "{page:#?}");
    }

    /// An access token that is no JWT says nothing by itself, and that is said.
    async fn an_opaque_token_is_no_error(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.access_token_format = AccessTokenFormat::Opaque;
        }).await;
        let browser = app.browser();
        browser.sign_in("ana").await;
        let (tokens, _) = tokens(app, &browser).await;
        let fields = [("id_token", tokens.get("id_token")),
            ("access_token", tokens.get("access_token"))];
        let page = view(&browser, &fields).await;
        assert!(page.body.contains("ask the introspection endpoint"), "{page:#?}");
        assert!(page.body.contains("at_hash fits the access token"), "{page:#?}");
    }

    /// Text stays text in every field of every page, and nothing ends in a fault of ours.
    async fn hostile_text_stays_text(app: TestApp) {
        let browser = app.browser();
        let names = ["client_id", "redirect_uri", "response_type", "response_mode", "scope", "state",
            "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint",
            "id_token_hint", "acr_values", "claims", "ui_locales", "display", "request",
            "request_uri", "registration", "pg.form", "pg.verifier", "pg.more", "pg.scope",
            "pg.scope.x", "code", "error", "error_description", "error_uri", "iss", "id_token",
            "access_token", "session_state", "token"];
        let deep = "[".repeat(5_000);
        let long = "a.".repeat(4_000);
        for text in HOSTILE.into_iter().chain([deep.as_str(), long.as_str(), "\u{202e}\u{7}é"]) {
            for name in names.into_iter().chain([text]).filter(|name| name.len() < 100) {
                let query = encoded(&[("client_id", "web-app"), (name, text)]);
                for path in PAGES {
                    let page = browser.get(&format!("{path}?{query}")).await;
                    assert!(is_page(&page), "{path} {name}: {page:#?}");
                    assert_harmless(&page);
                }
            }
            for (path, field) in [("/playground/check", "pg.url"), ("/playground/token", "token"),
                ("/playground/callback", "pg.answer"), ("/playground/callback", "code"),
                ("/playground/callback", "id_token"), ("/playground/token", "id_token")] {
                assert_harmless(&browser.post(path, &[(field, text)]).await);
            }
            let claims = json!({ text: text, "iss": text, "aud": [text], "exp": text, "scope": text });
            let token = unsigned(&json!({ "alg": text, "kid": text, text: text }), &claims);
            assert_harmless(&view(&browser, &[("token", &token)]).await);
        }
    }

    /// Giant bodies, other types and other methods are refused as everywhere.
    async fn what_is_no_form_of_ours_is_refused(app: TestApp) {
        let browser = app.browser();
        let giant = "x".repeat(100_000);
        for path in ["/playground/check", "/playground/callback", "/playground/token"] {
            let page = browser.post(path, &[("token", &giant)]).await;
            assert_eq!(page.status, 413, "{path}");
            let json = [("content-type", "application/json")];
            let page = browser.send(Method::POST, path, &json, Some(b"{}".to_vec())).await;
            assert_eq!(page.status, 415, "{path}");
            let page = browser.send(Method::PUT, path, &[], None).await;
            assert_eq!(page.status, 405, "{path}");
            let page = browser.send(Method::POST, path, &[("content-type",
                "application/x-www-form-urlencoded")], Some(b"\xff=%&token=%zz".to_vec())).await;
            assert!((400..500).contains(&page.status), "{path}: {page:#?}");
        }
        assert_eq!(browser.send(Method::POST, "/playground", &[], None).await.status, 405);
    }
}
