//! Clients' logos as we serve them (OIDC Registration §2 `logo_uri`): pictures, ours, and never a
//! way for somebody else to use our name or our network.

use std::{net::TcpListener, time::Duration};

use vestibule_acceptance::{Backend, ClientSite, Page, Rp, TestApp, on_both_databases, outbound};
use vestibule_model::Clock;
use vestibule_outbound::{MAX_IMAGE, Outbound, Rules};
use vestibule_web::client_logos::ClientLogos;

/// A picture as far as anybody can tell from its first bytes; in ASCII, so that it can be read back.
const GIF: &str = "GIF89a of a quill";

async fn with_logo(app: &TestApp, address: String) {
    app.change_client("web-app", move |client| client.metadata.logo_uri = Some(address)).await;
}

async fn logo(app: &TestApp) -> Page {
    app.browser().get("/client-logo/web-app").await
}

fn is_picture(page: &Page) -> bool {
    page.status == 200 && page.header("content-type").starts_with("image/")
}

/// A refusal that is no picture of the client's making.
fn assert_none(what: &str, page: &Page) {
    assert_eq!(page.status, 404, "{what}: {page:#?}");
    assert!(page.header("content-type").starts_with("text/html"), "{what}: {page:#?}");
    assert!(page.body.contains("VST-"), "{what}: our own words: {page:#?}");
    assert_eq!(page.header("cache-control"), "no-store", "{what}");
}

