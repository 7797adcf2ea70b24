//! Forms only from our own pages, in the same browser (RFC 6749 §10.12, RFC 9700 §4.7).

use vestibule_acceptance::{Browser, PASSWORD, Page, Rp, TestApp, on_both_databases};
use vestibule_model::{Clock, Secret};

type Headers<'a> = &'a [(&'a str, &'a str)];

/// Sends a form in every way that an attacker could make a browser send it. `fields` is the form
/// without its token, `page` the page that has the right one. Each ends on a page with one link.
async fn attack(
    app: &TestApp,
    browser: &Browser,
    page: &Page,
    path: &str,
    fields: &[(&str, &str)],
) {
    let right = page.field("csrf_token").expect("a token");
    let attackers = app.browser().get("/login").await.field("csrf_token").expect("a token");
    let mut changed = right.clone();
    changed.replace_range(0..1, if right.starts_with('A') { "B" } else { "A" });
    let issuer = app.issuer.as_str();
    let sibling = issuer.replace("localhost", "127.0.0.1");
    let other_port = format!("{issuer}0");
    let secure = issuer.replace("http://", "https://");
    let rows: &[(Headers<'_>, Option<&str>)] = &[
        (&[], None),
        (&[], Some("")),
        (&[], Some("x")),
        (&[], Some(&attackers)),
        (&[], Some(&changed)),
        (&[], Some(&right[1..])),
        (&[("origin", "https://evil.example")], Some(&right)),
        (&[("origin", &sibling)], Some(&right)),
        (&[("origin", &other_port)], Some(&right)),
        (&[("origin", &secure)], Some(&right)),
        (&[("sec-fetch-site", "cross-site")], Some(&right)),
        (&[("sec-fetch-site", "same-site")], Some(&right)),
        (&[("sec-fetch-site", "cross-site"), ("origin", "null")], Some(&right)),
        (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], Some(&right)),
        (&[("sec-fetch-site", "cross-site"), ("origin", issuer)], Some(&right)),
    ];
    for (headers, token) in rows {
        let mut form = fields.to_vec();
        form.extend(token.map(|token| ("csrf_token", token)));
        let before = browser.cookies();
        let refused = browser.post_with(path, headers, &form).await;
        let link = refused.stale_link();
        assert_eq!(browser.cookies(), before, "{path} {headers:?} {token:?}");
        assert_ne!(browser.get(&link).await.status, 404, "{link} leads nowhere");
    }
    // A browser that was never here, with a token that is right elsewhere.
    let mut form = fields.to_vec();
    form.push(("csrf_token", &right));
    let stranger = app.browser();
    let refused = stranger.post(path, &form).await;
    // Where nobody is signed in there is nobody to consent: the request goes back to its sign-in.
    if refused.status == 303 {
        assert!(refused.location().path().starts_with("/authorize/resume/"), "{refused:#?}");
    } else {
        let _ = refused.stale_link();
    }
    assert!(stranger.cookies().is_empty(), "{path}");
}

/// Sends the form as a browser of today does from our own page.
async fn send(
    app: &TestApp,
    browser: &Browser,
    page: &Page,
    path: &str,
    fields: &[(&str, &str)],
) -> Page {
    let right = page.field("csrf_token").expect("a token");
    let mut form = fields.to_vec();
    form.push(("csrf_token", &right));
    let headers = [("origin", app.issuer.as_str()), ("sec-fetch-site", "same-origin")];
    browser.post_with(path, &headers, &form).await
}

