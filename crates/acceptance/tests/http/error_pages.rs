//! What is shown when something is wrong: the reference at `/errors`, and the answers to addresses,
//! methods and bodies that nobody asked for (RFC 9110 §15.5).

use reqwest::Method;
use vestibule_acceptance::{Page, Rp, on_both_databases};
use vestibule_model::ErrorCode;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Holds that the page names its request as the header does.
fn assert_named(page: &Page) {
    let name = page.header("x-request-id");
    assert!(!name.is_empty() && page.body.contains(name), "{page:#?}");
}

/// Holds that the refusal is one of OAuth in JSON (RFC 6749 §5.2), of that code, and whole.
fn assert_json(page: &Page, code: &str) {
    assert_eq!(page.header("content-type"), "application/json", "{page:#?}");
    let told = page.json();
    assert_eq!(told["error"], "invalid_request");
    assert!(!told["error_description"].as_str().unwrap_or_default().is_empty());
    assert!(told["error_uri"].as_str().unwrap_or_default().ends_with(&format!("/errors/{code}")));
    assert_eq!(told["request_id"], page.header("x-request-id"));
}

/// What askama makes of a text.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

on_both_databases! {
    /// Every refusal has its page, with cause, fix and example, and is listed.
    async fn every_code_has_its_page(app: TestApp) {
        let browser = app.browser();
        let index = browser.get("/errors").await;
        assert_eq!(index.status, 200);
        for code in ErrorCode::ALL {
            let address = format!("/errors/{}", code.id());
            assert!(index.links().contains(&address), "{address} is not listed");
            let page = browser.get(&address).await;
            assert_eq!(page.status, 200, "{address}");
            let entry = code.entry();
            for text in [entry.title, entry.cause, entry.fix, entry.example] {
                assert!(page.body.contains(&escaped(text)), "{address} lacks {text}: {page:#?}");
            }
        }
    }

    /// A code that does not exist has no page, however it is written.
    async fn an_unknown_code_has_no_page(app: TestApp) {
        for code in ["VST-0000", "VST-9999", "vst-0101", "VST-0101x", "0101", "VST-0101%20"] {
            let page = app.browser().get(&format!("/errors/{code}")).await;
            assert_eq!(page.status, 404, "{code}");
            page.assert_refused(ErrorCode::NotFound);
            assert_named(&page);
        }
    }

    /// RFC 9110 §15.5.5: 404 is a page, with the request's name on it.
    async fn an_unknown_address_is_a_page(app: TestApp) {
        for path in ["/nothing", "/login/", "/authorize/", "/authorize/resume/", "/LOGIN",
            "/static/vestibule.css", "/static/..%2f..%2fetc%2fpasswd", "/.git/config",
            "/errors/VST-0101/", "//login", "/health", "/.well-known/nothing"] {
            let page = app.browser().get(&format!("{}{path}", app.issuer)).await;
            assert_eq!(page.status, 404, "{path}: {page:#?}");
            page.assert_refused(ErrorCode::NotFound);
            assert_named(&page);
        }
    }

    /// RFC 9110 §15.5.6: 405 says which methods there are; to programs in JSON.
    async fn another_method_is_told_the_right_ones(app: TestApp) {
        let id = "/authorize/resume/x";
        let pages = [("/", Method::POST, "GET"), (id, Method::POST, "GET"),
            ("/login", Method::DELETE, "GET, POST"), ("/authorize", Method::PUT, "GET, POST"),
            ("/authorize/restart/x", Method::POST, "GET"), ("/errors", Method::POST, "GET"),
            ("/errors/VST-0101", Method::POST, "GET"), ("/language", Method::POST, "GET"),
            ("/signed-out", Method::POST, "GET"), ("/static/x", Method::POST, "GET"),
            ("/end_session", Method::PATCH, "GET, POST")];
        let programs = [("/token", Method::GET, "POST"), ("/revoke", Method::GET, "POST"),
            ("/introspect", Method::GET, "POST"), ("/jwks", Method::POST, "GET"),
            ("/userinfo", Method::PUT, "GET, POST"), ("/token", Method::DELETE, "POST"),
            ("/.well-known/openid-configuration", Method::POST, "GET"),
            ("/.well-known/oauth-authorization-server", Method::PUT, "GET"),
            ("/.well-known/webfinger", Method::POST, "GET")];
        let rows = pages.map(|row| (row, false)).into_iter().chain(programs.map(|row| (row, true)));
        for ((path, method, allowed), in_json) in rows {
            let page = app.browser().send(method.clone(), path, &[], None).await;
            assert_eq!(page.status, 405, "{method} {path}: {page:#?}");
            let mut allow: Vec<_> = page.header("allow").split(',').map(str::trim).collect();
            allow.sort_unstable();
            assert_eq!(allow.join(", "), allowed, "{method} {path}");
            if in_json {
                assert_json(&page, "VST-0904");
            } else {
                page.assert_refused(ErrorCode::MethodNotAllowed);
            }
            assert_named(&page);
        }
    }

    /// Whoever asks for JSON is refused in JSON, wherever.
    async fn who_asks_for_json_is_refused_in_json(app: TestApp) {
        let refused = async |accept: &str| {
            app.machine().send(Method::GET, "/nothing", &[("accept", accept)], None).await
        };
        let page = refused("application/json").await;
        assert_eq!(page.status, 404);
        assert_json(&page, "VST-0903");
        for accept in ["text/html, application/json;q=0.5", "*/*", ""] {
            refused(accept).await.assert_refused(ErrorCode::NotFound);
        }
    }

    /// RFC 9110 §15.5.14: a body over the limit is refused with 413, one at the limit is read; the
    /// same for a body that does not say its length.
    async fn a_large_body_is_refused(app: TestApp) {
        let limit = app.state.max_body_bytes;
        for path in ["/authorize", "/login", "/consent", "/logout", "/end_session", "/token",
            "/revoke", "/introspect", "/setup/x"] {
            let body = |length: usize| {
                let mut body = b"x=y".to_vec();
                body.resize(length, b'&');
                Some(body)
            };
            let page = app.browser().send(Method::POST, path, &[FORM], body(limit + 1)).await;
            assert_eq!(page.status, 413, "{path}: {page:#?}");
            assert!(page.body.contains("VST-0905"), "{path}: {page:#?}");
            assert_named(&page);
            let page = app.browser().send(Method::POST, path, &[FORM], body(limit)).await;
            assert!(page.status < 500 && page.status != 413, "{path}: {page:#?}");
        }
    }

    /// RFC 9110 §15.5.16: what is no form is refused with 415 by a page.
    // spec: RFC 6749 5.2 MUST: a request of a wrong form is refused with 400 and invalid_request in JSON @ web/src/error.rs
    // spec: RFC 7009 2.2.1 MUST: errors of the revocation endpoint are those of RFC 6749 5.2 @ web/src/error.rs
    async fn another_media_type_is_refused(app: TestApp) {
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            let ways = ["/authorize", "/login", "/consent", "/logout", "/end_session"]
                .map(|path| (path, 415))
                .into_iter()
                .chain(["/token", "/revoke", "/introspect"].map(|path| (path, 400)));
            for (path, status) in ways {
                let headers = [("content-type", kind)];
                let body = Some(b"{\"client_id\":\"web-app\"}".to_vec());
                let page = app.browser().send(Method::POST, path, &headers, body).await;
                assert_eq!(page.status, status, "{path} {kind}: {page:#?}");
                assert!(page.body.contains("VST-0906"), "{path} {kind}: {page:#?}");
                if status == 400 {
                    assert_json(&page, "VST-0906");
                }
                assert_named(&page);
            }
        }
        let headers = [("content-type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8")];
        let body = Some(b"x=y".to_vec());
        let page = app.browser().send(Method::POST, "/authorize", &headers, body).await;
        page.assert_refused(ErrorCode::ClientIdMissing);
    }

    /// RFC 9700 §4.11.2: the page of a refused request says what is wrong, leads nowhere, and does
    /// not repeat what the request said or what is registered.
    async fn a_page_gives_nothing_away(app: TestApp) {
        let evil = "https://evil.example/<script>alert(1)</script>";
        let address = Rp::web().authorize_with(&[("redirect_uri", Some(evil)),
            ("state", Some("private-state"))]);
        let page = app.browser().get(&address).await;
        page.assert_refused(ErrorCode::RedirectUriMismatch);
        assert_named(&page);
        assert_eq!(page.links(), ["/errors/VST-0105"]);
        for word in ["evil", "alert", "app.example", "private-state", "web-app", "registered `"] {
            assert!(!page.body.contains(word), "{word}: {page:#?}");
        }
    }
}
