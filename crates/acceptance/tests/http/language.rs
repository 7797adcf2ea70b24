//! Which language a page speaks (OIDC Core §3.1.2.1 `ui_locales`; RFC 9110 §12.5.4), and the links
//! that change it.

use reqwest::Method;
use vestibule_acceptance::{Browser, Page, Rp, on_both_databases};
use vestibule_web::language::COOKIE;

/// `GET` by a browser whose owner reads these languages.
async fn get_in(browser: &Browser, address: &str, accepted: &str) -> Page {
    browser.send(Method::GET, address, &[("accept-language", accepted)], None).await
}

/// The language of a page, after all that says so agrees.
fn lang(page: &Page) -> String {
    let root = page.body.split("<html lang=\"").nth(1).unwrap_or_else(|| panic!("{page:#?}"));
    let lang = root.split('"').next().unwrap_or_default().to_owned();
    assert_eq!(page.header("content-language"), lang, "{page:#?}");
    let vary = page.header("vary").to_ascii_lowercase();
    assert!(vary.contains("cookie") && vary.contains("accept-language"), "{vary}");
    let words = [("en", "Language"), ("de", "Sprache"), ("fr", "Langue"), ("es", "Idioma")];
    if page.body.contains("hreflang") {
        let word = words.iter().find(|(tag, _)| *tag == lang).expect("one of ours").1;
        assert!(page.body.contains(&format!("aria-label=\"{word}\"")), "{page:#?}");
    }
    lang
}

/// Where the page's link to that language leads.
fn switch(page: &Page, to: &str) -> String {
    let mut links = page.body.split("<a href=\"").skip(1);
    let link = links.find(|tag| tag.contains(&format!("hreflang=\"{to}\"")));
    let link = link.unwrap_or_else(|| panic!("no link to {to}: {page:#?}"));
    link.split('"').next().unwrap_or_default().replace("&#38;", "&")
}