on_both_databases! {
    /// Login CSRF (RFC 9700 §4.7): nobody is signed in by a form that is not ours.
    async fn sign_in_is_only_by_our_own_form(app: TestApp) {
        let browser = app.browser();
        let page = browser.get("/login").await;
        let fields = [("username", "ana"), ("password", PASSWORD)];
        attack(app, &browser, &page, "/login", &fields).await;
        assert_eq!(browser.who().await, None);
        assert_eq!(send(app, &browser, &page, "/login", &fields).await.status, 303);
        assert_eq!(browser.who().await, Some("ana"));
    }

    /// The same within a request.
    async fn sign_in_for_a_client_is_only_by_our_own_form(app: TestApp) {
        let browser = app.browser();
        let page = browser.open(&Rp::web().authorize()).await;
        let interaction = page.field("interaction").expect("the request's name");
        let fields = [("username", "ana"), ("password", PASSWORD), ("interaction", &interaction)];
        attack(app, &browser, &page, "/login", &fields).await;
        assert_eq!(browser.who().await, None);
        let sent = send(app, &browser, &page, "/login", &fields).await;
        assert_eq!(browser.follow(sent).await.url.path(), "/consent");
    }

    /// RFC 6749 §10.12: neither yes nor no can be said for the person.
    // spec: RFC 6749 10.12 MUST: the authorization endpoint is protected against forged requests @ web/src/csrf.rs
    async fn consent_is_only_by_our_own_form(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        for decision in ["allow", "deny"] {
            let page = browser.open(&Rp::web().authorize()).await;
            let interaction = page.field("interaction").expect("the request's name");
            let fields = [("decision", decision), ("interaction", interaction.as_str())];
            attack(app, &browser, &page, "/consent", &fields).await;
            let resumed = browser.open(&format!("/authorize/resume/{interaction}")).await;
            assert_eq!(resumed.url.path(), "/consent", "neither allowed nor denied");
        }
        let page = browser.open(&Rp::web().authorize()).await;
        let interaction = page.field("interaction").expect("the request's name");
        let fields = [("decision", "allow"), ("interaction", interaction.as_str())];
        let sent = send(app, &browser, &page, "/consent", &fields).await;
        assert!(browser.follow(sent).await.refresh_target().is_some());
    }

    /// Nor can the account be chosen for the person.
    async fn an_account_is_chosen_only_by_our_own_form(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let address = Rp::web().authorize_with(&[("prompt", Some("select_account"))]);
        let page = browser.open(&address).await;
        let interaction = page.field("interaction").expect("the request's name");
        let fields = [("choice", "continue"), ("interaction", interaction.as_str())];
        attack(app, &browser, &page, "/select-account", &fields).await;
        let resumed = browser.open(&format!("/authorize/resume/{interaction}")).await;
        assert_eq!(resumed.url.path(), "/select-account");
        let sent = send(app, &browser, &page, "/select-account", &fields).await;
        assert_eq!(browser.follow(sent).await.url.path(), "/consent");
    }

    /// Logout CSRF (OIDC RP-Initiated Logout §6): nobody is signed out by a form that is not ours.
    async fn sign_out_is_only_by_our_own_form(app: TestApp) {
        let browser = app.browser();
        browser.sign_in("ana").await;
        let page = browser.get("/logout").await;
        attack(app, &browser, &page, "/logout", &[("decision", "allow")]).await;
        assert_eq!(browser.who().await, Some("ana"));
        send(app, &browser, &page, "/logout", &[("decision", "allow")]).await;
        assert_eq!(browser.who().await, None);
    }

    /// The first administrator is made by our own form, and the link is not used up by another.
    async fn an_administrator_is_made_only_by_our_own_form(app: TestApp) {
        let token = Secret::new("set-up-link-of-the-first-administrator");
        let (hash, end) = (token.token_hash(), app.clock.now().plus(600));
        app.rows(move |conn| Ok(vestibule_storage::setup_link::insert(conn, &hash, end)?)).await;
        let browser = app.browser();
        let path = format!("/setup/{}", token.expose());
        let page = browser.get(&path).await;
        let fields = [("username", "root"), ("email", "root@people.example"),
            ("new_password", "a long enough password")];
        let has_admin = || app.rows(|conn| Ok(vestibule_storage::user::has_admin(conn)?));
        attack(app, &browser, &page, &path, &fields).await;
        assert!(!has_admin().await);
        let made = send(app, &browser, &page, &path, &fields).await;
        assert_eq!((made.status, made.location().path()), (303, "/login"));
        assert!(has_admin().await);
        assert_eq!(browser.get(&path).await.status, 400, "the link works once");
    }

    /// A token is the browser's and not the page's: the same in every tab, another in every
    /// browser.
    async fn the_token_is_the_browsers(app: TestApp) {
        let token = |page: Page| page.field("csrf_token").expect("a token");
        let (one, other) = (app.browser(), app.browser());
        let first = token(one.get("/login").await);
        assert_eq!(token(one.get("/login").await), first);
        assert_eq!(token(one.open(&Rp::web().authorize()).await), first);
        assert_ne!(token(other.get("/login").await), first);
        assert!(!one.cookies().values().any(|value| *value == first), "not the cookie itself");
    }
}
