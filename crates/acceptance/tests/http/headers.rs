//! The headers of every route (RFC 9700 §4.16 clickjacking; RFC 6749 §5.1 and §10.13; W3C CSP).

use reqwest::Method;
use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_model::{Clock, Secret};

/// Every route once, in the state in which it says most: what it is, and its answer.
async fn every_route(app: &TestApp) -> Vec<(String, Page)> {
    let rp = Rp::web();
    let setup = Secret::new("set-up-link-of-the-first-administrator");
    let (hash, end) = (setup.token_hash(), app.clock.now().plus(600));
    app.rows(move |conn| Ok(vestibule_storage::setup_link::insert(conn, &hash, end)?)).await;
    let nobody = app.browser();
    let login = nobody.open(&rp.authorize()).await;
    let ana = app.browser();
    ana.sign_in("ana").await;
    let consent = ana.open(&rp.authorize()).await;
    let choose = ana.open(&rp.authorize_with(&[("prompt", Some("select_account"))])).await;
    let id = |page: &Page| page.field("interaction").expect("the request's name");
    let style = login.body.split("/static/").nth(1).and_then(|rest| rest.split('"').next());
    let mut seen = Vec::new();
    for (who, address) in [
        (&nobody, "/".to_owned()),
        (&nobody, login.url[url::Position::BeforePath..].to_owned()),
        (&ana, consent.url[url::Position::BeforePath..].to_owned()),
        (&ana, choose.url[url::Position::BeforePath..].to_owned()),
        (&nobody, rp.authorize()),
        (&nobody, rp.authorize_with(&[("prompt", Some("none"))])),
        (&nobody, rp.authorize_with(&[("redirect_uri", None)])),
        (&nobody, format!("/authorize/resume/{}", id(&login))),
        (&nobody, format!("/authorize/restart/{}", id(&login))),
        (&ana, "/logout".to_owned()),
        (&ana, "/account".to_owned()),
        (&ana, "/end_session".to_owned()),
        (&nobody, "/signed-out".to_owned()),
        (&nobody, format!("/setup/{}", setup.expose())),
        (&nobody, "/errors".to_owned()),
        (&nobody, "/errors/VST-0101".to_owned()),
        (&nobody, format!("/static/{}", style.expect("a stylesheet"))),
        (&nobody, "/userinfo".to_owned()),
        (&nobody, "/jwks".to_owned()),
        (&nobody, "/.well-known/openid-configuration".to_owned()),
        (&nobody, "/.well-known/oauth-authorization-server".to_owned()),
        (&nobody, "/health/live".to_owned()),
        (&nobody, "/health/ready".to_owned()),
        (&nobody, "/nothing/here".to_owned()),
    ] {
        seen.push((format!("GET {address}"), who.get(&address).await));
    }
    for path in [
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
        "/setup/x",
        "/nothing/here",
    ] {
        seen.push((format!("POST {path}"), nobody.post(path, &[("x", "y")]).await));
        seen.push((format!("PUT {path}"), nobody.send(Method::PUT, path, &[], None).await));
    }
    seen.push(("POST /login".to_owned(), wrong_password(&nobody, &login).await));
    seen.push(("returning".to_owned(), ana.decide(&consent, "allow").await));
    seen
}

async fn wrong_password(browser: &Browser, login: &Page) -> Page {
    browser.submit(login, "/login", &[("username", "ana"), ("password", "wrong")]).await
}

fn directive<'a>(page: &'a Page, name: &str) -> Option<&'a str> {
    let policy = page.header("content-security-policy");
    policy.split(';').find_map(|part| part.trim().strip_prefix(name).map(str::trim))
}