on_both_databases! {
    async fn browsers_get_what_they_accept(app: TestApp) {
        for (accepted, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("pt-BR,es;q=0.5,fr;q=0.7", "fr"),
            ("es-419", "es"),
            ("tlh", "en"),
            ("*", "en"),
            ("", "en"),
        ] {
            for path in ["/", "/login", "/nothing/here", "/errors"] {
                let page = get_in(&app.browser(), path, accepted).await;
                assert_eq!(lang(&page), expected, "{path} for {accepted}");
            }
        }
        assert_eq!(lang(&app.browser().get("/login").await), "en");
    }

    /// Through every page of the request, whatever the browser accepts.
    async fn what_the_client_asks_for_wins_over_the_browser(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let asked = rp.authorize_with(&[("ui_locales", Some("tlh es-MX de"))]);
        let login = browser.open(&asked).await;
        assert_eq!(lang(&login), "es");
        let login = get_in(&browser, login.url.as_str(), "fr").await;
        assert_eq!(lang(&login), "es");
        let fields = [("username", "ana"), ("password", "wrong")];
        let wrong = browser.submit(&login, "/login", &fields).await;
        assert_eq!((wrong.status, &*lang(&wrong)), (422, "es"));
        let consent = browser.log_in(&login, "ana").await;
        assert_eq!(lang(&consent), "es");
        assert!(consent.body.contains("Permitir"), "{consent:#?}");
        let returning = browser.decide(&consent, "allow").await;
        assert!(returning.refresh_target().is_some(), "{returning:#?}");
        assert_eq!(lang(&returning), "es");
        assert!(!returning.body.contains("hreflang"), "seen again, it would answer twice");
    }

    async fn a_refusal_speaks_the_client_s_language_too(app: TestApp) {
        let rp = Rp::web();
        let asked = [("ui_locales", Some("fr")), ("client_id", Some("nobody"))];
        let page = app.browser().get(&rp.authorize_with(&asked)).await;
        assert_eq!((page.status, &*lang(&page)), (400, "fr"));
        let browser = app.browser();
        let login = browser.open(&rp.authorize_with(&[("ui_locales", Some("de"))])).await;
        app.clock.advance(1_801);
        let stale = browser.get(login.url.as_str()).await;
        assert_eq!((stale.status, &*lang(&stale)), (400, "de"));
    }

    /// The switch keeps the request, and wins over what the client asked for.
    async fn what_the_person_chooses_wins_over_the_client(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        let asked = rp.authorize_with(&[("ui_locales", Some("es"))]);
        let login = browser.open(&asked).await;
        let chosen = browser.get(&switch(&login, "de")).await;
        assert_eq!(chosen.status, 303);
        assert_eq!(chosen.location(), login.url);
        let line = chosen.header("set-cookie");
        assert!(line.starts_with(&format!("{COOKIE}=de.")), "{line}");
        for part in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/", "; Max-Age=34560000"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        let login = browser.follow(chosen).await;
        assert_eq!(lang(&login), "de");
        let fields = [("username", "ana"), ("password", "wrong")];
        let wrong = browser.submit(&login, "/login", &fields).await;
        assert_eq!(lang(&wrong), "de");
        let again = browser.open(&switch(&wrong, "fr")).await;
        assert_eq!((again.url.path(), &*lang(&again)), ("/login", "fr"));
        assert_eq!(again.field("interaction"), login.field("interaction"));
        let consent = browser.log_in(&again, "ana").await;
        assert_eq!(lang(&consent), "fr");
        assert!(consent.body.contains("Autoriser"), "{consent:#?}");
    }

    /// An older choice counts for whatever no client has a wish about.
    async fn an_old_choice_gives_way_to_a_new_request(app: TestApp) {
        let rp = Rp::web();
        let browser = app.browser();
        browser.get("/language?lang=de&to=/").await;
        app.clock.advance(1_801);
        let asked = rp.authorize_with(&[("ui_locales", Some("es"))]);
        assert_eq!(lang(&browser.open(&asked).await), "es");
        let plain = browser.open(&rp.authorize()).await;
        assert_eq!(lang(&get_in(&browser, plain.url.as_str(), "fr").await), "de");
    }

    async fn the_account_s_language_comes_before_the_browser_s(app: TestApp) {
        app.add_person("dora", |user| user.language = Some("es-AR".to_owned())).await;
        let browser = app.browser();
        browser.sign_in("dora").await;
        let page = get_in(&browser, "/account", "fr").await;
        assert_eq!((page.status, &*lang(&page)), (200, "es"));
        browser.get(&switch(&page, "de")).await;
        app.clock.advance(1_801);
        assert_eq!(lang(&get_in(&browser, "/account", "fr").await), "de");
    }

    async fn the_switch_leads_nowhere_else(app: TestApp) {
        let browser = app.browser();
        for to in ["//evil.example", "/%5Cevil.example", "https:", "https://evil.example/",
            "/..//evil.example", "javascript:alert(1)", "login", ""] {
            let page = browser.get(&format!("/language?lang=de&to={to}")).await;
            assert_eq!((page.status, page.header("location")), (303, "/"), "{to}");
        }
        let page = browser.get("/language?lang=de").await;
        assert_eq!((page.status, page.header("location")), (303, "/"));
    }

    async fn a_language_we_do_not_speak_changes_nothing(app: TestApp) {
        let browser = app.browser();
        for query in ["lang=tlh&to=/login", "to=/login", "lang=&to=/login"] {
            let page = browser.get(&format!("/language?{query}")).await;
            assert_eq!((page.status, page.header("location")), (303, "/login"), "{query}");
            assert!(!browser.cookies().contains_key(COOKIE), "{query}");
        }
        browser.set_cookie(COOKIE, "xx.99999999999");
        assert_eq!(lang(&browser.get("/login").await), "en");
    }
}