on_both_databases! {
    // spec: OIDC Registration 2 SHOULD: the logo is shown to the person who is asked @ interaction/src/client_logo.rs
    async fn a_logo_is_served_as_ours(app: TestApp) {
        let site = ClientSite::start();
        site.put("/logo", "text/html; charset=utf-8", GIF);
        with_logo(app, site.url("/logo")).await;
        let browser = app.browser();
        browser.sign_in("ana").await;
        let consent = browser.open(&Rp::web().authorize()).await;
        let shown = "src=\"/client-logo/web-app?lang=en\" alt=\"\"";
        assert!(consent.body.contains(shown), "{consent:#?}");
        assert!(!consent.body.contains(&site.url("")), "browsers never go there: {consent:#?}");
        assert_eq!(site.connections(), 0, "the page itself waits for no stranger");
        let page = browser.get("/client-logo/web-app?lang=en").await;
        assert_eq!((page.status, page.body.as_str()), (200, GIF), "{page:#?}");
        for (header, value) in [
            ("content-type", "image/gif"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("cache-control", "public, max-age=3600"),
            ("cross-origin-resource-policy", "same-origin"),
            ("set-cookie", ""),
        ] {
            assert_eq!(page.header(header), value, "{header}: {page:#?}");
        }
        let asked = site.visits("/logo");
        assert_eq!((asked.len(), asked[0].method.as_str()), (1, "GET"));
    }

    async fn a_logo_is_fetched_once_an_hour_whoever_asks(app: TestApp) {
        let site = ClientSite::start();
        site.put("/logo", "image/gif", GIF);
        with_logo(app, site.url("/logo")).await;
        for address in ["/client-logo/web-app", "/client-logo/web-app?lang=fr",
            "/client-logo/web-app?v=2", "/client-logo/web-app?lang=xx&lang=yy"] {
            assert!(is_picture(&app.browser().get(address).await), "{address}");
        }
        assert_eq!(site.hits("/logo"), 1);
        app.clock.advance(3_599);
        assert!(is_picture(&logo(app).await) && site.hits("/logo") == 1);
        site.put("/logo", "image/gif", "GIF89a of another quill");
        app.clock.advance(1);
        assert_eq!(logo(app).await.body, "GIF89a of another quill");
        assert_eq!(site.hits("/logo"), 2);
    }

    async fn many_who_ask_at_once_share_one_fetch(app: TestApp) {
        let site = ClientSite::start();
        site.put("/logo", "image/gif", GIF);
        with_logo(app, site.url("/logo")).await;
        let pages = futures_util::future::join_all((0..12).map(|_| logo(app))).await;
        assert!(pages.iter().all(is_picture), "{pages:#?}");
        assert_eq!(site.hits("/logo"), 1);
    }

    async fn what_is_no_picture_is_not_found(app: TestApp) {
        let site = ClientSite::start();
        let png = b"\x89PNG\r\n\x1a\n";
        let mut big = png.to_vec();
        big.resize(10 * 1024 * 1024, 0);
        let mut over = png.to_vec();
        over.resize(MAX_IMAGE + 1, 0);
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        for (path, content) in [
            ("/svg", svg.as_bytes().to_vec()),
            ("/html", b"<!doctype html><script>alert(1)</script>".to_vec()),
            ("/late", b"\n\x89PNG\r\n\x1a\n".to_vec()),
            ("/wave", b"RIFF\x24\0\0\0WAVEfmt ".to_vec()),
            ("/empty", Vec::new()),
            ("/big", big),
            ("/over", over),
        ] {
            site.put(path, "image/png", content);
        }
        site.put("/elsewhere", "image/gif", GIF);
        for (path, status) in [("/moved", 302), ("/gone", 410), ("/broken", 500)] {
            site.answer(path, status);
        }
        for path in ["/svg", "/html", "/late", "/wave", "/empty", "/big", "/over", "/moved",
            "/gone", "/broken", "/missing"] {
            with_logo(app, site.url(path)).await;
            assert_none(path, &logo(app).await);
            assert_none(path, &logo(app).await);
            assert_eq!(site.hits(path), 1, "{path}: left alone for ten minutes");
        }
        assert_eq!(site.hits("/elsewhere"), 0, "redirects are not followed");
        site.put("/missing", "image/gif", GIF);
        app.clock.advance(599);
        assert_none("too soon", &logo(app).await);
        app.clock.advance(1);
        assert!(is_picture(&logo(app).await), "asked again");
        let mut most = png.to_vec();
        most.resize(MAX_IMAGE, 0);
        site.put("/most", "image/png", most);
        with_logo(app, site.url("/most")).await;
        assert!(is_picture(&logo(app).await), "as much as may be");
    }

    /// A row is hostile, whatever registration refused.
    async fn nothing_but_the_web_is_fetched(app: TestApp) {
        for address in ["javascript:alert(1)", "data:image/gif;base64,R0lGODlh", "file:///etc/passwd",
            "ftp://app.example/logo", "//app.example/logo", "/static/logo.svg", "gopher://127.0.0.1/",
            "http://app.example/logo", "https://a:b@app.example/logo", ""] {
            with_logo(app, address.to_owned()).await;
            assert_none(address, &logo(app).await);
        }
    }

    /// Nobody has us ask anybody but a client's site.
    async fn only_clients_that_there_are_have_a_logo(app: TestApp) {
        let site = ClientSite::start();
        site.put("/logo", "image/gif", GIF);
        assert_none("none was registered", &logo(app).await);
        let address = site.url("/logo");
        let named = format!("/client-logo/web-app?logo_uri={address}&url={address}");
        assert_none("a stranger's address", &app.browser().get(&named).await);
        let unknown = format!("/client-logo/{}", address.replace('/', "%2F"));
        for path in ["/client-logo/nobody", "/client-logo/%00",
            "/client-logo/web-app%20", &unknown] {
            assert_none(path, &app.browser().get(path).await);
        }
        with_logo(app, address).await;
        let now = app.clock.now();
        app.change_client("web-app", move |client| client.disabled_at = Some(now)).await;
        assert_none("a disabled client", &logo(app).await);
        assert_eq!(site.connections(), 0);
        assert_eq!(app.browser().post("/client-logo/web-app", &[]).await.status, 405);
    }

    // spec: RFC 7591 2.2 MAY: a logo may be there in several languages @ web/src/client_shown.rs
    async fn a_logo_speaks_the_language_of_the_page(app: TestApp) {
        let site = ClientSite::start();
        site.put("/logo", "image/gif", GIF);
        site.put("/logo-de", "image/gif", "GIF89a einer Feder");
        let german = ("logo_uri#de".to_owned(), site.url("/logo-de"));
        with_logo(app, site.url("/logo")).await;
        app.change_client("web-app", move |client| {
            client.metadata.localized = [german].into();
        }).await;
        let browser = app.browser();
        for (lang, content) in [("en", GIF), ("de", "GIF89a einer Feder"), ("fr", GIF)] {
            let page = browser.get(&format!("/client-logo/web-app?lang={lang}")).await;
            assert_eq!(page.body, content, "{lang}");
        }
        assert_eq!((site.hits("/logo"), site.hits("/logo-de")), (1, 1));
    }
}

/// The rules of a server on the internet: our own network is not the client's to look at.
#[tokio::test]
async fn private_addresses_are_not_fetched() {
    let app = TestApp::start_with(Backend::Sqlite, |state| {
        state.client_logos = ClientLogos::new(outbound(false));
    })
    .await;
    let site = ClientSite::start();
    site.put("/logo", "image/gif", GIF);
    for address in [site.url("/logo"), site.url("/logo").replace("http://", "https://")] {
        with_logo(&app, address).await;
        assert_none("private", &logo(&app).await);
    }
    assert_eq!(site.connections(), 0);
}

/// A host that says nothing costs whoever asks a while, and nobody else anything.
#[tokio::test]
async fn a_silent_host_is_waited_for_once() {
    let app = TestApp::start_with(Backend::Sqlite, |state| {
        let rules = Rules {
            allow_private_addresses: true,
            timeout: Duration::from_millis(200),
            ..Rules::default()
        };
        state.client_logos = ClientLogos::new(Outbound::new(rules).expect("rules that hold"));
    })
    .await;
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address");
    with_logo(&app, format!("http://{address}/logo")).await;
    assert_none("silent", &logo(&app).await);
    assert_none("silent", &logo(&app).await);
    let browser = app.browser();
    browser.sign_in("ana").await;
    let consent = browser.open(&Rp::web().authorize()).await;
    assert_eq!((consent.status, consent.url.path()), (200, "/consent"), "the page is there");
    silent.set_nonblocking(true).expect("a listener that does not wait");
    let connections = silent.incoming().take_while(Result::is_ok).count();
    assert_eq!(connections, 1, "the second time nobody was asked");
}