on_both_databases! {
    /// RFC 9700 §4.16: nothing of ours can be framed, sniffed or run with a script that is not
    /// ours; nothing tells an address onwards (§4.2.4); no 5xx comes of any of it.
    // spec: RFC 9700 4.16 MUST: no page can be framed to steal clicks @ web/src/headers.rs
    // spec: RFC 9700 4.16 SHOULD: a Content Security Policy says so too @ web/src/headers.rs
    // spec: RFC 6749 10.13 SHOULD: X-Frame-Options keeps older browsers from framing @ web/src/headers.rs
    async fn every_route_has_the_headers(app: TestApp) {
        let shared = ["GET /jwks", "GET /.well-known/"];
        for (route, page) in every_route(app).await {
            assert!(page.status < 500, "{route}: {page:#?}");
            assert_eq!(page.header("x-frame-options"), "DENY", "{route}");
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{route}");
            assert_eq!(page.header("referrer-policy"), "no-referrer", "{route}");
            assert_eq!(page.header("cross-origin-resource-policy") == "same-origin",
                !shared.iter().any(|prefix| route.starts_with(prefix)), "{route}");
            assert_eq!(directive(&page, "default-src"), Some("'none'"), "{route}");
            assert_eq!(directive(&page, "frame-ancestors"), Some("'none'"), "{route}");
            assert_eq!(directive(&page, "base-uri"), Some("'none'"), "{route}");
            assert_eq!(directive(&page, "form-action"), Some("'self'"), "{route}");
            assert_eq!(directive(&page, "script-src"), Some("'self'"), "{route}");
            assert_eq!(directive(&page, "style-src"), Some("'self'"), "{route}");
            assert!(!page.header("content-security-policy").contains("unsafe"), "{route}");
            assert_ne!(page.header("cache-control"), "", "{route}");
            assert_eq!(page.header("server"), "", "{route}");
            assert!(!page.headers.contains_key("strict-transport-security"), "{route}: http");
        }
    }

    /// WHATWG HTML §7.1.3: a window that opened the account or the set-up page keeps no hold on it.
    /// The pages of a sign-in do without, since clients wait for the window they opened.
    async fn our_own_pages_are_cut_off_from_their_opener(app: TestApp) {
        for (route, page) in every_route(app).await {
            let ours = route == "GET /account"
                || (route.contains("/setup/") && !route.starts_with("PUT"));
            assert_eq!(page.header("cross-origin-opener-policy") == "same-origin", ours, "{route}");
        }
    }

    /// RFC 9110 §9.3.2: HEAD is GET without the body.
    async fn head_is_get_without_the_body(app: TestApp) {
        for path in ["/", "/login", "/jwks", "/.well-known/openid-configuration", "/errors",
            "/health/live", "/nothing", "/account"] {
            let get = app.browser().get(path).await;
            let head = app.browser().send(Method::HEAD, path, &[], None).await;
            assert_eq!((head.status, &*head.body), (get.status, ""), "{path}");
            for name in ["content-type", "content-security-policy", "cache-control", "location"] {
                assert_eq!(head.header(name), get.header(name), "{path} {name}");
            }
        }
        let head = app.browser().send(Method::HEAD, "/token", &[], None).await;
        assert_eq!(head.status, 405);
    }

    /// RFC 6749 §5.1, §10.13: only what is the same for everybody may be kept by a cache.
    // spec: RFC 6749 5.1 MUST: caches keep only what is the same for everybody @ web/src/headers.rs
    async fn only_public_documents_are_cached(app: TestApp) {
        let public = ["GET /errors", "GET /static/", "GET /jwks", "GET /.well-known/"];
        for (route, page) in every_route(app).await {
            let is_public = public.iter().any(|prefix| route.starts_with(prefix));
            let cache = page.header("cache-control");
            assert_eq!(cache != "no-store", is_public, "{route}: {cache}");
            let sets_cookie = !page.header("set-cookie").is_empty();
            assert!(!(is_public && sets_cookie), "{route}: {page:#?}");
        }
    }

    /// Pages have no inline script or style for the policy to make an exception for.
    async fn pages_have_nothing_inline(app: TestApp) {
        for (route, page) in every_route(app).await {
            if !page.header("content-type").starts_with("text/html") {
                continue;
            }
            let body = page.body.to_lowercase();
            assert!(!body.contains("<style") && !body.contains(" style="), "{route}: {body}");
            assert!(!body.contains("javascript:"), "{route}: {body}");
            for tag in body.split('<').filter_map(|piece| piece.split('>').next()) {
                assert!(!tag.starts_with("script") || tag.contains("src=\"/static/"), "{tag}");
                assert!(!tag.contains(" onclick=") && !tag.contains(" onload="), "{tag}");
            }
        }
    }

    /// Form Post Response Mode §2: only the page that posts to the client goes without
    /// `form-action`; all else of the policy stays.
    // spec: Form Post 2 MUST: browser and caches are told not to keep the answer @ web/src/headers.rs
    async fn the_form_post_page_lacks_form_action_alone(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        rp.walk(&browser, &rp.authorize()).await;
        let page = browser.get(&rp.authorize_with(&[("response_mode", Some("form_post"))])).await;
        assert!(page.field("code").is_some());
        assert_eq!(directive(&page, "form-action"), None);
        assert_eq!(directive(&page, "default-src"), Some("'none'"));
        assert_eq!(directive(&page, "frame-ancestors"), Some("'none'"));
        assert_eq!(directive(&page, "script-src"), Some("'self'"));
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("cache-control"), "no-store");
    }

    /// WHATWG Fetch §3.2: no script of another origin reads a page, not even a client's own.
    async fn no_page_is_shared_with_another_origin(app: TestApp) {
        let address = Rp::web().authorize();
        for path in ["/", "/login", "/account", "/logout", "/end_session", "/errors", &*address,
            "/introspect", "/health/ready"] {
            for origin in ["https://app.example", "https://evil.example", "null"] {
                let headers = [("origin", origin)];
                for method in [Method::GET, Method::OPTIONS] {
                    let page = app.browser().send(method, path, &headers, None).await;
                    let open = page.header("access-control-allow-origin");
                    assert_eq!(open, "", "{path} for {origin}");
                }
            }
        }
    }

    /// RFC 9700 §4.12: a form is answered by 303 to a page of ours or by a page; never by 307, which
    /// would send the password on, nor by 302.
    // spec: RFC 9700 4.12 MUST NOT: a form with a password is redirected by 307 @ web/src/html.rs
    // spec: RFC 9700 4.12 SHOULD: such a form is redirected by 303 @ web/src/html.rs
    async fn a_form_is_answered_by_303_or_a_page(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let login = browser.open(&rp.authorize()).await;
        let mut answers = vec![wrong_password(&browser, &login).await];
        let right = [("username", "ana"), ("password", PASSWORD)];
        answers.push(browser.submit(&login, "/login", &right).await);
        answers.push(browser.submit(&login, "/consent", &[("decision", "maybe")]).await);
        answers.push(browser.submit(&login, "/consent", &[("decision", "deny")]).await);
        answers.push(browser.submit(&login, "/consent", &[("decision", "allow")]).await);
        answers.push(browser.submit(&login, "/select-account", &[("choice", "other")]).await);
        answers.push(browser.submit(&login, "/select-account", &[("choice", "continue")]).await);
        let logout = browser.get("/logout").await;
        answers.push(browser.submit(&logout, "/logout", &[("decision", "deny")]).await);
        answers.push(browser.submit(&logout, "/logout", &[("decision", "allow")]).await);
        for path in ["/login", "/consent", "/select-account", "/logout", "/setup/x"] {
            answers.push(browser.post(path, &[]).await);
        }
        for page in answers {
            if (300..400).contains(&page.status) {
                assert_eq!(page.status, 303, "{page:#?}");
                assert_eq!(page.location().origin(), page.url.origin(), "{page:#?}");
            } else {
                assert!(page.body.contains("</html>"), "{page:#?}");
            }
        }
    }

    /// Every answer has a name of its own, which nobody can choose.
    async fn every_answer_has_a_request_id(app: TestApp) {
        let mut names = std::collections::BTreeSet::new();
        for (route, page) in every_route(app).await {
            let name = page.header("x-request-id");
            assert!(name.len() >= 16, "{route}: {page:#?}");
            assert!(names.insert(name.to_owned()), "{route}: {name} twice");
        }
        let chosen = [("x-request-id", "chosen-by-the-visitor")];
        let page = app.browser().send(Method::GET, "/login", &chosen, None).await;
        assert_ne!(page.header("x-request-id"), "chosen-by-the-visitor");
    }
}
