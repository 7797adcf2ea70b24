//! The person's permission (OIDC Core §3.1.2.4, §11; RFC 6749 §10.12; RFC 8252 §8.6).

use vestibule_acceptance::{Browser, Page, Rp, TestApp, answer_of, on_both_databases};
use vestibule_model::{
    ClientId, UserId,
    client::{ApplicationType, GrantType},
};

/// A browser in which Ana is signed in.
async fn anas(app: &TestApp) -> Browser {
    let browser = app.browser();
    browser.sign_in("ana").await;
    browser
}

fn is_consent(page: &Page) -> bool {
    page.status == 200 && page.url.path() == "/consent"
}

fn has_code(page: &Page) -> bool {
    page.status == 303 && answer_of(&page.location()).contains_key("code")
}

const STAY: &str = "Stay connected while you’re away";

on_both_databases! {
    /// OIDC Core §3.1.2.4: who asks, for what, and where the answer goes; then it is remembered.
    // spec: OIDC Core 3.1.2.4 MUST: the person's permission is had before anything is given @ policy/src/prompt.rs
    async fn consent_is_asked_once_and_says_what_it_is(app: TestApp) {
        let rp = Rp::web();
        let browser = anas(app).await;
        let page = browser.open(&rp.authorize()).await;
        assert!(is_consent(&page), "{page:#?}");
        for words in ["The web-app", "app.example", "ana Example", "See your mail address",
            "See your name and profile", STAY] {
            assert!(page.body.contains(words), "no {words}: {page:#?}");
        }
        let back = browser.decide(&page, "allow").await;
        let tokens = rp.tokens_of(app, &back.refresh_target().expect("the way back")).await;
        assert_eq!(tokens.get("scope"), "email offline_access openid profile");
        assert!(has_code(&browser.get(&rp.authorize()).await));
        let less = rp.authorize_with(&[("scope", Some("openid"))]);
        assert!(has_code(&browser.get(&less).await), "less than what was allowed");
    }

    /// OIDC Core §3.1.2.4: more than before is asked for, and what is new is set apart; what was
    /// allowed stays allowed.
    async fn more_is_asked_for_again(app: TestApp) {
        let rp = Rp { scope: "openid email", ..Rp::web() };
        let browser = anas(app).await;
        rp.walk(&browser, &rp.authorize()).await;
        let page = browser.open(&rp.authorize_with(&[("scope", Some("openid phone"))])).await;
        assert!(is_consent(&page), "{page:#?}");
        assert!(page.body.contains("New this time"), "{page:#?}");
        assert!(page.body.contains("See your phone number"), "{page:#?}");
        assert!(page.body.contains("You allowed this before"), "{page:#?}");
        assert!(!page.body.contains("See your mail address"), "not asked for: {page:#?}");
        browser.decide(&page, "allow").await;
        let all = rp.authorize_with(&[("scope", Some("openid email phone"))]);
        assert!(has_code(&browser.get(&all).await));
    }

    /// OIDC Core §5.5: a claim asked for by name needs its own permission.
    async fn a_claim_by_name_is_asked_for(app: TestApp) {
        let rp = Rp { scope: "openid", ..Rp::web() };
        let browser = anas(app).await;
        rp.walk(&browser, &rp.authorize()).await;
        let born = rp.authorize_with(&[("claims", Some(r#"{"userinfo":{"birthdate":null}}"#))]);
        let page = browser.open(&born).await;
        assert!(is_consent(&page) && page.body.contains("Your date of birth"), "{page:#?}");
        browser.decide(&page, "allow").await;
        assert!(has_code(&browser.get(&born).await));
        let more = r#"{"id_token":{"birthdate":null,"gender":null}}"#;
        let page = browser.open(&rp.authorize_with(&[("claims", Some(more))])).await;
        assert!(is_consent(&page) && page.body.contains("Your gender"), "{page:#?}");
    }

    /// Permission is between one person and one client.
    async fn permission_is_for_one_person_and_one_client(app: TestApp) {
        let rp = Rp { scope: "openid", ..Rp::web() };
        let browser = anas(app).await;
        rp.walk(&browser, &rp.authorize()).await;
        assert!(is_consent(&browser.open(&Rp::spa().authorize()).await));
        let bens = app.browser();
        bens.sign_in("ben").await;
        assert!(is_consent(&bens.open(&rp.authorize()).await));
    }

    /// RFC 6749 §4.1.2.1 `access_denied`: no is an answer to the client; nothing is remembered of
    /// it, and going back does not turn it into a yes.
    // spec: RFC 6749 4.1.2.1 MUST: who says no is told to the client as access_denied @ policy/src/prompt.rs
    async fn no_is_told_to_the_client(app: TestApp) {
        let rp = Rp::web();
        let browser = anas(app).await;
        let page = browser.open(&rp.authorize()).await;
        let back = browser.decide(&page, "deny").await;
        assert_eq!(back.status, 200);
        let told = answer_of(&back.refresh_target().expect("the way back"));
        assert_eq!((&*told["error"], &*told["state"], &*told["iss"]),
            ("access_denied", "st-1", &*app.issuer));
        assert!(!told.contains_key("code"));
        let interaction = page.field("interaction").expect("the request's name");
        let again = browser.open(&format!("/authorize/resume/{interaction}")).await;
        assert_eq!(answer_of(&again.refresh_target().expect("the way back"))["error"],
            "access_denied");
        assert!(is_consent(&browser.open(&rp.authorize()).await), "a new request asks anew");
    }

    /// Form Post Response Mode §2: no travels like yes.
    async fn no_is_told_by_form_post(app: TestApp) {
        let rp = Rp::web();
        let browser = anas(app).await;
        let page = browser.open(&rp.authorize_with(&[("response_mode", Some("form_post"))])).await;
        let back = browser.decide(&page, "deny").await;
        assert_eq!((back.status, back.action().as_str()), (200, rp.redirect_uri));
        assert_eq!(back.field("error").as_deref(), Some("access_denied"));
        assert_eq!(back.field("state").as_deref(), Some("st-1"));
    }

    /// Whoever sends neither yes nor no is asked again.
    async fn anything_but_yes_is_no_permission(app: TestApp) {
        let rp = Rp::web();
        let browser = anas(app).await;
        let page = browser.open(&rp.authorize()).await;
        for fields in [&[][..], &[("decision", "")], &[("decision", "ALLOW")],
            &[("decision", "yes")]] {
            let next = browser.follow(browser.submit(&page, "/consent", fields).await).await;
            assert!(is_consent(&next), "{fields:?}: {next:#?}");
        }
        let twice = [("decision", "deny"), ("decision", "allow")];
        let next = browser.submit(&page, "/consent", &twice).await;
        next.assert_refused(vestibule_model::ErrorCode::ParameterRepeated);
        assert!(is_consent(&browser.open(&rp.authorize()).await));
    }

    /// The operator's own clients need not ask, but for lasting access they do (OIDC Core §11).
    // spec: OIDC Core 11 MUST: lasting access is given with the person's explicit consent only @ policy/src/prompt.rs
    async fn first_party_clients_skip_all_but_lasting_access(app: TestApp) {
        app.change_client("web-app", |client| client.metadata.first_party = true).await;
        let rp = Rp { scope: "openid profile email", ..Rp::web() };
        let browser = anas(app).await;
        assert!(has_code(&browser.get(&rp.authorize()).await));
        let asked = rp.authorize_with(&[("prompt", Some("consent"))]);
        assert!(is_consent(&browser.open(&asked).await), "the client may insist");
        let page = browser.open(&Rp::web().authorize()).await;
        assert!(is_consent(&page) && page.body.contains(STAY), "{page:#?}");
    }

    /// RFC 8252 §8.6: an app on a device cannot prove who it is, so being the operator's own does
    /// not help it.
    async fn first_party_apps_on_a_device_ask(app: TestApp) {
        for (id, uri) in [("loop", "http://127.0.0.1/cb"), ("scheme", "com.example.app:/cb")] {
            let mut client = app.client(id, uri, "");
            client.metadata.application_type = ApplicationType::Native;
            client.metadata.first_party = true;
            app.add_client(client).await;
            let rp = Rp { client_id: id, redirect_uri: uri, scope: "openid", ..Rp::spa() };
            assert!(is_consent(&anas(app).await.open(&rp.authorize()).await), "{id}");
        }
    }

    /// RFC 8252 §8.6: behind a private-use scheme there can be another app than last time, so an
    /// earlier yes does not count. Behind https it does, for public clients too.
    // spec: RFC 6749 10.2 SHOULD NOT: a repeated request of a client that nothing proves is answered without the person @ policy/src/prompt.rs
    async fn an_app_behind_a_custom_scheme_is_asked_about_each_time(app: TestApp) {
        let uri = "com.example.app:/cb";
        let mut client = app.client("app", uri, "");
        client.metadata.application_type = ApplicationType::Native;
        app.add_client(client).await;
        let rp = Rp { client_id: "app", redirect_uri: uri, scope: "openid", ..Rp::spa() };
        let browser = anas(app).await;
        for _ in 0..2 {
            let page = browser.open(&rp.authorize()).await;
            assert!(is_consent(&page), "{page:#?}");
            let back = browser.decide(&page, "allow").await;
            rp.tokens_of(app, &back.refresh_target().expect("the way back")).await;
        }
        let silent = rp.authorize_with(&[("prompt", Some("none"))]);
        assert_eq!(rp.told(&browser, &silent).await.0, "consent_required");
        let spa = Rp::spa();
        spa.walk(&browser, &spa.authorize()).await;
        assert!(has_code(&browser.get(&spa.authorize()).await));
    }

    /// OIDC Core §11: where no refresh token could follow, `offline_access` is ignored, and so
    /// neither asked for nor granted.
    // spec: OIDC Core 11 MUST: offline_access is ignored where no refresh token could follow @ policy/src/authorize/checks.rs
    async fn offline_access_is_dropped_where_it_means_nothing(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.grant_types = vec![GrantType::AuthorizationCode];
        }).await;
        let rp = Rp::web();
        let browser = anas(app).await;
        let page = browser.open(&rp.authorize()).await;
        assert!(is_consent(&page) && !page.body.contains(STAY), "{page:#?}");
        let back = browser.decide(&page, "allow").await;
        let tokens = rp.tokens_of(app, &back.refresh_target().expect("the way back")).await;
        assert_eq!(tokens.get("scope"), "email openid profile");
        assert!(tokens.0.get("refresh_token").is_none(), "{:?}", tokens.0);
    }

    /// What a client calls itself is text and not markup.
    async fn a_hostile_client_name_stays_text(app: TestApp) {
        let name = "<img src=x onerror=alert(1)>\"'&";
        app.change_client("web-app", move |client| {
            client.metadata.client_name = Some(name.to_owned());
        }).await;
        let browser = app.browser();
        let login = browser.open(&Rp::web().authorize()).await;
        let consent = browser.log_in(&login, "ana").await;
        let back = browser.decide(&consent, "allow").await;
        for page in [login, consent, back] {
            assert!(page.body.contains("&#60;img"), "{page:#?}");
            assert!(!page.body.contains("<img"), "{page:#?}");
        }
    }

    /// A row is hostile, whatever registration refused: what cannot be seen, or turns text around, is
    /// not shown, and a name that is nothing but that gives way to the client's identifier.
    async fn a_name_looks_like_itself(app: TestApp) {
        for (name, shown) in [
            ("Bank\u{202e}elpmaxe", "Bankelpmaxe"),
            ("\u{2066}Good\u{200b} \u{0}App\r\n", "Good App"),
            ("\u{202e}\u{200f} ", "web-app"),
            ("", "web-app"),
        ] {
            app.change_client("web-app", move |client| {
                client.metadata.client_name = Some(name.to_owned());
            }).await;
            let page = app.browser().open(&Rp::web().authorize()).await;
            assert!(page.body.contains(&format!("<bdi>{shown}</bdi>")), "{name:?}: {page:#?}");
            let bent = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}');
            assert!(!page.body.contains(bent), "{name:?}: {page:#?}");
        }
        app.change_client("web-app", |client| {
            client.metadata.client_name = Some("x".repeat(5_000));
        }).await;
        let page = app.browser().open(&Rp::web().authorize()).await;
        assert!(!page.body.contains(&"x".repeat(101)), "{page:#?}");
    }

    // spec: RFC 7591 2.2 MAY: a client's name, pages and logo may be there in several languages @ web/src/client_shown.rs
    async fn a_client_is_shown_in_the_persons_language(app: TestApp) {
        let rp = Rp::web();
        app.change_client("web-app", |client| {
            client.metadata.policy_uri = Some("https://app.example/privacy".to_owned());
            let localized = [
                ("client_name#de", "Das Notizbuch"),
                ("client_name#de-AT", "Das Büchl"),
                ("client_name#FR-ca", "Le calepin"),
                ("policy_uri#de", "https://app.example/datenschutz"),
            ];
            client.metadata.localized =
                localized.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        }).await;
        for (locales, name, policy) in [
            ("de", "Das Notizbuch", "datenschutz"),
            ("de-CH", "Das Notizbuch", "datenschutz"),
            ("xx de-at", "Das Büchl", "datenschutz"),
            ("fr-CA", "Le calepin", "privacy"),
            ("fr", "The web-app", "privacy"),
            ("en", "The web-app", "privacy"),
        ] {
            let browser = app.browser();
            let login = browser.open(&rp.authorize_with(&[("ui_locales", Some(locales))])).await;
            assert!(login.body.contains(&format!("<bdi>{name}</bdi>")), "{locales}: {login:#?}");
            let consent = browser.log_in(&login, "ana").await;
            assert!(consent.body.contains(&format!("<bdi>{name}</bdi>")), "{locales}: {consent:#?}");
            let address = format!("href=\"https://app.example/{policy}\"");
            assert!(consent.body.contains(&address), "{locales}: {consent:#?}");
            let back = browser.decide(&consent, "allow").await;
            assert!(back.body.contains(&format!("<bdi>{name}</bdi>")), "{locales}: {back:#?}");
            app.rows(|conn| Ok(vestibule_storage::consent::delete(
                conn, &UserId::new("user-ana"), &ClientId::new("web-app"))?)).await;
        }
    }

    // spec: OIDC Registration 2 SHOULD: the client's home page is shown so that it can be followed @ web/src/client_shown.rs
    // spec: OIDC Registration 2 SHOULD: the client's privacy policy is shown @ web/src/client_shown.rs
    // spec: OIDC Registration 2 SHOULD: the client's terms of service are shown @ web/src/client_shown.rs
    async fn the_clients_own_pages_can_be_read_first(app: TestApp) {
        app.change_client("web-app", |client| {
            client.metadata.policy_uri = Some("https://legal.app.example:8443/privacy?a=b&c".to_owned());
            client.metadata.tos_uri = Some("https://büro.example/\"><script>x".to_owned());
        }).await;
        let page = anas(app).await.open(&Rp::web().authorize()).await;
        for (words, address, host) in [
            ("Website", "https://app.example/", "app.example"),
            ("Privacy policy", "https://legal.app.example:8443/privacy?a=b&#38;c",
                "legal.app.example:8443"),
            ("Terms of service", "https://xn--bro-hoa.example/%22%3E%3Cscript%3Ex",
                "xn--bro-hoa.example"),
        ] {
            let link = format!(
                "<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer\">{words}<span"
            );
            assert!(page.body.contains(&link), "{link}: {page:#?}");
            assert!(page.body.contains(&format!("<bdi>{host}</bdi></li>")), "{host}: {page:#?}");
        }
        assert!(page.body.contains("Your answer goes to <b class=\"host\"><bdi>app.example</bdi></b>"));
    }

    async fn what_is_no_page_is_no_link(app: TestApp) {
        for address in ["javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)",
            "data:text/html,x", "http://app.example/legal", "//app.example/legal", "/legal",
            "https://app.example@evil.example/legal", "https:///", "com.example.app:/legal", ""] {
            app.change_client("web-app", move |client| {
                let address = Some(address.to_owned());
                client.metadata.client_uri.clone_from(&address);
                client.metadata.policy_uri.clone_from(&address);
                client.metadata.tos_uri = address;
            }).await;
            let page = anas(app).await.open(&Rp::web().authorize()).await;
            assert!(is_consent(&page), "{page:#?}");
            page.assert_goes_nowhere();
            assert!(!page.body.contains("Privacy policy"), "{address:?}: {page:#?}");
        }
    }

    // spec: OIDC Core 3.1.2.1 SHOULD: with display=popup the pages fit a popup window @ pages/src/shell.rs
    // spec: OIDC Core 3.1.2.1 SHOULD: with display=page the pages fill a window @ pages/src/shell.rs
    async fn pages_fit_the_window_that_the_client_opened(app: TestApp) {
        let rp = Rp::web();
        for (display, class) in [(Some("popup"), "wall popup"), (Some("page"), "wall"),
            (Some("touch"), "wall"), (Some("wap"), "wall"), (None, "wall")] {
            let body = format!("<body class=\"{class}\">");
            let browser = app.browser();
            let login = browser.open(&rp.authorize_with(&[("display", display)])).await;
            let wrong = [("username", "ana"), ("password", "wrong")];
            let again = browser.submit(&login, "/login", &wrong).await;
            let consent = browser.log_in(&login, "ana").await;
            assert!(is_consent(&consent), "{consent:#?}");
            for page in [login, again, consent] {
                assert!(page.body.contains(&body), "{display:?}: {page:#?}");
            }
        }
        // A page of the account is nobody's popup.
        let account = anas(app).await.get("/account?display=popup").await;
        assert!(account.body.contains("<body class=\"hall rooms\">"), "{account:#?}");
    }

    /// A form that was left open while somebody else signed in must not speak for them: what Ana
    /// was shown is nothing that Ben allowed. Guards `csrf::check_shown_to`.
    async fn a_form_speaks_only_for_whom_it_was_shown_to(app: TestApp) {
        let rp = Rp::web();
        let browser = anas(app).await;
        let page = browser.open(&rp.authorize()).await;
        let chooser = browser.open(&rp.authorize_with(&[("prompt", Some("select_account"))])).await;
        let login = browser.open(&rp.authorize_with(&[("prompt", Some("login"))])).await;
        browser.log_in(&login, "ben").await;
        for decision in ["allow", "deny"] {
            let sent = browser.submit(&page, "/consent", &[("decision", decision)]).await;
            let bens = browser.open(&sent.stale_link()).await;
            assert!(is_consent(&bens) && bens.body.contains("ben Example"), "{bens:#?}");
        }
        let choice = [("choice", "continue")];
        let sent = browser.submit(&chooser, "/select-account", &choice).await;
        assert!(browser.open(&sent.stale_link()).await.body.contains("ben Example"));
        let silent = rp.authorize_with(&[("prompt", Some("none"))]);
        assert_eq!(rp.told(&browser, &silent).await.0, "consent_required");
    }

    /// An answer without a session is nobody's: the sign-in is asked for instead.
    async fn nobody_consents_without_a_session(app: TestApp) {
        let browser = anas(app).await;
        let page = browser.open(&Rp::web().authorize()).await;
        browser.forget(vestibule_web::cookies::SESSION);
        let next = browser.decide(&page, "allow").await;
        assert_eq!(next.url.path(), "/login");
        let again = browser.log_in(&next, "ana").await;
        assert!(is_consent(&again), "the lost yes does not count: {again:#?}");
    }
}
