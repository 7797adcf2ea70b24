//! Clients are told through the person's browser that a session ended (OIDC Front-Channel Logout 1.0).

use url::Url;
use vestibule_acceptance::{Browser, Page, Rp, TestApp, Tokens, answer_of, on_both_databases};
use vestibule_model::Timestamp;

const BYE: &str = "https://app.example/cb/bye";

async fn loaded_at(app: &TestApp, id: &'static str, uri: &'static str, session_required: bool) {
    app.change_client(id, move |client| {
        client.metadata.frontchannel_logout_uri = Some(uri.to_owned());
        client.metadata.frontchannel_logout_session_required = session_required;
    })
    .await;
}

/// Ana's browser, signed in to both clients, and what the web client got.
async fn signed_in(app: &TestApp) -> (Browser, Tokens) {
    let browser = app.browser();
    let rp = Rp::web();
    let tokens = rp.tokens_of(app, &rp.walk(&browser, &rp.authorize()).await).await;
    let spa = Rp::spa();
    spa.walk(&browser, &spa.authorize()).await;
    (browser, tokens)
}

/// What the page loads in frames.
fn frames(page: &Page) -> Vec<Url> {
    let tags = page.body.split("<iframe ").skip(1);
    let sources = tags.filter_map(|tag| tag.split("src=\"").nth(1)?.split('"').next());
    let sources = sources.map(|source| Url::parse(&source.replace("&#38;", "&")));
    let mut all: Vec<Url> = sources.map(|source| source.expect("an address")).collect();
    all.sort();
    all
}

fn policy(page: &Page) -> &str {
    page.header("content-security-policy")
}

async fn sign_out(browser: &Browser) -> Page {
    let page = browser.get("/logout").await;
    browser.follow(browser.submit(&page, "/logout", &[("decision", "allow")]).await).await
}

on_both_databases! {
    /// §2, §3: the last page loads a page of each client of the session, names the session to those
    /// that asked for it, and may load nothing else.
    // spec: OIDC Front-Channel Logout 2 MUST: iss and sid come together or not at all @ policy/src/logout.rs
    // spec: OIDC Front-Channel Logout 2 MUST: a query of the registered address is kept @ policy/src/logout.rs
    // spec: OIDC Front-Channel Logout 3 MUST: the page loads the frontchannel_logout_uri of each client of the session @ web/src/logout.rs
    async fn the_last_page_loads_a_page_of_each_client(app: TestApp) {
        loaded_at(app, "web-app", "https://app.example:8443/out?a=b", true).await;
        loaded_at(app, "spa", "https://spa.example/out", false).await;
        let (browser, tokens) = signed_in(app).await;
        let page = sign_out(&browser).await;
        assert_eq!((page.status, page.url.path()), (200, "/signed-out"), "{page:#?}");
        assert!(page.body.contains("You are signed out") && page.refresh_target().is_none());
        let frames = frames(&page);
        assert_eq!(frames.len(), 2, "{page:#?}");
        let told = answer_of(&frames[0]);
        let sid = tokens.claims("id_token")["sid"].as_str().expect("a sid").to_owned();
        let expected = [("a", "b"), ("iss", app.issuer.as_str()), ("sid", &sid)];
        assert_eq!(told, expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
        assert_eq!(frames[1].as_str(), "https://spa.example/out");
        let sources = policy(&page).split("frame-src ").nth(1).expect("frames are allowed");
        assert_eq!(sources, "https://app.example:8443 https://spa.example");
        assert!(policy(&page).starts_with("default-src 'none'; style-src 'self'"));
        assert_eq!(browser.who().await, None);
        // Nowhere else are frames allowed.
        for path in ["/login", "/signed-out", "/logout"] {
            let page = browser.get(path).await;
            assert!(!policy(&page).contains("frame-src"), "{path}");
        }
    }

    /// §3, OIDC RP-Initiated Logout §3: then it goes on to the client that asked, `state` as it was.
    async fn it_goes_on_to_the_client_that_asked(app: TestApp) {
        loaded_at(app, "spa", "https://spa.example/out", true).await;
        let (browser, tokens) = signed_in(app).await;
        let hint = tokens.get("id_token");
        let address = format!(
            "/end_session?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=a%26b"
        );
        let page = browser.follow(browser.get(&address).await).await;
        assert_eq!((page.status, page.url.path()), (200, "/signed-out"), "{page:#?}");
        let hosts: Vec<_> = frames(&page).iter().map(|url| url.host_str().map(str::to_owned)).collect();
        assert_eq!(hosts, [Some("spa.example".to_owned())]);
        let target = format!("{BYE}?state=a%26b");
        assert_eq!(page.refresh_target().as_ref().map(Url::as_str), Some(target.as_str()));
        assert_eq!(page.only_link(), target, "without scripts and refreshes too");
        assert_eq!(browser.who().await, None);
        // Asked first, the same.
        let (browser, _) = signed_in(app).await;
        let address = format!("/end_session?client_id=web-app&post_logout_redirect_uri={BYE}");
        let asked = browser.get(&address).await;
        let left = browser.submit(&asked, "/logout", &[("decision", "allow")]).await;
        let page = browser.follow(left).await;
        assert_eq!((frames(&page).len(), page.only_link()), (1, BYE.to_owned()));
    }

    /// What the page loads was worked out when the session ended; a link to it that is passed on or
    /// kept signs nobody out.
    async fn the_page_cannot_be_made_up_or_kept(app: TestApp) {
        loaded_at(app, "spa", "https://spa.example/out", true).await;
        let (browser, _) = signed_in(app).await;
        let page = sign_out(&browser).await;
        let address = page.url.clone();
        let mut made_up = address.to_string();
        made_up.replace_range(made_up.len() - 2.., "AA");
        assert!(frames(&browser.get(&made_up).await).is_empty());
        assert_eq!(frames(&browser.get(address.as_str()).await).len(), 1, "a reload tells again");
        app.clock.advance(601);
        assert!(frames(&browser.get(address.as_str()).await).is_empty());
    }

    async fn only_clients_that_are_there_and_listen_are_loaded(app: TestApp) {
        loaded_at(app, "web-app", "javascript:alert(1)", true).await;
        loaded_at(app, "spa", "https://spa.example/out", true).await;
        let (browser, _) = signed_in(app).await;
        app.change_client("spa", |client| client.disabled_at = Some(Timestamp(1))).await;
        let page = sign_out(&browser).await;
        assert!(page.status == 200 && frames(&page).is_empty(), "{page:#?}");
        assert!(!policy(&page).contains("frame-src"));
        // Somebody who never was at a client has nobody to tell.
        let browser = app.browser();
        let login = browser.get("/login").await;
        browser.log_in(&login, "ben").await;
        assert!(frames(&sign_out(&browser).await).is_empty());
    }

    /// "Not you?" ends a session of this browser too.
    async fn giving_up_an_account_tells_its_clients(app: TestApp) {
        loaded_at(app, "spa", "https://spa.example/out", false).await;
        let (browser, _) = signed_in(app).await;
        let rp = Rp::web();
        let page = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        let other = browser.submit(&page, "/login/other", &[]).await;
        let told = browser.follow(other).await;
        assert_eq!((told.status, frames(&told).len()), (200, 1), "{told:#?}");
        let onward = browser.open(&told.only_link()).await;
        assert_eq!(onward.url.path(), "/login", "{onward:#?}");
    }
}
